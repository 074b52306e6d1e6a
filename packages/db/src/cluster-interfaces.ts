/** Interfaces of clusters (API 1.0): what is served on the networks of a rack, as it was said there. */
import { type Kysely, type Selectable, sql, type Updateable } from "kysely";
import type { Tx } from "./connect.ts";
import type { ClusterInterfaceTable, Schema } from "./schema.ts";

type Db = Kysely<Schema>;
export type ClusterInterfaceRow = Selectable<ClusterInterfaceTable>;

/**
 * What was said of interfaces, with subnet, range and DHCP as they are now, whoever changed them; and the rack's other network cards that are
 * on a subnet, with what is served there. Addresses without their length.
 */
const interfacesOf = (rackId: number) => sql<ClusterInterfaceRow>`
  select c.rack_id, c.name, host(c.ip) as ip,
    case when v.id is not null and not (v.dhcp_on and v.primary_rack_id = c.rack_id) then 0 else c.management end as management,
    host(coalesce(netmask(s.cidr), c.subnet_mask)) as subnet_mask, host(c.broadcast_ip) as broadcast_ip,
    host(coalesce(s.gateway_ip, c.router_ip)) as router_ip,
    host(coalesce(r.start_ip, c.ip_range_low)) as ip_range_low, host(coalesce(r.end_ip, c.ip_range_high)) as ip_range_high,
    c.subnet_id, c.range_id
  from cluster_interface c
  left join subnet s on s.id = c.subnet_id left join vlan v on v.id = s.vlan_id left join ip_range r on r.id = c.range_id
  where c.rack_id = ${rackId}
  union all
  (select distinct on (i.name) i.node_id, i.name, host(a.ip),
    case when not (v.dhcp_on and v.primary_rack_id is not distinct from i.node_id) then 0
      when (select d.authoritative from domain d where d.is_default) then 2 else 1 end,
    host(netmask(s.cidr)), case when family(s.cidr) = 4 then host(broadcast(s.cidr)) end, host(s.gateway_ip),
    host(r.start_ip), host(r.end_ip), s.id, r.id
  from interface i join ip_address a on a.interface_id = i.id and a.ip is not null
  join subnet s on s.id = a.subnet_id join vlan v on v.id = s.vlan_id
  left join lateral (
    select * from ip_range where subnet_id = s.id and type = 'dynamic' order by start_ip limit 1) r on true
  where i.node_id = ${rackId} and not exists (select from cluster_interface c where c.rack_id = i.node_id and c.name = i.name)
  order by i.name, a.id)`;

export async function clusterInterfaceRows(db: Db, rackId: number): Promise<ClusterInterfaceRow[]> {
  const { rows } =
    await sql<ClusterInterfaceRow>`select * from (${interfacesOf(rackId)}) as all_of_them order by name`.execute(db);
  return rows;
}

export async function clusterInterfaceRow(
  db: Db,
  rackId: number,
  name: string,
): Promise<ClusterInterfaceRow | undefined> {
  return (await clusterInterfaceRows(db, rackId)).find((row) => row.name === name);
}

/** Whether it was said, and is not just a network card of the rack. */
export async function isSaid(db: Db, rackId: number, name: string): Promise<boolean> {
  const row = await db
    .selectFrom("cluster_interface")
    .select("name")
    .where("rack_id", "=", rackId)
    .where("name", "=", name)
    .executeTakeFirst();
  return row !== undefined;
}

export async function insertClusterInterface(tx: Tx, row: ClusterInterfaceRow): Promise<boolean> {
  const made = await tx
    .insertInto("cluster_interface")
    .values(row)
    .onConflict((c) => c.columns(["rack_id", "name"]).doNothing())
    .executeTakeFirst();
  return (made.numInsertedOrUpdatedRows ?? 0n) > 0n;
}

export async function updateClusterInterface(
  tx: Tx,
  rackId: number,
  name: string,
  set: Updateable<ClusterInterfaceTable>,
): Promise<void> {
  await tx.updateTable("cluster_interface").set(set).where("rack_id", "=", rackId).where("name", "=", name).execute();
}

export async function deleteClusterInterface(tx: Tx, rackId: number, name: string): Promise<void> {
  await tx.deleteFrom("cluster_interface").where("rack_id", "=", rackId).where("name", "=", name).execute();
}

/** Id of a subnet's dynamic range with just these bounds. */
export async function dynamicRange(db: Db, subnetId: number, low: string, high: string): Promise<number | undefined> {
  const row = await db
    .selectFrom("ip_range")
    .select("id")
    .where("subnet_id", "=", subnetId)
    .where("type", "=", "dynamic")
    .where("start_ip", "=", low)
    .where("end_ip", "=", high)
    .executeTakeFirst();
  return row?.id;
}

/** Whether a VLAN's DHCP is needed by another interface of a cluster. */
export async function isVlanServed(db: Db, vlanId: number, except: { rackId: number; name: string }): Promise<boolean> {
  const { rows } = await sql<{ served: boolean }>`
    select exists (
      select from cluster_interface c join subnet s on s.id = c.subnet_id
      where s.vlan_id = ${vlanId} and c.management > 0 and (c.rack_id <> ${except.rackId} or c.name <> ${except.name})) as served`.execute(
    db,
  );
  return rows[0]?.served ?? false;
}

/** @returns whether it was another before */
export async function setExternalDhcp(tx: Tx, vlanId: number, ip: string | null): Promise<boolean> {
  const { rows } = await sql`
    update vlan set external_dhcp = ${ip}::inet where id = ${vlanId} and external_dhcp is distinct from ${ip}::inet
    returning id`.execute(tx);
  return rows.length > 0;
}
