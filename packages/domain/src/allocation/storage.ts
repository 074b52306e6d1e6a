/** Disks that a machine must have to be allocated: `label:size(tag,tag),size` (lifecycle.md section 9.2). Pure. */

export interface StorageWant {
  /** Under this name the reply says which one it is; empty: it is not said. */
  label: string;
  minBytes: number;
  tags: readonly string[];
  /** A partition is meant, not a disk. */
  partition: boolean;
}

export interface StorageItem {
  id: number;
  kind: "disk" | "partition";
  sizeBytes: number;
  tags: readonly string[];
  /** It holds the root file system, on itself or on a part of it. */
  holdsRoot: boolean;
}

const GB = 1000 ** 3;
const WANT = /^(?:([\w-]+):)?(\d{1,9}(?:\.\d{1,9})?)(?:\(([^()]*)\))?$/;

/** Commas between entries, not those between the tags of one. */
const splitEntries = (text: string) => text.split(/,(?![^(]*\))/).map((entry) => entry.trim());

/** @throws RangeError saying what is wrong, in words for the caller */
export function parseStorage(text: string): StorageWant[] {
  const wants = splitEntries(text).map((entry) => {
    const match = WANT.exec(entry);
    if (!match) throw new RangeError(`"${entry}" is no disk: use LABEL:GB(TAG,TAG), for example root:100(ssd).`);
    const tags = (match[3] ?? "").split(",").map((tag) => tag.trim());
    return {
      label: match[1] ?? "",
      minBytes: Number(match[2]) * GB,
      tags: tags.filter((tag) => tag !== "" && tag !== "partition"),
      partition: tags.includes("partition"),
    };
  });
  refuseTwice(wants.map(({ label }) => label));
  return wants;
}

/** @throws RangeError */
export function refuseTwice(labels: readonly string[]): void {
  const twice = labels.find((label, at) => label !== "" && labels.indexOf(label) !== at);
  if (twice !== undefined) throw new RangeError(`The label "${twice}" is there twice: give each its own.`);
}

/**
 * A disk or partition of its own for each want; the first want is for the one with the root file system, where there is one.
 * @returns in the order of the wants; undefined when there is no such choice
 */
export function matchStorage(wants: readonly StorageWant[], items: readonly StorageItem[]): StorageItem[] | undefined {
  // Small ones first, so that large ones are left for who needs them.
  const sorted = [...items].sort((a, b) => a.sizeBytes - b.sizeBytes || a.id - b.id);
  const hasRoot = items.some((item) => item.holdsRoot);
  const fits = (want: StorageWant, item: StorageItem, at: number) =>
    item.kind === (want.partition ? "partition" : "disk") &&
    item.sizeBytes >= want.minBytes &&
    want.tags.every((tag) => item.tags.includes(tag)) &&
    (at > 0 || !hasRoot || item.holdsRoot);
  return choose(wants, sorted, fits);
}

/** One item for each want, none twice: augmenting paths, so that no early choice stands in the way of a later one. */
function choose<W, I>(
  wants: readonly W[],
  items: readonly I[],
  fits: (want: W, item: I, at: number) => boolean,
): I[] | undefined {
  const takenBy = new Map<I, number>();
  const take = (at: number, tried: Set<I>): boolean => {
    const want = wants[at];
    if (want === undefined) return false;
    for (const item of items) {
      if (tried.has(item) || !fits(want, item, at)) continue;
      tried.add(item);
      const holder = takenBy.get(item);
      if (holder !== undefined && !take(holder, tried)) continue;
      takenBy.set(item, at);
      return true;
    }
    return false;
  };
  for (const at of wants.keys()) if (!take(at, new Set())) return undefined;
  return [...takenBy].sort(([, a], [, b]) => a - b).map(([item]) => item);
}
