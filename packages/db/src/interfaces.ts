/** A node with its interfaces and links, locked, and what is written of them. */
import { allocType } from "@rackwright/domain/addressing/alloc-type";
import type { ExistingLink } from "@rackwright/domain/network/link";
import type { Nic, NicParams, NicVlan } from "@rackwright/domain/network/nic";
import { sql, type Updateable } from "kysely";
import type { Tx } from "./connect.ts";
import type { InterfaceTable } from "./schema.ts";
import { adoptUnknown } from "./unknown-interfaces.ts";

const jsonb = (value: NicParams) => sql<never>`${JSON.stringify(value)}::jsonb`;

export interface LockedNode {
  id: number;
  systemId: string;
  hostname: string;
  nodeType: number;
  ownerId: number | null;
}

/** Of any type; undefined when there is none. */
export async function lockNode(tx: Tx, systemId: string): Promise<LockedNode | undefined> {
  return tx
    .selectFrom("node")
    .select(["id", "system_id as systemId", "hostname", "node_type as nodeType", "owner_id as ownerId"])
    .where("system_id", "=", systemId)
    .forUpdate()
    .executeTakeFirst();
}

export async function nodeNics(tx: Tx, nodeId: number): Promise<Nic[]> {
  const rows = await tx
    .selectFrom("interface as i")
    .select(["i.id", "i.name", "i.type", "i.mac", "i.vlan_id as vlanId", "i.enabled", "i.tags", "i.params"])
    .select(["i.link_connected as linkConnected", "i.link_speed as linkSpeed", "i.interface_speed as interfaceSpeed"])
    .select(
      sql<number[]>`array(select p.parent_id from interface_parent p where p.child_id = i.id order by p.parent_id)`.as(
        "parentIds",
      ),
    )
    .where("i.node_id", "=", nodeId)
    .orderBy("i.id")
    .execute();
  return rows.map((row) => ({ ...row, params: row.params as NicParams }));
}

export async function vlanFacts(tx: Tx, id: number | null): Promise<NicVlan | null> {
  if (id === null) return null;
  const row = await tx
    .selectFrom("vlan")
    .select(["id", "vid", "fabric_id as fabricId"])
    .where("id", "=", id)
    .executeTakeFirst();
  return row ?? null;
}

/** The node whose physical interface has this MAC address, another than this one. */
export async function physicalHolder(
  tx: Tx,
  mac: string,
  exceptId: number | null,
): Promise<{ systemId: string; name: string } | undefined> {
  return tx
    .selectFrom("interface as i")
    .innerJoin("node as n", "n.id", "i.node_id")
    .select(["n.system_id as systemId", "i.name"])
    .where("i.mac", "=", mac)
    .where("i.type", "=", "physical")
    .where(sql<boolean>`i.id is distinct from ${exceptId}::bigint`)
    .executeTakeFirst();
}

export interface NewNic {
  name: string;
  type: string;
  mac: string | null;
  vlan_id: number | null;
  enabled?: boolean;
  tags: string[];
  params: NicParams;
  link_connected: boolean;
  link_speed: number;
  interface_speed: number;
  numa_node?: number | null;
  acquired?: boolean;
}

/** With its parents, and up. */
export async function insertNic(
  tx: Tx,
  nodeId: number,
  { params, ...nic }: NewNic,
  parentIds: readonly number[],
): Promise<number> {
  const { id } = await tx
    .insertInto("interface")
    .values({ ...nic, node_id: nodeId, params: jsonb(params) })
    .returning("id")
    .executeTakeFirstOrThrow();
  await setParents(tx, id, parentIds);
  if (nic.type === "physical") await adoptUnknown(tx, nodeId);
  return id;
}

export async function setParents(tx: Tx, id: number, parentIds: readonly number[]): Promise<void> {
  await tx.deleteFrom("interface_parent").where("child_id", "=", id).execute();
  if (parentIds.length > 0)
    await tx
      .insertInto("interface_parent")
      .values(parentIds.map((parentId) => ({ child_id: id, parent_id: parentId })))
      .execute();
}

export async function updateNic(
  tx: Tx,
  id: number,
  { params, ...set }: Omit<Updateable<InterfaceTable>, "params"> & { params?: NicParams },
): Promise<void> {
  const columns = { ...set, ...(params ? { params: jsonb(params) } : {}) };
  if (Object.keys(columns).length > 0) await tx.updateTable("interface").set(columns).where("id", "=", id).execute();
}

/** Of one interface, observed ones too. */
export async function linksOfNic(tx: Tx, id: number): Promise<ExistingLink[]> {
  return tx
    .selectFrom("ip_address")
    .select(["id", "alloc_type as type", "ip", "subnet_id as subnetId"])
    .where("interface_id", "=", id)
    .orderBy("id")
    .execute();
}

/** Ids of a node's interfaces with a link that is more than being up. */
export async function configuredNics(tx: Tx, nodeId: number): Promise<Set<number>> {
  const rows = await tx
    .selectFrom("ip_address as a")
    .innerJoin("interface as i", "i.id", "a.interface_id")
    .select("i.id")
    .where("i.node_id", "=", nodeId)
    .where("a.alloc_type", "<>", allocType.discovered)
    .where((eb) => eb.or([eb("a.alloc_type", "<>", allocType.sticky), eb("a.ip", "is not", null)]))
    .execute();
  return new Set(rows.map((row) => row.id));
}

export async function deleteLinks(tx: Tx, ids: readonly number[]): Promise<void> {
  await tx.deleteFrom("ip_address").where("id", "=", sql<number>`any(${ids}::bigint[])`).execute();
}

export async function insertLink(
  tx: Tx,
  link: { interfaceId: number; type: number; subnetId: number | null; ip: string | null; userId?: number },
): Promise<number> {
  const row = await tx
    .insertInto("ip_address")
    .values({
      interface_id: link.interfaceId,
      alloc_type: link.type,
      subnet_id: link.subnetId,
      ip: link.ip,
      user_id: link.userId ?? null,
    })
    .returning("id")
    .executeTakeFirstOrThrow();
  return row.id;
}

/** Links that somebody configured go from one interface to another. */
export async function moveLinks(tx: Tx, from: number, to: number): Promise<void> {
  await tx
    .updateTable("ip_address")
    .set({ interface_id: to })
    .where("interface_id", "=", from)
    .where("alloc_type", "<>", allocType.discovered)
    .execute();
}

/** Interfaces among these that have no link are up, without an address. */
export async function ensureLinks(tx: Tx, interfaceIds: readonly number[]): Promise<void> {
  await sql`
    insert into ip_address (alloc_type, interface_id)
    select ${allocType.sticky}::smallint, i.id from interface i
    where i.id = any(${interfaceIds}::bigint[]) and not exists (
      select from ip_address a where a.interface_id = i.id and a.alloc_type <> ${allocType.discovered})`.execute(tx);
}

export async function setGatewayLink(tx: Tx, nodeId: number, family: 4 | 6, linkId: number): Promise<void> {
  const column = family === 4 ? "gateway_link_v4_id" : "gateway_link_v6_id";
  await tx
    .updateTable("node")
    .set({ [column]: linkId })
    .where("id", "=", nodeId)
    .execute();
}

export interface GatewayCandidate {
  id: number;
  family: 4 | 6;
  gateway: string;
}

/** Links of an interface whose subnet has a gateway. */
export async function gatewayCandidates(tx: Tx, interfaceId: number): Promise<GatewayCandidate[]> {
  const { rows } = await sql<GatewayCandidate>`
    select a.id, family(s.gateway_ip) as family, host(s.gateway_ip) as gateway
    from ip_address a join subnet s on s.id = a.subnet_id
    where a.interface_id = ${interfaceId} and s.gateway_ip is not null and a.alloc_type <> ${allocType.discovered}
    order by a.id`.execute(tx);
  return rows;
}

/** On a controller: the subnets of an interface's addresses are where the interface is. */
export async function moveSubnetsOf(tx: Tx, interfaceId: number, vlanId: number): Promise<number[]> {
  const { rows } = await sql<{ id: number }>`
    update subnet set vlan_id = ${vlanId}
    where vlan_id <> ${vlanId} and id in (select subnet_id from ip_address where interface_id = ${interfaceId})
    returning id`.execute(tx);
  return rows.map((row) => row.id);
}

/** The VLAN of a tag in a fabric, made when it is missing. */
export async function vlanOfTag(tx: Tx, fabricId: number, vid: number): Promise<number> {
  const { rows } = await sql<{ id: number }>`
    insert into vlan (fabric_id, vid) values (${fabricId}, ${vid})
    on conflict (fabric_id, vid) do update set vid = excluded.vid returning id`.execute(tx);
  const [row] = rows;
  if (!row) throw new Error(`VLAN ${vid} of fabric ${fabricId} was neither made nor found`);
  return row.id;
}

/**
 * A fabric that was made for what came by itself, and that nothing is in any more: not the default one, and none that somebody named,
 * described or set up. @returns whether it went
 */
export async function dropEmptyFabric(tx: Tx, fabricId: number): Promise<boolean> {
  const { rows } = await sql`
    delete from fabric f where f.id = ${fabricId} and f.id <> 0
      and f.name is null and f.description = '' and coalesce(f.class_type, '') = ''
      and not exists (
        select from vlan v where v.fabric_id = f.id and (v.vid <> 0 or v.description <> '' or v.space_id is not null or v.dhcp_on)
      )
      and not exists (select from subnet s join vlan v on v.id = s.vlan_id where v.fabric_id = f.id)
      and not exists (select from interface i join vlan v on v.id = i.vlan_id where v.fabric_id = f.id)
    returning f.id`.execute(tx);
  return rows.length > 0;
}

/**
 * Bridges that a machine's user put over its interfaces, with what is made of them, go; their links return to what they were put over.
 * @returns whether there were any
 */
export async function removeAcquiredBridges(tx: Tx, nodeId: number): Promise<boolean> {
  const { rows } = await sql<{ id: number }>`
    with bridge as (
      select i.id, p.parent_id from interface i join interface_parent p on p.child_id = i.id
      where i.node_id = ${nodeId} and i.acquired
    ), returned as (
      update ip_address a set interface_id = b.parent_id from bridge b
      where a.interface_id = b.id and a.alloc_type <> ${allocType.discovered}
    )
    select id from bridge`.execute(tx);
  if (rows.length === 0) return false;
  // In a statement of its own: the links have left by then.
  await tx
    .deleteFrom("interface")
    .where("id", "=", sql<number>`any(${rows.map((row) => row.id)}::bigint[])`)
    .execute();
  return true;
}
