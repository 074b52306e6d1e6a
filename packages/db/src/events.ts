/** Reading events: filters, visibility and cursors in one statement. */
import { type Kysely, type RawBuilder, sql } from "kysely";
import { unnamed } from "./naming-client.ts";
import type { Schema } from "./schema.ts";

/** Filters on the event's machine; an empty list does not narrow. */
export interface EventFilter {
  hostnames: readonly string[];
  macs: readonly string[];
  systemIds: readonly string[];
  domains: readonly string[];
  zones: readonly string[];
  pools: readonly string[];
  agentNames: readonly string[];
  /** Users who did it. */
  usernames: readonly string[];
}

export interface EventQuery extends EventFilter {
  /** Least level, see eventLevel; audit events (0) come only when they alone are asked for. */
  minLevel: number;
  before: number | null;
  after: number | null;
  limit: number;
  /** User whose machines are shown, with those of nobody; null: an administrator, who sees everything. */
  visibleTo: number | null;
}

export interface EventRow {
  id: number;
  systemId: string | null;
  hostname: string;
  username: string | null;
  type: string;
  level: number;
  description: string;
  createdAt: Date;
}

const anyOf = (values: readonly string[]) => sql`any(${values}::text[])`;

function conditions(q: EventQuery): RawBuilder<unknown>[] {
  const all = [q.minLevel === 0 ? sql`e.level = 0` : sql`e.level >= ${q.minLevel}`];
  const given = (values: readonly string[], condition: RawBuilder<unknown>) => {
    if (values.length > 0) all.push(condition);
  };
  given(q.hostnames, sql`coalesce(n.hostname, e.hostname) = ${anyOf(q.hostnames)}`);
  given(
    q.macs,
    sql`exists (select from interface i where i.node_id = e.node_id and i.mac = any(${q.macs}::macaddr[]))`,
  );
  given(q.systemIds, sql`n.system_id = ${anyOf(q.systemIds)}`);
  given(q.domains, sql`n.domain_id in (select id from domain where name = ${anyOf(q.domains)})`);
  given(q.zones, sql`n.zone_id in (select id from zone where name = ${anyOf(q.zones)})`);
  given(q.pools, sql`n.pool_id in (select id from resource_pool where name = ${anyOf(q.pools)})`);
  given(q.agentNames, sql`n.agent_name = ${anyOf(q.agentNames)}`);
  given(q.usernames, sql`e.username = ${anyOf(q.usernames)}`);
  if (q.before !== null) all.push(sql`e.id < ${q.before}`);
  if (q.after !== null) all.push(sql`e.id > ${q.after}`);
  if (q.visibleTo !== null)
    all.push(sql`n.id is not null and (n.node_type <> 0 or n.owner_id is null or n.owner_id = ${q.visibleTo})`);
  return all;
}

/** Newest first. After a cursor these are the oldest behind it, so that a reader that follows misses none. */
export async function queryEvents(db: Kysely<Schema>, q: EventQuery): Promise<EventRow[]> {
  const order = q.after === null ? sql`desc` : sql`asc`;
  const { rows } = await sql<EventRow>`
    select e.id, n.system_id as "systemId", coalesce(n.hostname, e.hostname) as hostname, e.username, e.type, e.level, e.description,
      e.created_at as "createdAt"
    from event e left join node n on n.id = e.node_id
    where ${sql.join(conditions(q), sql` and `)}
    order by e.id ${order} limit ${q.limit} ${unnamed}`.execute(db);
  return q.after === null ? rows : rows.reverse();
}
