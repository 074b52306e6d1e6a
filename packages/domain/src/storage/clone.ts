/** The storage of one machine on the disks of another (reference: lifecycle.md section 15). */
import { bootDisk } from "./boot-disk.ts";
import { type LayoutMachine, mainArchitecture, type StorageDisk, type StorageModel } from "./model.ts";

export interface StorageSource extends LayoutMachine {
  model: StorageModel;
}

/** Why it cannot be done, in words that follow the name of the machine. */
export interface Unfit {
  problem: string;
}

/** @param newUuid called once per partition and filesystem, in the order of the result */
export function cloneStorage(from: StorageSource, to: LayoutMachine, newUuid: () => string): StorageModel | Unfit {
  const problem = unlike(from, to);
  if (problem !== undefined) return { problem };
  const pairs = matchDisks(from, to);
  if ("problem" in pairs) return pairs;
  const disk = (id: number): number => {
    const found = pairs.get(id);
    if (found === undefined) throw new Error(`the storage model speaks of disk ${id}, which it does not list`);
    return found;
  };
  const { model } = from;
  return {
    disks: to.disks,
    bootDiskId: bootDisk(to)?.id,
    partitionTables: model.partitionTables.map((table) => ({ ...table, diskId: disk(table.diskId) })),
    partitions: model.partitions.map((p) => ({ ...p, diskId: disk(p.diskId), uuid: newUuid() })),
    filesystems: model.filesystems.map((f) => ({
      ...f,
      on: { ...f.on, diskId: disk(f.on.diskId) },
      uuid: newUuid(),
    })),
  };
}

function unlike(from: LayoutMachine, to: LayoutMachine): string | undefined {
  const [theirs, own] = [mainArchitecture(from.architecture), mainArchitecture(to.architecture)];
  if (theirs !== own) return `has the architecture ${own}, the source ${theirs}`;
  if (from.biosBootMethod !== to.biosBootMethod)
    return `boots by ${to.biosBootMethod}, the source by ${from.biosBootMethod}`;
  if (from.disks.length !== to.disks.length) return `has ${to.disks.length} disks, the source ${from.disks.length}`;
  return undefined;
}

const sameTags = (a: StorageDisk, b: StorageDisk): boolean =>
  a.tags.length === b.tags.length && a.tags.every((tag) => b.tags.includes(tag));

/** The best match first; the disks to start from belong together whatever they are called. */
const passes: readonly ((source: StorageDisk, target: StorageDisk) => boolean)[] = [
  (source, target) => source.sizeBytes === target.sizeBytes && sameTags(source, target),
  (source, target) => source.sizeBytes <= target.sizeBytes && sameTags(source, target),
  (source, target) => source.sizeBytes <= target.sizeBytes,
];

/** Ids of the source's disks to those of the target's. */
function matchDisks(from: LayoutMachine, to: LayoutMachine): Map<number, number> | Unfit {
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
    for (const source of from.disks) {
      if (pairs.has(source.id)) continue;
      const target = to.disks.find((disk) => !used.has(disk.id) && fits(source, disk));
      if (!target) continue;
      pairs.set(source.id, target.id);
      used.add(target.id);
    }
  }
  const left = from.disks.filter((disk) => !pairs.has(disk.id));
  if (left.length > 0)
    return {
      problem: `has no disk that is large enough for ${left.map((disk) => disk.name).join(", ")} of the source`,
    };
  return pairs;
}
