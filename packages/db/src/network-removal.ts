/** Fabrics, VLANs and subnets that go, and what becomes of the interfaces and addresses that were in them. */
import { allocType } from "@rackwright/domain/addressing/alloc-type";
import { sql } from "kysely";
import type { Tx } from "./connect.ts";
import { deleteInterfaces } from "./hardware-network.ts";
import type { FabricRow } from "./networks.ts";

export function lockFabric(tx: Tx, id: number): Promise<FabricRow | undefined> {
  return tx.selectFrom("fabric").selectAll().where("id", "=", id).forUpdate().executeTakeFirst();
}

export async function fabricUse(tx: Tx, id: number): Promise<{ subnets: number; interfaces: number }> {
  const { rows } = await sql<{ subnets: number; interfaces: number }>`
    select (select count(*) from subnet s join vlan v on v.id = s.vlan_id where v.fabric_id = ${id}) as subnets,
      (select count(*) from interface i join vlan v on v.id = i.vlan_id where v.fabric_id = ${id}) as interfaces`.execute(
    tx,
  );
  return rows[0] ?? { subnets: 0, interfaces: 0 };
}

/** With its VLANs. */
export async function deleteFabricRow(tx: Tx, id: number): Promise<void> {
  await tx.deleteFrom("fabric").where("id", "=", id).execute();
}

/** @returns system ids of the nodes whose interfaces it changed */
export async function removeVlan(tx: Tx, id: number, heirId: number): Promise<string[]> {
  const { rows } = await sql<{ systemId: string }>`
    select distinct n.system_id as "systemId" from interface i join node n on n.id = i.node_id where i.vlan_id = ${id}`.execute(
    tx,
  );
  const tagged = await tx
    .selectFrom("interface")
    .select("id")
    .where("vlan_id", "=", id)
    .where("type", "=", "vlan")
    .execute();
  await deleteInterfaces(
    tx,
    tagged.map((each) => each.id),
  );
  await tx.updateTable("interface").set({ vlan_id: heirId }).where("vlan_id", "=", id).execute();
  await tx.updateTable("subnet").set({ vlan_id: heirId }).where("vlan_id", "=", id).execute();
  await tx.deleteFrom("vlan").where("id", "=", id).execute();
  return rows.map((row) => row.systemId);
}

/**
 * Addresses of controllers are still theirs, merely observed; any other goes. An interface that has no link left is up without one.
 * @returns system ids of the nodes whose links it changed
 */
export async function removeSubnet(tx: Tx, id: number): Promise<string[]> {
  const { rows } = await sql<{ systemId: string }>`
    select distinct n.system_id as "systemId"
    from ip_address a join interface i on i.id = a.interface_id join node n on n.id = i.node_id where a.subnet_id = ${id}`.execute(
    tx,
  );
  await sql`
    update ip_address a set subnet_id = null, alloc_type = ${allocType.discovered}
    from interface i, node n
    where a.subnet_id = ${id} and i.id = a.interface_id and n.id = i.node_id and n.node_type in (2, 3, 4)`.execute(tx);
  await sql`
    with gone as (delete from ip_address where subnet_id = ${id} returning id, interface_id, alloc_type)
    insert into ip_address (alloc_type, interface_id)
    select distinct ${allocType.sticky}::smallint, g.interface_id from gone g join interface i on i.id = g.interface_id
    where i.node_id is not null and g.alloc_type <> ${allocType.discovered} and not exists (
      select from ip_address o where o.interface_id = g.interface_id and o.alloc_type <> ${allocType.discovered}
        and o.id not in (select id from gone))`.execute(tx);
  await tx.deleteFrom("subnet").where("id", "=", id).execute();
  return rows.map((row) => row.systemId);
}
