/** A node's interfaces and observed addresses in tables: written from a report, and the networks that it lets us discover. */
import type { ReportedInterface } from "@rackwright/domain/hardware/report";
import { type Kysely, sql } from "kysely";
import type { Tx } from "./connect.ts";
import type { Schema } from "./schema.ts";
import { adoptUnknown } from "./unknown-interfaces.ts";

export interface KnownInterface {
  id: number;
  name: string;
  type: string;
  mac: string | null;
  vlanId: number | null;
  tags: string[];
  /** Has links that somebody configured. */
  isLinked: boolean;
}

export function knownInterfaces(db: Kysely<Schema>, nodeId: number): Promise<KnownInterface[]> {
  return db
    .selectFrom("interface as i")
    .select([
      "i.id",
      "i.name",
      "i.type",
      "i.mac",
      "i.vlan_id as vlanId",
      "i.tags",
      sql<boolean>`exists (select from ip_address a where a.interface_id = i.id and a.alloc_type <> 6)`.as("isLinked"),
    ])
    .where("i.node_id", "=", nodeId)
    .orderBy("i.id")
    .execute();
}

/** Physical interfaces of other nodes that have one of these addresses. */
export function interfacesElsewhere(
  db: Kysely<Schema>,
  nodeId: number,
  macs: readonly string[],
): Promise<{ id: number; mac: string | null; systemId: string; hostname: string; nodeType: number }[]> {
  return db
    .selectFrom("interface as i")
    .innerJoin("node as n", "n.id", "i.node_id")
    .select(["i.id", "i.mac", "n.system_id as systemId", "n.hostname", "n.node_type as nodeType"])
    .where("i.node_id", "<>", nodeId)
    .where("i.type", "=", "physical")
    .where("i.mac", "=", sql<string>`any(${macs}::macaddr[])`)
    .orderBy("i.id")
    .execute();
}

/** Delete interfaces with their addresses, and whatever was made of them and is left with no parent. */
export async function deleteInterfaces(tx: Tx, ids: readonly number[]): Promise<void> {
  // At most as often as interfaces are stacked: VLAN on bridge on bond on card.
  for (let doomed = ids; doomed.length > 0; ) {
    const { rows } = await sql<{ id: number }>`
      select distinct child_id as id from interface_parent where parent_id = any(${doomed}::bigint[])`.execute(tx);
    await sql`delete from interface where id = any(${doomed}::bigint[])`.execute(tx);
    const orphans = await sql<{ id: number }>`
      select i.id from interface i where i.id = any(${rows.map((row) => row.id)}::bigint[])
      and not exists (select from interface_parent p where p.child_id = i.id)`.execute(tx);
    doomed = orphans.rows.map((row) => row.id);
  }
}

export type InterfaceWrite = Omit<ReportedInterface, "addresses" | "vid"> & {
  id: number | null;
  vlanId: number | null;
};

const record = sql.raw(
  `r(id bigint, name text, type text, mac macaddr, "vlanId" bigint, params jsonb, "linkConnected" boolean, "interfaceSpeed" int,
    "linkSpeed" int, "sriovMaxVf" int, tags text[], vendor text, product text, "firmwareVersion" text, "numaNode" int)`,
);

/**
 * Interfaces with an id are updated, those without inserted; parents are set by name. Others of the node stay as they are.
 * @returns ids by name
 */
export async function writeInterfaces(
  tx: Tx,
  nodeId: number,
  interfaces: readonly InterfaceWrite[],
): Promise<Map<string, number>> {
  const json = JSON.stringify(interfaces);
  // Two interfaces may have changed names with each other: all give theirs up first.
  await sql`
    update interface i set name = '~' || i.id from jsonb_to_recordset(${json}::jsonb) as ${record}
    where i.id = r.id and i.node_id = ${nodeId}`.execute(tx);
  // Parameters of cards are the user's; those of bonds and bridges are what was found.
  await sql`
    update interface i set name = r.name, mac = r.mac, vlan_id = r."vlanId", link_connected = r."linkConnected",
      params = case when i.type = 'physical' then i.params else i.params || r.params end,
      interface_speed = r."interfaceSpeed", link_speed = r."linkSpeed", sriov_max_vf = r."sriovMaxVf", tags = r.tags,
      vendor = r.vendor, product = r.product, firmware_version = r."firmwareVersion", numa_node = r."numaNode"
    from jsonb_to_recordset(${json}::jsonb) as ${record} where i.id = r.id`.execute(tx);
  await sql`
    insert into interface (node_id, name, type, mac, vlan_id, params, link_connected, interface_speed, link_speed, sriov_max_vf, tags,
      vendor, product, firmware_version, numa_node)
    select ${nodeId}, r.name, r.type, r.mac, r."vlanId", r.params, r."linkConnected", r."interfaceSpeed", r."linkSpeed", r."sriovMaxVf",
      r.tags, r.vendor, r.product, r."firmwareVersion", r."numaNode"
    from jsonb_to_recordset(${json}::jsonb) as ${record} where r.id is null`.execute(tx);
  await adoptUnknown(tx, nodeId);
  const { rows } = await sql<{
    id: number;
    name: string;
  }>`select id, name from interface where node_id = ${nodeId}`.execute(tx);
  const ids = new Map(rows.map((row) => [row.name, row.id]));
  const written = interfaces.flatMap((each) => ids.get(each.name) ?? []);
  await sql`delete from interface_parent where child_id = any(${written}::bigint[])`.execute(tx);
  const edges = interfaces.flatMap((each) =>
    each.parents.map((parent) => ({ child: ids.get(each.name), parent: ids.get(parent) })),
  );
  await sql`
    insert into interface_parent (child_id, parent_id)
    select child, parent from jsonb_to_recordset(${JSON.stringify(edges)}::jsonb) as e(child bigint, parent bigint)`.execute(
    tx,
  );
  return ids;
}

export interface SeenAddress {
  interfaceId: number;
  ip: string;
  subnetId: number | null;
}

const addressRecord = sql.raw(`a("interfaceId" bigint, ip inet, "subnetId" bigint)`);

/** What the node's interfaces were seen with, in place of what was seen before. */
export async function replaceDiscovered(tx: Tx, nodeId: number, seen: readonly SeenAddress[]): Promise<void> {
  await sql`
    delete from ip_address where alloc_type = 6
    and interface_id in (select id from interface where node_id = ${nodeId})`.execute(tx);
  await sql`
    insert into ip_address (alloc_type, interface_id, ip, subnet_id)
    select 6, a."interfaceId", a.ip, a."subnetId" from jsonb_to_recordset(${JSON.stringify(seen)}::jsonb) as ${addressRecord}`.execute(
    tx,
  );
}

/**
 * What a machine that is in use has beyond what is known of it. A machine that came with its system has these addresses for its own. One that
 * was deployed from here has its links, as they were configured; what else it has is merely observed, as is what a DHCP server lends.
 */
export async function keepSeen(tx: Tx, nodeId: number, seen: readonly SeenAddress[]): Promise<void> {
  await sql`
    delete from ip_address where alloc_type = 6
    and interface_id in (select id from interface where node_id = ${nodeId})`.execute(tx);
  await sql`
    insert into ip_address (alloc_type, interface_id, ip, subnet_id)
    select case when n.osystem <> '' or exists (
        select from ip_range r where r.type = 'dynamic' and a.ip between r.start_ip and r.end_ip) then 6 else 1 end,
      a."interfaceId", a.ip, a."subnetId"
    from jsonb_to_recordset(${JSON.stringify(seen)}::jsonb) as ${addressRecord}, node n
    where n.id = ${nodeId} and not exists (
      select from ip_address k where k.interface_id = a."interfaceId" and k.ip = a.ip and k.alloc_type <> 6)
    on conflict do nothing`.execute(tx);
}

export interface KnownNetworks {
  vlans: { id: number; fabricId: number; vid: number }[];
  subnets: { id: number; cidr: string; vlanId: number }[];
  /** Where the first network that nobody described goes. */
  defaultVlanId: number;
  /** Some interface is in it. */
  isDefaultUsed: boolean;
}

export async function knownNetworks(db: Kysely<Schema>): Promise<KnownNetworks> {
  const vlans = await db.selectFrom("vlan").select(["id", "fabric_id as fabricId", "vid"]).orderBy("id").execute();
  const subnets = await db.selectFrom("subnet").select(["id", "cidr", "vlan_id as vlanId"]).orderBy("id").execute();
  const first = vlans.find((vlan) => vlan.fabricId === 0);
  if (!first) throw new Error("fabric 0 has no VLAN: the migrations make one");
  const used = await db
    .selectFrom("interface")
    .select("id")
    .where("vlan_id", "=", first.id)
    .limit(1)
    .executeTakeFirst();
  return { vlans, subnets, defaultVlanId: first.id, isDefaultUsed: used !== undefined };
}

/** A fabric of its own with an untagged VLAN. */
export async function insertFabric(tx: Tx): Promise<{ fabricId: number; vlanId: number }> {
  const fabric = await tx.insertInto("fabric").defaultValues().returning("id").executeTakeFirstOrThrow();
  const vlan = await tx
    .insertInto("vlan")
    .values({ fabric_id: fabric.id, vid: 0, name: "untagged" })
    .returning("id")
    .executeTakeFirstOrThrow();
  return { fabricId: fabric.id, vlanId: vlan.id };
}

export async function insertVlan(tx: Tx, fabricId: number, vid: number): Promise<number> {
  const vlan = await tx
    .insertInto("vlan")
    .values({ fabric_id: fabricId, vid })
    .returning("id")
    .executeTakeFirstOrThrow();
  return vlan.id;
}

/** @returns its id, also when somebody else made it meanwhile */
export async function insertSubnet(tx: Tx, cidr: string, vlanId: number): Promise<{ id: number; vlanId: number }> {
  const { rows } = await sql<{ id: number; vlanId: number }>`
    insert into subnet (name, cidr, vlan_id) values (${cidr}, ${cidr}, ${vlanId})
    on conflict (cidr) do update set cidr = excluded.cidr returning id, vlan_id as "vlanId"`.execute(tx);
  const [row] = rows;
  if (!row) throw new Error(`subnet ${cidr} was neither made nor found`);
  return row;
}

/** @returns whether the interface with this address is the node's, and is now the one it boots from */
export async function setBootInterface(tx: Tx, nodeId: number, mac: string): Promise<boolean> {
  const { rows } = await sql<{ id: number }>`
    update node set boot_interface_id = i.id from interface i
    where node.id = ${nodeId} and i.node_id = node.id and i.type = 'physical' and i.mac = ${mac}::macaddr
    returning node.id`.execute(tx);
  return rows.length > 0;
}
