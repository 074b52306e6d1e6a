/** The import of images: its state, and what it leaves. */
import { type Kysely, sql } from "kysely";
import type { Tx } from "./connect.ts";
import type { Schema } from "./schema.ts";

export interface ImportState {
  run: number;
  state: "idle" | "running" | "done" | "failed" | "stopped";
  startedAt: Date | null;
  finishedAt: Date | null;
  problems: string[];
}

export async function importState(db: Kysely<Schema>): Promise<ImportState> {
  const row = await db
    .selectFrom("image_import")
    .select(["run", "state", "started_at as startedAt", "finished_at as finishedAt", "problems"])
    .executeTakeFirstOrThrow();
  return { ...row, state: row.state as ImportState["state"] };
}

/** @returns number of the run that begins; undefined when one is under way */
export async function beginImport(tx: Tx): Promise<number | undefined> {
  const row = await tx
    .updateTable("image_import")
    .set({ state: "running", run: sql<number>`run + 1`, started_at: sql<Date>`now()`, finished_at: null, problems: [] })
    .where("state", "<>", "running")
    .returning("run")
    .executeTakeFirst();
  return row?.run;
}

/** @param run absent: whichever. @returns false when that run is not under way */
export async function endImport(
  tx: Tx,
  end: { state: "done" | "failed" | "stopped"; problems?: readonly string[]; run?: number },
): Promise<boolean> {
  let query = tx
    .updateTable("image_import")
    .set({ state: end.state, finished_at: sql<Date>`now()`, problems: [...(end.problems ?? [])] })
    .where("state", "=", "running");
  if (end.run !== undefined) query = query.where("run", "=", end.run);
  return (await query.executeTakeFirst()).numUpdatedRows > 0n;
}

/** Locks the state for the rest of `tx`: a run that was stopped writes nothing any more. */
export async function stillImporting(tx: Tx, run: number): Promise<boolean> {
  const row = await tx
    .selectFrom("image_import")
    .select("run")
    .where("run", "=", run)
    .where("state", "=", "running")
    .forShare()
    .executeTakeFirst();
  return row !== undefined;
}

export interface SourceToImport {
  id: number;
  url: string;
  keyringFilename: string;
  keyringData: Buffer;
  selections: { os: string; release: string; arches: string[]; subarches: string[]; labels: string[] }[];
}

export async function sourcesToImport(db: Kysely<Schema>): Promise<SourceToImport[]> {
  const sources = await db
    .selectFrom("boot_source")
    .select(["id", "url", "keyring_filename as keyringFilename", "keyring_data as keyringData"])
    .orderBy("id")
    .execute();
  const selections = await db.selectFrom("boot_source_selection").selectAll().orderBy("id").execute();
  return sources.map((source) => ({ ...source, selections: selections.filter((s) => s.source_id === source.id) }));
}

export async function markImported(tx: Tx, imageId: number): Promise<void> {
  await tx.updateTable("boot_resource").set({ imported: true }).where("id", "=", imageId).execute();
}

/** Images that an import brought, by id: their names and architectures. */
export function importedImages(db: Kysely<Schema>): Promise<{ id: number; name: string; architecture: string }[]> {
  return db
    .selectFrom("boot_resource")
    .select(["id", "name", "architecture"])
    .where("imported", "=", true)
    .orderBy("id")
    .execute();
}

export interface UnfinishedFile {
  id: number;
  filename: string;
  sha256: string;
  receivedBytes: number;
  complete: boolean;
}

/** The files of this version, by name. */
export async function filesOfSet(
  db: Kysely<Schema>,
  resourceId: number,
  version: string,
): Promise<Map<string, UnfinishedFile>> {
  const rows = await db
    .selectFrom("boot_resource_file as f")
    .innerJoin("boot_resource_set as s", "s.id", "f.set_id")
    .select(["f.id", "f.filename", "f.sha256", "f.received_bytes as receivedBytes", "f.complete"])
    .where("s.resource_id", "=", resourceId)
    .where("s.version", "=", version)
    .execute();
  return new Map(rows.map((row) => [row.filename, row]));
}
