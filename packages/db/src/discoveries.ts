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
