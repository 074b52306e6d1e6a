/** Subnets as the networks of API 1.0: by a name of their own, with the MAC addresses that are on them. */
import { type Kysely, sql } from "kysely";
import type { Tx } from "./connect.ts";
import type { Schema } from "./schema.ts";

type Db = Kysely<Schema>;

export interface NamedNetwork {
  subnetId: number;
  vlanId: number;
  name: string;
  description: string;
  cidr: string;
  vid: number;
  gateway: string | null;
  dnsServers: string[];
  madeVlan: boolean;
}

export async function listNetworks(db: Db, subnetIds?: readonly number[]): Promise<NamedNetwork[]> {
  const { rows } = await sql<NamedNetwork>`
    select s.id as "subnetId", v.id as "vlanId", coalesce(nn.name, 'subnet-' || s.id) as name, coalesce(nn.description, s.description) as description,
      s.cidr::text as cidr, v.vid, host(s.gateway_ip) as gateway, s.dns_servers as "dnsServers", coalesce(nn.made_vlan, false) as "madeVlan"
    from subnet s join vlan v on v.id = s.vlan_id left join network_name nn on nn.subnet_id = s.id
    where ${subnetIds ?? null}::bigint[] is null or s.id = any(${subnetIds ?? null}::bigint[])
    order by coalesce(nn.name, 'subnet-' || s.id) collate "C"`.execute(db);
  return rows;
}

export async function networkNamed(db: Db, name: string): Promise<NamedNetwork | undefined> {
  const { rows } = await sql<{ id: number }>`
    select s.id from subnet s left join network_name nn on nn.subnet_id = s.id
    where coalesce(nn.name, 'subnet-' || s.id) = ${name}`.execute(db);
  return rows[0] && (await listNetworks(db, [rows[0].id]))[0];
}

/** Another one that shares an address with this one. */
export async function overlappingNetwork(db: Db, cidr: string, exceptId: number | null): Promise<string | undefined> {
  const { rows } = await sql<{ cidr: string }>`
    select cidr::text as cidr from subnet where cidr && ${cidr}::cidr and (${exceptId}::bigint is null or id <> ${exceptId}::bigint)
    limit 1`.execute(db);
  return rows[0]?.cidr;
}

/** @returns false when the name is taken */
export async function nameNetwork(
  tx: Tx,
  subnetId: number,
  row: { name: string; description: string; made_vlan: boolean },
): Promise<void> {
  await tx
    .insertInto("network_name")
    .values({ subnet_id: subnetId, ...row })
    .onConflict((c) => c.column("subnet_id").doUpdateSet(row))
    .execute();
}

export interface ConnectedMac {
  systemId: string;
  mac: string;
}

/** By a link, or because API 1.0 put them there. @param visibleTo whose nodes, and nobody's; null: all */
export async function connectedMacs(db: Db, subnetId: number, visibleTo: number | null): Promise<ConnectedMac[]> {
  const { rows } = await sql<ConnectedMac>`
    select n.system_id as "systemId", i.mac::text as mac from interface i join node n on n.id = i.node_id
    where n.node_type = 0 and i.mac is not null and (
        exists (select from ip_address a where a.interface_id = i.id and a.subnet_id = ${subnetId} and a.alloc_type <> 6)
        or exists (select from interface_network p where p.interface_id = i.id and p.subnet_id = ${subnetId}))
      and (${visibleTo}::bigint is null or n.owner_id is null or n.owner_id = ${visibleTo}::bigint)
    group by n.system_id, n.hostname, i.mac
    order by n.hostname, i.mac`.execute(db);
  return rows;
}

/** Networks of each node, by system id. */
export async function networksOfNodes(db: Db, systemIds: readonly string[]): Promise<Map<string, Set<number>>> {
  const { rows } = await sql<{ systemId: string; subnetId: number }>`
    select n.system_id as "systemId", x.subnet_id as "subnetId" from node n join interface i on i.node_id = n.id
    join lateral (
      select a.subnet_id from ip_address a where a.interface_id = i.id and a.alloc_type <> 6
      union select p.subnet_id from interface_network p where p.interface_id = i.id) x on x.subnet_id is not null
    where n.system_id = any(${systemIds}::text[])`.execute(db);
  const found = new Map<string, Set<number>>();
  for (const { systemId, subnetId } of rows)
    found.set(systemId, (found.get(systemId) ?? new Set<number>()).add(subnetId));
  return found;
}

export interface KnownMac {
  mac: string;
  systemId: string;
  interfaceId: number;
  vlanId: number | null;
  /** Its links on the subnet. */
  links: number[];
}

/** Machines' physical interfaces with these MAC addresses. */
export async function knownMacs(db: Db, macs: readonly string[], subnetId: number): Promise<KnownMac[]> {
  const { rows } = await sql<KnownMac>`
    select i.mac::text as mac, n.system_id as "systemId", i.id as "interfaceId", i.vlan_id as "vlanId",
      array(select a.id from ip_address a where a.interface_id = i.id and a.subnet_id = ${subnetId} and a.alloc_type <> 6) as links
    from interface i join node n on n.id = i.node_id
    where i.type = 'physical' and n.node_type = 0 and i.mac = any(${macs}::macaddr[])
    order by i.id`.execute(db);
  return rows;
}

export async function connectInterface(tx: Tx, interfaceId: number, subnetId: number): Promise<void> {
  await tx
    .insertInto("interface_network")
    .values({ interface_id: interfaceId, subnet_id: subnetId })
    .onConflict((c) => c.doNothing())
    .execute();
}

export async function disconnectInterface(tx: Tx, interfaceId: number, subnetId: number): Promise<void> {
  await tx
    .deleteFrom("interface_network")
    .where("interface_id", "=", interfaceId)
    .where("subnet_id", "=", subnetId)
    .execute();
}

/** Whether nothing is on a VLAN any more. */
export async function isVlanEmpty(db: Db, vlanId: number): Promise<boolean> {
  const { rows } = await sql<{ empty: boolean }>`
    select not exists (select from subnet where vlan_id = ${vlanId}) and not exists (select from interface where vlan_id = ${vlanId}) as empty`.execute(
    db,
  );
  return rows[0]?.empty ?? false;
}
