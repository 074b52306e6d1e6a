/** How much of each image file each region holds. */
import { type Kysely, sql } from "kysely";
import type { Tx } from "./connect.ts";
import type { Schema } from "./schema.ts";

export interface SyncedFile {
  id: number;
  sha256: string;
  sizeBytes: number;
  /** Nodes of the regions that hold all of it. */
  regions: number[];
}

export async function syncedFiles(db: Kysely<Schema>): Promise<SyncedFile[]> {
  const { rows } = await sql<SyncedFile>`
    select f.id, f.sha256, f.size_bytes as "sizeBytes",
      coalesce(array_agg(s.node_id order by s.node_id) filter (where s.size_bytes = f.size_bytes), '{}') as regions
    from boot_resource_file f left join image_sync s on s.file_id = f.id
    group by f.id order by f.id`.execute(db);
  return rows;
}

/** @returns undefined when there is no such file; 0 while nothing was said of it */
export async function syncedBytes(db: Kysely<Schema>, fileId: number, nodeId: number): Promise<number | undefined> {
  const row = await db
    .selectFrom("boot_resource_file as f")
    .leftJoin("image_sync as s", (join) => join.onRef("s.file_id", "=", "f.id").on("s.node_id", "=", nodeId))
    .select(["s.size_bytes as size"])
    .where("f.id", "=", fileId)
    .executeTakeFirst();
  return row && (row.size ?? 0);
}

/** @returns ids among these of which there is no file; nothing is stored then */
export async function storeSynced(
  tx: Tx,
  nodeId: number,
  fileIds: readonly number[],
  sizeBytes: number,
): Promise<number[]> {
  const ids = [...new Set(fileIds)];
  const found = await tx
    .selectFrom("boot_resource_file")
    .select("id")
    .where("id", "=", sql<number>`any(${ids}::bigint[])`)
    .execute();
  const known = new Set(found.map(({ id }) => id));
  const missing = ids.filter((id) => !known.has(id));
  if (missing.length > 0 || ids.length === 0) return missing;
  await tx
    .insertInto("image_sync")
    .values(ids.map((id) => ({ file_id: id, node_id: nodeId, size_bytes: sizeBytes })))
    .onConflict((c) => c.columns(["file_id", "node_id"]).doUpdateSet({ size_bytes: sizeBytes }))
    .execute();
  return [];
}

/** The region holds all of these files: what its store was found to have. */
export async function storeComplete(tx: Tx, nodeId: number, sha256s: readonly string[]): Promise<void> {
  await sql`
    insert into image_sync (file_id, node_id, size_bytes)
    select id, ${nodeId}, size_bytes from boot_resource_file where sha256 = any(${sha256s}::text[]) and complete
    on conflict (file_id, node_id) do update set size_bytes = excluded.size_bytes
      where image_sync.size_bytes <> excluded.size_bytes`.execute(tx);
}
