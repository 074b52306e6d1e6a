/** Addresses that users reserved for themselves, and the interfaces of nobody that they are for. */
import { allocType } from "@rackwright/domain/addressing/alloc-type";
import { type Kysely, sql } from "kysely";
import type { Tx } from "./connect.ts";
import type { InterfaceRow } from "./machine-views.ts";
import type { Schema } from "./schema.ts";

/** The interface of nobody with this MAC address, made when there is none. */
export async function unknownInterface(tx: Tx, mac: string, vlanId: number): Promise<number> {
  const { rows } = await sql<{ id: number }>`
    insert into interface (node_id, type, name, mac, vlan_id) values (null, 'unknown', 'eth0', ${mac}, ${vlanId})
    on conflict (mac) where type = 'unknown' do update set vlan_id = excluded.vlan_id returning id`.execute(tx);
  const [row] = rows;
  if (!row) throw new Error(`the interface of ${mac} was neither made nor found`);
  return row.id;
}

export function unknownInterfaces(db: Kysely<Schema>): Promise<InterfaceRow[]> {
  return db.selectFrom("interface").selectAll().where("type", "=", "unknown").orderBy("id").execute();
}

export async function dropIdleUnknown(tx: Tx, interfaceId: number): Promise<void> {
  await sql`
    delete from interface i where i.id = ${interfaceId} and i.type = 'unknown'
      and not exists (select from ip_address a where a.interface_id = i.id)`.execute(tx);
}

export interface ReservedAddress {
  id: number;
  ip: string;
  allocType: number;
  createdAt: Date;
  subnetId: number | null;
  interfaceId: number | null;
  nodeId: number | null;
  userId: number | null;
  username: string | null;
  email: string | null;
  isSuperuser: boolean | null;
}

/** @param which of whom, and which; all when nothing is said */
export async function listAddresses(
  db: Kysely<Schema>,
  which: { ids?: readonly number[]; userId?: number; ip?: string; reservedOnly?: boolean },
): Promise<ReservedAddress[]> {
  let query = db
    .selectFrom("ip_address as a")
    .leftJoin("app_user as u", "u.id", "a.user_id")
    .leftJoin("interface as i", "i.id", "a.interface_id")
    .select(["a.id", "a.ip", "a.alloc_type as allocType", "a.created_at as createdAt", "a.subnet_id as subnetId"])
    .select(["a.interface_id as interfaceId", "i.node_id as nodeId", "a.user_id as userId"])
    .select(["u.username", "u.email", "u.is_superuser as isSuperuser"])
    .where("a.ip", "is not", null)
    .orderBy("a.id");
  if (which.ids) query = query.where("a.id", "=", sql<number>`any(${which.ids}::bigint[])`);
  if (which.userId !== undefined) query = query.where("a.user_id", "=", which.userId);
  if (which.ip !== undefined) query = query.where("a.ip", "=", which.ip);
  if (which.reservedOnly) query = query.where("a.alloc_type", "=", allocType.userReserved);
  return (await query.execute()).map((row) => ({ ...row, ip: row.ip ?? "" }));
}

export async function reserveAddress(
  tx: Tx,
  row: { ip: string; subnetId: number | null; userId: number; interfaceId: number | null },
): Promise<number> {
  const made = await tx
    .insertInto("ip_address")
    .values({
      alloc_type: allocType.userReserved,
      ip: row.ip,
      subnet_id: row.subnetId,
      user_id: row.userId,
      interface_id: row.interfaceId,
    })
    .returning("id")
    .executeTakeFirstOrThrow();
  return made.id;
}
