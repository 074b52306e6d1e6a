import type { Client, ClientConfig } from "pg";
import { connectDatabase, type Database } from "../connect.ts";
import { identify, isAlive } from "../postgres/process.ts";
import { connectTestServer } from "./server.ts";
import { ensureTemplate } from "./template.ts";

/** Ours, arbitrary: one process at a time makes the template, copies it, or drops what killed runs left. */
const LOCK_KEY = 7_225_002;
let made = 0;
let tidied = false;

export interface TestDatabase {
  db: Database;
  connection: ClientConfig;
  /** Holds a password, of a server that lives in a directory only this user can reach. */
  url: string;
  close(): Promise<void>;
}

/**
 * A database of its own with all migrations applied, on a real PostgreSQL shared by all tests of this user (some 0.1 s;
 * the first one on a machine takes seconds). Close it in `after`.
 */
export async function testDatabase(): Promise<TestDatabase> {
  const admin = await connectTestServer();
  try {
    const name = newName();
    const server: ClientConfig = connectionOf(admin);
    await admin.query("select pg_advisory_lock($1)", [LOCK_KEY]);
    await dropLeftovers(admin);
    const template = await ensureTemplate(admin, server);
    await admin.query(`create database ${name} template ${template}`);
    await admin.query("select pg_advisory_unlock($1)", [LOCK_KEY]);

    const connection = { ...server, database: name };
    const db = connectDatabase({ connection, max: 10, name: "rackwright test" });
    let closed = false;
    return {
      db,
      connection,
      url: urlOf(connection),
      async close() {
        if (closed) return;
        closed = true;
        await db.close();
        await admin.query(`drop database if exists ${name} with (force)`);
        await admin.end();
      },
    };
  } catch (error) {
    await admin.end();
    throw error;
  }
}

/** The name says whose it is, so that what a killed run left can be told from what is in use. */
function newName(): string {
  const own = identify(process.pid);
  if (!own) throw new Error("/proc does not show this process");
  made += 1;
  return `test_${own.pid}_${own.startTicks}_${made}`;
}

async function dropLeftovers(admin: Client): Promise<void> {
  if (tidied) return;
  tidied = true;
  const { rows } = await admin.query<{ datname: string }>(
    "select datname from pg_database where datname like 'test\\_%'",
  );
  for (const { datname } of rows) {
    const [, pid, startTicks] = datname.split("_");
    if (pid && startTicks && !isAlive({ pid: Number(pid), startTicks })) {
      await admin.query(`drop database if exists ${datname} with (force)`);
    }
  }
}

function connectionOf(client: Client): ClientConfig {
  const { host, port, user, password } = client;
  return { host, port, ...(user ? { user } : {}), ...(password ? { password } : {}) };
}

function urlOf({ host, port, user, password, database }: ClientConfig): string {
  return `postgresql://${user}:${String(password)}@/${database}?host=${encodeURIComponent(host ?? "")}&port=${port}`;
}
