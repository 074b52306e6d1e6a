/** Numbers, sizes and times as people write them in a filter. Each gives undefined for what it does not understand. */

const PREFIXES = ["", "K", "M", "G", "T", "P"];

/** `16`, `2.5` */
export function parseNumber(text: string): number | undefined {
  return /^\d{1,15}(\.\d{1,6})?$/.test(text) ? Number(text) : undefined;
}

/** @returns bytes; without a unit: as many times `plain` bytes. `G` counts in thousands of `base`, `GiB` in 1024s always. */
function parseBytes(text: string, base: 1000 | 1024, plain: number): number | undefined {
  const found = /^([\d.]+)\s*(?:([KMGTP])(i)?B?|B)?$/i.exec(text);
  const number = parseNumber(found?.[1] ?? "");
  if (!found || number === undefined) return undefined;
  if (found[2] === undefined) return number * (/b$/i.test(text) ? 1 : plain);
  return number * (found[3] === undefined ? base : 1024) ** PREFIXES.indexOf(found[2].toUpperCase());
}

/** Memory comes in powers of two: `64G` is 64 GiB. @returns MiB */
export function parseMemory(text: string): number | undefined {
  const bytes = parseBytes(text, 1024, 2 ** 20);
  return bytes === undefined ? undefined : bytes / 2 ** 20;
}

/** Disks are sold in powers of ten: `1T` is 10^12 bytes. @returns bytes */
export function parseDisk(text: string): number | undefined {
  return parseBytes(text, 1000, 1e9);
}

const SECONDS: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** `90s`, `2h`, `1d12h`. @returns seconds, a thousand years at most */
export function parseAge(text: string): number | undefined {
  if (!/^(\d{1,9}(\.\d{1,3})?[smhdw])+$/i.test(text)) return undefined;
  const parts = [...text.matchAll(/([\d.]+)([smhdw])/gi)];
  const seconds = parts.reduce((sum, [, n, unit]) => sum + Number(n) * (SECONDS[unit?.toLowerCase() ?? ""] ?? 0), 0);
  return Math.min(seconds, 1000 * 366 * 86_400);
}
