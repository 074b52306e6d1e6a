/** Volume groups and logical volumes of a machine (reference: networking-storage, sections 12 and 14). */
import { DomainError } from "@rackwright/domain/errors";
import {
  createVolume,
  createVolumeGroup,
  deleteVolume,
  deleteVolumeGroup,
  updateVolumeGroup,
  type VolumeGroupRequest,
  volumesOf,
} from "@rackwright/domain/storage/lvm";
import type { GroupChange } from "@rackwright/domain/storage/group-device";
import type { Ctx } from "../context.ts";
import { bytesOf } from "./block-devices.ts";
import { editStorage, makeStorage } from "./storage-edit.ts";
import { groupOf } from "./storage-view.ts";

/** @returns its id */
export function addVolumeGroup(ctx: Ctx, systemId: string, request: VolumeGroupRequest): Promise<number> {
  return makeStorage(ctx, systemId, "storage_group", `Made the volume group ${request.name}`, (edit) =>
    createVolumeGroup(edit, request),
  );
}

/** @returns its id */
export async function changeVolumeGroup(ctx: Ctx, systemId: string, word: string, change: GroupChange) {
  const done = `Changed the volume group ${word}`;
  const { result } = await editStorage(ctx, systemId, "configure_storage", done, (edit) => {
    const group = groupOf(edit, "lvm-vg", word);
    updateVolumeGroup(edit, group, change);
    return group.id;
  });
  return result;
}

export async function removeVolumeGroup(ctx: Ctx, systemId: string, word: string): Promise<void> {
  await editStorage(ctx, systemId, "configure_storage", `Deleted the volume group ${word}`, (edit) =>
    deleteVolumeGroup(edit, groupOf(edit, "lvm-vg", word)),
  );
}

interface VolumeFields {
  name: string;
  uuid?: string | undefined;
  size?: string | undefined;
}

/** @returns the id of the volume */
export function addVolume(ctx: Ctx, systemId: string, word: string, { name, uuid, size }: VolumeFields) {
  return makeStorage(ctx, systemId, "block_device", `Made the logical volume ${name}`, (edit) =>
    createVolume(edit, groupOf(edit, "lvm-vg", word), { name, uuid, sizeBytes: bytesOf("size", size) }),
  );
}

export async function removeVolume(ctx: Ctx, systemId: string, word: string, id: number): Promise<void> {
  await editStorage(ctx, systemId, "configure_storage", `Deleted a logical volume of ${word}`, (edit) => {
    const volume = volumesOf(edit, groupOf(edit, "lvm-vg", word)).find((each) => each.id === id);
    if (!volume) throw new DomainError("not_found", `${word} has no logical volume with id ${id}.`);
    deleteVolume(edit, volume);
  });
}
