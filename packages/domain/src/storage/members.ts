/** What groups are made of: devices and partitions that carry nothing else (reference: networking-storage, section 12). */
import { invalidField } from "../errors.ts";
import { onDevice, onPartition, type StorageEdit } from "./edit.ts";
import { type Device, type Filesystem, filesystemOn, type Group, type MemberType, type On } from "./model.ts";
import { addPartition } from "./partitions.ts";

/** Ids or names, as the API takes them. */
export interface MemberWords {
  readonly blockDevices?: readonly string[] | undefined;
  readonly partitions?: readonly string[] | undefined;
}

interface FieldNames {
  readonly blockDevices: string;
  readonly partitions: string;
}

export function deviceByWord(edit: StorageEdit, field: string, word: string): Device {
  const found =
    edit.devices.find((d) => String(d.id) === word.trim()) ?? edit.devices.find((d) => d.name === word.trim());
  if (!found) throw invalidField(field, `The machine has no block device '${word}'.`);
  return found;
}

export function partitionByWord(edit: StorageEdit, field: string, word: string): On {
  const named = word.trim().replace(/^\/dev\/disk\/by-dname\//, "");
  const found =
    edit.partitions.find((p) => String(p.id) === named) ??
    edit.partitions.find((p) => edit.nameOf(onPartition(p)) === named);
  if (!found) throw invalidField(field, `The machine has no partition '${word}'.`);
  return onPartition(found);
}

/**
 * What can become a member: no partition table, no filesystem, not there twice.
 * @throws DomainError invalid_fields naming the field
 */
export function candidates(edit: StorageEdit, words: MemberWords, fields: FieldNames): On[] {
  const found: On[] = [];
  const take = (on: On, field: string) => {
    if (found.some((each) => sameOn(each, on))) throw invalidField(field, `${edit.nameOf(on)} is given twice.`);
    const filesystem = filesystemOn(edit, on);
    if (filesystem)
      throw invalidField(field, `${edit.nameOf(on)} is in use: ${edit.memberOf(on) ?? filesystem.fstype}.`);
    found.push(on);
  };
  for (const word of words.blockDevices ?? []) {
    const device = deviceByWord(edit, fields.blockDevices, word);
    if (device.table !== null) throw invalidField(fields.blockDevices, `${device.name} has a partition table.`);
    take(onDevice(device), fields.blockDevices);
  }
  for (const word of words.partitions ?? []) take(partitionByWord(edit, fields.partitions, word), fields.partitions);
  return found;
}

export const sameOn = (a: On, b: On): boolean => a.kind === b.kind && "id" in a && "id" in b && a.id === b.id;

/** The boot disk keeps room for the boot loader: what stands for it is one partition over all of it. */
export function partitionBootDisk(edit: StorageEdit, on: On): On {
  if (on.kind !== "device" || !edit.isBootDisk(edit.device(on.id))) return on;
  return wholePartition(edit, on.id);
}

export function wholePartition(edit: StorageEdit, deviceId: number): On {
  return onPartition(addPartition(edit, edit.device(deviceId), { field: "block_devices" }));
}

export function addMembers(edit: StorageEdit, group: Group, fstype: MemberType, members: readonly On[]): void {
  for (const on of members) {
    const member = partitionBootDisk(edit, on);
    refuseOwn(edit, group, member);
    edit.addFilesystem({ on: member, fstype, groupId: group.id });
  }
}

/** A group does not lie on itself. */
function refuseOwn(edit: StorageEdit, group: Group, on: On): void {
  const device = deviceOf(edit, on);
  if (device?.groupId == null) return;
  if (device.groupId === group.id) throw invalidField("block_devices", `${device.name} is ${group.name} itself.`);
  for (const below of membersOf(edit, edit.group(device.groupId))) refuseOwn(edit, group, below.on);
}

export function deviceOf(edit: StorageEdit, on: On): Device | undefined {
  if (on.kind === "nothing") return undefined;
  return edit.device(on.kind === "device" ? on.id : edit.partition(on.id).deviceId);
}

export function membersOf(edit: StorageEdit, group: Pick<Group, "id">, fstype?: MemberType): Filesystem[] {
  return edit.filesystems.filter((f) => f.groupId === group.id && (fstype === undefined || f.fstype === fstype));
}

/** @throws DomainError invalid_fields for one that is no member */
export function removeMembers(
  edit: StorageEdit,
  group: Group,
  fstypes: readonly MemberType[],
  words: MemberWords,
  fields: FieldNames = { blockDevices: "remove_block_devices", partitions: "remove_partitions" },
): void {
  const remove = (on: On, field: string) => {
    const filesystem = filesystemOn(edit, on);
    if (filesystem?.groupId !== group.id || !fstypes.some((type) => type === filesystem.fstype))
      throw invalidField(field, `${edit.nameOf(on)} is not part of ${group.name}.`);
    edit.dropFilesystems((f) => f.id === filesystem.id);
  };
  for (const word of words.blockDevices ?? [])
    remove(onDevice(deviceByWord(edit, fields.blockDevices, word)), fields.blockDevices);
  for (const word of words.partitions ?? []) remove(partitionByWord(edit, fields.partitions, word), fields.partitions);
}

/** The group, what it offers and what lies on that; its members are free again. @throws DomainError bad_request while something larger uses it */
export function dropGroup(edit: StorageEdit, group: Group): void {
  const offered = edit.devices.filter((d) => d.groupId === group.id);
  for (const device of offered) edit.refuseMembers(device, `delete ${group.name}`);
  for (const device of offered) edit.dropDevice(device.id);
  edit.dropFilesystems((f) => f.groupId === group.id);
  edit.groups = edit.groups.filter((g) => g.id !== group.id);
}
