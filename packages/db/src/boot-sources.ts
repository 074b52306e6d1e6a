/** Where images are announced, and what is chosen there. */
import { type Kysely, sql } from "kysely";
import type { Tx } from "./connect.ts";
import type { Schema } from "./schema.ts";

type Db = Kysely<Schema>;

export interface SourceFields {
  url: string;
  keyring_filename: string;
  keyring_data: Buffer;
}
export interface SourceRow extends SourceFields {
  id: number;
  created_at: Date;
  updated_at: Date;
}

export function listSources(db: Db): Promise<SourceRow[]> {
  return db.selectFrom("boot_source").selectAll().orderBy("id").execute();
}

export function sourceById(db: Db, id: number): Promise<SourceRow | undefined> {
  return db.selectFrom("boot_source").selectAll().where("id", "=", id).executeTakeFirst();
}

/** @returns undefined when there is one with this address */
export function insertSource(tx: Tx, fields: SourceFields): Promise<SourceRow | undefined> {
  return tx
    .insertInto("boot_source")
    .values(fields)
    .onConflict((c) => c.column("url").doNothing())
    .returningAll()
    .executeTakeFirst();
}

export async function sourceUrlTaken(tx: Tx, url: string, exceptId: number): Promise<boolean> {
  const other = tx.selectFrom("boot_source").select("id").where("url", "=", url).where("id", "<>", exceptId);
  return (await other.executeTakeFirst()) !== undefined;
}

export function updateSourceRow(tx: Tx, id: number, fields: SourceFields): Promise<SourceRow> {
  return tx
    .updateTable("boot_source")
    .set({ ...fields, updated_at: sql`now()` })
    .where("id", "=", id)
    .returningAll()
    .executeTakeFirstOrThrow();
}

/** With its selections. */
export async function deleteSourceRow(tx: Tx, id: number): Promise<void> {
  await tx.deleteFrom("boot_source").where("id", "=", id).execute();
}

export interface SelectionFields {
  os: string;
  release: string;
  arches: string[];
  subarches: string[];
  labels: string[];
}
export interface SelectionRow extends SelectionFields {
  id: number;
  source_id: number;
}

export function listSelections(db: Db, sourceId: number): Promise<SelectionRow[]> {
  return db.selectFrom("boot_source_selection").selectAll().where("source_id", "=", sourceId).orderBy("id").execute();
}

export function selectionById(db: Db, sourceId: number, id: number): Promise<SelectionRow | undefined> {
  return db
    .selectFrom("boot_source_selection")
    .selectAll()
    .where("source_id", "=", sourceId)
    .where("id", "=", id)
    .executeTakeFirst();
}

/** @returns undefined when the release is selected already */
export function insertSelection(tx: Tx, sourceId: number, fields: SelectionFields): Promise<SelectionRow | undefined> {
  return tx
    .insertInto("boot_source_selection")
    .values({ source_id: sourceId, ...fields })
    .onConflict((c) => c.doNothing())
    .returningAll()
    .executeTakeFirst();
}

export async function isSelected(
  tx: Tx,
  sourceId: number,
  { os, release }: Pick<SelectionFields, "os" | "release">,
  exceptId: number,
): Promise<boolean> {
  const other = await tx
    .selectFrom("boot_source_selection")
    .select("id")
    .where("source_id", "=", sourceId)
    .where("os", "=", os)
    .where("release", "=", release)
    .where("id", "<>", exceptId)
    .executeTakeFirst();
  return other !== undefined;
}

export function updateSelectionRow(tx: Tx, id: number, fields: SelectionFields): Promise<SelectionRow> {
  return tx
    .updateTable("boot_source_selection")
    .set(fields)
    .where("id", "=", id)
    .returningAll()
    .executeTakeFirstOrThrow();
}

export async function deleteSelectionRow(tx: Tx, id: number): Promise<void> {
  await tx.deleteFrom("boot_source_selection").where("id", "=", id).execute();
}
