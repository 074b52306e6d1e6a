/** Static routes between subnets. */
import type { Insertable, Kysely, Selectable } from "kysely";
import type { Tx } from "./connect.ts";
import type { Schema, StaticRouteTable } from "./schema.ts";

export type StaticRouteRow = Selectable<StaticRouteTable>;

export function listStaticRoutes(db: Kysely<Schema>, id?: number): Promise<StaticRouteRow[]> {
  const all = db.selectFrom("static_route").selectAll().orderBy("id");
  return (id === undefined ? all : all.where("id", "=", id)).execute();
}

/** @returns undefined when the same route is there */
export async function insertStaticRoute(tx: Tx, route: Insertable<StaticRouteTable>): Promise<number | undefined> {
  const row = await tx
    .insertInto("static_route")
    .values(route)
    .onConflict((c) => c.columns(["source_id", "destination_id", "gateway_ip"]).doNothing())
    .returning("id")
    .executeTakeFirst();
  return row?.id;
}

/** Whether another route has the same ends and gateway. */
export async function sameRoute(tx: Tx, route: Omit<StaticRouteRow, "metric">): Promise<boolean> {
  const other = tx
    .selectFrom("static_route")
    .select("id")
    .where("source_id", "=", route.source_id)
    .where("destination_id", "=", route.destination_id)
    .where("gateway_ip", "=", route.gateway_ip)
    .where("id", "<>", route.id);
  return (await other.executeTakeFirst()) !== undefined;
}

export async function updateStaticRoute(tx: Tx, { id, ...set }: StaticRouteRow): Promise<void> {
  await tx.updateTable("static_route").set(set).where("id", "=", id).execute();
}

/** @returns whether there was one */
export async function deleteStaticRoute(tx: Tx, id: number): Promise<boolean> {
  return (await tx.deleteFrom("static_route").where("id", "=", id).executeTakeFirst()).numDeletedRows > 0n;
}
