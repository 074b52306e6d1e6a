/** Fields of a search that are text: where each lies, and how it is found. */
import type { FieldOf } from "@rackwright/domain/search/fields";
import type { TextValue } from "@rackwright/domain/search/parse";
import { type RawBuilder, sql } from "kysely";
import { type Condition, either } from "./machine-conditions.ts";
import type { Lookups } from "./search-lookups.ts";

type Text = RawBuilder<string>;

export interface TextField {
  fits: (values: readonly TextValue[], lookups: Lookups) => Condition;
  /** There is something at all. */
  has: Condition;
  /** A column decides that may be null. */
  nullable: boolean;
}

const nothing = sql<boolean>`false`;
/** `%` and `_` mean themselves. */
const literally = (text: string) => text.replaceAll(/[\\%_]/g, "\\$&");

/**
 * A part of a text is found by an index on groups of three letters. Those of what all machines' names begin with are in all of them, and take
 * longest to go through: numbers tell machines apart, so the index is asked for these alone where there are some.
 */
export function matches(expression: Text, { text, whole }: TextValue): Condition {
  if (whole) return sql<boolean>`${expression} = ${text}`;
  const numbers = text.match(/\d{3,}/g) ?? [];
  const longest = numbers.reduce((a, b) => (b.length > a.length ? b : a), "");
  return longest === "" || longest === text
    ? sql<boolean>`${expression} like ${`%${literally(text)}%`}`
    : sql<boolean>`(${expression} like ${`%${longest}%`} and position(${text} in ${expression}) > 0)`;
}
const matchesAny = (expression: Text, values: readonly TextValue[]) =>
  either(values.map((v) => matches(expression, v)));

export const isAnyOf = (reference: RawBuilder<number>, ids: readonly number[]): Condition =>
  ids.length === 0 ? nothing : sql<boolean>`${reference} = any(${ids}::bigint[])`;

/** A column of the node itself. */
const column = (expression: Text): TextField => ({
  fits: (values) => matchesAny(sql<string>`lower(${expression})`, values),
  has: sql<boolean>`${expression} <> ''`,
  nullable: true,
});

/** The node refers to a row of a small table, by whose name it is found. */
const named = (reference: RawBuilder<number>, table: string, name: string): TextField => ({
  fits: (values, lookups) =>
    isAnyOf(
      reference,
      lookups.ids(
        sql`select id from ${sql.table(table)} where ${matchesAny(sql<string>`lower(${sql.ref(name)})`, values)}`,
      ),
    ),
  has: sql<boolean>`${reference} is not null`,
  nullable: true,
});

/** Rows of a large table belong to the node. `from` says which and ends in a condition; few machines are found by an index on the text. */
const rows = (from: RawBuilder<unknown>, nodeId: RawBuilder<number>, expression: Text, has: Condition): TextField => ({
  fits: (values, lookups) => {
    const match = matchesAny(expression, values);
    const few = lookups.fewNodes(sql`select ${nodeId} from ${from} and ${match}`);
    return few
      ? isAnyOf(sql<number>`node.id`, few)
      : sql<boolean>`exists (select from ${from} and ${nodeId} = node.id and ${match})`;
  },
  has: sql<boolean>`exists (select from ${from} and ${nodeId} = node.id and ${has})`,
  nullable: false,
});

const fact = (...keys: readonly string[]): TextField =>
  rows(
    sql`node_metadata m where m.key in (${sql.join(keys.map((key) => sql.lit(key)))})`,
    sql<number>`m.node_id`,
    sql<string>`lower(m.value)`,
    sql<boolean>`m.value <> ''`,
  );

/** An interface is on a VLAN that belongs to something with this name. */
const onVlan = (from: RawBuilder<unknown>, expression: Text): TextField => ({
  fits: (values, lookups) => {
    const vlans = lookups.ids(sql`select v.id from ${from} where ${matchesAny(expression, values)}`);
    return vlans.length === 0
      ? nothing
      : sql<boolean>`exists (select from interface i where i.node_id = node.id and i.vlan_id = any(${vlans}::bigint[]))`;
  },
  has: sql<boolean>`exists (select from interface i where i.node_id = node.id and i.vlan_id is not null)`,
  nullable: false,
});

/** Host names have no dot: what is before the first one is the host name's end, what follows the domain's beginning. */
function fqdnFits({ text, whole }: TextValue, lookups: Lookups): Condition[] {
  const dot = text.indexOf(".");
  // An address is no name, and would only cost time.
  if (dot < 0 || !/[a-z]/.test(text)) return [];
  const [host, rest] = [text.slice(0, dot), text.slice(dot + 1)];
  const domains = (like: string) => lookups.ids(sql`select id from domain where lower(name) like ${like}`);
  const both = (hostLike: string, ids: number[]) =>
    ids.length === 0
      ? []
      : [sql<boolean>`(lower(node.hostname) like ${hostLike} and node.domain_id = any(${ids}::bigint[]))`];
  if (whole) return both(literally(host), domains(literally(rest)));
  const inDomain = domains(`%${literally(text)}%`);
  return [
    ...both(`%${literally(host)}`, domains(`${literally(rest)}%`)),
    isAnyOf(sql<number>`node.domain_id`, inDomain),
  ];
}

const links = sql`interface i join ip_address a on a.interface_id = i.id where a.ip is not null`;

export const textFields: Record<FieldOf<"text">, TextField> = {
  name: {
    fits: (values, lookups) =>
      either(values.flatMap((v) => [matches(sql<string>`lower(node.hostname)`, v), ...fqdnFits(v, lookups)])),
    has: sql<boolean>`true`,
    nullable: false,
  },
  id: column(sql<string>`node.system_id`),
  mac: rows(
    sql`interface i where i.node_id is not null`,
    sql<number>`i.node_id`,
    sql<string>`text(i.mac)`,
    sql<boolean>`i.mac is not null`,
  ),
  ip: rows(
    sql`${links} and i.node_id is not null`,
    sql<number>`i.node_id`,
    sql<string>`host(a.ip)`,
    sql<boolean>`true`,
  ),
  serial: fact("system_serial", "mainboard_serial", "chassis_serial"),
  vendor: fact("system_vendor"),
  model: fact("system_product"),
  owner: named(sql<number>`node.owner_id`, "app_user", "username"),
  agent: column(sql<string>`node.agent_name`),
  pool: named(sql<number>`node.pool_id`, "resource_pool", "name"),
  zone: named(sql<number>`node.zone_id`, "zone", "name"),
  domain: named(sql<number>`node.domain_id`, "domain", "name"),
  tag: {
    fits: (values, lookups) => {
      const tags = lookups.ids(sql`select id from tag where ${matchesAny(sql<string>`lower(name)`, values)}`);
      return tags.length === 0
        ? nothing
        : sql<boolean>`exists (select from node_tag nt where nt.node_id = node.id and nt.tag_id = any(${tags}::bigint[]))`;
    },
    has: sql<boolean>`exists (select from node_tag nt where nt.node_id = node.id)`,
    nullable: false,
  },
  arch: column(sql<string>`node.architecture`),
  os: column(sql<string>`node.osystem`),
  series: column(sql<string>`node.distro_series`),
  power_type: column(sql<string>`node.power_type`),
  fabric: onVlan(
    sql`vlan v join fabric f on f.id = v.fabric_id`,
    sql<string>`lower(coalesce(f.name, 'fabric-' || f.id))`,
  ),
  vlan: onVlan(
    sql`vlan v`,
    sql<string>`lower(coalesce(v.name, case v.vid when 0 then 'untagged' else v.vid::text end))`,
  ),
  space: onVlan(sql`vlan v left join space s on s.id = v.space_id`, sql<string>`lower(coalesce(s.name, 'undefined'))`),
  subnet: {
    fits: (values, lookups) => {
      const text = [sql<string>`lower(s.name)`, sql<string>`text(s.cidr)`];
      const subnets = lookups.ids(
        sql`select s.id from subnet s where ${either(text.map((t) => matchesAny(t, values)))}`,
      );
      return subnets.length === 0
        ? nothing
        : sql<boolean>`exists (select from ${links} and i.node_id = node.id and a.subnet_id = any(${subnets}::bigint[]))`;
    },
    has: sql<boolean>`exists (select from ${links} and i.node_id = node.id and a.subnet_id is not null)`,
    nullable: false,
  },
  description: column(sql<string>`node.description`),
  error: column(sql<string>`node.error_description`),
  waiting: column(sql<string>`node.waiting_for`),
};
