/** Hosts that were seen on our networks. */
import { type Kysely, sql } from "kysely";
import type { Tx } from "./connect.ts";
import type { Schema } from "./schema.ts";

export interface DiscoveryRow {
  ip: string;
  mac: string;
  hostname: string | null;
  seenAt: Date;
  fabricName: string | null;
  vid: number | null;
  systemId: string;
  observer: string;
  interfaceId: number;
  interfaceName: string;
}

export interface DiscoveryFilter {
  unknownIp?: boolean;
  unknownMac?: boolean;
  ip?: string;
  mac?: string;
}

/** Each pair of address and MAC address once, as it was last seen; the last seen first. */
export async function listDiscoveries(db: Kysely<Schema>, filter: DiscoveryFilter = {}): Promise<DiscoveryRow[]> {
  const { rows } = await sql<DiscoveryRow>`
    select * from (
      select distinct on (h.ip, h.mac) host(h.ip) as ip, h.mac::text as mac, h.seen_at as "seenAt", h.vid,
        coalesce((select m.hostname from mdns_name m where m.ip = h.ip order by m.seen_at desc limit 1), h.hostname) as hostname,
        (select coalesce(f.name, 'fabric-' || f.id) from vlan v join fabric f on f.id = v.fabric_id where v.id = o.vlan_id) as "fabricName",
        n.system_id as "systemId", n.hostname as observer, o.id as "interfaceId", o.name as "interfaceName"
      from neighbour h join interface o on o.id = h.observer_id join node n on n.id = o.node_id
      where (${filter.ip ?? null}::inet is null or h.ip = ${filter.ip ?? null}::inet)
        and (${filter.mac ?? null}::macaddr is null or h.mac = ${filter.mac ?? null}::macaddr)
        and (not ${filter.unknownIp ?? false}::boolean or not exists (select from ip_address a where a.ip = h.ip))
        and (not ${filter.unknownMac ?? false}::boolean or not exists (select from interface i where i.mac = h.mac))
      order by h.ip, h.mac, h.seen_at desc
    ) seen order by "seenAt" desc, ip`.execute(db);
  return rows;
}

/** @returns how many there were */
export async function forgetNeighbours(tx: Tx, pair?: { ip: string; mac: string }): Promise<number> {
  const all = tx.deleteFrom("neighbour");
  const query = pair ? all.where("ip", "=", pair.ip).where("mac", "=", pair.mac) : all;
  return Number((await query.executeTakeFirst()).numDeletedRows);
}

export async function forgetNames(tx: Tx): Promise<void> {
  await tx.deleteFrom("mdns_name").execute();
}

/** Whoever is about to scan unasked takes turns. */
export async function lockDiscovery(tx: Tx): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended('active discovery', 0))`.execute(tx);
}

/** Subnets of IPv4 that are to be scanned, and are no larger than may be. */
export async function activelyDiscovered(tx: Tx, leastPrefix: number): Promise<string[]> {
  const { rows } = await sql<{ cidr: string }>`
    select cidr::text from subnet where active_discovery and family(cidr) = 4 and masklen(cidr) >= ${leastPrefix} order by cidr`.execute(
    tx,
  );
  return rows.map(({ cidr }) => cidr);
}

/** Racks with their addresses of IPv4, and the subnets that these are on. */
export async function rackAddresses(
  db: Kysely<Schema>,
): Promise<{ nodeId: number; systemId: string; hostname: string; ip: string; cidr: string | null }[]> {
  const { rows } = await sql<{ nodeId: number; systemId: string; hostname: string; ip: string; cidr: string | null }>`
    select n.id as "nodeId", n.system_id as "systemId", n.hostname, host(a.ip) as ip, s.cidr::text as cidr
    from node n join interface i on i.node_id = n.id join ip_address a on a.interface_id = i.id
    left join subnet s on s.id = a.subnet_id
    where n.node_type in (2, 4) and a.ip is not null and family(a.ip) = 4
    order by n.id, a.ip`.execute(db);
  return rows;
}

/** Hosts that answered a rack. @returns those that were not known, as `ip,mac` */
export async function seeAnswers(
  tx: Tx,
  rackId: number,
  seen: readonly { interface: string; ip: string; mac: string }[],
  at: Date,
): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    insert into neighbour (ip, mac, observer_id, vid, created_at, seen_at)
    select distinct on (f.ip, f.mac, o.id) f.ip, f.mac, o.id, nullif(v.vid, 0), ${at}::timestamptz, ${at}::timestamptz
    from unnest(${seen.map((s) => s.interface)}::text[], ${seen.map((s) => s.ip)}::inet[], ${seen.map((s) => s.mac)}::macaddr[])
      as f (name, ip, mac)
    join interface o on o.node_id = ${rackId} and o.name = f.name
    left join vlan v on v.id = o.vlan_id
    on conflict (ip, mac, observer_id) do update set seen_at = excluded.seen_at, vid = excluded.vid
    returning case when created_at = seen_at then host(ip) || ',' || mac end as id`.execute(tx);
  return rows.flatMap(({ id }) => id ?? []);
}

/**
 * A stranger with an address of our subnet, seen by the rack that serves it.
 * @returns whether it is new: nobody could be named who saw it, or it was seen before, otherwise
 */
export async function seeNeighbour(
  tx: Tx,
  seen: { ip: string; mac: string; subnetId: number; hostname: string | null; at: Date },
): Promise<boolean> {
  const { rows } = await sql<{ isNew: boolean }>`
    insert into neighbour (ip, mac, observer_id, vid, hostname, created_at, seen_at)
    select ${seen.ip}::inet, ${seen.mac}::macaddr, o.id, nullif(v.vid, 0), ${seen.hostname}::text, ${seen.at}::timestamptz, ${seen.at}::timestamptz
    from subnet s join vlan v on v.id = s.vlan_id
    join lateral (
      select i.id from interface i join node n on n.id = i.node_id left join ip_address a on a.interface_id = i.id
      where n.node_type in (2, 4) and (i.vlan_id = v.id or a.subnet_id = s.id)
      order by n.id = v.primary_rack_id desc nulls last, a.subnet_id = s.id desc nulls last, i.id limit 1
    ) o on true
    where s.id = ${seen.subnetId}
    on conflict (ip, mac, observer_id) do update set seen_at = excluded.seen_at, vid = excluded.vid, hostname = coalesce(excluded.hostname, neighbour.hostname)
    returning created_at = seen_at as "isNew"`.execute(tx);
  return rows[0]?.isNew ?? false;
}
