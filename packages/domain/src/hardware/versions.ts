/** Which of two versions of firmware is the later one. Every vendor writes them in a way of its own. */

/**
 * Numbers are compared as numbers, letters as letters, from left to right: 2.9.1 < 2.10.0, U30 < U32, 5.0b < 5.0c.
 * @returns undefined where that does not tell: another scheme, or equal
 */
export function laterVersion(before: string, after: string): "newer" | "older" | undefined {
  const [a, b] = [partsOf(before), partsOf(after)];
  for (let i = 0; i < Math.max(a.length, b.length); i += 1) {
    const [x, y] = [a[i], b[i]];
    // 2.1 and then 2.1.1: more of the same is later.
    if (x === undefined || y === undefined) return x === undefined ? "newer" : "older";
    if (typeof x !== typeof y) return undefined;
    if (typeof x === "number" && typeof y === "number" && x !== y) return x < y ? "newer" : "older";
    if (typeof x === "string" && typeof y === "string" && x !== y)
      // A letter counts revisions; another word is another scheme.
      return x.length === 1 && y.length === 1 ? (x < y ? "newer" : "older") : undefined;
  }
  return undefined;
}

const partsOf = (version: string): (string | number)[] =>
  [...version.toLowerCase().matchAll(/\d+|[a-z]+/g)].map(([part]) => (/^\d/.test(part) ? Number(part) : part));

/** Of dates as firmware has them, month/day/year; undefined for what is none, and for the same day. */
export function laterDate(before: string, after: string): "newer" | "older" | undefined {
  const [a, b] = [dayOf(before), dayOf(after)];
  return a === undefined || b === undefined || a === b ? undefined : a < b ? "newer" : "older";
}

function dayOf(text: string): string | undefined {
  const found = /^(\d{2})\/(\d{2})\/(\d{4})$/.exec(text);
  return found ? `${found[3]}-${found[1]}-${found[2]}` : undefined;
}
