/** The words by which callers name VLANs and subnets: `cidr:10.0.0.0/24`, `fabric:row-a,vid:20` (reference: networking-storage.md section 2). */

export interface Specifier {
  prefix: string;
  value: string;
}

/**
 * All of them must hold.
 * @returns undefined for a plain word: an id, a CIDR or a name, which may hold commas and colons of its own
 */
export function parseSpecifiers(word: string, prefixes: readonly string[]): Specifier[] | undefined {
  const parsed = word.split(",").map((part): Specifier | undefined => {
    const colon = part.indexOf(":");
    const prefix = part.slice(0, Math.max(colon, 0)).trim();
    return prefixes.includes(prefix) ? { prefix, value: part.slice(colon + 1).trim() } : undefined;
  });
  return parsed.every((each) => each !== undefined) ? parsed : undefined;
}

/** A row's id, as PostgreSQL and JSON both hold it. */
export function asId(word: string): number | undefined {
  return /^\d{1,15}$/.test(word) ? Number(word) : undefined;
}
