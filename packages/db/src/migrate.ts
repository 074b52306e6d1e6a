import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Client, type ClientConfig, type DatabaseError } from "pg";
import { parseConnection } from "./connect.ts";

export const migrationsDirectory: string = join(import.meta.dirname, "migrations");

export interface Migration {
  number: number;
  /** File name without its ending. */
  name: string;
  sha256: string;
  sql: string;
}

/** Arbitrary, ours: the key of the advisory lock that lets one process migrate while the others wait. */
const LOCK_KEY = 7_225_001;

/** The migrations of a directory in their order. Files are named NNNN-what.sql, each number once. */
export function readMigrations(directory: string = migrationsDirectory): Migration[] {
  const migrations = readdirSync(directory)
    .filter((file) => file.endsWith(".sql"))
    .sort()
    .map((file) => {
      const number = /^(\d{4})-[a-z0-9-]+\.sql$/.exec(file)?.[1];
      if (!number) throw new Error(`migration ${file}: name it NNNN-what.sql, in small letters, digits and hyphens`);
      const sql = readFileSync(join(directory, file), "utf8");
      const sha256 = createHash("sha256").update(sql).digest("hex");
      return { number: Number(number), name: file.slice(0, -".sql".length), sha256, sql };
    });
  migrations.forEach((migration, index) => {
    const before = migrations[index - 1];
    if (before?.number === migration.number)
      throw new Error(`two migrations have one number: ${before.name} and ${migration.name}`);
  });
  return migrations;
}

/**
 * Bring the database to the newest migration; each runs in a transaction of its own. Processes that start together wait
 * for each other.
 * @returns the names of those applied now
 * @throws Error when an applied file was changed, or the database is newer than this code
 */
export async function migrate(
  connection: string | ClientConfig,
  options: { directory?: string; log?: (message: string) => void } = {},
): Promise<string[]> {
  const migrations = readMigrations(options.directory);
  const client = new Client({ ...parseConnection(connection), application_name: "rackwright migrate" });
  await client.connect();
  try {
    await client.query("select pg_advisory_lock($1)", [LOCK_KEY]); // of the session: freed by end(), also by our death
    await client.query(`create table if not exists schema_migration (
      number integer primary key, name text not null, sha256 text not null, applied_at timestamptz not null default now())`);
    const pending = compare(
      migrations,
      (await client.query<Applied>("select number, name, sha256 from schema_migration order by number")).rows,
    );
    for (const migration of pending) {
      options.log?.(`applying migration ${migration.name}`);
      await apply(client, migration);
    }
    return pending.map((migration) => migration.name);
  } finally {
    await client.end();
  }
}

interface Applied {
  number: number;
  name: string;
  sha256: string;
}

function compare(migrations: Migration[], applied: Applied[]): Migration[] {
  for (const row of applied) {
    const file = migrations.find((migration) => migration.number === row.number);
    if (!file) {
      throw new Error(
        `the database is newer than this program: it has migration ${row.name}, which is unknown here. Install the newer version, or restore the backup made before the upgrade`,
      );
    }
    if (file.sha256 !== row.sha256) {
      throw new Error(
        `migration ${file.name} was changed after it was applied to this database (as ${row.name}): restore the file and put the change into a new migration`,
      );
    }
  }
  const newest = applied.at(-1)?.number ?? -1;
  const pending = migrations.filter((migration) => !applied.some((row) => row.number === migration.number));
  const late = pending.find((migration) => migration.number < newest);
  if (late)
    throw new Error(
      `migration ${late.name} comes before ${newest}, which is already applied: give it the next free number`,
    );
  return pending;
}

async function apply(client: Client, migration: Migration): Promise<void> {
  try {
    await client.query("begin");
    await client.query(migration.sql);
    await client.query("insert into schema_migration (number, name, sha256) values ($1, $2, $3)", [
      migration.number,
      migration.name,
      migration.sha256,
    ]);
    await client.query("commit");
  } catch (cause) {
    await client.query("rollback").catch(() => {}); // the connection may be what failed; the first error is the one to tell
    const { message, position } = cause as DatabaseError;
    const line = position ? ` at line ${migration.sql.slice(0, Number(position)).split("\n").length}` : "";
    throw new Error(`migration ${migration.name} failed${line}, nothing of it was applied: ${message}`, { cause });
  }
}
