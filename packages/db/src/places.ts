/** Availability zones and resource pools. */
import type { Kysely } from "kysely";
import type { Tx } from "./connect.ts";
import type { Schema } from "./schema.ts";

export interface Place {
  id: number;
  name: string;
  description: string;
}

export type PlaceTable = "zone" | "resource_pool";
type Db = Kysely<Schema>;

const columns = ["id", "name", "description"] as const;

export function listZones(db: Db): Promise<Place[]> {
  return db.selectFrom("zone").select(columns).orderBy("name").execute();
}

export function listPools(db: Db): Promise<Place[]> {
  return db.selectFrom("resource_pool").select(columns).orderBy("id").execute();
}

export function zoneByName(db: Db, name: string): Promise<Place | undefined> {
  return db.selectFrom("zone").select(columns).where("name", "=", name).executeTakeFirst();
}

export function poolBy(db: Db, by: { id: number } | { name: string }): Promise<Place | undefined> {
  const query = db.selectFrom("resource_pool").select(columns);
  return ("id" in by ? query.where("id", "=", by.id) : query.where("name", "=", by.name)).executeTakeFirst();
}

/** As it is, and nobody changes it or puts nodes into it until `tx` ends. */
export function lockPlace(
  tx: Tx,
  table: PlaceTable,
  by: { id: number } | { name: string },
): Promise<Place | undefined> {
  const query = tx.selectFrom(table).select(columns).forUpdate();
  return ("id" in by ? query.where("id", "=", by.id) : query.where("name", "=", by.name)).executeTakeFirst();
}

/** @returns undefined when the name is taken */
export function insertPlace(
  tx: Tx,
  table: PlaceTable,
  place: { name: string; description: string },
): Promise<Place | undefined> {
  return tx
    .insertInto(table)
    .values(place)
    .onConflict((c) => c.column("name").doNothing())
    .returning(columns)
    .executeTakeFirst();
}

export async function placeNameTaken(tx: Tx, table: PlaceTable, name: string, exceptId: number): Promise<boolean> {
  const other = tx.selectFrom(table).select("id").where("name", "=", name).where("id", "<>", exceptId);
  return (await other.executeTakeFirst()) !== undefined;
}

export function updatePlace(
  tx: Tx,
  table: PlaceTable,
  id: number,
  set: { name: string; description: string },
): Promise<Place> {
  return tx.updateTable(table).set(set).where("id", "=", id).returning(columns).executeTakeFirstOrThrow();
}

export async function deletePlace(tx: Tx, table: PlaceTable, id: number): Promise<void> {
  await tx.deleteFrom(table).where("id", "=", id).execute();
}

/** @returns the nodes that were moved */
export function moveNodesOfZone(tx: Tx, from: number, to: number): Promise<{ systemId: string; nodeType: number }[]> {
  return tx
    .updateTable("node")
    .set({ zone_id: to })
    .where("zone_id", "=", from)
    .returning(["system_id as systemId", "node_type as nodeType"])
    .execute();
}

export async function countNodesInPool(tx: Tx, poolId: number): Promise<number> {
  const { count } = await tx
    .selectFrom("node")
    .select((eb) => eb.fn.countAll<number>().as("count"))
    .where("pool_id", "=", poolId)
    .executeTakeFirstOrThrow();
  return count;
}
