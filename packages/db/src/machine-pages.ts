/** Machines that match a filter, a page at a time. What a page costs does not depend on how many machines there are: a page begins at a place in an index. */
import type { MachineOrder, Place, Sorting } from "@rackwright/domain/search/page-token";
import type { Filter } from "@rackwright/domain/search/parse";
import { CompiledQuery, type Kysely, type RawBuilder, sql } from "kysely";
import type { Condition } from "./machine-conditions.ts";
import { keptOf } from "./machine-documents.ts";
import { unnamed } from "./naming-client.ts";
import type { Schema } from "./schema.ts";
import { prepareFilter } from "./search-conditions.ts";

interface Order {
  key: RawBuilder<unknown>;
  text: RawBuilder<unknown>;
  from: (text: string) => RawBuilder<unknown>;
}

const plain = (key: RawBuilder<unknown>, type: RawBuilder<unknown>): Order => ({
  key,
  text: sql`(${key})::text`,
  from: (text) => sql`${text}::${type}`,
});
/** In microseconds, which is as fine as PostgreSQL's own. */
const moment = (key: RawBuilder<unknown>): Order => ({
  key,
  text: sql`(extract(epoch from ${key}) * 1000000)::bigint::text`,
  from: (text) => sql`timestamptz 'epoch' + ${text}::bigint * interval '1 microsecond'`,
});

/** Each has an index of its own, the id at its end. */
const orders: Record<MachineOrder, Order> = {
  name: plain(sql`lower(node.hostname) collate "C"`, sql`text`),
  since: moment(sql`node.status_since`),
  created: moment(sql`node.created_at`),
  cpu: plain(sql`node.cpu_count`, sql`integer`),
  memory: plain(sql`node.memory_mib`, sql`bigint`),
  status: plain(sql`node.status`, sql`smallint`),
};

export interface PageQuery extends Sorting {
  filter: Pick<Filter, "terms">;
  /** null: sees all; else only unowned machines and this user's. */
  visibleTo: number | null;
  after: Place | undefined;
  limit: number;
  now: Date;
  /** See `prepareFilter`. */
  few?: number;
}

const visible = (visibleTo: number | null): Condition =>
  visibleTo === null ? sql<boolean>`true` : sql<boolean>`(node.owner_id is null or node.owner_id = ${visibleTo})`;

/** What a page shows of a machine now, whatever is kept of it; its place. */
export interface PageRow extends Place {
  /** See machine-documents.ts. */
  label: string | null;
  kept: string | null;
  zoneId: number;
  poolId: number | null;
  domainId: number;
  ownerId: number | null;
  powerCheckedAt: Date | null;
  /** See shared-names.ts. */
  nameLabel: string;
}

/** What is kept of a machine, for as long as nothing of it changes. */
export interface MachineRow {
  id: number;
  label: string | null;
  systemId: string;
  hostname: string;
  status: number;
  statusSince: Date;
  statusDeadline: Date | null;
  waitingFor: string | null;
  errorDescription: string;
  architecture: string | null;
  cpuCount: number;
  memoryMib: number;
  storageBytes: number;
  diskCount: number;
  tagIds: number[];
  powerState: string;
  powerType: string;
  addresses: string[];
  bootMac: string | null;
  osystem: string;
  distroSeries: string;
  locked: boolean;
  description: string;
  eventType: string | null;
  eventText: string | null;
}

const addresses = (
  types: string,
) => `array(select host(a.ip) from interface i join ip_address a on a.interface_id = i.id
    where i.node_id = node.id and a.ip is not null and a.alloc_type ${types} order by i.id, a.id)`;

/**
 * Machines in order, one more than `limit` when there are more. What is kept of them comes along; which they are is settled before, whatever
 * PostgreSQL thinks of how many match.
 * @param kind of the documents that are kept of them
 */
export async function pageRows(db: Kysely<Schema>, query: PageQuery, kind: string): Promise<PageRow[]> {
  const { key, text, from } = orders[query.order];
  const direction = query.descending ? sql`desc` : sql`asc`;
  const beyond = query.descending ? sql`<` : sql`>`;
  const { after } = query;
  const rest = after ? sql`(${key}, node.id) ${beyond} (${from(after.key)}, ${after.id}::bigint)` : sql`true`;
  const matching = await prepareFilter(db, query);
  const { rows } = await sql<PageRow>`
    select page.key, page.id, page."zoneId", page."poolId", page."domainId", page."ownerId", page."powerCheckedAt",
      ${keptOf(sql`page.id`, kind)}, (select label from name_label) as "nameLabel"
    from (
      select ${key} as place, ${text} as key, node.id, node.zone_id as "zoneId", node.pool_id as "poolId",
        node.domain_id as "domainId", node.owner_id as "ownerId", node.power_checked_at as "powerCheckedAt"
      from node
      where node.node_type = 0 and ${visible(query.visibleTo)} and ${matching} and ${rest}
      order by ${key} ${direction}, node.id ${direction} limit ${sql.lit(query.limit + 1)}) page
    order by page.place ${direction}, page.id ${direction}
    ${query.filter.terms.length === 0 ? sql`` : unnamed}`.execute(db);
  return rows;
}

/** As text, since it never changes: building it anew for each page took a tenth of its time. $2: whose machines are seen; null: all. */
const MACHINE_ROWS = `
  select node.id, l.label, node.system_id as "systemId", node.hostname, node.status, node.status_since as "statusSince",
    node.status_deadline as "statusDeadline", node.waiting_for as "waitingFor", node.error_description as "errorDescription",
    node.architecture, node.cpu_count as "cpuCount", node.memory_mib as "memoryMib",
    node.power_state as "powerState", node.power_type as "powerType", node.osystem,
    node.distro_series as "distroSeries", node.locked, node.description,
    disk.bytes as "storageBytes", disk.count as "diskCount",
    array(select tag_id from node_tag nt where nt.node_id = node.id) as "tagIds",
    coalesce(nullif(${addresses("<> 6")}, '{}'), ${addresses("= 6")}) as addresses,
    coalesce((select text(i.mac) from interface i where i.id = node.boot_interface_id),
      (select text(i.mac) from interface i where i.node_id = node.id order by i.id limit 1)) as "bootMac",
    e.type as "eventType", e.description as "eventText"
  from node left join machine_label l on l.node_id = node.id
  cross join lateral (select coalesce(sum(b.size_bytes), 0)::bigint as bytes, count(*)::int as count
    from block_device b where b.node_id = node.id and b.type = 'physical') disk
  left join lateral (select type, description from event where node_id = node.id and level >= 20 order by id desc limit 1) e on true
  where node.id = any($1::bigint[]) and ($2::bigint is null or node.owner_id is null or node.owner_id = $2)`;

/** Of those of which nothing is kept. Who may see them is asked once more: this is another snapshot. */
export async function machineRows(
  db: Kysely<Schema>,
  ids: readonly number[],
  visibleTo: number | null,
): Promise<MachineRow[]> {
  const { rows } = await db.executeQuery<MachineRow>(CompiledQuery.raw(MACHINE_ROWS, [ids, visibleTo]));
  return rows;
}

const groups = {
  status: { value: sql`node.status::text`, from: sql`` },
  power: { value: sql`node.power_state`, from: sql`` },
  owner: { value: sql`u.username`, from: sql`left join app_user u on u.id = node.owner_id` },
  pool: { value: sql`p.name`, from: sql`left join resource_pool p on p.id = node.pool_id` },
  zone: { value: sql`z.name`, from: sql`join zone z on z.id = node.zone_id` },
  domain: { value: sql`d.name`, from: sql`join domain d on d.id = node.domain_id` },
  arch: { value: sql`node.architecture`, from: sql`` },
  tag: {
    value: sql`t.name`,
    from: sql`left join node_tag nt on nt.node_id = node.id left join tag t on t.id = nt.tag_id`,
  },
  model: {
    value: sql`m.value`,
    from: sql`left join node_metadata m on m.node_id = node.id and m.key = 'system_product'`,
  },
} as const;

export type MachineGroup = keyof typeof groups;

export interface GroupCount {
  /** null: none (no owner, no tag). */
  value: string | null;
  count: number;
}

/** How many match, in all and by group, the largest first. A machine of several tags is in several groups. */
export async function countMachines(
  db: Kysely<Schema>,
  query: Pick<PageQuery, "filter" | "visibleTo" | "now" | "few"> & { by: MachineGroup },
): Promise<{ total: number; groups: GroupCount[] }> {
  const { value, from } = groups[query.by];
  const matching = sql`node.node_type = 0 and ${visible(query.visibleTo)} and ${await prepareFilter(db, query)}`;
  // Several tags of one machine make several rows.
  const total = query.by === "tag" ? sql`(select count(*)::int from node where ${matching})` : sql`0`;
  const { rows } = await sql<GroupCount & { total: number }>`
    select ${value} as value, count(*)::int as count, ${total} as total
    from node ${from} where ${matching} group by 1 order by count(*) desc, 1 ${unnamed}`.execute(db);
  return {
    total: query.by === "tag" ? (rows[0]?.total ?? 0) : rows.reduce((sum, row) => sum + row.count, 0),
    groups: rows.map(({ value: group, count }) => ({ value: group, count })),
  };
}
