/** Partitions: numbers, sizes, order (reference: networking-storage, section 11). */
import { DomainError, invalidField } from "../errors.ts";
import { givenUuid, onDevice, onPartition, type StorageEdit } from "./edit.ts";
import { ALIGNMENT_BYTES, firstPartitionIndex, maxPartitionBytes, roundDown, usableBytes } from "./geometry.ts";
import { type Device, filesystemOn, type Partition, type PartitionTableType } from "./model.ts";
import { describeBytes } from "./size.ts";

export interface NewPartition {
  /** Default: all that is left. */
  readonly sizeBytes?: number | undefined;
  readonly uuid?: string | undefined;
  readonly bootable?: boolean | undefined;
  /** What a message about the size names. */
  readonly field?: string;
  /** What it is for, in such a message. */
  readonly purpose?: string;
}

/** Bytes of a partitioned or still empty device that no partition has. */
export function freeBytes(edit: StorageEdit, device: Device): number {
  const taken = edit.partitionsOf(device.id).reduce((sum, p) => sum + p.sizeBytes, 0);
  return Math.max(0, usableBytes(device.sizeBytes, edit) - taken);
}

/** Give the device a partition table. @throws DomainError bad_request where it cannot have one */
export function ensureTable(edit: StorageEdit, device: Device, type: PartitionTableType = "gpt"): Device {
  if (device.table !== null) return device;
  const refuse = (why: string) =>
    new DomainError("bad_request", `Cannot partition ${device.name}: ${why}. Choose another block device.`);
  const group = device.groupId === null ? undefined : edit.group(device.groupId);
  if (group?.type === "lvm-vg") throw refuse("it is a logical volume");
  if (group?.type === "bcache") throw refuse("it is a bcache");
  const filesystem = filesystemOn(edit, onDevice(device));
  if (filesystem)
    throw refuse(`it carries ${filesystem.fstype} as a whole, which has to go first (unformat, or leave its group)`);
  const changed = { ...device, table: type };
  edit.putDevice(changed);
  return changed;
}

/** A partition behind those that are there. A size that exceeds what is free by at most one block is shrunk to fit. */
export function addPartition(edit: StorageEdit, device: Device, wanted: NewPartition = {}): Partition {
  const { field = "size", purpose = "The partition" } = wanted;
  const table = ensureTable(edit, device).table ?? "gpt";
  const free = Math.min(freeBytes(edit, device), maxPartitionBytes(table));
  const asked = wanted.sizeBytes ?? free;
  const size = roundDown(Math.min(asked, free));
  if (asked > free + device.blockSizeBytes || size < ALIGNMENT_BYTES) {
    const needs = describeBytes(Math.max(asked, ALIGNMENT_BYTES));
    const left = free < ALIGNMENT_BYTES ? "no room" : describeBytes(free);
    const rule = asked < ALIGNMENT_BYTES ? `; the smallest is ${describeBytes(ALIGNMENT_BYTES)}` : "";
    throw invalidField(field, `${purpose} needs ${needs}, and ${device.name} has ${left} left${rule}.`);
  }
  return pushPartition(edit, device, nextIndex(edit, device, table), size, wanted);
}

/** As it is said: number and size are somebody else's (VMFS). */
export function pushPartition(
  edit: StorageEdit,
  device: Device,
  index: number,
  sizeBytes: number,
  wanted: NewPartition = {},
): Partition {
  const uuid = givenUuid(wanted.uuid) ?? edit.newUuid();
  const bootable = wanted.bootable ?? false;
  const partition = { id: edit.newId(), deviceId: device.id, index, sizeBytes, uuid, bootable, tags: [] };
  edit.partitions.push(partition);
  return partition;
}

/** MBR keeps number 4 for the extended partition that holds those behind it. */
const after = (index: number, table: PartitionTableType): number => (table === "mbr" && index === 3 ? 5 : index + 1);

function firstIndex(edit: StorageEdit, device: Device, table: PartitionTableType): number {
  if (table === "mbr") return 1;
  return firstPartitionIndex(edit, { physical: device.type === "physical", boot: edit.isBootDisk(device) });
}

function nextIndex(edit: StorageEdit, device: Device, table: PartitionTableType): number {
  const last = edit.partitionsOf(device.id).at(-1);
  return last ? after(last.index, table) : firstIndex(edit, device, table);
}

/** Later ones move down by one; with the last one goes the table. @throws DomainError bad_request for a member of a group */
export function deletePartition(edit: StorageEdit, partition: Partition): void {
  const on = onPartition(partition);
  const group = edit.memberOf(on);
  if (group !== undefined)
    throw new DomainError(
      "bad_request",
      `Cannot delete ${edit.nameOf(on)}: it is part of ${group}. Take it out of there first.`,
    );
  const device = edit.device(partition.deviceId);
  edit.dropFilesystems((f) => f.on.kind === "partition" && f.on.id === partition.id);
  edit.partitions = edit.partitions.filter((p) => p.id !== partition.id);
  const left = edit.partitionsOf(device.id);
  let index = left.filter((p) => p.index < partition.index).at(-1)?.index;
  for (const each of left.filter((p) => p.index > partition.index)) {
    index = index === undefined ? partition.index : after(index, device.table ?? "gpt");
    edit.putPartition({ ...each, index });
  }
  if (left.length === 0) edit.putDevice({ ...device, table: null });
}
