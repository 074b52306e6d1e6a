/** Links of interfaces and their addresses: read, claim, give back. */
import { allocType } from "@rackwright/domain/addressing/alloc-type";
import type { Occupancy } from "@rackwright/domain/addressing/allocate";
import { type Kysely, sql } from "kysely";
import type { Tx } from "./connect.ts";
import type { Schema } from "./schema.ts";

export interface SubnetOccupancy extends Occupancy {
  id: number;
  name: string;
}

/**
 * Lock subnets against others who choose addresses or ranges in them, in the order of their ids. It does not stand in the way of rows that
 * merely refer to a subnet (`for update` would, and two transactions that have inserted such a row would deadlock).
 */
export async function lockSubnets(tx: Tx, ids: readonly number[]): Promise<void> {
  await tx
    .selectFrom("subnet")
    .select("id")
    .where("id", "=", sql<number>`any(${ids}::bigint[])`)
    .orderBy("id")
    .forNoKeyUpdate()
    .execute();
}

/** A subnet with all that is taken in it. Lock it first: what is read then stays true until the end of the transaction. */
export async function subnetOccupancy(db: Kysely<Schema>, id: number): Promise<SubnetOccupancy> {
  const subnet = await db.selectFrom("subnet").selectAll().where("id", "=", id).executeTakeFirstOrThrow();
  const ranges = await db
    .selectFrom("ip_range")
    .select(["type", "start_ip as start", "end_ip as end"])
    .where("subnet_id", "=", id)
    .execute();
  // By address, not by subnet_id: a claim without a subnet is one too. What a controller uses is never free, even if merely observed.
  const addresses = await db
    .selectFrom("ip_address as a")
    .leftJoin("interface as i", "i.id", "a.interface_id")
    .leftJoin("node as n", "n.id", "i.node_id")
    .select("a.ip")
    .select(
      sql<boolean>`a.alloc_type = ${allocType.discovered} and coalesce(n.node_type, 0) not in (2, 3, 4)`.as("observed"),
    )
    .where("a.ip", "is not", null)
    .where(sql<boolean>`a.ip <<= ${subnet.cidr}::inet`)
    .orderBy("a.created_at")
    .execute();
  const kept = await db.selectFrom("reserved_ip").select(["ip", "mac"]).where("subnet_id", "=", id).execute();
  const routes = await db.selectFrom("static_route").select("gateway_ip").where("source_id", "=", id).execute();
  const taken = (observed: boolean) => addresses.filter((a) => a.observed === observed).map((a) => a.ip ?? "");
  return {
    id,
    name: subnet.name,
    cidr: subnet.cidr,
    managed: subnet.managed,
    gateway: subnet.gateway_ip,
    dnsServers: subnet.dns_servers,
    ranges,
    kept,
    routeGateways: routes.map((route) => route.gateway_ip),
    allocated: taken(false),
    observed: taken(true),
  };
}

/** AUTO links of a node that have no address yet. */
export async function openAutoLinks(
  tx: Tx,
  nodeId: number,
): Promise<{ id: number; subnetId: number; mac: string | null }[]> {
  const rows = await tx
    .selectFrom("ip_address as a")
    .innerJoin("interface as i", "i.id", "a.interface_id")
    .select(["a.id", "a.subnet_id as subnetId", "i.mac"])
    .where("i.node_id", "=", nodeId)
    .where("i.enabled", "=", true)
    .where("a.alloc_type", "=", allocType.auto)
    .where("a.ip", "is", null)
    .where("a.subnet_id", "is not", null)
    .orderBy("a.subnet_id")
    .orderBy("a.id")
    .execute();
  return rows.flatMap(({ id, subnetId, mac }) => (subnetId === null ? [] : [{ id, subnetId, mac }]));
}

export async function setLinkAddress(tx: Tx, linkId: number, ip: string): Promise<void> {
  await tx.updateTable("ip_address").set({ ip }).where("id", "=", linkId).execute();
}

const interfacesOf = (tx: Tx, nodeId: number) => tx.selectFrom("interface").select("id").where("node_id", "=", nodeId);

/** AUTO links lose their address and stay. @returns whether there were any */
export async function releaseAutoAddresses(tx: Tx, nodeId: number): Promise<boolean> {
  const released = await tx
    .updateTable("ip_address")
    .set({ ip: null })
    .where("interface_id", "in", interfacesOf(tx, nodeId))
    .where("alloc_type", "=", allocType.auto)
    .where("ip", "is not", null)
    .executeTakeFirst();
  return released.numUpdatedRows > 0n;
}

/** The same; and what was observed goes. @returns whether anything changed */
export async function releaseNodeAddresses(tx: Tx, nodeId: number): Promise<boolean> {
  const released = await releaseAutoAddresses(tx, nodeId);
  const forgotten = await tx
    .deleteFrom("ip_address")
    .where("interface_id", "in", interfacesOf(tx, nodeId))
    .where("alloc_type", "=", allocType.discovered)
    .executeTakeFirst();
  return released || forgotten.numDeletedRows > 0n;
}

/** All links of a node; what was observed stays, it is no link. @returns whether there were any */
export async function deleteNodeLinks(tx: Tx, nodeId: number): Promise<boolean> {
  const deleted = await tx
    .deleteFrom("ip_address")
    .where("interface_id", "in", interfacesOf(tx, nodeId))
    .where("alloc_type", "<>", allocType.discovered)
    .executeTakeFirst();
  return deleted.numDeletedRows > 0n;
}

/** Bonds, bridges and VLAN interfaces go; physical interfaces stay. */
export async function deleteVirtualInterfaces(tx: Tx, nodeId: number): Promise<void> {
  await tx
    .deleteFrom("interface")
    .where("node_id", "=", nodeId)
    .where("type", "in", ["bond", "bridge", "vlan"])
    .execute();
}

export interface SeenInterface {
  id: number;
  vlanId: number | null;
  /** It is the one that the machine boots from. */
  boots: boolean;
  /** Subnets it was observed on, the first one first. */
  seenOn: { subnetId: number; vlanId: number }[];
  /** The first subnet of its VLAN. */
  firstSubnetId: number | null;
}

/** Enabled interfaces of a node with what was seen of them; without a known boot interface the first physical one counts as it. */
export async function seenInterfaces(tx: Tx, nodeId: number): Promise<SeenInterface[]> {
  const { rows } = await sql<SeenInterface>`
    select i.id, i.vlan_id as "vlanId",
      i.id = coalesce(
        (select b.id from interface b where b.id = n.boot_interface_id and b.node_id = n.id),
        (select min(p.id) from interface p where p.node_id = n.id and p.type = 'physical')) as boots,
      coalesce((
        select json_agg(json_build_object('subnetId', s.id, 'vlanId', s.vlan_id) order by s.id) from subnet s
        where s.id in (select a.subnet_id from ip_address a where a.interface_id = i.id and a.alloc_type = ${allocType.discovered})), '[]') as "seenOn",
      (select min(s.id) from subnet s where s.vlan_id = i.vlan_id) as "firstSubnetId"
    from interface i join node n on n.id = i.node_id
    where i.node_id = ${nodeId} and i.enabled
    order by i.id`.execute(tx);
  return rows;
}

export async function setInterfaceVlan(tx: Tx, interfaceId: number, vlanId: number): Promise<void> {
  await tx.updateTable("interface").set({ vlan_id: vlanId }).where("id", "=", interfaceId).execute();
}

export interface NewLink {
  interfaceId: number;
  type: number;
  subnetId: number | null;
  ip: string | null;
}

export async function insertLinks(tx: Tx, links: readonly NewLink[]): Promise<void> {
  if (links.length === 0) return;
  await tx
    .insertInto("ip_address")
    .values(links.map((l) => ({ interface_id: l.interfaceId, alloc_type: l.type, subnet_id: l.subnetId, ip: l.ip })))
    .execute();
}
