import { readFile } from "node:fs/promises";
import { DomainError } from "@rackwright/domain/errors";
import { Client, escapeIdentifier, escapeLiteral, type ClientConfig } from "pg";
import { LEASE_TRIGGER_SQL } from "./lease-trigger.ts";

/** Package kea-admin of Debian and Ubuntu. One transaction, without psql meta-commands, so that any client can run it. */
export const KEA_SCHEMA_FILE = "/usr/share/kea/scripts/pgsql/dhcpdb_create.pgsql";
/** The oldest schema our statements are written for: Kea 2.2. */
const OLDEST_SCHEMA = 13;

export interface KeaDatabaseOptions {
  /** How to reach the server as someone who may create roles and databases. */
  admin: ClientConfig;
  role?: string;
  /** Without blanks and quotes: Kea puts it into a list of words separated by blanks. */
  password: string;
  database?: string;
  schemaFile?: string;
  /**
   * True: a lease is acknowledged before it is on disk: about twice the rate, and a crash of PostgreSQL may forget leases of its last
   * fraction of a second, that is, give an address out twice. Reservations and networks are written durably in either case.
   */
  asyncLeases?: boolean;
}

/** Make role, database, Kea's tables and the lease notifications, as far as they are missing. May run at every start, in several regions. */
export async function ensureKeaDatabase(options: KeaDatabaseOptions): Promise<{ created: boolean; schema: string }> {
  const role = options.role ?? "kea";
  const database = options.database ?? "kea";
  if (!/^[^\s'"\\]+$/.test(options.password))
    throw new Error(
      `the password for the DHCP database role ${role} may hold no blanks, quotes or backslashes: Kea cannot read them`,
    );
  await withClient(options.admin, async (admin) => {
    // Session lock: CREATE DATABASE cannot run in a transaction.
    await admin.query("select pg_advisory_lock(hashtext('rackwright kea database'))");
    await ensureRole(admin, role, options.password);
    await ensureDatabase(admin, database, role);
    const here = `alter role ${escapeIdentifier(role)} in database ${escapeIdentifier(database)}`;
    await admin.query(`${here} set synchronous_commit = ${options.asyncLeases ? "off" : "on"}`);
    // Kea compares times as local time: in the hour that a zone repeats in autumn it would overlook changes.
    await admin.query(`${here} set timezone = 'UTC'`);
  });
  const asKea = { ...options.admin, user: role, password: options.password, database };
  return await withClient(asKea, async (kea) => {
    await kea.query("select pg_advisory_lock(hashtext('rackwright kea schema'))");
    const sql = await readSchema(options.schemaFile ?? KEA_SCHEMA_FILE);
    const created = (await schemaVersion(kea)) === undefined;
    if (created) await kea.query(sql.text);
    const schema = await schemaVersion(kea);
    checkVersion(schema, sql.version, database);
    await kea.query(LEASE_TRIGGER_SQL);
    return { created, schema: schema ?? "" };
  });
}

async function ensureRole(admin: Client, role: string, password: string): Promise<void> {
  const { rowCount } = await admin.query("select from pg_roles where rolname = $1", [role]);
  const verb = rowCount ? "alter" : "create";
  await admin.query(`${verb} role ${escapeIdentifier(role)} login password ${escapeLiteral(password)}`);
}

async function ensureDatabase(admin: Client, database: string, owner: string): Promise<void> {
  const { rowCount } = await admin.query("select from pg_database where datname = $1", [database]);
  if (rowCount) return;
  // An owner can be named only by a member of it; a superuser needs no membership and is not harmed by one.
  await admin.query(`grant ${escapeIdentifier(owner)} to current_user`);
  await admin.query(
    `create database ${escapeIdentifier(database)} owner ${escapeIdentifier(owner)} template template0`,
  );
  await admin.query(`revoke connect on database ${escapeIdentifier(database)} from public`);
}

async function readSchema(file: string): Promise<{ text: string; version: string }> {
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    throw new DomainError(
      "rack_unavailable",
      `cannot prepare the DHCP database: ${file} is missing. Install the package kea-admin on the region and try again.`,
      { cause },
    );
  });
  const meta = /^\s*\\\w+.*$/m.exec(text);
  if (meta)
    throw new Error(
      `${file} uses the psql command ${JSON.stringify(meta[0])}; load it with kea-admin db-init pgsql instead`,
    );
  const versions = [...text.matchAll(/UPDATE schema_version\s+SET version = '(\d+)', minor = '(\d+)'/g)];
  const last = versions.at(-1);
  if (!last) throw new Error(`${file} does not say which schema version it makes; is it Kea's dhcpdb_create.pgsql?`);
  return { text, version: `${last[1]}.${last[2]}` };
}

async function schemaVersion(kea: Client): Promise<string | undefined> {
  const { rows } = await kea.query<{ found: string | null }>("select to_regclass('schema_version')::text as found");
  if (!rows[0]?.found) return undefined;
  const result = await kea.query<{ version: number; minor: number }>("select version, minor from schema_version");
  const row = result.rows[0];
  return row && `${row.version}.${row.minor}`;
}

function checkVersion(actual: string | undefined, installed: string, database: string): void {
  const major = Number.parseInt(actual ?? "0", 10);
  if (major < OLDEST_SCHEMA)
    throw new Error(
      `database ${database} has Kea schema ${actual}; ${OLDEST_SCHEMA}.0 (Kea 2.2) is the oldest that works: run kea-admin db-upgrade pgsql`,
    );
  if (actual === installed) return;
  const older = major < Number.parseInt(installed, 10);
  throw new Error(
    `database ${database} has Kea schema ${actual}, the installed Kea needs ${installed}: ` +
      (older
        ? "stop DHCP on all racks and run kea-admin db-upgrade pgsql"
        : "install the newer Kea on this region and its racks"),
  );
}

async function withClient<T>(config: ClientConfig, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client(config);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
