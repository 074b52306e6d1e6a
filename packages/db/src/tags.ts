/** Tags and which nodes have them. */
import { type Kysely, sql } from "kysely";
import type { Tx } from "./connect.ts";
import type { Schema } from "./schema.ts";

export interface Tag {
  id: number;
  name: string;
  /** XPath over lshw's output; empty for tags put on by hand. */
  definition: string;
  comment: string;
  kernelOpts: string;
}

const tagColumns = ["id", "name", "definition", "comment", "kernel_opts as kernelOpts"] as const;

export function listTags(db: Kysely<Schema>): Promise<Tag[]> {
  return db.selectFrom("tag").select(tagColumns).orderBy("name").execute();
}

export function tagByName(db: Kysely<Schema>, name: string): Promise<Tag | undefined> {
  return db.selectFrom("tag").select(tagColumns).where("name", "=", name).executeTakeFirst();
}

/** As `tagByName`, and nobody changes or deletes it until `tx` ends. */
export function lockTag(tx: Tx, name: string): Promise<Tag | undefined> {
  return tx.selectFrom("tag").select(tagColumns).where("name", "=", name).forUpdate().executeTakeFirst();
}

/** @returns undefined when the name is taken */
export function insertTag(tx: Tx, tag: Omit<Tag, "id">): Promise<Tag | undefined> {
  return tx
    .insertInto("tag")
    .values({ name: tag.name, definition: tag.definition, comment: tag.comment, kernel_opts: tag.kernelOpts })
    .onConflict((c) => c.column("name").doNothing())
    .returning(tagColumns)
    .executeTakeFirst();
}

export async function tagNameTaken(tx: Tx, name: string, exceptId: number): Promise<boolean> {
  const other = tx.selectFrom("tag").select("id").where("name", "=", name).where("id", "<>", exceptId);
  return (await other.executeTakeFirst()) !== undefined;
}

export function updateTagRow(tx: Tx, id: number, tag: Omit<Tag, "id">): Promise<Tag> {
  return tx
    .updateTable("tag")
    .set({ name: tag.name, definition: tag.definition, comment: tag.comment, kernel_opts: tag.kernelOpts })
    .where("id", "=", id)
    .returning(tagColumns)
    .executeTakeFirstOrThrow();
}

export async function nodesOfTag(tx: Tx, id: number): Promise<string[]> {
  const rows = await tx
    .selectFrom("node_tag as t")
    .innerJoin("node as n", "n.id", "t.node_id")
    .select("n.system_id")
    .where("t.tag_id", "=", id)
    .orderBy("n.id")
    .execute();
  return rows.map((r) => r.system_id);
}

/** @returns system ids of the nodes that had it */
export async function deleteTag(tx: Tx, id: number): Promise<string[]> {
  const systemIds = await nodesOfTag(tx, id);
  await tx.deleteFrom("tag").where("id", "=", id).execute();
  return systemIds;
}

export interface TaggableNode {
  id: number;
  systemId: string;
}

/** Nodes of any type among these ids; unknown ones are left out. */
export function nodesBySystemId(db: Kysely<Schema>, systemIds: readonly string[]): Promise<TaggableNode[]> {
  return db
    .selectFrom("node")
    .select(["id", "system_id as systemId"])
    .where("system_id", "=", sql<string>`any(${systemIds}::text[])`)
    .orderBy("id")
    .execute();
}

export async function addNodesToTag(tx: Tx, tagId: number, nodeIds: readonly number[]): Promise<void> {
  await sql`insert into node_tag (node_id, tag_id) select unnest(${nodeIds}::bigint[]), ${tagId}::bigint
    on conflict do nothing`.execute(tx);
}

export async function removeNodesFromTag(tx: Tx, tagId: number, nodeIds: readonly number[]): Promise<void> {
  await tx
    .deleteFrom("node_tag")
    .where("tag_id", "=", tagId)
    .where("node_id", "=", sql<number>`any(${nodeIds}::bigint[])`)
    .execute();
}
