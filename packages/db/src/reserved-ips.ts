/** Addresses that are kept for MAC addresses. */
import { allocType } from "@rackwright/domain/addressing/alloc-type";
import type { Insertable, Kysely, Selectable } from "kysely";
import type { Tx } from "./connect.ts";
import type { ReservedIpTable, Schema } from "./schema.ts";

export type ReservedIpRow = Selectable<ReservedIpTable>;

export function listReservedIps(db: Kysely<Schema>, id?: number): Promise<ReservedIpRow[]> {
  const all = db.selectFrom("reserved_ip").selectAll().orderBy("id");
  return (id === undefined ? all : all.where("id", "=", id)).execute();
}

/** MAC addresses of the interfaces that claim an address; null for a claim without one. */
export async function holdersOf(tx: Tx, ip: string): Promise<(string | null)[]> {
  const rows = await tx
    .selectFrom("ip_address as a")
    .leftJoin("interface as i", "i.id", "a.interface_id")
    .select("i.mac")
    .where("a.ip", "=", ip)
    .where("a.alloc_type", "<>", allocType.discovered)
    .execute();
  return rows.map((row) => row.mac);
}

/** @returns undefined when address or MAC address is reserved already */
export async function insertReservedIp(tx: Tx, row: Insertable<ReservedIpTable>): Promise<number | undefined> {
  const made = await tx
    .insertInto("reserved_ip")
    .values(row)
    .onConflict((c) => c.doNothing())
    .returning("id")
    .executeTakeFirst();
  return made?.id;
}

export async function updateReservedComment(tx: Tx, id: number, comment: string | null): Promise<void> {
  await tx.updateTable("reserved_ip").set({ comment }).where("id", "=", id).execute();
}

export async function deleteReservedIp(tx: Tx, id: number): Promise<void> {
  await tx.deleteFrom("reserved_ip").where("id", "=", id).execute();
}
