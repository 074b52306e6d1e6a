import { sql } from "kysely";
import type { Database, Tx } from "./connect.ts";
import type { NotifyHub } from "./notify.ts";

/** One row of the change record: what was written, about what, and who may see it. */
export interface Change {
  id: number;
  /** Of the transaction that wrote it. Together with `id` the place of a reader. As text: xid8 has 64 bits. */
  txid: string;
  kind: string;
  entity: string;
  entityId: string;
  /** Null: everybody. */
  visibleTo: string | null;
  at: Date;
  payload: unknown;
}

/** Where a reader stands: it has seen this change and all before it. */
export interface ChangePosition {
  txid: string;
  id: number;
}

export const beforeAllChanges: ChangePosition = { txid: "0", id: 0 };

/** Of notifications: the payload is the entity. */
export const CHANGE_CHANNEL = "change";

export interface NewChange {
  kind: string;
  entity: string;
  entityId: string | number;
  visibleTo?: string | null;
  payload?: object;
}

/** Append to the change record, in the transaction that makes the change; listeners hear of it when that commits. */
export async function appendChange(tx: Tx, change: NewChange): Promise<void> {
  // The payload of the notification is the entity alone: PostgreSQL then sends it once per transaction, however many rows.
  await sql`
    with appended as (
      insert into change (kind, entity, entity_id, visible_to, payload)
      values (${change.kind}, ${change.entity}, ${String(change.entityId)}, ${change.visibleTo ?? null}, ${JSON.stringify(change.payload ?? {})}::jsonb)
    )
    select pg_notify(${CHANGE_CHANNEL}, ${change.entity})`.execute(tx);
}

/** The same kind of change of many entities, in one statement. */
export async function appendChanges(
  tx: Tx,
  change: { kind: string; entity: string; entityIds: readonly string[] },
): Promise<void> {
  if (change.entityIds.length === 0) return;
  await sql`
    with appended as (
      insert into change (kind, entity, entity_id) select ${change.kind}, ${change.entity}, unnest(${change.entityIds}::text[])
    )
    select pg_notify(${CHANGE_CHANNEL}, ${change.entity})`.execute(tx);
}

/**
 * The changes after a position, in an order that never changes: by transaction, then by id. Only transactions below
 * pg_snapshot_xmin are read: all of those have ended, so nothing can appear before a position that was once reached,
 * whatever the order of commits. A transaction that stays open (in any database of the server) holds the reader back.
 */
export async function readChanges(
  db: Pick<Database, "kysely">,
  options: { afterTxid: string; afterId: number; limit?: number },
): Promise<Change[]> {
  const { rows } = await sql<Change>`
    select id, txid::text as txid, kind, entity, entity_id as "entityId", visible_to as "visibleTo", at, payload
    from change
    where (txid, id) > (${options.afterTxid}::text::xid8, ${options.afterId}::bigint) and txid < pg_snapshot_xmin(pg_current_snapshot())
    order by change.txid, id
    limit ${options.limit ?? 1000}`.execute(db.kysely);
  return rows;
}

/** The position behind everything that may be read now: where a reader starts that wants only what comes. */
export async function latestPosition(db: Pick<Database, "kysely">): Promise<ChangePosition> {
  const { rows } = await sql<ChangePosition>`
    select txid::text as txid, id from change where txid < pg_snapshot_xmin(pg_current_snapshot())
    order by change.txid desc, id desc limit 1`.execute(db.kysely);
  return rows[0] ?? beforeAllChanges;
}

/** Whether rows are committed that readChanges holds back, because an older transaction is still open. */
async function isHeldBack(db: Pick<Database, "kysely">): Promise<boolean> {
  const { rows } = await sql<{ held: boolean }>`
    select exists (select from change where txid >= pg_snapshot_xmin(pg_current_snapshot())) as held`.execute(
    db.kysely,
  );
  return rows[0]?.held ?? false;
}

const BATCH = 1000;
/** How soon to look again for rows that are held back: nobody notifies when the older transaction ends. */
const HELD_BACK_MS = 50;
/** A look without any notification, should one get lost. */
const IDLE_MS = 30_000;

/**
 * Hand every change after `after` to `onChanges`, in batches, in order, one call at a time; goes on with the next batch
 * when the call resolves. When it rejects, the same batch is handed over again after a pause.
 * @returns a function that ends it, resolving when the running call has ended
 */
export async function followChanges(options: {
  db: Pick<Database, "kysely">;
  hub: NotifyHub;
  after: ChangePosition;
  onChanges: (changes: Change[]) => Promise<void>;
  onError?: (error: unknown) => void;
}): Promise<() => Promise<void>> {
  let position = options.after;
  const stopping = new AbortController();
  let wake = Promise.withResolvers<void>();
  const awaken = () => wake.resolve();

  async function drain(): Promise<number> {
    for (;;) {
      const changes = await readChanges(options.db, { afterTxid: position.txid, afterId: position.id, limit: BATCH });
      const last = changes.at(-1);
      if (!last || stopping.signal.aborted) break;
      await options.onChanges(changes);
      position = { txid: last.txid, id: last.id };
    }
    return (await isHeldBack(options.db)) ? HELD_BACK_MS : IDLE_MS;
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      wake = Promise.withResolvers<void>();
      const pauseMs = await drain().catch((error: unknown) => {
        options.onError?.(error);
        return 1_000;
      });
      const timer = setTimeout(awaken, pauseMs);
      if (!stopping.signal.aborted) await wake.promise;
      clearTimeout(timer);
    }
  }

  const unsubscribe = await options.hub.listen(CHANGE_CHANNEL, awaken, awaken);
  const running = run();
  return async () => {
    stopping.abort();
    unsubscribe();
    awaken();
    await running;
  };
}
