/** The region at a glance, for whoever looks after it. */
import { type Kysely, sql } from "kysely";
import type { Schema } from "./schema.ts";

/** @returns how many machines are in each status, by its code */
export async function machineCounts(db: Kysely<Schema>): Promise<{ status: number; count: number }[]> {
  return db
    .selectFrom("node")
    .select(["status", sql<number>`count(*)::int`.as("count")])
    .where("node_type", "=", 0)
    .groupBy("status")
    .orderBy("status")
    .execute();
}

/** @returns images there are, and those whose newest set is not all here yet */
export async function imageCounts(db: Kysely<Schema>): Promise<{ images: number; incomplete: number }> {
  const { rows } = await sql<{ images: number; incomplete: number }>`
    with newest as (select distinct on (resource_id) id from boot_resource_set order by resource_id, id desc)
    select (select count(*)::int from boot_resource) as images,
      (select count(*)::int from newest where exists (select from boot_resource_file f where f.set_id = newest.id and not f.complete))
      as incomplete`.execute(db);
  const [row] = rows;
  if (!row) throw new Error("counting images gave no row");
  return row;
}

export interface DatabaseFacts {
  name: string;
  user: string;
  /** Of PostgreSQL, such as 16.4. */
  version: string;
  migrations: number;
  newestMigration: string;
}

/** Which database this is, and how far it has been migrated. */
export async function databaseFacts(db: Kysely<Schema>): Promise<DatabaseFacts> {
  const { rows } = await sql<DatabaseFacts>`
    select current_database() as name, current_user as "user", current_setting('server_version') as version,
      (select count(*)::int from schema_migration) as migrations,
      (select m.name from schema_migration m order by number desc limit 1) as "newestMigration"`.execute(db);
  const [row] = rows;
  if (!row) throw new Error("the facts of the database gave no row");
  return row;
}
