/** What follows from a change: groups are as large as their members make them. */
import { invalidField } from "../errors.ts";
import { bcacheSize } from "./bcache.ts";
import type { StorageEdit } from "./edit.ts";
import { deviceOf } from "./members.ts";
import type { Group } from "./model.ts";
import { usableBytes } from "./geometry.ts";
import { checkRoom } from "./lvm.ts";
import { raidTypes } from "./model.ts";
import { raidSize } from "./raid.ts";
import { describeBytes } from "./size.ts";

/**
 * Bring the sizes of RAIDs and bcaches up to date, the lowest first, and see that what stands on everything still fits.
 * @throws DomainError invalid_fields
 */
export function settle(edit: StorageEdit): void {
  for (const group of edit.groups) refuseCircle(edit, group, [group]);
  // A group on groups is right after as many rounds as there are levels.
  for (let round = 0; round <= edit.groups.length; round += 1) {
    if (!resize(edit)) break;
  }
  for (const group of edit.groups) if (group.type === "lvm-vg") checkRoom(edit, group);
  for (const device of edit.devices) {
    const taken = edit.partitionsOf(device.id).reduce((sum, p) => sum + p.sizeBytes, 0);
    if (taken > usableBytes(device.sizeBytes, edit))
      throw invalidField(
        "size",
        `${device.name} would have ${describeBytes(device.sizeBytes)}, and its partitions need ${describeBytes(taken)}: delete some first.`,
      );
  }
}

/** A bcache lies on its cache too, which several share. @throws DomainError invalid_fields for a group that lies on itself */
function refuseCircle(edit: StorageEdit, top: Group, way: readonly Group[]): void {
  const [group = top] = way.slice(-1);
  const parts = edit.filesystems.filter(
    (f) => f.groupId === group.id || (f.cacheSetId !== null && f.cacheSetId === group.cacheSetId),
  );
  for (const { on } of parts) {
    const groupId = deviceOf(edit, on)?.groupId ?? null;
    if (groupId === null) continue;
    const below = edit.group(groupId);
    if (below.id === top.id) throw invalidField("__all__", `${top.name} would lie on itself.`);
    if (!way.includes(below)) refuseCircle(edit, top, [...way, below]);
  }
}

function resize(edit: StorageEdit): boolean {
  let changed = false;
  for (const device of edit.devices) {
    if (device.groupId === null) continue;
    const group = edit.group(device.groupId);
    if (group.type === "lvm-vg") continue;
    const size = (raidTypes as readonly string[]).includes(group.type)
      ? { sizeBytes: raidSize(edit, group) }
      : bcacheSize(edit, group);
    const now = { ...device, ...size };
    if (now.sizeBytes === device.sizeBytes && now.blockSizeBytes === device.blockSizeBytes) continue;
    edit.putDevice(now);
    changed = true;
  }
  return changed;
}
