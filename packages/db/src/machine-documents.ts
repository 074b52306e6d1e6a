/** Kept texts of machines: which are of use, in the snapshot of whoever reads. How they grow old: migration 0134. */
import { type Kysely, type RawBuilder, sql } from "kysely";
import { type Database, transaction } from "./connect.ts";
import { unnamed } from "./naming-client.ts";
import type { Schema } from "./schema.ts";

const LOCK_NOT_AVAILABLE = "55P03";

export interface KeptDocument {
  nodeId: number;
  /** What a text made from this snapshot is kept with; null: it has none yet, see `labelMachines`. */
  label: string | null;
  /** null: none that is of use. */
  kept: string | null;
}

/** Columns label and kept of a node. Not joined, since PostgreSQL would read all that is kept of others for a page of fifty. */
export const keptOf = (nodeId: RawBuilder<unknown>, kind: string) => sql`
  (select l.label from machine_label l where l.node_id = ${nodeId}) as label,
  (select k.text from machine_document k where k.node_id = ${nodeId} and k.kind = ${kind}
    and k.label = (select l.label from machine_label l where l.node_id = ${nodeId})) as kept`;

/** In the order of the ids. */
export async function keptDocuments(db: Kysely<Schema>, kind: string, ids: readonly number[]): Promise<KeptDocument[]> {
  const { rows } = await sql<KeptDocument>`
    select n.id as "nodeId", ${keptOf(sql`n.id`, kind)}
    from unnest(${ids}::bigint[]) with ordinality as asked (id, at) join node n on n.id = asked.id
    order by asked.at`.execute(db);
  return rows;
}

export async function keepDocuments(
  db: Kysely<Schema>,
  kind: string,
  made: readonly { nodeId: number; label: string; text: string }[],
): Promise<void> {
  // In one order, so that of two who keep the same one waits for the other.
  const rows = made.map(({ nodeId, label, text }) => ({ node_id: nodeId, kind, label, text }));
  rows.sort((a, b) => a.node_id - b.node_id);
  if (rows.length === 0) return;
  await db
    .insertInto("machine_document")
    .values(rows)
    .onConflict((of) =>
      of.columns(["node_id", "kind"]).doUpdateSet((eb) => ({
        label: eb.ref("excluded.label"),
        text: eb.ref("excluded.text"),
      })),
    )
    .modifyEnd(unnamed)
    .execute();
}

/** So that something can be kept of these machines from the next snapshot on. */
export async function labelMachines(db: Kysely<Schema>, ids: readonly number[]): Promise<void> {
  if (ids.length === 0) return;
  await sql`
    insert into machine_label (node_id) select id from node where id = any(${ids}::bigint[]) and node_type = 0 order by id
    on conflict do nothing`.execute(db);
}

/** What another version of the program may have written. Whoever reads a long list just now is not waited for. */
export async function forgetDocuments(db: Database): Promise<void> {
  try {
    await transaction(db, async (tx) => {
      await sql`set local lock_timeout = '1s'`.execute(tx);
      await sql`truncate machine_document`.execute(tx);
    });
  } catch (error) {
    if ((error as { code?: unknown }).code !== LOCK_NOT_AVAILABLE) throw error;
    await sql`delete from machine_document`.execute(db.kysely);
  }
}
