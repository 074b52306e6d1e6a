/** Which stored rows the reported hardware is, so that what users configured stays with it. */
import type { ReportedDisk, ReportedInterface } from "./report.ts";

export interface Matched<S, R> {
  kept: { stored: S; reported: R }[];
  added: R[];
  /** Stored, and no longer there. */
  gone: S[];
}

export interface StoredInterface {
  id: number;
  name: string;
  type: string;
  mac: string | null;
}

/** A card is its MAC address, whatever its name; what is made of others is its name. */
export function matchInterfaces<S extends StoredInterface>(
  stored: readonly S[],
  reported: readonly ReportedInterface[],
): Matched<S, ReportedInterface> {
  const key = (each: { type: string; mac: string | null; name: string }) =>
    each.type === "physical" ? `mac ${each.mac?.toLowerCase()}` : `${each.type} ${each.name}`;
  const byKey = new Map(stored.map((each) => [key(each), each]));
  return match(stored, reported, (each) => {
    const found = byKey.get(key(each));
    byKey.delete(key(each));
    return found;
  });
}

export interface StoredDisk {
  id: number;
  name: string;
  serial: string | null;
  idPath: string | null;
}

/** By serial; disks that share one are told apart by name. Without a serial, by path. */
export function matchDisks<S extends StoredDisk>(
  stored: readonly S[],
  reported: readonly ReportedDisk[],
): Matched<S, ReportedDisk> {
  const free = new Set(stored);
  const take = (fits: (each: S) => boolean): S | undefined => {
    const found = [...free].find(fits);
    if (found) free.delete(found);
    return found;
  };
  const found = new Map<ReportedDisk, S>();
  const rounds: ((disk: ReportedDisk, each: S) => boolean)[] = [
    (disk, each) => disk.serial !== undefined && each.serial === disk.serial && each.name === disk.name,
    (disk, each) => disk.serial !== undefined && each.serial === disk.serial,
    // Another serial at the same place is another disk.
    (disk, each) => each.idPath === disk.idPath && (disk.serial === undefined || each.serial === null),
  ];
  for (const fits of rounds) {
    for (const disk of reported) {
      if (found.has(disk)) continue;
      const row = take((each) => fits(disk, each));
      if (row) found.set(disk, row);
    }
  }
  return match(stored, reported, (disk) => found.get(disk));
}

function match<S, R>(stored: readonly S[], reported: readonly R[], find: (each: R) => S | undefined): Matched<S, R> {
  const kept: { stored: S; reported: R }[] = [];
  const added: R[] = [];
  for (const each of reported) {
    const row = find(each);
    if (row === undefined) added.push(each);
    else kept.push({ stored: row, reported: each });
  }
  const present = new Set(kept.map((pair) => pair.stored));
  return { kept, added, gone: stored.filter((row) => !present.has(row)) };
}

/** Tags that reports set; all others are the users' and stay. */
const reportedTag = /^(ssd|rotary|\d+rpm|removable|sata|multipath|sriov)$/;

export function mergeTags(stored: readonly string[], reported: readonly string[]): string[] {
  return [...new Set([...stored.filter((tag) => !reportedTag.test(tag)), ...reported])];
}

/** An architecture that was narrowed down stays so, unless the machine is another one or names its own. */
export function mergeArchitecture(stored: string | null, reported: string, platform: string | undefined): string {
  if (platform !== undefined) return `${reported}/${platform}`;
  return stored?.startsWith(`${reported}/`) ? stored : `${reported}/generic`;
}
