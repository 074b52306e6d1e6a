/** Software RAID: levels, how many devices, what it holds (reference: networking-storage, section 12). */
import { invalidField } from "../errors.ts";
import { givenUuid, onDevice, type StorageEdit } from "./edit.ts";
import { addGroupDevice, type GroupChange, groupDevice, renameWithDevice } from "./group-device.ts";
import {
  addMembers,
  candidates,
  dropGroup,
  membersOf,
  type MemberWords,
  removeMembers,
  wholePartition,
} from "./members.ts";
import type { Group, On, RaidType } from "./model.ts";

/** What md keeps for itself on each member, in bytes. */
const OVERHEAD_BYTES = 128 * 1024;
const SECTOR_BYTES = 512;

/** Members each level needs at least. Of level 10 md makes do with three. */
export const leastMembers: Record<RaidType, number> = {
  "raid-0": 2,
  "raid-1": 2,
  "raid-5": 3,
  "raid-6": 4,
  "raid-10": 3,
};

/** @param active sizes of members that hold data @param spares sizes of those that stand by */
export function raidBytes(level: RaidType, active: readonly number[], spares: readonly number[]): number {
  const n = active.length;
  const smallest = Math.min(...active, ...spares);
  switch (level) {
    case "raid-0":
      return active.reduce((sum, size) => sum + size, 0) - n * OVERHEAD_BYTES;
    case "raid-1":
      return smallest - OVERHEAD_BYTES;
    case "raid-5":
      return smallest * (n - 1) - OVERHEAD_BYTES;
    case "raid-6":
      return smallest * (n - 2) - OVERHEAD_BYTES;
    case "raid-10":
      return Math.floor((smallest * n) / 2) - OVERHEAD_BYTES;
  }
}

export interface RaidMembers {
  readonly members: MemberWords;
  readonly spares: MemberWords;
}

export interface RaidRequest extends RaidMembers {
  readonly name?: string | undefined;
  readonly uuid?: string | undefined;
  readonly level: RaidType;
}

const MEMBERS = { blockDevices: "block_devices", partitions: "partitions" };
const SPARES = { blockDevices: "spare_devices", partitions: "spare_partitions" };

export function createRaid(edit: StorageEdit, request: RaidRequest): Group {
  const name = request.name ?? edit.freeName("md");
  edit.checkName("name", name);
  const active = candidates(edit, request.members, MEMBERS);
  const spares = candidates(edit, request.spares, SPARES);
  if (active.length === 0) throw invalidField("block_devices", "At least one block device or partition is needed.");
  const uuid = givenUuid(request.uuid) ?? edit.newUuid();
  const group: Group = { id: edit.newId(), type: request.level, name, uuid, cacheMode: null, cacheSetId: null };
  edit.groups.push(group);
  join(edit, group, active, spares);
  checkCounts(edit, group, request.level, "block_devices");
  addGroupDevice(edit, group, { name, uuid, sizeBytes: raidSize(edit, group), blockSizeBytes: SECTOR_BYTES });
  return group;
}

/** With the boot disk among them, all whole disks become partitions: md puts its members side by side at one size. */
function join(edit: StorageEdit, group: Group, active: readonly On[], spares: readonly On[]): void {
  const all = [...active, ...spares];
  const boots = all.some((on) => on.kind === "device" && edit.isBootDisk(edit.device(on.id)));
  const member = (on: On) => (boots && on.kind === "device" ? wholePartition(edit, on.id) : on);
  addMembers(edit, group, "raid", active.map(member));
  addMembers(edit, group, "raid-spare", spares.map(member));
}

function checkCounts(edit: StorageEdit, group: Group, level: RaidType, field: string): void {
  const active = membersOf(edit, group, "raid").length;
  const word = level.replace("raid-", "RAID ");
  if (active < leastMembers[level])
    throw invalidField(field, `${word} needs at least ${leastMembers[level]} devices and partitions, not ${active}.`);
  if (level === "raid-0" && membersOf(edit, group, "raid-spare").length > 0)
    throw invalidField("spare_devices", "RAID 0 cannot use spares: nothing could be rebuilt on them.");
}

export function raidSize(edit: StorageEdit, group: Group): number {
  const sizes = (type: "raid" | "raid-spare") => membersOf(edit, group, type).map((f) => edit.sizeOf(f.on));
  return raidBytes(group.type as RaidType, sizes("raid"), sizes("raid-spare"));
}

export type RaidChange = GroupChange<RaidMembers>;

export function updateRaid(edit: StorageEdit, group: Group, change: RaidChange): void {
  edit.putGroup({ ...group, ...renameWithDevice(edit, group, change) });
  removeMembers(edit, group, ["raid"], change.remove.members);
  removeMembers(edit, group, ["raid-spare"], change.remove.spares, {
    blockDevices: "remove_spare_devices",
    partitions: "remove_spare_partitions",
  });
  const names = (of: typeof MEMBERS) => ({
    blockDevices: `add_${of.blockDevices}`,
    partitions: `add_${of.partitions}`,
  });
  join(
    edit,
    group,
    candidates(edit, change.add.members, names(MEMBERS)),
    candidates(edit, change.add.spares, names(SPARES)),
  );
  checkCounts(edit, group, group.type as RaidType, "remove_block_devices");
}

export function deleteRaid(edit: StorageEdit, group: Group): void {
  dropGroup(edit, group);
}

export const raidDevice = (edit: StorageEdit, group: Group): On => {
  const device = groupDevice(edit, group);
  if (!device) throw new Error(`${group.name} offers no device`);
  return onDevice(device);
};
