/** What installing a node needs to know of it, beyond its disks. */
import { type Kysely, type Selectable, sql } from "kysely";
import type { InterfaceTable, Schema } from "./schema.ts";

export interface NodeFacts {
  systemId: string;
  hostname: string;
  domain: string;
  status: number;
  architecture: string | null;
  biosBootMethod: string | null;
  osystem: string;
  distroSeries: string;
  hweKernel: string | null;
  syncIntervalS: number | null;
  bootInterfaceId: number | null;
  /** Links that a user chose as default gateways. */
  gatewayLinkIdV4: number | null;
  gatewayLinkIdV6: number | null;
}

export async function nodeFacts(db: Kysely<Schema>, nodeId: number): Promise<NodeFacts | undefined> {
  return db
    .selectFrom("node as n")
    .innerJoin("domain as d", "d.id", "n.domain_id")
    .select([
      "n.system_id as systemId",
      "n.hostname",
      "d.name as domain",
      "n.status",
      "n.architecture",
      "n.bios_boot_method as biosBootMethod",
      "n.osystem",
      "n.distro_series as distroSeries",
      "n.hwe_kernel as hweKernel",
      "n.sync_interval_s as syncIntervalS",
      "n.boot_interface_id as bootInterfaceId",
      "n.gateway_link_v4_id as gatewayLinkIdV4",
      "n.gateway_link_v6_id as gatewayLinkIdV6",
    ])
    .where("n.id", "=", nodeId)
    .executeTakeFirst();
}

export type InterfaceFacts = Selectable<InterfaceTable> & {
  parentIds: number[];
  vid: number | null;
  vlanMtu: number | null;
};

export async function interfaceFacts(db: Kysely<Schema>, nodeId: number): Promise<InterfaceFacts[]> {
  return db
    .selectFrom("interface as i")
    .leftJoin("vlan as v", "v.id", "i.vlan_id")
    .selectAll("i")
    .select([
      sql<number[]>`array(select parent_id from interface_parent p where p.child_id = i.id order by parent_id)`.as(
        "parentIds",
      ),
      "v.vid",
      "v.mtu as vlanMtu",
    ])
    .where("i.node_id", "=", nodeId)
    .orderBy("i.id")
    .execute();
}

export interface LinkFacts {
  id: number;
  interfaceId: number | null;
  allocType: number;
  ip: string | null;
  subnetId: number | null;
  cidr: string | null;
  gatewayIp: string | null;
  dnsServers: string[] | null;
  allowDns: boolean | null;
  vlanDhcpOn: boolean | null;
  /** Routes that begin in the subnet. */
  staticRoutes: { destinationCidr: string; gatewayIp: string; metric: number }[];
}

/** Configured links with their subnets; addresses that were only observed are left out. */
export async function linkFacts(db: Kysely<Schema>, nodeId: number): Promise<LinkFacts[]> {
  return db
    .selectFrom("ip_address as a")
    .innerJoin("interface as i", "i.id", "a.interface_id")
    .leftJoin("subnet as s", "s.id", "a.subnet_id")
    .leftJoin("vlan as v", "v.id", "s.vlan_id")
    .select([
      "a.id",
      "a.interface_id as interfaceId",
      "a.alloc_type as allocType",
      "a.ip",
      "s.id as subnetId",
      "s.cidr",
      "s.gateway_ip as gatewayIp",
      "s.dns_servers as dnsServers",
      "s.allow_dns as allowDns",
      "v.dhcp_on as vlanDhcpOn",
      sql<LinkFacts["staticRoutes"]>`coalesce((
        select json_agg(json_build_object('destinationCidr', d.cidr, 'gatewayIp', host(r.gateway_ip), 'metric', r.metric) order by r.id)
        from static_route r join subnet d on d.id = r.destination_id where r.source_id = s.id), '[]')`.as(
        "staticRoutes",
      ),
    ])
    .where("i.node_id", "=", nodeId)
    .where("a.alloc_type", "<>", 6)
    .orderBy("a.id")
    .execute();
}

/** Names of the domains that we answer for, sorted. */
export async function authoritativeDomains(db: Kysely<Schema>): Promise<string[]> {
  const rows = await db.selectFrom("domain").select("name").where("authoritative", "=", true).orderBy("name").execute();
  return rows.map((row) => row.name);
}

/** Kernel options of the node's tags, in the order of the tags' names. */
export async function tagKernelOptions(db: Kysely<Schema>, nodeId: number): Promise<string[]> {
  const rows = await db
    .selectFrom("node_tag as nt")
    .innerJoin("tag as t", "t.id", "nt.tag_id")
    .select("t.kernel_opts")
    .where("nt.node_id", "=", nodeId)
    .where("t.kernel_opts", "<>", "")
    .orderBy("t.name")
    .execute();
  return rows.map((row) => row.kernel_opts);
}
