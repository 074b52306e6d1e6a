/** Who has which address of a subnet. */
import { type Kysely, sql } from "kysely";
import type { Schema } from "./schema.ts";

export interface SubnetAddress {
  ip: string;
  allocType: number;
  createdAt: Date;
  updatedAt: Date;
  username: string | null;
  interfaceName: string | null;
  node: { systemId: string; nodeType: number; hostname: string; domain: string; isContainer: boolean } | null;
  dnsRecords: { id: number; name: string; domain: string }[];
}

export async function subnetAddresses(db: Kysely<Schema>, subnetId: number): Promise<SubnetAddress[]> {
  const { rows } = await sql<SubnetAddress>`
    select host(a.ip) as ip, a.alloc_type as "allocType", a.created_at as "createdAt", a.updated_at as "updatedAt",
      coalesce(u.username, o.username) as username, i.name as "interfaceName",
      case when n.id is null then null else json_build_object('systemId', n.system_id, 'nodeType', n.node_type, 'hostname', n.hostname,
        'domain', d.name, 'isContainer', n.node_type = 1 and n.parent_id is not null) end as node,
      coalesce((
        select json_agg(json_build_object('id', r.id, 'name', r.name, 'domain', rd.name) order by r.id)
        from dns_resource_address ra join dns_resource r on r.id = ra.resource_id join domain rd on rd.id = r.domain_id
        where ra.address_id = a.id), '[]') as "dnsRecords"
    from ip_address a
    left join app_user u on u.id = a.user_id
    left join interface i on i.id = a.interface_id
    left join node n on n.id = i.node_id
    left join domain d on d.id = n.domain_id
    left join app_user o on o.id = n.owner_id
    where a.subnet_id = ${subnetId} and a.ip is not null
    order by a.ip, a.alloc_type, a.id`.execute(db);
  return rows;
}

/** MAC addresses of interfaces with a link on the subnet. @param visibleTo whose nodes, and nobody's; null: all */
export async function linkedMacs(db: Kysely<Schema>, subnetId: number, visibleTo: number | null): Promise<string[]> {
  const { rows } = await sql<{ mac: string }>`
    select distinct i.mac::text as mac from ip_address a join interface i on i.id = a.interface_id join node n on n.id = i.node_id
    where a.subnet_id = ${subnetId} and a.alloc_type <> 6 and i.mac is not null
      and (${visibleTo}::bigint is null or n.owner_id is null or n.owner_id = ${visibleTo}::bigint)
    order by mac`.execute(db);
  return rows.map((row) => row.mac);
}

/** Subnets that some interface of these nodes has a link on. */
export async function subnetsOfNodes(db: Kysely<Schema>, systemIds: readonly string[]): Promise<number[]> {
  const { rows } = await sql<{ id: number }>`
    select distinct a.subnet_id as id from ip_address a join interface i on i.id = a.interface_id join node n on n.id = i.node_id
    where n.system_id = any(${systemIds}::text[]) and a.subnet_id is not null`.execute(db);
  return rows.map((row) => row.id);
}

export async function knownSystemIds(db: Kysely<Schema>, systemIds: readonly string[]): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select system_id as id from node where system_id = any(${systemIds}::text[])`.execute(db);
  return rows.map((row) => row.id);
}
