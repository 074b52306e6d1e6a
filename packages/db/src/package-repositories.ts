/** Archives of packages. */
import type { Kysely } from "kysely";
import type { Tx } from "./connect.ts";
import type { Schema } from "./schema.ts";

export interface RepositoryFields {
  name: string;
  url: string;
  distributions: string[];
  disabled_pockets: string[];
  disabled_components: string[];
  disable_sources: boolean;
  components: string[];
  arches: string[];
  key: string;
  enabled: boolean;
}

export interface RepositoryRow extends RepositoryFields {
  id: number;
  is_default: boolean;
}

export function listRepositories(db: Kysely<Schema>): Promise<RepositoryRow[]> {
  return db.selectFrom("package_repository").selectAll().orderBy("id").execute();
}

export function repositoryById(db: Kysely<Schema>, id: number): Promise<RepositoryRow | undefined> {
  return db.selectFrom("package_repository").selectAll().where("id", "=", id).executeTakeFirst();
}

/** @returns undefined when the name is taken */
export function insertRepository(tx: Tx, fields: RepositoryFields): Promise<RepositoryRow | undefined> {
  return tx
    .insertInto("package_repository")
    .values(fields)
    .onConflict((c) => c.column("name").doNothing())
    .returningAll()
    .executeTakeFirst();
}

export async function repositoryNameTaken(tx: Tx, name: string, exceptId: number): Promise<boolean> {
  const other = tx.selectFrom("package_repository").select("id").where("name", "=", name).where("id", "<>", exceptId);
  return (await other.executeTakeFirst()) !== undefined;
}

export function updateRepositoryRow(tx: Tx, id: number, fields: RepositoryFields): Promise<RepositoryRow> {
  return tx.updateTable("package_repository").set(fields).where("id", "=", id).returningAll().executeTakeFirstOrThrow();
}

export async function deleteRepositoryRow(tx: Tx, id: number): Promise<void> {
  await tx.deleteFrom("package_repository").where("id", "=", id).execute();
}
