/** The flight recorder of one machine: what was seen of it and what happened to it, as one list. */
import { type Kysely, type RawBuilder, sql } from "kysely";
import type { Schema } from "./schema.ts";

/** A place in a timeline: behind this row. `rank`: evidence 0, events 1. */
export interface TimelinePosition {
  txid: string;
  rank: number;
  id: number;
}

export interface TimelineRow extends TimelinePosition {
  at: Date;
  /** Of evidence: the door. Of events: null. */
  source: string | null;
  /** Of events: its type. */
  type: string | null;
  level: number;
  text: string;
  epoch: number | null;
  username: string | null;
  detail: unknown;
  /** Nothing can appear before it any more. */
  settled: boolean;
}

export interface TimelineQuery {
  nodeId: number;
  macs: readonly string[];
  minLevel: number;
  /** Doors of evidence that are wanted, and whether events are. */
  sources: readonly string[];
  withEvents: boolean;
  before: TimelinePosition | null;
  /** Then the oldest behind it come, and none that is not settled. */
  after: TimelinePosition | null;
  limit: number;
}

/** Evidence has no level of its own: what failed is a warning. */
const evidenceLevel = sql`case when e.detail ->> 'outcome' in ('failed', 'not_found') or e.text ~* '\\m(failed|fail|refused|declined|cannot|error)\\M' then 30 else 10 end`;

function within(q: TimelineQuery, row: RawBuilder<unknown>, txid: RawBuilder<unknown>): RawBuilder<unknown> {
  const place = (p: TimelinePosition) => sql`(${p.txid}::text::xid8, ${p.rank}::integer, ${p.id}::bigint)`;
  // The bound on the transaction alone is what the index can use.
  if (q.after)
    return sql`${txid} >= ${q.after.txid}::text::xid8 and ${row} > ${place(q.after)} and ${txid} < pg_snapshot_xmin(pg_current_snapshot())`;
  return q.before ? sql`${txid} <= ${q.before.txid}::text::xid8 and ${row} < ${place(q.before)}` : sql`true`;
}

/** One page, the earliest first. */
export async function readTimeline(db: Kysely<Schema>, q: TimelineQuery): Promise<TimelineRow[]> {
  const order = q.after ? sql`asc` : sql`desc`;
  const seen = (whose: RawBuilder<unknown>) => sql`(
    select e.txid, 0 as rank, e.id, e.at, e.source, null::text as type, ${evidenceLevel} as level, e.text, e.boot_epoch as epoch, null::text as username, e.detail
    from evidence e
    where ${whose} and e.source = any(${q.sources}::text[]) and ${evidenceLevel} >= ${q.minLevel}
      and ${within(q, sql`(e.txid, 0, e.id)`, sql`e.txid`)}
    order by e.txid ${order}, e.id ${order} limit ${q.limit})`;
  const { rows } = await sql<TimelineRow>`
    select txid::text as txid, rank, id, at, source, type, level, text, epoch, username, detail,
      all_rows.txid < pg_snapshot_xmin(pg_current_snapshot()) as settled
    from (
      ${seen(sql`e.node_id = ${q.nodeId}`)}
      union all
      ${seen(sql`e.node_id is null and e.mac = any(${q.macs}::macaddr[])`)}
      union all
      (select e.txid, 1, e.id, e.created_at, null, e.type, e.level, e.description, e.boot_epoch, e.username, null
      from event e
      where e.node_id = ${q.nodeId} and ${q.withEvents} and e.level >= ${q.minLevel} and ${within(q, sql`(e.txid, 1, e.id)`, sql`e.txid`)}
      order by e.txid ${order}, e.id ${order} limit ${q.limit})
    ) as all_rows
    order by all_rows.txid ${order}, rank ${order}, id ${order} limit ${q.limit}`.execute(db);
  return q.after ? rows : rows.reverse();
}

/** Where a reader starts that wants only what is not settled yet, or still comes. */
export async function timelineEnd(db: Kysely<Schema>): Promise<TimelinePosition> {
  const { rows } = await sql<{ txid: string }>`select pg_snapshot_xmin(pg_current_snapshot())::text as txid`.execute(
    db,
  );
  // Before the first row that this transaction may write.
  return { txid: rows[0]?.txid ?? "0", rank: 0, id: 0 };
}

/** Physical addresses of a node: evidence from before it was known has nothing else. */
export async function interfaceMacs(db: Kysely<Schema>, nodeId: number): Promise<string[]> {
  const rows = await db
    .selectFrom("interface")
    .select("mac")
    .where("node_id", "=", nodeId)
    .where("type", "=", "physical")
    .where("mac", "is not", null)
    .orderBy("id")
    .execute();
  return rows.flatMap((r) => (r.mac === null ? [] : [r.mac]));
}
