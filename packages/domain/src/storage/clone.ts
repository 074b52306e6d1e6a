/** The storage of one machine on the disks of another (reference: lifecycle.md section 15). */
import { bootDisk } from "./boot-disk.ts";
import { StorageEdit } from "./edit.ts";
import { type Device, mainArchitecture, type On, physicalDisks, type StorageModel } from "./model.ts";

/** Why it cannot be done, in words that follow the name of the machine. */
export interface Unfit {
  problem: string;
}

/** @param newUuid called once per partition, group and filesystem */
export function cloneStorage(from: StorageModel, to: StorageModel, newUuid: () => string): StorageModel | Unfit {
  const problem = unlike(from, to);
  if (problem !== undefined) return { problem };
  const pairs = matchDisks(from, to);
  if ("problem" in pairs) return pairs;
  const edit = new StorageEdit(to, newUuid);
  edit.clear();
  copyOnto(edit, from, pairs);
  return edit.result();
}

/** Everything of the source gets an id of its own; `disks` says what becomes of its disks. */
function copyOnto(edit: StorageEdit, from: StorageModel, disks: ReadonlyMap<number, number>): void {
  const ids = new Map<string, number>();
  const fresh = (kind: string, id: number): number => {
    const made = edit.newId();
    ids.set(`${kind} ${id}`, made);
    return made;
  };
  const known = (kind: string, id: number): number => {
    const found = (kind === "device" ? disks.get(id) : undefined) ?? ids.get(`${kind} ${id}`);
    if (found === undefined) throw new Error(`the storage model speaks of ${kind} ${id}, which it does not list`);
    return found;
  };
  const perhaps = (kind: string, id: number | null) => (id === null ? null : known(kind, id));
  for (const set of from.cacheSets) edit.cacheSets.push({ id: fresh("cache set", set.id) });
  for (const group of from.groups)
    edit.groups.push({
      ...group,
      id: fresh("group", group.id),
      uuid: edit.newUuid(),
      cacheSetId: perhaps("cache set", group.cacheSetId),
    });
  for (const device of from.devices) {
    if (device.type === "physical") edit.putDevice({ ...edit.device(known("device", device.id)), table: device.table });
    else {
      const uuid = edit.groups.find((g) => g.name === device.name)?.uuid ?? edit.newUuid();
      const groupId = perhaps("group", device.groupId);
      edit.devices.push({ ...device, id: fresh("device", device.id), uuid, groupId });
    }
  }
  for (const p of from.partitions)
    edit.partitions.push({
      ...p,
      id: fresh("partition", p.id),
      deviceId: known("device", p.deviceId),
      uuid: edit.newUuid(),
    });
  const onto = (on: On): On => (on.kind === "nothing" ? on : { kind: on.kind, id: known(on.kind, on.id) });
  for (const { id: _, ...f } of from.filesystems)
    edit.addFilesystem({
      ...f,
      on: onto(f.on),
      uuid: edit.newUuid(),
      groupId: perhaps("group", f.groupId),
      cacheSetId: perhaps("cache set", f.cacheSetId),
    });
}

function unlike(from: StorageModel, to: StorageModel): string | undefined {
  const [theirs, own] = [mainArchitecture(from.architecture), mainArchitecture(to.architecture)];
  if (theirs !== own) return `has the architecture ${own}, the source ${theirs}`;
  if (from.biosBootMethod !== to.biosBootMethod)
    return `boots by ${to.biosBootMethod}, the source by ${from.biosBootMethod}`;
  const [there, here] = [physicalDisks(from).length, physicalDisks(to).length];
  return there === here ? undefined : `has ${here} disks, the source ${there}`;
}

const sameTags = (a: Device, b: Device): boolean =>
  a.tags.length === b.tags.length && a.tags.every((tag) => b.tags.includes(tag));

/** The best match first; the disks to start from belong together whatever they are called. */
const passes: readonly ((source: Device, target: Device) => boolean)[] = [
  (source, target) => source.sizeBytes === target.sizeBytes && sameTags(source, target),
  (source, target) => source.sizeBytes <= target.sizeBytes && sameTags(source, target),
  (source, target) => source.sizeBytes <= target.sizeBytes,
];

/** Ids of the source's disks to those of the target's. */
function matchDisks(from: StorageModel, to: StorageModel): Map<number, number> | Unfit {
  const pairs = new Map<number, number>();
  const [theirs, own] = [bootDisk(from), bootDisk(to)];
  if (theirs) {
    if (!own) return { problem: "has no disk that it could start from" };
    if (own.sizeBytes < theirs.sizeBytes)
      return { problem: `starts from ${own.name}, which is smaller than ${theirs.name} of the source` };
    pairs.set(theirs.id, own.id);
  }
  const used = new Set(pairs.values());
  for (const fits of passes) {
    for (const source of physicalDisks(from)) {
      if (pairs.has(source.id)) continue;
      const target = physicalDisks(to).find((disk) => !used.has(disk.id) && fits(source, disk));
      if (!target) continue;
      pairs.set(source.id, target.id);
      used.add(target.id);
    }
  }
  const left = physicalDisks(from).filter((disk) => !pairs.has(disk.id));
  if (left.length > 0)
    return {
      problem: `has no disk that is large enough for ${left.map((disk) => disk.name).join(", ")} of the source`,
    };
  return pairs;
}
