/** VLANs and subnets by the words that callers use: an id, a CIDR, a name, or specifiers such as `fabric:row-a,vid:20`. */
import { parseIp } from "@rackwright/domain/addressing/ip";
import { asId, parseSpecifiers, type Specifier } from "@rackwright/domain/network/specifier";
import { type Kysely, type RawBuilder, type Selectable, sql } from "kysely";
import type { SubnetRow } from "./machine-views.ts";
import { unnamed } from "./naming-client.ts";
import type { Schema, VlanTable } from "./schema.ts";

type Db = Kysely<Schema>;
type Condition = RawBuilder<boolean>;

const never = sql<boolean>`false`;
const ON_VLAN = ["fabric", "space", "vid", "vlan"] as const;
export const VLAN_PREFIXES = ["id", "name", ...ON_VLAN] as const;
export const SUBNET_PREFIXES = ["id", "cidr", "name", "ip", ...ON_VLAN] as const;

/** Largest tag of IEEE 802.1Q. */
const MAX_VID = 4094;

/** Over `v`, a VLAN. */
function vlanCondition({ prefix, value }: Specifier): Condition {
  const id = asId(value);
  switch (prefix) {
    case "id":
      return id === undefined ? never : sql<boolean>`v.id = ${id}::bigint`;
    case "vid":
      if (value === "untagged") return sql<boolean>`v.vid = 0`;
      return id === undefined || id > MAX_VID ? never : sql<boolean>`v.vid = ${id}::bigint`;
    case "vlan":
      return id === undefined
        ? sql<boolean>`v.name = ${value}`
        : sql<boolean>`(v.id = ${id}::bigint or v.vid = ${id}::bigint)`;
    case "fabric":
      return sql<boolean>`exists (select from fabric f where f.id = v.fabric_id and (coalesce(f.name, 'fabric-' || f.id) = ${value} or f.id = ${id ?? -1}::bigint))`;
    case "space":
      return value === "undefined"
        ? sql<boolean>`v.space_id is null`
        : sql<boolean>`exists (select from space sp where sp.id = v.space_id and (sp.name = ${value} or sp.id = ${id ?? -1}::bigint))`;
    case "name":
      return sql<boolean>`v.name = ${value}`;
    default:
      return never;
  }
}

/** Over `s`, a subnet on the VLAN `v`. */
function subnetCondition(specifier: Specifier): Condition {
  const { prefix, value } = specifier;
  switch (prefix) {
    case "id": {
      const id = asId(value);
      return id === undefined ? never : sql<boolean>`s.id = ${id}::bigint`;
    }
    case "cidr":
      return sql<boolean>`s.cidr::text = ${value}`;
    case "name":
      return sql<boolean>`s.name = ${value}`;
    case "ip":
      return parseIp(value) ? sql<boolean>`s.cidr >>= ${value}::inet` : never;
    default:
      return vlanCondition(specifier);
  }
}

const all = (conditions: readonly Condition[]): Condition => sql<boolean>`(${sql.join(conditions, sql` and `)})`;

/** Over `v`, a VLAN. An id is one wherever it could be. */
export function vlanNamed(word: string): Condition {
  const id = asId(word);
  if (id !== undefined) return sql<boolean>`v.id = ${id}::bigint`;
  const specifiers = parseSpecifiers(word, VLAN_PREFIXES);
  return specifiers ? all(specifiers.map(vlanCondition)) : sql<boolean>`v.name = ${word}`;
}

/** Over `s`, a subnet on the VLAN `v`. */
export function subnetNamed(word: string): Condition {
  const id = asId(word);
  if (id !== undefined) return sql<boolean>`s.id = ${id}::bigint`;
  const specifiers = parseSpecifiers(word, SUBNET_PREFIXES);
  return specifiers ? all(specifiers.map(subnetCondition)) : sql<boolean>`(s.cidr::text = ${word} or s.name = ${word})`;
}

/** Those that the word names, oldest first: usually one. */
export async function vlansNamed(db: Db, word: string): Promise<Selectable<VlanTable>[]> {
  const { rows } = await sql<
    Selectable<VlanTable>
  >`select v.* from vlan v where ${vlanNamed(word)} order by v.id ${unnamed}`.execute(db);
  return rows;
}

export async function subnetsNamed(db: Db, word: string): Promise<SubnetRow[]> {
  // Of those that hold an address the best for it: on a VLAN with DHCP first, then the most narrow one.
  const byAddress = parseSpecifiers(word, SUBNET_PREFIXES)?.some(({ prefix }) => prefix === "ip") ?? false;
  const order = byAddress ? sql`v.dhcp_on desc, masklen(s.cidr) desc, s.id` : sql`s.cidr::text = ${word} desc, s.id`;
  const { rows } = await sql<SubnetRow>`
    select s.* from subnet s join vlan v on v.id = s.vlan_id where ${subnetNamed(word)} order by ${order} ${unnamed}`.execute(
    db,
  );
  return rows;
}

/** The first one that the word names. */
export async function findSubnet(db: Db, word: string): Promise<SubnetRow | undefined> {
  return (await subnetsNamed(db, word))[0];
}
