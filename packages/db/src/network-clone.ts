/** Interfaces with their links as one machine has them, written for another. */
import type { ClonedInterface, NetworkPlan, PlannedInterface } from "@rackwright/domain/network/clone";
import { type Kysely, type Selectable, sql } from "kysely";
import { deleteNodeLinks, deleteVirtualInterfaces } from "./addresses.ts";
import type { Tx } from "./connect.ts";
import { interfaceFacts } from "./deploy-facts.ts";
import type { InterfaceTable, Schema } from "./schema.ts";

export async function interfacesToClone(db: Kysely<Schema>, nodeId: number): Promise<ClonedInterface[]> {
  const nics = await interfaceFacts(db, nodeId);
  const links = await db
    .selectFrom("ip_address")
    .select(["interface_id", "alloc_type as type", "subnet_id as subnetId", "ip"])
    .where("interface_id", "=", sql<number>`any(${nics.map((nic) => nic.id)}::bigint[])`)
    .orderBy("id")
    .execute();
  const linksOf = Map.groupBy(links, (link) => link.interface_id);
  const names = new Map(nics.map((nic) => [nic.id, nic.name]));
  return nics.map((nic) => ({
    name: nic.name,
    type: nic.type,
    vlanId: nic.vlan_id,
    enabled: nic.enabled,
    params: nic.params as Record<string, unknown>,
    parents: nic.parentIds.map((id) => names.get(id) ?? String(id)),
    links: (linksOf.get(nic.id) ?? []).map(({ type, subnetId, ip }) => ({ type, subnetId, ip })),
  }));
}

export interface NamedInterface {
  id: number;
  name: string;
  mac: string | null;
}

export function physicalInterfaces(db: Kysely<Schema>, nodeId: number): Promise<NamedInterface[]> {
  return db
    .selectFrom("interface")
    .select(["id", "name", "mac"])
    .where("node_id", "=", nodeId)
    .where("type", "=", "physical")
    .orderBy("id")
    .execute();
}

/** Put the plan in place of the node's configuration, without its links. @returns the ids of its interfaces by name */
export async function writeClonedInterfaces(tx: Tx, nodeId: number, plan: NetworkPlan): Promise<Map<string, number>> {
  await deleteNodeLinks(tx, nodeId);
  await deleteVirtualInterfaces(tx, nodeId);
  const made = new Map((await physicalInterfaces(tx, nodeId)).map((nic) => [nic.name, nic]));
  for (const nic of plan.physical) {
    const id = made.get(nic.name)?.id;
    if (id !== undefined) await tx.updateTable("interface").set(columnsOf(nic)).where("id", "=", id).execute();
  }
  for (const nic of plan.virtual) {
    const parents = nic.parents.flatMap((name) => made.get(name) ?? []);
    const row = await tx
      .insertInto("interface")
      // It has no card of its own: it is known by the first of those that it is made of.
      .values({ node_id: nodeId, name: nic.name, type: nic.type, mac: parents[0]?.mac ?? null, ...columnsOf(nic) })
      .returning(["id", "name", "mac"])
      .executeTakeFirstOrThrow();
    made.set(row.name, row);
    if (parents.length > 0)
      await tx
        .insertInto("interface_parent")
        .values(parents.map((parent) => ({ child_id: row.id, parent_id: parent.id })))
        .execute();
  }
  return new Map([...made.values()].map((nic) => [nic.name, nic.id]));
}

function columnsOf(nic: PlannedInterface) {
  return { vlan_id: nic.vlanId, enabled: nic.enabled, params: nic.params as Selectable<InterfaceTable>["params"] };
}
