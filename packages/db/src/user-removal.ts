/** What a user owns, when the user is to go. */
import { sql } from "kysely";
import type { Tx } from "./connect.ts";
import type { User } from "./users.ts";

/** As they are, and nobody gives them anything or deletes them until `tx` ends. In the order of their ids: no two callers deadlock. */
export function lockUsers(tx: Tx, usernames: readonly string[]): Promise<User[]> {
  return tx
    .selectFrom("app_user")
    .select(["id", "username", "email", "is_superuser as isSuperuser", "is_active as isActive"])
    .where("username", "=", sql<string>`any(${usernames}::text[])`)
    .orderBy("id")
    .forUpdate()
    .execute();
}

export interface Belongings {
  nodes: number;
  addresses: number;
  ranges: number;
}

export async function belongings(tx: Tx, userId: number): Promise<Belongings> {
  const { rows } = await sql<Belongings>`select
    (select count(*) from node where owner_id = ${userId})::int as nodes,
    (select count(*) from ip_address where user_id = ${userId})::int as addresses,
    (select count(*) from ip_range where user_id = ${userId})::int as ranges`.execute(tx);
  return rows[0] ?? { nodes: 0, addresses: 0, ranges: 0 };
}

/** Names of files that both have. */
export async function filesOfBoth(tx: Tx, userId: number, otherId: number): Promise<string[]> {
  const rows = await tx
    .selectFrom("stored_file as a")
    .innerJoin("stored_file as b", "b.filename", "a.filename")
    .select("a.filename")
    .where("a.owner_id", "=", userId)
    .where("b.owner_id", "=", otherId)
    .orderBy("a.filename")
    .execute();
  return rows.map((row) => row.filename);
}

export interface Transferred {
  nodes: { systemId: string; nodeType: number }[];
  rangeIds: number[];
}

export async function transferBelongings(tx: Tx, from: number, to: number): Promise<Transferred> {
  const nodes = await tx
    .updateTable("node")
    .set({ owner_id: to })
    .where("owner_id", "=", from)
    .returning(["system_id as systemId", "node_type as nodeType"])
    .execute();
  await tx.updateTable("ip_address").set({ user_id: to }).where("user_id", "=", from).execute();
  const ranges = await tx
    .updateTable("ip_range")
    .set({ user_id: to })
    .where("user_id", "=", from)
    .returning("id")
    .execute();
  await tx.updateTable("stored_file").set({ owner_id: to }).where("owner_id", "=", from).execute();
  return { nodes, rangeIds: ranges.map((range) => range.id) };
}

/** With everything that is the user's own. */
export async function deleteUserRow(tx: Tx, id: number): Promise<void> {
  await tx.deleteFrom("app_user").where("id", "=", id).execute();
}
