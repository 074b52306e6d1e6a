import { invalidField } from "../errors.ts";

/** Powers of 1000, as the API has always read them (reference: networking-storage, section 13). */
const powers: Record<string, number> = { "": 0, K: 1, M: 2, G: 3, T: 4, P: 5, E: 6 };

/**
 * Bytes of `10G`, `512000000` or `25%`. A percentage is of `percentBaseBytes`.
 * @throws DomainError `invalid_fields` naming `field`
 */
export function parseSize(field: string, value: string | number, percentBaseBytes: number): number {
  const text = String(value).trim();
  const match = /^(\d+(?:\.\d+)?)\s*([KMGTPE%]?)$/i.exec(text);
  if (match?.[1] === undefined) {
    throw invalidField(
      field,
      `'${text}' is no size: give bytes, a number with K, M, G, T, P or E, or a percentage such as 50%`,
    );
  }
  const number = Number(match[1]);
  const suffix = (match[2] ?? "").toUpperCase();
  if (suffix === "%") {
    if (number > 100) throw invalidField(field, `${text} is more than the whole disk`);
    return Math.floor((number / 100) * percentBaseBytes);
  }
  const bytes = Math.floor(number * 1000 ** (powers[suffix] ?? 0));
  if (!Number.isSafeInteger(bytes)) throw invalidField(field, `${text} is larger than any disk`);
  return bytes;
}

/** A size as clients show it, by powers of 1000: `1.0 TB`. */
export function humanBytes(bytes: number): string {
  const units = ["bytes", "kB", "MB", "GB", "TB", "PB", "EB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return unit === 0 ? `${value} bytes` : `${value.toFixed(1)} ${units[unit]}`;
}

/** A size for messages: `3.0 GiB`. */
export function describeBytes(bytes: number): string {
  const units = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return unit === 0 ? `${value} bytes` : `${value.toFixed(1)} ${units[unit]}`;
}
