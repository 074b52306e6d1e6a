/** Formatting and mounting: of block devices, of partitions, and in memory (reference: networking-storage, section 11). */
import { onDevice, onPartition, type StorageEdit } from "@rackwright/domain/storage/edit";
import {
  format,
  type FormatRequest,
  mount,
  type MountRequest,
  mountSpecial,
  unformat,
  unmount,
  unmountSpecial,
} from "@rackwright/domain/storage/filesystems";
import type { On } from "@rackwright/domain/storage/model";
import type { Ctx } from "../context.ts";
import { editStorage } from "./storage-edit.ts";
import { deviceOf, partitionOf } from "./storage-view.ts";

/** A block device, or a partition of it, by ids or names. */
export interface Volume {
  systemId: string;
  device: string;
  partition?: string;
}

function onVolume(edit: StorageEdit, { device, partition }: Volume): On {
  return partition === undefined ? onDevice(deviceOf(edit, device)) : onPartition(partitionOf(edit, device, partition));
}

async function change(ctx: Ctx, volume: Volume, what: string, work: (edit: StorageEdit, on: On) => unknown) {
  const done = `${what} ${volume.partition ?? volume.device}`;
  await editStorage(ctx, volume.systemId, "format_storage", done, (edit) => {
    work(edit, onVolume(edit, volume));
  });
}

export const formatVolume = (ctx: Ctx, volume: Volume, request: FormatRequest): Promise<void> =>
  change(ctx, volume, "Formatted", (edit, on) => format(edit, on, request));

export const unformatVolume = (ctx: Ctx, volume: Volume): Promise<void> =>
  change(ctx, volume, "Unformatted", (edit, on) => unformat(edit, on));

export const mountVolume = (ctx: Ctx, volume: Volume, request: MountRequest): Promise<void> =>
  change(ctx, volume, "Mounted", (edit, on) => mount(edit, on, request));

export const unmountVolume = (ctx: Ctx, volume: Volume): Promise<void> =>
  change(ctx, volume, "Unmounted", (edit, on) => unmount(edit, on));

export async function mountInMemory(ctx: Ctx, systemId: string, request: MountRequest & { fstype: string }) {
  const done = `Mounted ${request.fstype} at ${request.mountPoint ?? ""}`;
  await editStorage(ctx, systemId, "mount_special", done, (edit) => mountSpecial(edit, request));
}

export async function unmountInMemory(ctx: Ctx, systemId: string, mountPoint: string): Promise<void> {
  await editStorage(ctx, systemId, "unmount_special", `Unmounted ${mountPoint}`, (edit) =>
    unmountSpecial(edit, mountPoint),
  );
}
