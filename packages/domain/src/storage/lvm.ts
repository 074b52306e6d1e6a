/** LVM: volume groups and logical volumes (reference: networking-storage, section 12). */
import { DomainError, invalidField } from "../errors.ts";
import { givenUuid, type StorageEdit } from "./edit.ts";
import { ALIGNMENT_BYTES } from "./geometry.ts";
import { addGroupDevice, type GroupChange } from "./group-device.ts";
import { isGroupName } from "./installer-limits.ts";
import { addMembers, candidates, dropGroup, membersOf, type MemberWords, removeMembers } from "./members.ts";
import type { Device, Group } from "./model.ts";
import { describeBytes } from "./size.ts";

/** Physical extent: volumes are whole numbers of it, and each physical volume loses one to LVM's own data. */
const EXTENT_BYTES = ALIGNMENT_BYTES;
const SECTOR_BYTES = 4096;

export interface VolumeGroupRequest extends MemberWords {
  readonly name: string;
  readonly uuid?: string | undefined;
}

/** @param field of the request that named it */
export function createVolumeGroup(edit: StorageEdit, request: VolumeGroupRequest, field = "name"): Group {
  checkGroupName(edit, request.name, field);
  const members = candidates(edit, request, { blockDevices: "block_devices", partitions: "partitions" });
  if (members.length === 0) throw invalidField("block_devices", "At least one block device or partition is needed.");
  const uuid = givenUuid(request.uuid) ?? edit.newUuid();
  const group: Group = {
    id: edit.newId(),
    type: "lvm-vg",
    name: request.name,
    uuid,
    cacheMode: null,
    cacheSetId: null,
  };
  edit.groups.push(group);
  addMembers(edit, group, "lvm-pv", members);
  return group;
}

function checkGroupName(edit: StorageEdit, name: string, field = "name"): void {
  edit.checkName(field, name);
  if (edit.groups.some((g) => g.name === name)) throw invalidField(field, `There is a '${name}' already.`);
}

export function volumeGroupBytes(edit: StorageEdit, group: Group): number {
  const members = membersOf(edit, group, "lvm-pv");
  const sum = members.reduce((bytes, f) => bytes + edit.sizeOf(f.on), 0);
  return Math.max(0, Math.floor(sum / EXTENT_BYTES) - members.length) * EXTENT_BYTES;
}

export const volumesOf = (edit: Pick<StorageEdit, "devices">, group: Group): Device[] =>
  edit.devices.filter((d) => d.groupId === group.id);

export function usedBytes(edit: StorageEdit, group: Group): number {
  return volumesOf(edit, group).reduce((sum, volume) => sum + volume.sizeBytes, 0);
}

export function updateVolumeGroup(edit: StorageEdit, group: Group, change: GroupChange): void {
  const name = change.name ?? group.name;
  if (name !== group.name) {
    checkGroupName(edit, name);
    for (const volume of volumesOf(edit, group)) {
      const renamed = `${name}-${volumeName(group, volume)}`;
      edit.checkName("name", renamed, volume.id);
      edit.putDevice({ ...volume, name: renamed });
    }
  }
  edit.putGroup({ ...group, name, uuid: givenUuid(change.uuid) ?? group.uuid });
  const names = { blockDevices: "add_block_devices", partitions: "add_partitions" };
  addMembers(edit, group, "lvm-pv", candidates(edit, change.add, names));
  removeMembers(edit, group, ["lvm-pv"], change.remove);
  if (membersOf(edit, group).length === 0)
    throw invalidField("remove_block_devices", `${group.name} would have no member left: delete it instead.`);
  checkRoom(edit, group);
}

/** @throws DomainError invalid_fields when its volumes are larger than it is */
export function checkRoom(edit: StorageEdit, group: Group): void {
  const [size, used] = [volumeGroupBytes(edit, group), usedBytes(edit, group)];
  if (used > size)
    throw invalidField(
      "remove_block_devices",
      `${group.name} would hold ${describeBytes(size)}, and its volumes need ${describeBytes(used)}: make room first.`,
    );
}

export function deleteVolumeGroup(edit: StorageEdit, group: Group): void {
  const volumes = volumesOf(edit, group).map((volume) => volume.name);
  if (volumes.length > 0)
    throw new DomainError(
      "bad_request",
      `Cannot delete ${group.name}: it still has the logical volume${volumes.length === 1 ? "" : "s"} ${volumes.join(", ")}.`,
    );
  dropGroup(edit, group);
}

export interface VolumeRequest {
  readonly name: string;
  readonly uuid?: string | undefined;
  /** Default: all that is left. */
  readonly sizeBytes?: number | undefined;
}

/** @param field of the request that named it */
export function createVolume(edit: StorageEdit, group: Group, request: VolumeRequest, field = "name"): Device {
  const name = `${group.name}-${request.name}`;
  checkVolumeName(edit, group, name, { field });
  const free = volumeGroupBytes(edit, group) - usedBytes(edit, group);
  const sizeBytes = volumeBytes(group, request.sizeBytes ?? free, free);
  const uuid = givenUuid(request.uuid) ?? edit.newUuid();
  return addGroupDevice(edit, group, { name, uuid, sizeBytes, blockSizeBytes: SECTOR_BYTES });
}

/** @param name with the group's before it, as the machine's block devices are called */
export function checkVolumeName(
  edit: StorageEdit,
  group: Group,
  name: string,
  { field = "name", ownId }: { field?: string; ownId?: number } = {},
): void {
  const short = name.slice(group.name.length + 1);
  if (!isGroupName(short))
    throw invalidField(
      field,
      `'${short}' is no name for a volume: use letters, digits, '_', '.', '+' and '-', and begin with none of the last three.`,
    );
  edit.checkName(field, name, ownId);
}

function volumeBytes(group: Group, asked: number, free: number): number {
  const size = Math.floor(asked / EXTENT_BYTES) * EXTENT_BYTES;
  if (size < EXTENT_BYTES)
    throw invalidField(
      "size",
      free < EXTENT_BYTES
        ? `${group.name} has no room left.`
        : `${describeBytes(asked)} is too small: at least ${describeBytes(EXTENT_BYTES)}.`,
    );
  if (size > free)
    throw invalidField("size", `${describeBytes(asked)} is too much: ${group.name} has ${describeBytes(free)} left.`);
  return size;
}

/** What LVM calls it, without the group. */
export const volumeName = (group: Group, volume: Device): string => volume.name.slice(group.name.length + 1);

export function resizeVolume(edit: StorageEdit, group: Group, volume: Device, asked: number): Device {
  const free = volumeGroupBytes(edit, group) - usedBytes(edit, group) + volume.sizeBytes;
  return { ...volume, sizeBytes: volumeBytes(group, asked, free) };
}

export function deleteVolume(edit: StorageEdit, volume: Device): void {
  edit.refuseMembers(volume, `delete ${volume.name}`);
  edit.dropDevice(volume.id);
}
