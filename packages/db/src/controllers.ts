/** Controllers as they are changed and deleted. */
import { sql } from "kysely";
import type { Tx } from "./connect.ts";
import type { NodeRow } from "./machines.ts";

/** @returns undefined when there is none of these types */
export function lockController(tx: Tx, systemId: string, nodeTypes: readonly number[]): Promise<NodeRow | undefined> {
  return tx
    .selectFrom("node")
    .selectAll()
    .where("system_id", "=", systemId)
    .where("node_type", "=", sql<number>`any(${nodeTypes}::smallint[])`)
    .forUpdate()
    .executeTakeFirst();
}

export async function updateController(tx: Tx, id: number, columns: Record<string, unknown>): Promise<void> {
  if (Object.keys(columns).length > 0) await tx.updateTable("node").set(columns).where("id", "=", id).execute();
}

/** VLANs with DHCP on that this rack serves and no other one would. */
export async function vlansServedAlone(tx: Tx, rackId: number): Promise<string[]> {
  const rows = await tx
    .selectFrom("vlan as v")
    .innerJoin("fabric as f", "f.id", "v.fabric_id")
    .select(sql<string>`coalesce(f.name, 'fabric-' || f.id) || ', VLAN ' || v.vid`.as("name"))
    .where("v.dhcp_on", "=", true)
    .where("v.primary_rack_id", "=", rackId)
    .where("v.secondary_rack_id", "is", null)
    .orderBy("v.id")
    .execute();
  return rows.map(({ name }) => name);
}

/** Its VLANs go to their second rack; those that have none have no DHCP any more. @returns ids of the VLANs that changed */
export async function leaveVlans(tx: Tx, rackId: number): Promise<number[]> {
  const { rows } = await sql<{ id: number }>`
    update vlan set
      dhcp_on = dhcp_on and not (primary_rack_id = ${rackId} and secondary_rack_id is null),
      primary_rack_id = case when primary_rack_id = ${rackId} then secondary_rack_id else primary_rack_id end,
      secondary_rack_id = null
    where primary_rack_id = ${rackId} or secondary_rack_id = ${rackId}
    returning id`.execute(tx);
  return rows.map(({ id }) => id);
}

/** What is left of a node that is a rack no more: the region in it. */
export async function dropRackRole(tx: Tx, nodeId: number, regionType: number): Promise<void> {
  await tx.deleteFrom("rack_credential").where("node_id", "=", nodeId).execute();
  await tx.updateTable("node").set({ node_type: regionType }).where("id", "=", nodeId).execute();
}
