/** Block devices of a machine (reference: networking-storage, sections 11 and 14). */
import { invalidField } from "@rackwright/domain/errors";
import {
  checkTag,
  createDisk,
  deleteDevice,
  type DiskChange,
  type DiskRequest,
  namesOnly,
  setBootDisk,
  tagged,
  updateDevice,
} from "@rackwright/domain/storage/devices";
import { DomainError } from "@rackwright/domain/errors";
import type { PartitionTableType } from "@rackwright/domain/storage/model";
import { parseSize } from "@rackwright/domain/storage/size";
import type { Ctx } from "../context.ts";
import { editStorage, makeStorage } from "./storage-edit.ts";
import { deviceOf } from "./storage-view.ts";

export interface DeviceFields {
  name?: string | undefined;
  model?: string | undefined;
  serial?: string | undefined;
  id_path?: string | undefined;
  size?: string | undefined;
  block_size?: string | undefined;
  uuid?: string | undefined;
  numa_node?: number | undefined;
  partition_table_type?: "GPT" | "MBR" | undefined;
}

/** Bytes, or a number with a suffix; a percentage has nothing to be of. */
export function bytesOf(field: string, text: string | undefined): number | undefined {
  if (text === undefined || text.trim() === "") return undefined;
  if (text.includes("%")) throw invalidField(field, "A percentage of what? Give bytes, or a number with K, M, G or T.");
  return parseSize(field, text, 0);
}

function changeOf(f: DeviceFields): DiskChange {
  return {
    name: f.name?.trim() || undefined,
    model: f.model,
    serial: f.serial,
    idPath: f.id_path,
    sizeBytes: bytesOf("size", f.size),
    blockSizeBytes: bytesOf("block_size", f.block_size),
    uuid: f.uuid,
    numaNode: f.numa_node,
    table: f.partition_table_type?.toLowerCase() as PartitionTableType | undefined,
  };
}

/** @returns its id */
export function createBlockDevice(ctx: Ctx, systemId: string, fields: DeviceFields): Promise<number> {
  return makeStorage(ctx, systemId, "block_device", `Added the block device ${fields.name ?? ""}`, (edit) => {
    const { name = "", sizeBytes = 0, blockSizeBytes = 0, ...rest } = changeOf(fields);
    return createDisk(edit, { ...rest, name, sizeBytes, blockSizeBytes } satisfies DiskRequest);
  });
}

/** @returns its id */
export async function updateBlockDevice(ctx: Ctx, systemId: string, word: string, fields: DeviceFields) {
  const done = `Changed the block device ${word}`;
  const { result } = await editStorage(ctx, systemId, "update_block_device", done, (edit, machine) => {
    const device = deviceOf(edit, word);
    if (machine.status === "deployed" && device.type !== "physical")
      throw new DomainError(
        "wrong_status",
        `Cannot change ${device.name}: ${machine.hostname} runs from its disks. Release it first.`,
      );
    updateDevice(edit, device, machine.status === "deployed" ? namesOnly(changeOf(fields)) : changeOf(fields));
    return device.id;
  });
  return result;
}

export async function deleteBlockDevice(ctx: Ctx, systemId: string, word: string): Promise<void> {
  await editStorage(ctx, systemId, "configure_storage", `Deleted the block device ${word}`, (edit) =>
    deleteDevice(edit, deviceOf(edit, word)),
  );
}

/** @returns its id */
export async function tagBlockDevice(ctx: Ctx, systemId: string, word: string, tag: string, on: boolean) {
  const done = `${on ? "Tagged" : "Untagged"} the block device ${word}`;
  const { result } = await editStorage(ctx, systemId, "configure_storage", done, (edit) => {
    const device = deviceOf(edit, word);
    edit.putDevice({ ...device, tags: tagged(device.tags, checkTag(tag), on) });
    return device.id;
  });
  return result;
}

export async function chooseBootDisk(ctx: Ctx, systemId: string, word: string): Promise<void> {
  await editStorage(ctx, systemId, "configure_storage", `Chose ${word} as the boot disk`, (edit) =>
    setBootDisk(edit, deviceOf(edit, word)),
  );
}
