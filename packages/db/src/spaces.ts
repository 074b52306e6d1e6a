/** Spaces: VLANs that may reach each other. */
import { asId } from "@rackwright/domain/network/specifier";
import type { Kysely, Selectable, Updateable } from "kysely";
import type { Tx } from "./connect.ts";
import type { Schema, SpaceTable } from "./schema.ts";

type Db = Kysely<Schema>;
export type SpaceRow = Selectable<SpaceTable>;

export function listSpaces(db: Db): Promise<SpaceRow[]> {
  return db.selectFrom("space").selectAll().orderBy("id").execute();
}

/** By id, `id:7`, or by name; an id comes first. */
export async function findSpace(db: Db, word: string): Promise<SpaceRow | undefined> {
  const id = asId(word.replace(/^id:/, ""));
  const rows = await db
    .selectFrom("space")
    .selectAll()
    .where((eb) =>
      eb.or([eb("name", "=", word.replace(/^name:/, "")), ...(id === undefined ? [] : [eb("id", "=", id)])]),
    )
    .execute();
  return rows.find((space) => space.id === id) ?? rows[0];
}

/**
 * @param name null: `space-` and its id
 * @returns undefined when the name is taken
 */
export async function insertSpace(tx: Tx, name: string | null, description: string): Promise<number | undefined> {
  const row = await tx
    .insertInto("space")
    .values((eb) => ({ name: name ?? eb.fn<string>("gen_random_uuid", []).$castTo<string>(), description }))
    .onConflict((c) => c.column("name").doNothing())
    .returning("id")
    .executeTakeFirst();
  if (row && name === null)
    await tx
      .updateTable("space")
      .set({ name: `space-${row.id}` })
      .where("id", "=", row.id)
      .execute();
  return row?.id;
}

export async function spaceNameTaken(tx: Tx, name: string, exceptId: number): Promise<boolean> {
  const other = tx.selectFrom("space").select("id").where("name", "=", name).where("id", "<>", exceptId);
  return (await other.executeTakeFirst()) !== undefined;
}

export async function updateSpaceRow(tx: Tx, id: number, set: Updateable<SpaceTable>): Promise<void> {
  if (Object.keys(set).length > 0) await tx.updateTable("space").set(set).where("id", "=", id).execute();
}

export async function deleteSpaceRow(tx: Tx, id: number): Promise<void> {
  await tx.deleteFrom("space").where("id", "=", id).execute();
}
