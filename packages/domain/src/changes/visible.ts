/** Who may see which change, and where a reader of the record stands. */
import type { Actor } from "../machine/machine.ts";

export interface SeenChange {
  entity: string;
  entityId: string;
  /** Null: not narrowed when it was written; else the id of the user that it is for. */
  visibleTo: string | null;
}

/** What everybody may read by the API, whoever made it. */
const COMMON = [
  "machine",
  "script_result",
  "device",
  "fabric",
  "vlan",
  "subnet",
  "space",
  "ip_range",
  "static_route",
  "reserved_ip",
  "dhcp_snippet",
  "dns_resource",
  "discovery",
  "zone",
  "pool",
  "domain",
  "tag",
  "image",
  "script",
  "config",
  "rack",
];
/** Those whose id is a machine's: they are for whoever may see it. */
const OF_MACHINES = ["machine", "script_result"];

/** The machine whose owner decides; undefined where no one does, or the change itself says for whom it is. */
export function decidingMachine(c: SeenChange): string | undefined {
  return c.visibleTo === null && OF_MACHINES.includes(c.entity) ? c.entityId : undefined;
}

/** @param ownerOf owner of the deciding machine now; null: nobody's, or gone */
export function maySee(actor: Actor, c: SeenChange, ownerOf: (systemId: string) => number | null): boolean {
  if (actor.kind === "system") return true;
  if (actor.kind !== "user") return false;
  if (actor.isSuperuser) return true;
  if (c.visibleTo !== null) return c.visibleTo === String(actor.userId);
  if (!COMMON.includes(c.entity)) return false;
  const machine = decidingMachine(c);
  const owner = machine === undefined ? null : ownerOf(machine);
  return owner === null || owner === actor.userId;
}

export interface Place {
  txid: string;
  id: number;
}

export const placeText = (p: Place): string => `${p.txid}:${p.id}`;

/** @returns undefined for what is none */
export function parsePlace(text: string): Place | undefined {
  const match = /^(\d{1,19}):(\d{1,15})$/.exec(text.trim());
  return match ? { txid: match[1] ?? "0", id: Number(match[2]) } : undefined;
}

/** Below 0: a comes first. */
export function comparePlaces(a: Place, b: Place): number {
  const [x, y] = [BigInt(a.txid), BigInt(b.txid)];
  return x === y ? a.id - b.id : x < y ? -1 : 1;
}
