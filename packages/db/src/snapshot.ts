/** Reading at length: one moment of the database, whatever is committed meanwhile. */
import { sql } from "kysely";
import type { Database, Tx } from "./connect.ts";

/** At once, of one pool: whoever reads slowly must leave connections for all else. */
const SNAPSHOTS = 3;

/** Longer than any caller lets a reader take. */
const IDLE_MS = 15 * 60_000;

const open = new WeakMap<Database, { held: number; waiting: (() => void)[] }>();

/** Wait for a place without holding a connection. @returns to be called once, when it is given up */
async function takePlace(db: Database): Promise<() => void> {
  const places = open.get(db) ?? { held: 0, waiting: [] };
  open.set(db, places);
  if (places.held < SNAPSHOTS) places.held += 1;
  else await new Promise<void>((resolve) => places.waiting.push(resolve));
  return () => {
    const next = places.waiting.shift();
    if (next) next();
    else places.held -= 1;
  };
}

/**
 * What `read` gives, bit by bit, all of it from one snapshot; what it returns comes last, when the snapshot has ended. Nothing is written,
 * so no reader of the change record is held back (there is no transaction id); vacuum is, so it must end: the caller limits how long.
 */
export async function* fromSnapshot<T>(
  db: Database,
  read: (tx: Tx) => AsyncGenerator<T, T | undefined>,
): AsyncGenerator<T> {
  const last = yield* whileOpen(db, read);
  if (last !== undefined) yield last;
}

async function* whileOpen<T>(
  db: Database,
  read: (tx: Tx) => AsyncGenerator<T, T | undefined>,
): AsyncGenerator<T, T | undefined> {
  const leave = await takePlace(db);
  try {
    const begun = db.kysely.startTransaction().setIsolationLevel("repeatable read").setAccessMode("read only");
    const tx = await begun.execute();
    try {
      // Ordinary transactions that sit idle are bugs and are ended after a minute; this one waits for whoever reads.
      await sql`set local idle_in_transaction_session_timeout = ${sql.lit(IDLE_MS)}`.execute(tx);
      return yield* read(tx);
    } finally {
      await tx.rollback().execute();
    }
  } finally {
    leave();
  }
}
