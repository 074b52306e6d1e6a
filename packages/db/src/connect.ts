import { setTimeout as sleep } from "node:timers/promises";
import { Kysely, PostgresDialect, type IsolationLevel, type Transaction } from "kysely";
import { DatabaseError, Pool, type ClientConfig } from "pg";
import { NamingClient } from "./naming-client.ts";
import type { Schema } from "./schema.ts";
import { typeParsers } from "./type-parsers.ts";

/** One pool to one PostgreSQL database, and the typed query builder over it. */
export interface Database {
  kysely: Kysely<Schema>;
  pool: Pool;
  connection: ClientConfig;
  close(): Promise<void>;
}

/** What functions take that must run inside a transaction; `Kysely<Schema>` where either will do. */
export type Tx = Transaction<Schema>;

/** A connection given as URL or in parts, as one value. */
export function parseConnection(connection: string | ClientConfig): ClientConfig {
  return typeof connection === "string" ? { connectionString: connection } : connection;
}

export function connectDatabase(options: {
  connection: string | ClientConfig;
  /** Connections at most. Default 10. */
  max?: number;
  /** Shown in pg_stat_activity. */
  name?: string;
  /** An idle connection broke; the pool has already dropped it. */
  onError?: (error: Error) => void;
}): Database {
  const connection = parseConnection(options.connection);
  const pool = new Pool({
    ...connection,
    max: options.max ?? 10,
    Client: NamingClient,
    types: typeParsers,
    application_name: options.name ?? "rackwright",
    connectionTimeoutMillis: 30_000,
    // A transaction that sits idle for a minute is a bug in us, and holds back vacuum and readers of the change record.
    idle_in_transaction_session_timeout: 60_000,
  });
  // Without a listener a broken idle connection would end the process.
  pool.on("error", (error) => options.onError?.(error));
  const kysely = new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) });
  return { kysely, pool, connection, close: () => kysely.destroy() };
}

/** PostgreSQL ended the transaction because of others (serialization_failure, deadlock_detected): it is right to repeat it. */
const RETRYABLE = new Set(["40001", "40P01"]);

/**
 * Run `fn` in a transaction; commits when it resolves. A transaction that lost against another one is run again from
 * its start, so `fn` must have no effect outside the database.
 */
export async function transaction<T>(
  db: Database,
  fn: (tx: Tx) => Promise<T>,
  options: { retry?: number; isolation?: IsolationLevel } = {},
): Promise<T> {
  const retries = options.retry ?? 5;
  for (let attempt = 0; ; attempt++) {
    try {
      const builder = db.kysely.transaction();
      return await (options.isolation ? builder.setIsolationLevel(options.isolation) : builder).execute(fn);
    } catch (error) {
      if (attempt >= retries || !RETRYABLE.has(sqlState(error) ?? "")) throw error;
      // Jitter: two that collided must not meet again. 5 ms doubles up to 160 ms.
      await sleep(Math.random() * 5 * 2 ** Math.min(attempt + 1, 5));
    }
  }
}

/** Classes 08 (connection) and 57P (the server stops, crashed, or is starting). */
const AWAY_STATES = /^(08|57P0[123])/;
const AWAY_CODES = new Set(["ECONNREFUSED", "ECONNRESET", "ENOENT", "EPIPE"]);
/** What the driver says itself; it gives these no code. */
const AWAY_WORDS =
  /^(Connection terminated|Client has encountered a connection error|timeout exceeded when trying to connect)/;

/** The database server is not there, or went away in the middle: the same request may succeed when it is back. */
export function isDatabaseAway(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (at instanceof AggregateError) return at.errors.some(isDatabaseAway);
    if (at instanceof DatabaseError) return AWAY_STATES.test(at.code ?? "");
    const { code, syscall } = at as NodeJS.ErrnoException;
    if (code !== undefined && AWAY_CODES.has(code) && /^(connect|read|write)$/.test(syscall ?? "")) return true;
    if (AWAY_WORDS.test(at.message)) return true;
  }
  return false;
}

/** The SQLSTATE of a database error, also of one that was wrapped; undefined for anything else. */
export function sqlState(error: unknown): string | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (at instanceof DatabaseError) return at.code;
  }
  return undefined;
}
