/** Leases as facts about interfaces that we know (reference: boot.md section 10). */
import { allocType } from "@rackwright/domain/addressing/alloc-type";
import { type Kysely, sql } from "kysely";
import type { Tx } from "./connect.ts";
import type { Schema } from "./schema.ts";

export interface LeaseSubject {
  nodeId: number;
  isMachine: boolean;
  systemId: string;
  ownerId: number | null;
  bootEpoch: number;
  interfaceId: number;
  /** The lease that its evidence tells of last, in this boot. */
  lastLease: string | null;
}

/** The machine or device that a lease is about; undefined for a stranger. */
export async function leaseSubject(db: Kysely<Schema>, mac: string): Promise<LeaseSubject | undefined> {
  const { rows } = await sql<LeaseSubject>`
    select n.id as "nodeId", n.node_type = 0 as "isMachine", n.system_id as "systemId", n.owner_id as "ownerId", n.boot_epoch as "bootEpoch", i.id as "interfaceId", (
        select e.detail ->> 'lease' from evidence e
        where e.node_id = n.id and e.boot_epoch = n.boot_epoch and e.source = 'dhcp' and e.mac = i.mac and e.detail ? 'lease'
        order by e.id desc limit 1) as "lastLease"
    from interface i join node n on n.id = i.node_id
    where i.type = 'physical' and i.mac = ${mac}::macaddr`.execute(db);
  return rows[0];
}

/** Whether the lease of something that is no machine was told of within the last hour: its renewals are no news. */
export async function strangerLeaseIsOld(db: Kysely<Schema>, mac: string, ip: string): Promise<boolean> {
  const { rows } = await sql<{ told: boolean }>`
    select exists (select from evidence where node_id is null and mac = ${mac}::macaddr and source = 'dhcp'
      and detail ->> 'lease' = ${ip} and at > now() - interval '1 hour') as told`.execute(db);
  return rows[0]?.told ?? false;
}

/**
 * An interface was given an address of a dynamic range. Earlier ones of it are forgotten; without links of its own it moves to the VLAN that
 * it was seen on.
 * @returns whether that was news; false also for an address outside of the subnet's dynamic ranges
 */
export async function observeLease(
  tx: Tx,
  interfaceId: number,
  lease: { ip: string; subnetId: number; at: Date },
): Promise<boolean> {
  const { rows } = await sql<{ vlanId: number; known: boolean }>`
    select s.vlan_id as "vlanId", exists (
        select from ip_address a where a.interface_id = ${interfaceId} and a.ip = ${lease.ip}::inet and a.subnet_id = s.id
          and a.alloc_type = ${allocType.discovered}) as known
    from subnet s
    where s.id = ${lease.subnetId} and exists (
      select from ip_range r where r.subnet_id = s.id and r.type = 'dynamic' and ${lease.ip}::inet between r.start_ip and r.end_ip)`.execute(
    tx,
  );
  const [found] = rows;
  if (!found || found.known) return false;
  await sql`
    delete from ip_address where interface_id = ${interfaceId} and alloc_type = ${allocType.discovered}
      and (ip is null or family(ip) = family(${lease.ip}::inet))`.execute(tx);
  await tx
    .insertInto("ip_address")
    .values({
      alloc_type: allocType.discovered,
      ip: lease.ip,
      subnet_id: lease.subnetId,
      interface_id: interfaceId,
      created_at: lease.at,
    })
    .execute();
  await sql`
    update interface set vlan_id = ${found.vlanId} where id = ${interfaceId} and vlan_id is distinct from ${found.vlanId}
      and not exists (select from ip_address a where a.interface_id = ${interfaceId} and a.alloc_type <> ${allocType.discovered} and a.subnet_id is not null)`.execute(
    tx,
  );
  return true;
}

/** The lease is over: that the interface was on this subnet stays known. @returns whether that was news */
export async function observeLeaseEnd(tx: Tx, interfaceId: number, ip: string): Promise<boolean> {
  const ended = await tx
    .updateTable("ip_address")
    .set({ ip: null })
    .where("interface_id", "=", interfaceId)
    .where("alloc_type", "=", allocType.discovered)
    .where("ip", "=", ip)
    .executeTakeFirst();
  return ended.numUpdatedRows > 0n;
}
