/** VMFS of ESXi: its base partitions, and datastores (reference: networking-storage, sections 12 and 13). */
import { invalidField } from "../errors.ts";
import { givenUuid, onPartition, type StorageEdit } from "./edit.ts";
import { MIB } from "./geometry.ts";
import type { GroupChange } from "./group-device.ts";
import { addMembers, candidates, dropGroup, membersOf, type MemberWords, removeMembers } from "./members.ts";
import { type Group, filesystemOn, type Partition } from "./model.ts";

export interface VmfsGeometry {
  readonly minDiskBytes: number;
  /** Number of each partition and its bytes; null: the rest, which is the datastore. */
  readonly partitions: readonly (readonly [index: number, sizeBytes: number | null])[];
}

export const vmfs6: VmfsGeometry = {
  minDiskBytes: 10 * 1024 * MIB,
  partitions: [
    [1, 3 * MIB],
    [2, 4096 * MIB],
    [3, null],
    [5, 249 * MIB],
    [6, 249 * MIB],
    [7, 109 * MIB],
    [8, 285 * MIB],
    [9, 2560 * MIB],
  ],
};
export const vmfs7: VmfsGeometry = {
  minDiskBytes: 32 * 1024 * MIB,
  partitions: [
    [1, 100 * MIB],
    [5, 4095 * MIB],
    [6, 4095 * MIB],
    [7, 25_662_832_128],
    [8, null],
  ],
};
/** Made by others, and only recognised. */
const vmfs7Old: VmfsGeometry = {
  minDiskBytes: 0,
  partitions: [
    [1, 105 * MIB],
    [5, 1074 * MIB],
    [6, 1074 * MIB],
    [7, 8704 * MIB],
    [8, null],
  ],
};

/** The layout whose partitions a disk begins with. */
export function vmfsGeometry(edit: Pick<StorageEdit, "partitions">, deviceId: number): VmfsGeometry | undefined {
  const own = edit.partitions.filter((p) => p.deviceId === deviceId);
  return [vmfs6, vmfs7, vmfs7Old].find(({ partitions }) =>
    partitions.every(([index, size]) => own.some((p) => p.index === index && (size === null || p.sizeBytes === size))),
  );
}

/** What ESXi itself lives on. */
export function isVmfsBase(edit: StorageEdit, partition: Partition): boolean {
  const of = vmfsGeometry(edit, partition.deviceId)?.partitions.find(([index]) => index === partition.index);
  return of !== undefined && (of[1] !== null || filesystemOn(edit, onPartition(partition))?.fstype === "vmfs6");
}

export interface DatastoreRequest extends MemberWords {
  readonly name: string;
  readonly uuid?: string | undefined;
}

export function createDatastore(edit: StorageEdit, request: DatastoreRequest): Group {
  checkName(edit, request.name);
  const members = candidates(edit, request, { blockDevices: "block_devices", partitions: "partitions" });
  if (members.length === 0) throw invalidField("block_devices", "At least one block device or partition is needed.");
  const uuid = givenUuid(request.uuid) ?? edit.newUuid();
  const group: Group = { id: edit.newId(), type: "vmfs6", name: request.name, uuid, cacheMode: null, cacheSetId: null };
  edit.groups.push(group);
  addMembers(edit, group, "vmfs6", members);
  return group;
}

export function updateDatastore(edit: StorageEdit, group: Group, change: GroupChange): void {
  if (change.name !== undefined && change.name !== group.name) checkName(edit, change.name);
  edit.putGroup({ ...group, name: change.name ?? group.name, uuid: givenUuid(change.uuid) ?? group.uuid });
  removeMembers(edit, group, ["vmfs6"], change.remove);
  const names = { blockDevices: "add_block_devices", partitions: "add_partitions" };
  addMembers(edit, group, "vmfs6", candidates(edit, change.add, names));
  if (membersOf(edit, group).length === 0)
    throw invalidField("remove_partitions", `${group.name} would have no member left: delete it instead.`);
}

export function deleteDatastore(edit: StorageEdit, group: Group): void {
  dropGroup(edit, group);
}

export function datastoreBytes(edit: StorageEdit, group: Group): number {
  return membersOf(edit, group).reduce((sum, f) => sum + edit.sizeOf(f.on), 0);
}

function checkName(edit: StorageEdit, name: string): void {
  edit.checkName("name", name);
  if (edit.groups.some((g) => g.name === name)) throw invalidField("name", `There is a '${name}' already.`);
}
