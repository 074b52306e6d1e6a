/** Which disks and interfaces a word means (reference: scripts.md section 3, table of types). */
import { invalidField } from "../errors.ts";

export interface Disk {
  id: number;
  name: string;
  model: string | null;
  serial: string | null;
  idPath: string | null;
  tags: string[];
}

export interface Interface {
  id: number;
  name: string;
  mac: string | null;
  vendor: string | null;
  product: string | null;
  tags: string[];
  /** Enabled, configured and nothing built on it: what `all` means. */
  usable: boolean;
  /** The machine boots from it. */
  boots: boolean;
  /** Ids of the enabled bonds that it is one side of; none when it is disabled itself. */
  bondIds: readonly number[];
}

export interface Devices {
  disks: readonly Disk[];
  interfaces: readonly Interface[];
}

/** What was asked for, and the name of the parameter that errors go to. */
export interface DeviceQuery {
  key: string;
  text: string;
}

const lower = (texts: readonly (string | null | undefined)[]) =>
  texts.filter((t) => t !== null && t !== undefined && t !== "").map((t) => (t as string).toLowerCase());

function diskWords(d: Disk): string[] {
  const pair = d.model && d.serial ? `${d.model}:${d.serial}` : null;
  return lower([
    String(d.id),
    d.name,
    `/dev/${d.name}`,
    d.idPath,
    d.idPath?.split("/").at(-1),
    d.model,
    d.serial,
    pair,
    ...d.tags,
  ]);
}

function interfaceWords(i: Interface): string[] {
  const pair = i.vendor && i.product ? `${i.vendor}:${i.product}` : null;
  return lower([String(i.id), i.name, i.mac, i.vendor, i.product, pair, ...i.tags]);
}

export function disksMeant(query: DeviceQuery, disks: readonly Disk[], forgiving: boolean): Disk[] {
  return meant(query, disks, diskWords, () => true, "disk", forgiving);
}

export function interfacesMeant(query: DeviceQuery, interfaces: readonly Interface[], forgiving: boolean): Interface[] {
  return meant(query, interfaces, interfaceWords, (i) => i.usable, "interface", forgiving);
}

/**
 * Both sides of a bond beside the bond, which goes on when one of them is broken: of all bonds when all interfaces are meant, else of the
 * bonds that are.
 */
export function withBondSides(
  { text }: DeviceQuery,
  chosen: readonly Interface[],
  interfaces: readonly Interface[],
): Interface[] {
  const isAll = lower(text.split(",").map((w) => w.trim())).includes("all");
  const ids = new Set(chosen.map((i) => i.id));
  const isSide = (i: Interface) => i.bondIds.some((id) => isAll || ids.has(id));
  return interfaces.filter((i) => ids.has(i.id) || isSide(i));
}

/** @throws DomainError on the query's key naming the words that mean nothing, unless `forgiving` */
function meant<T>(
  { key, text }: DeviceQuery,
  devices: readonly T[],
  wordsOf: (device: T) => string[],
  inAll: (device: T) => boolean,
  what: string,
  forgiving: boolean,
): T[] {
  const words = lower(text.split(",").map((w) => w.trim()));
  const chosen = new Set<T>();
  const unknown: string[] = [];
  for (const word of words) {
    const found = word === "all" ? devices.filter(inAll) : devices.filter((d) => wordsOf(d).includes(word));
    if (found.length === 0 && word !== "all") unknown.push(word);
    for (const device of found) chosen.add(device);
  }
  if (unknown.length > 0 && !forgiving)
    throw invalidField(key, `The machine has no ${what} ${unknown.map((w) => `"${w}"`).join(", ")}.`);
  return devices.filter((d) => chosen.has(d));
}
