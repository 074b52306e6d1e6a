/** What workers of clusters send as JSON (API 1.0), read into values. */
import { formatIp, parseIp } from "../addressing/ip.ts";
import { invalidField } from "../errors.ts";
import { parseMac } from "../machine/names.ts";

export interface ReportedImage {
  osystem: string;
  architecture: string;
  subarchitecture: string;
  release: string;
  purpose: string;
  label: string;
  supported_subarches: string;
}

/** A rack has hundreds of images and thousands of leases. */
const MOST = 100_000;
const MOST_CHARACTERS = 255;

function parsed(field: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalidField(field, "This is not JSON.");
  }
}

/** @throws DomainError invalid_fields */
export function parseImages(text: string): ReportedImage[] {
  const list = parsed("images", text);
  if (!Array.isArray(list) || list.length > MOST) throw invalidField("images", "Must be a list of images.");
  return list.map((item: unknown, i) => {
    if (typeof item !== "object" || item === null) throw invalidField("images", `Image ${i + 1} is no object.`);
    const given = item as Record<string, unknown>;
    const word = (names: string[], fallback?: string): string => {
      const value = names.map((name) => given[name]).find((one) => one !== undefined && one !== null && one !== "");
      if (value === undefined && fallback !== undefined) return fallback;
      if (typeof value !== "string" || value.includes("\0") || value.length > MOST_CHARACTERS)
        throw invalidField(
          "images",
          `Image ${i + 1} needs ${names[0]}, a text of up to ${MOST_CHARACTERS} characters.`,
        );
      return value;
    };
    return {
      // The reference of its day calls it os.
      osystem: word(["osystem", "os"]),
      architecture: word(["architecture"]),
      subarchitecture: word(["subarchitecture"], "generic"),
      release: word(["release"]),
      purpose: word(["purpose"]),
      label: word(["label"], "release"),
      supported_subarches: word(["supported_subarches"], ""),
    };
  });
}

/** @throws DomainError invalid_fields */
export function parseLeases(text: string): { ip: string; mac: string }[] {
  const given = parsed("leases", text);
  if (typeof given !== "object" || given === null || Array.isArray(given))
    throw invalidField("leases", "Must be an object of addresses and their MAC addresses.");
  const entries = Object.entries(given);
  if (entries.length > MOST) throw invalidField("leases", `More than ${MOST} leases are not taken.`);
  const leases = entries.map(([address, value]): [string, string] => {
    const ip = parseIp(address);
    const mac = typeof value === "string" ? parseMac(value) : undefined;
    if (!ip) throw invalidField("leases", `"${address}" is no IP address.`);
    if (mac === undefined) throw invalidField("leases", `${address} has no MAC address.`);
    return [formatIp(ip), mac];
  });
  return [...new Map(leases)].map(([ip, mac]) => ({ ip, mac }));
}
