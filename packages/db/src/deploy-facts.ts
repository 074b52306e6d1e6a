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
  bootInterfaceId: number | null;
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
      "n.boot_interface_id as bootInterfaceId",
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
