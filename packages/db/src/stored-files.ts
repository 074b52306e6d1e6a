/** Files that users leave with us. */
import { type Kysely, sql } from "kysely";
import type { Tx } from "./connect.ts";
import type { Schema } from "./schema.ts";

export interface StoredFile {
  filename: string;
  key: string;
}

type Db = Kysely<Schema>;

export function filesOf(db: Db, ownerId: number, prefix: string): Promise<StoredFile[]> {
  return db
    .selectFrom("stored_file")
    .select(["filename", "key"])
    .where("owner_id", "=", ownerId)
    .where(sql<boolean>`starts_with(filename, ${prefix})`)
    .orderBy("filename")
    .execute();
}

export function fileNamed(
  db: Db,
  ownerId: number,
  filename: string,
): Promise<(StoredFile & { content: Buffer }) | undefined> {
  return db
    .selectFrom("stored_file")
    .select(["filename", "key", "content"])
    .where("owner_id", "=", ownerId)
    .where("filename", "=", filename)
    .executeTakeFirst();
}

export async function fileContentByKey(db: Db, key: string): Promise<Buffer | undefined> {
  const row = await db.selectFrom("stored_file").select("content").where("key", "=", key).executeTakeFirst();
  return row?.content;
}

/** Of several owners' the newest. */
export async function newestFileContent(db: Db, filename: string): Promise<Buffer | undefined> {
  const row = await db
    .selectFrom("stored_file")
    .select("content")
    .where("filename", "=", filename)
    .orderBy("id", "desc")
    .limit(1)
    .executeTakeFirst();
  return row?.content;
}

/** How much somebody has besides the file of this name. Nobody else stores a file for the same user until `tx` ends. */
export async function lockOtherFiles(
  tx: Tx,
  ownerId: number,
  filename: string,
): Promise<{ count: number; bytes: number }> {
  await tx.selectFrom("app_user").select("id").where("id", "=", ownerId).forNoKeyUpdate().execute();
  return await tx
    .selectFrom("stored_file")
    .select([
      sql<number>`count(*)::int`.as("count"),
      sql<number>`coalesce(sum(octet_length(content)), 0)::bigint`.as("bytes"),
    ])
    .where("owner_id", "=", ownerId)
    .where("filename", "<>", filename)
    .executeTakeFirstOrThrow();
}

/** One of the same name is replaced, under the key that it has. */
export async function saveFile(
  tx: Tx,
  ownerId: number,
  file: { filename: string; key: string; content: Buffer },
): Promise<void> {
  await tx
    .insertInto("stored_file")
    .values({ owner_id: ownerId, ...file })
    .onConflict((c) => c.columns(["owner_id", "filename"]).doUpdateSet({ content: file.content }))
    .execute();
}

/** @returns whether there was one */
export async function deleteFileRow(tx: Tx, ownerId: number, filename: string): Promise<boolean> {
  const gone = await tx
    .deleteFrom("stored_file")
    .where("owner_id", "=", ownerId)
    .where("filename", "=", filename)
    .executeTakeFirst();
  return gone.numDeletedRows > 0n;
}
