/** What DHCP shall serve, read from our tables. */
import { allocType } from "@rackwright/domain/addressing/alloc-type";
import type { RackInterfaces, ServedVlan } from "@rackwright/domain/addressing/serving";
import type { StoredSnippet } from "@rackwright/domain/dhcp/snippet-apply";
import type { DhcpHost } from "@rackwright/domain/dhcp/wanted";
import { type RawBuilder, sql } from "kysely";
import type { Database } from "./connect.ts";

export interface DhcpFacts {
  vlans: ServedVlan[];
  /** Those that serve a VLAN, with their interfaces as they last reported them. */
  racks: RackInterfaces[];
  /** On subnets of those VLANs. */
  hosts: DhcpHost[];
  /** Enabled ones, in the order of their making. */
  snippets: StoredSnippet[];
  /** The default domain first, then the others by name. */
  domains: string[];
}

/** Part of it: some VLANs, with all of their reservations or with those of some MAC addresses. */
export interface DhcpScope {
  vlanIds?: readonly number[];
  macs?: readonly string[];
}

/** VLANs that those of the scope are relayed to are among the facts. One statement: one snapshot, and one way there and back. */
export async function dhcpFacts(db: Pick<Database, "kysely">, scope: DhcpScope = {}): Promise<DhcpFacts> {
  const list = (rows: RawBuilder<unknown>) => sql`(select coalesce(json_agg(r), '[]') from (${rows}) as r)`;
  const { rows } = await sql<DhcpFacts>`
    select ${list(servedVlans(scope))} as vlans, ${list(rackInterfaces)} as racks, ${list(hosts(scope))} as hosts,
      ${list(enabledSnippets)} as snippets,
      (select coalesce(json_agg(name order by is_default desc, name), '[]') from domain) as domains`.execute(db.kysely);
  const [facts] = rows;
  if (!facts) throw new Error("PostgreSQL gave no row for what DHCP shall serve");
  return facts;
}

/**
 * The VLANs that are decided together with some of them: those with a subnet that overlaps one of theirs.
 * @param cidrs that they were served with
 */
export async function vlansDecidedWith(
  db: Pick<Database, "kysely">,
  vlanIds: readonly number[],
  cidrs: readonly string[],
): Promise<number[]> {
  const { rows } = await sql<{ id: number }>`
    with mine as materialized (
      select cidr::inet as cidr from subnet where vlan_id = any(${vlanIds}::bigint[]) union select unnest(${cidrs}::inet[])
    ) select distinct o.vlan_id as id from mine join subnet o on o.cidr && mine.cidr`.execute(db.kysely);
  return rows.map((row) => row.id);
}

/** Those that may be served: with DHCP on, or relayed. */
export async function vlansWithDhcp(db: Pick<Database, "kysely">): Promise<number[]> {
  const { rows } = await sql<{ id: number }>`
    select id from vlan where dhcp_on or relay_vlan_id is not null order by id`.execute(db.kysely);
  return rows.map((row) => row.id);
}

export async function vlansRelayedTo(db: Pick<Database, "kysely">, vlanIds: readonly number[]): Promise<number[]> {
  const { rows } = await sql<{ id: number }>`
    select id from vlan where relay_vlan_id = any(${vlanIds}::bigint[]) and not dhcp_on`.execute(db.kysely);
  return rows.map((row) => row.id);
}

/**
 * Where some MAC addresses have something reserved, and who else is decided with them: whoever claims the same addresses.
 * @param ips further addresses whose claimants are asked for
 */
export async function reservationsOf(
  db: Pick<Database, "kysely">,
  macs: readonly string[],
  ips: readonly string[],
): Promise<{ macs: string[]; vlanIds: number[] }> {
  const { rows } = await sql<{ macs: string[]; vlanIds: number[] }>`
    with claim as (
      select i.mac, a.ip, a.subnet_id, a.id from interface i join ip_address a on a.interface_id = i.id where i.mac = any(${macs}::macaddr[])
      union all select r.mac, r.ip, r.subnet_id, r.id from reserved_ip r where r.mac = any(${macs}::macaddr[])
    ), address as (select unnest(${ips}::inet[]) as ip union select ip from claim where ip is not null),
    rival as (
      select i.mac, a.subnet_id from ip_address a join interface i on i.id = a.interface_id
      where a.ip in (select ip from address) and a.alloc_type <> ${allocType.discovered} and i.mac is not null
      union select r.mac, r.subnet_id from reserved_ip r where r.ip in (select ip from address)
    )
    select (select coalesce(json_agg(distinct mac::text), '[]') from rival) as macs, (
      select coalesce(json_agg(distinct vlan), '[]') from (
        select s.vlan_id as vlan from subnet s where s.id in (select subnet_id from claim union select subnet_id from rival)
        union select i.vlan_id from interface i where i.mac = any(${macs}::macaddr[]) and i.vlan_id is not null) v) as "vlanIds"`.execute(
    db.kysely,
  );
  const row = rows[0];
  return { macs: [...new Set([...macs, ...(row?.macs ?? [])])], vlanIds: row?.vlanIds ?? [] };
}

const enabledSnippets = sql`
  select s.name, s.subnet_id as "subnetId", (
      select r.value from dhcp_snippet_revision r where r.snippet_id = s.id order by r.id desc limit 1) as value,
    case when n.id is null then null else json_build_object('hostname', n.hostname, 'cards', coalesce((
      select json_agg(json_build_object('mac', i.mac, 'vlanId', i.vlan_id) order by i.id) from interface i
      where i.node_id = n.id and i.type = 'physical' and i.mac is not null), '[]')) end as node
  from dhcp_snippet s left join node n on n.id = s.node_id
  where s.enabled order by s.id`;

function servedVlans({ vlanIds }: DhcpScope): RawBuilder<unknown> {
  const inScope = vlanIds
    ? sql`and (v.id = any(${vlanIds}::bigint[]) or v.id in (select relay_vlan_id from vlan where id = any(${vlanIds}::bigint[])))`
    : sql``;
  return sql`
    select v.id, v.mtu, rack.system_id as "rackTag", case when v.id = target.id then null else target.id end as "relayTarget",
      coalesce((
        select json_agg(json_build_object('id', s.id, 'cidr', s.cidr, 'gateway', host(s.gateway_ip), 'dnsServers', s.dns_servers,
          'allowDns', s.allow_dns, 'disabledBootMethods', s.disabled_boot_architectures, 'pools', coalesce((
            select json_agg(json_build_object('start', host(r.start_ip), 'end', host(r.end_ip)) order by r.start_ip)
            from ip_range r where r.subnet_id = s.id and r.type = 'dynamic'), '[]')) order by s.id)
        from subnet s where s.vlan_id = v.id and ${isServed}), '[]') as subnets
    from vlan v
    join vlan target on target.id = case when v.dhcp_on then v.id else v.relay_vlan_id end
    join node rack on rack.id = target.primary_rack_id
    where target.dhcp_on ${inScope}
    order by v.id`;
}

/** Of a subnet `s`. */
const isServed = sql`s.managed and family(s.cidr) = 4`;

/** By their ids: racks are few among the nodes, and no index knows them. */
const rackInterfaces = sql`
  select n.system_id as "systemId", n.hostname, coalesce((
    select json_agg(json_build_object('name', i.name, 'addresses', (
      select coalesce(json_agg(host(a.ip) order by a.id), '[]') from ip_address a where a.interface_id = i.id and a.ip is not null)) order by i.id)
    from interface i where i.node_id = n.id), '[]') as interfaces
  from node n where n.id = any(array(select primary_rack_id from vlan where dhcp_on)) order by n.id`;

/**
 * One reservation per interface and subnet where it has an address. Machines that start from their disk are offered a boot file too: their
 * boot script says so in a second, while firmware that gets no offer tries every protocol for a minute each before it turns to the disk.
 */
function hosts({ vlanIds, macs }: DhcpScope): RawBuilder<unknown> {
  const ofVlans = vlanIds ? sql`and v.id = any(${vlanIds}::bigint[])` : sql``;
  const ofInterfaces = macs
    ? sql`and a.interface_id in (select id from interface where mac = any(${macs}::macaddr[]))`
    : sql``;
  const ofReserved = macs ? sql`and r.mac = any(${macs}::macaddr[])` : sql``;
  return sql`
    with served as materialized (
      select s.id from subnet s join vlan v on v.id = s.vlan_id
      join vlan target on target.id = case when v.dhcp_on then v.id else v.relay_vlan_id end
      where target.dhcp_on and target.primary_rack_id is not null and ${isServed} ${ofVlans}
    ), addressed as (
      select distinct on (a.interface_id, a.subnet_id) a.interface_id, a.subnet_id, a.ip
      from ip_address a
      where a.subnet_id in (select id from served) and a.ip is not null
        and a.alloc_type in (${allocType.auto}, ${allocType.sticky}, ${allocType.userReserved})
        ${ofInterfaces}
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
      where r.subnet_id in (select id from served) ${ofReserved}
        and not exists (select from held h where h.mac = r.mac and h.subnet_id = r.subnet_id)
    ) as every order by interface_id nulls last, "subnetId", mac`;
}

/** Whether DHCP was switched on for any VLAN. */
export async function servesAnything(db: Pick<Database, "kysely">): Promise<boolean> {
  const { rows } = await sql<{ on: boolean }>`select exists (select from vlan where dhcp_on) as on`.execute(db.kysely);
  return rows[0]?.on ?? false;
}
