/** Devices: what has names and addresses and is not deployed. */
import { type Kysely, sql, type Updateable } from "kysely";
import type { Tx } from "./connect.ts";
import { ensureLinks } from "./interfaces.ts";
import type { NodeTable, Schema } from "./schema.ts";

export interface DeviceRow {
  id: number;
  systemId: string;
  hostname: string;
  domainId: number;
  ownerId: number | null;
  ownerData: Record<string, string>;
}

/** Locked until `tx` ends. */
export async function lockDevice(tx: Tx, systemId: string): Promise<DeviceRow | undefined> {
  const row = await tx
    .selectFrom("node")
    .select([
      "id",
      "system_id as systemId",
      "hostname",
      "domain_id as domainId",
      "owner_id as ownerId",
      "owner_data as ownerData",
    ])
    .where("system_id", "=", systemId)
    .where("node_type", "=", 1)
    .forUpdate()
    .executeTakeFirst();
  return row && { ...row, ownerData: row.ownerData };
}

export async function deviceIds(tx: Tx, systemIds: readonly string[]): Promise<{ id: number; systemId: string }[]> {
  return tx
    .selectFrom("node")
    .select(["id", "system_id as systemId"])
    .where("system_id", "=", sql<string>`any(${systemIds}::text[])`)
    .where("node_type", "=", 1)
    .orderBy("id")
    .forUpdate()
    .execute();
}

export async function setOwnerData(tx: Tx, id: number, data: Record<string, string>): Promise<void> {
  await sql`update node set owner_data = ${JSON.stringify(data)}::jsonb where id = ${id}`.execute(tx);
}

export async function updateDevice(tx: Tx, ids: readonly number[], set: Updateable<NodeTable>): Promise<void> {
  if (Object.keys(set).length > 0)
    await tx.updateTable("node").set(set).where("id", "=", sql<number>`any(${ids}::bigint[])`).execute();
}

/** Whether `id` is the node `of`, or a part of it. */
export async function isPartOf(tx: Tx, id: number, of: number): Promise<boolean> {
  const { rows } = await sql`
    with recursive up as (
      select id, parent_id from node where id = ${id}
      union select n.id, n.parent_id from node n join up on n.id = up.parent_id
    ) select 1 from up where id = ${of}`.execute(tx);
  return rows.length > 0;
}

/** What may be the parent of a device, with whose it is. */
export function nodeOwner(tx: Tx, systemId: string): Promise<{ id: number; ownerId: number | null } | undefined> {
  return tx
    .selectFrom("node")
    .select(["id", "owner_id as ownerId"])
    .where("system_id", "=", systemId)
    .executeTakeFirst();
}

/** Devices that are parts of a node, and parts of those: they go with it. Locked until `tx` ends. */
export async function partsOf(tx: Tx, nodeId: number): Promise<Pick<DeviceRow, "id" | "systemId" | "hostname">[]> {
  const { rows } = await sql<Pick<DeviceRow, "id" | "systemId" | "hostname">>`
    with recursive part as (
      select id from node where parent_id = ${nodeId}
      union select n.id from node n join part on n.parent_id = part.id
    )
    select n.id, n.system_id as "systemId", n.hostname from node n
    where n.id in (select id from part) order by n.id for update of n`.execute(tx);
  return rows;
}

/** Every interface of a node up, without an address, unless it has links. */
export async function settleInterfaces(tx: Tx, nodeId: number): Promise<void> {
  const nics = await tx.selectFrom("interface").select("id").where("node_id", "=", nodeId).execute();
  await ensureLinks(
    tx,
    nics.map((nic) => nic.id),
  );
}

export async function parentSystemIds(db: Kysely<Schema>, ids: readonly number[]): Promise<Map<number, string>> {
  const rows = await db
    .selectFrom("node")
    .select(["id", "system_id as systemId"])
    .where("id", "=", sql<number>`any(${ids}::bigint[])`)
    .execute();
  return new Map(rows.map((row) => [row.id, row.systemId]));
}
