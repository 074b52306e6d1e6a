/** What DHCP shall serve, read from our tables in one snapshot. */
import { allocType } from "@rackwright/domain/addressing/alloc-type";
import type { RackInterfaces, ServedVlan } from "@rackwright/domain/addressing/serving";
import type { StoredSnippet } from "@rackwright/domain/dhcp/snippet-apply";
import type { DhcpHost } from "@rackwright/domain/dhcp/wanted";
import { sql } from "kysely";
import { type Database, transaction, type Tx } from "./connect.ts";

export interface DhcpFacts {
  vlans: ServedVlan[];
  /** Every rack controller, with its interfaces as it last reported them. */
  racks: RackInterfaces[];
  /** On subnets of those VLANs. */
  hosts: DhcpHost[];
  /** Enabled ones, in the order of their making. */
  snippets: StoredSnippet[];
  /** The default domain first, then the others by name. */
  domains: string[];
}

export function dhcpFacts(db: Database): Promise<DhcpFacts> {
  const read = async (tx: Tx): Promise<DhcpFacts> => {
    const vlans = await servedVlans(tx);
    const domains = await tx
      .selectFrom("domain")
      .select("name")
      .orderBy("is_default", "desc")
      .orderBy("name")
      .execute();
    return {
      vlans,
      racks: await rackInterfaces(tx),
      hosts: await hosts(
        tx,
        vlans.flatMap((v) => v.subnets.map((s) => s.id)),
      ),
      snippets: await enabledSnippets(tx),
      domains: domains.map((d) => d.name),
    };
  };
  return transaction(db, read, { isolation: "repeatable read" });
}

async function enabledSnippets(tx: Tx): Promise<StoredSnippet[]> {
  const { rows } = await sql<StoredSnippet>`
    select s.name, s.subnet_id as "subnetId", (
        select r.value from dhcp_snippet_revision r where r.snippet_id = s.id order by r.id desc limit 1) as value,
      case when n.id is null then null else json_build_object('hostname', n.hostname, 'cards', coalesce((
        select json_agg(json_build_object('mac', i.mac, 'vlanId', i.vlan_id) order by i.id) from interface i
        where i.node_id = n.id and i.type = 'physical' and i.mac is not null), '[]')) end as node
    from dhcp_snippet s left join node n on n.id = s.node_id
    where s.enabled order by s.id`.execute(tx);
  return rows;
}

async function servedVlans(tx: Tx): Promise<ServedVlan[]> {
  const { rows } = await sql<ServedVlan>`
    select v.id, v.mtu, rack.system_id as "rackTag", case when v.id = target.id then null else target.id end as "relayTarget",
      coalesce((
        select json_agg(json_build_object('id', s.id, 'cidr', s.cidr, 'gateway', host(s.gateway_ip), 'dnsServers', s.dns_servers,
          'allowDns', s.allow_dns, 'disabledBootMethods', s.disabled_boot_architectures, 'pools', coalesce((
            select json_agg(json_build_object('start', host(r.start_ip), 'end', host(r.end_ip)) order by r.start_ip)
            from ip_range r where r.subnet_id = s.id and r.type = 'dynamic'), '[]')) order by s.id)
        from subnet s where s.vlan_id = v.id and s.managed and family(s.cidr) = 4), '[]') as subnets
    from vlan v
    join vlan target on target.id = case when v.dhcp_on then v.id else v.relay_vlan_id end
    join node rack on rack.id = target.primary_rack_id
    where target.dhcp_on
    order by v.id`.execute(tx);
  return rows;
}

async function rackInterfaces(tx: Tx): Promise<RackInterfaces[]> {
  const { rows } = await sql<RackInterfaces>`
    select n.system_id as "systemId", n.hostname, coalesce((
      select json_agg(json_build_object('name', i.name, 'addresses', (
        select coalesce(json_agg(host(a.ip) order by a.id), '[]') from ip_address a where a.interface_id = i.id and a.ip is not null)) order by i.id)
      from interface i where i.node_id = n.id), '[]') as interfaces
    from node n where n.node_type in (2, 4) order by n.id`.execute(tx);
  return rows;
}

/**
 * One reservation per interface and subnet where it has an address. Machines that start from their disk are offered a boot file too: their
 * boot script says so in a second, while firmware that gets no offer tries every protocol for a minute each before it turns to the disk.
 */
async function hosts(tx: Tx, subnetIds: readonly number[]): Promise<DhcpHost[]> {
  const { rows } = await sql<DhcpHost>`
    with addressed as (
      select distinct on (a.interface_id, a.subnet_id) a.interface_id, a.subnet_id, a.ip
      from ip_address a
      where a.subnet_id = any(${subnetIds}::bigint[]) and a.ip is not null
        and a.alloc_type in (${allocType.auto}, ${allocType.sticky}, ${allocType.userReserved})
      order by a.interface_id, a.subnet_id, a.id
    ), held as (
      select i.mac, w.subnet_id, w.ip, n.hostname, i.id as interface_id
      from addressed w join interface i on i.id = w.interface_id left join node n on n.id = i.node_id
      where i.type in ('physical', 'unknown') and i.mac is not null and (n.id is null or n.node_type in (0, 1))
    )
    select mac, "subnetId", ip, hostname, netboot from (
      select mac::text as mac, subnet_id as "subnetId", host(ip) as ip, hostname, true as netboot, interface_id from held
      union all
      -- What is kept for a MAC address, where it has no other address: a machine that comes back finds its own.
      select r.mac::text, r.subnet_id, host(r.ip), n.hostname, true, null
      from reserved_ip r
      left join interface i on i.mac = r.mac and i.type = 'physical' left join node n on n.id = i.node_id
      where r.subnet_id = any(${subnetIds}::bigint[])
        and not exists (select from held h where h.mac = r.mac and h.subnet_id = r.subnet_id)
    ) as every order by interface_id nulls last, "subnetId", mac`.execute(tx);
  return rows;
}
