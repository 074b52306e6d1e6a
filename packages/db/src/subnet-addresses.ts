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
