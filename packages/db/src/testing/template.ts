import { createHash } from "node:crypto";
import type { Client, ClientConfig } from "pg";
import { installJobs, jobsVersion } from "../jobs-schema.ts";
import { migrate, readMigrations } from "../migrate.ts";

/** Templates of other versions of the migrations are dropped after a day; a checkout that still has one makes it anew. */
const KEEP_TEMPLATE_HOURS = 24;

/**
 * The name of a migrated template database for the migrations as they are now; made when absent. The caller holds the
 * lock that lets one process at a time do this.
 */
export async function ensureTemplate(admin: Client, connection: ClientConfig): Promise<string> {
  const hash = createHash("sha256").update(jobsVersion);
  for (const { name, sha256 } of readMigrations()) hash.update(`${name} ${sha256}\n`);
  const name = `template_${hash.digest("hex").slice(0, 20)}`;
  const { rows } = await admin.query<{ datistemplate: boolean }>(
    "select datistemplate from pg_database where datname = $1",
    [name],
  );
  if (rows[0]?.datistemplate) return name;

  await dropOldTemplates(admin);
  await admin.query(`drop database if exists ${name} with (force)`); // half made by a killed run
  await admin.query(`create database ${name} template template0`);
  const config = { ...connection, database: name };
  await migrate(config);
  await installJobs(config);
  // Nobody may be connected while it is copied. The mark "is template" comes last and says that it is whole.
  await admin.query(`alter database ${name} with allow_connections false`);
  await admin.query("select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", [name]);
  await admin.query(`alter database ${name} with is_template true`);
  return name;
}

async function dropOldTemplates(admin: Client): Promise<void> {
  const { rows } = await admin.query<{ datname: string }>(
    `select datname from pg_database, pg_stat_file('base/' || oid || '/PG_VERSION') as file
     where datname like 'template\\_%' and datistemplate and file.modification < now() - make_interval(hours => $1)`,
    [KEEP_TEMPLATE_HOURS],
  );
  for (const { datname } of rows) {
    await admin.query(`alter database ${datname} with is_template false`);
    await admin.query(`drop database if exists ${datname} with (force)`);
  }
}
