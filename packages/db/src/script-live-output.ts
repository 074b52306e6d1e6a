/** What scripts print while they run: the newest pieces, until the upload at the end takes their place. */
import { runningStatuses } from "@rackwright/domain/scripts/status";
import { type Kysely, sql } from "kysely";
import type { Tx } from "./connect.ts";
import type { Schema } from "./schema.ts";

/** Tells the id of a run of which something was printed, or a result has moved on. */
export const OUTPUT_CHANNEL = "script_output";
/** Bytes kept of one result; older pieces go. */
export const LIVE_KEPT_BYTES = 256 << 10;

/**
 * Hold a machine in this boot until `tx` ends, against whoever would start it for another purpose.
 * What is kept here may be lost with the server, so nobody waits for its disk.
 * @returns false when it is another boot by now
 */
export async function shareBoot(tx: Tx, nodeId: number, bootEpoch: number): Promise<boolean> {
  const { rows } = await sql`
    select set_config('synchronous_commit', 'off', true) from node
    where id = ${nodeId} and boot_epoch = ${bootEpoch} for share`.execute(tx);
  return rows.length > 0;
}

export interface LivePiece {
  nodeId: number;
  resultId: number;
  /** Place of its first byte in all that the script has printed. */
  offset: number;
  data: Uint8Array;
}

/**
 * Keep what of the piece is not here yet. One that skips bytes leaves a gap: they were too many to be sent.
 * @returns false when this is no result of a current run of the node that runs
 */
export async function appendLiveOutput(tx: Tx, piece: LivePiece): Promise<boolean> {
  const { nodeId, resultId, offset, data } = piece;
  const end = offset + data.length;
  const { rows } = await sql`
    with result as (
      select r.id, r.set_id from script_result r join script_set s on s.id = r.set_id join node n on n.id = s.node_id
      where r.id = ${resultId} and n.id = ${nodeId} and r.status = any(${[...runningStatuses]}::smallint[])
        and s.id in (n.commissioning_set_id, n.testing_set_id, n.installation_set_id, n.release_set_id)
      for no key update of r
    ), known as (
      select coalesce(max(start_at + length(data)), 0) as stop from script_live_output where result_id = ${resultId}
    ), added as (
      insert into script_live_output (result_id, start_at, data)
      select result.id, greatest(${offset}::bigint, stop),
        substring(${Buffer.from(data)}::bytea from (greatest(${offset}::bigint, stop) - ${offset}::bigint)::int + 1)
      from result, known where stop < ${end}::bigint
      on conflict do nothing
    ), dropped as (
      delete from script_live_output where result_id in (select id from result)
        and start_at + length(data) <= ${end - LIVE_KEPT_BYTES}::bigint
    )
    select pg_notify(${OUTPUT_CHANNEL}, set_id::text) from result`.execute(tx);
  return rows.length > 0;
}

export interface LiveSlice {
  resultId: number;
  startAt: number;
  data: Buffer;
}

/** Of each of these results what is kept behind a place, in order. */
export async function liveOutputAfter(
  db: Kysely<Schema>,
  places: readonly { resultId: number; offset: number }[],
): Promise<LiveSlice[]> {
  if (places.length === 0) return [];
  const ids = places.map((p) => p.resultId);
  const offsets = places.map((p) => p.offset);
  const { rows } = await sql<LiveSlice>`
    select l.result_id as "resultId", l.start_at as "startAt", l.data
    from unnest(${ids}::bigint[], ${offsets}::bigint[]) as p(id, place)
    join script_live_output l on l.result_id = p.id and l.start_at + length(l.data) > p.place
    order by l.result_id, l.start_at`.execute(db);
  return rows;
}

/** A slice of what a result's script printed in all, as it was uploaded, and how long all of it is. */
export async function outputSlice(
  db: Kysely<Schema>,
  resultId: number,
  offset: number,
  length: number,
): Promise<{ data: Buffer; total: number } | undefined> {
  return db
    .selectFrom("script_result")
    .select([
      sql<Buffer>`substring(output from ${offset + 1}::int for ${length}::int)`.as("data"),
      sql<number>`length(output)`.as("total"),
    ])
    .where("id", "=", resultId)
    .executeTakeFirst();
}
