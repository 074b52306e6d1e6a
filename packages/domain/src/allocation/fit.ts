/** Whether a machine has the disks and interfaces that are asked for, and which they are. Pure. */
import { DomainError, type FieldMessages } from "../errors.ts";
import { type InterfaceItem, type InterfaceWant, matchInterfaces, parseInterfaces } from "./interfaces.ts";
import { matchStorage, parseStorage, type StorageItem, type StorageWant } from "./storage.ts";

export interface Parts {
  storage?: StorageWant[];
  interfaces?: InterfaceWant[];
}

/** Ids under the labels that were given; a kind that was not asked for is not there. */
export interface Fit {
  storage?: Record<string, number[]>;
  interfaces?: Record<string, number[]>;
}

/** @throws DomainError invalid_fields */
export function parseParts(given: { storage?: string | undefined; interfaces?: string | undefined }): Parts {
  const fields: FieldMessages = {};
  const parsed = <T>(name: keyof Parts, parse: (text: string) => T): T | undefined => {
    const text = given[name]?.trim();
    if (!text) return undefined;
    try {
      return parse(text);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      fields[name] = [error.message];
      return undefined;
    }
  };
  const storage = parsed("storage", parseStorage);
  const interfaces = parsed("interfaces", parseInterfaces);
  const [first] = Object.entries(fields);
  if (first) throw new DomainError("invalid_fields", `${first[0]}: ${first[1][0]}`, { fields });
  return { ...(storage ? { storage } : {}), ...(interfaces ? { interfaces } : {}) };
}

export const asksForParts = (parts: Parts): boolean => parts.storage !== undefined || parts.interfaces !== undefined;

/** @returns undefined when the machine does not have it all */
export function fitMachine(
  parts: Parts,
  has: { storage: readonly StorageItem[]; interfaces: readonly InterfaceItem[] },
): Fit | undefined {
  const { storage, interfaces } = parts;
  const items = storage && matchStorage(storage, has.storage);
  const nics = interfaces && matchInterfaces(interfaces, has.interfaces);
  if ((storage && !items) || (interfaces && !nics)) return undefined;
  const under = <T>(wants: readonly { label: string }[], found: readonly T[], ids: (one: T) => number[]) =>
    Object.fromEntries(
      wants.flatMap(({ label }, at) => {
        const one = found[at];
        return label === "" || one === undefined ? [] : [[label, ids(one)] as const];
      }),
    );
  return {
    ...(storage && items ? { storage: under(storage, items, ({ id }) => [id]) } : {}),
    ...(interfaces && nics ? { interfaces: under(interfaces, nics, (found) => found.map(({ id }) => id)) } : {}),
  };
}
