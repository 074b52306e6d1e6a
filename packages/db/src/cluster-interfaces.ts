/** Interfaces of clusters (API 1.0): what is served on the networks of a rack, as it was said there. */
import { type Kysely, type Selectable, sql, type Updateable } from "kysely";
import type { Tx } from "./connect.ts";
import type { ClusterInterfaceTable, Schema } from "./schema.ts";

type Db = Kysely<Schema>;
export type ClusterInterfaceRow = Selectable<ClusterInterfaceTable>;

/** Addresses without their length. */
const columns = sql.raw(`rack_id, name, host(ip) as ip, management, host(subnet_mask) as subnet_mask,
  host(broadcast_ip) as broadcast_ip, host(router_ip) as router_ip, host(ip_range_low) as ip_range_low,
  host(ip_range_high) as ip_range_high, subnet_id, range_id`);

export async function clusterInterfaceRows(db: Db, rackId: number): Promise<ClusterInterfaceRow[]> {
  const { rows } = await sql<ClusterInterfaceRow>`
    select ${columns} from cluster_interface where rack_id = ${rackId} order by name`.execute(db);
  return rows;
}

export async function clusterInterfaceRow(
  db: Db,
  rackId: number,
  name: string,
): Promise<ClusterInterfaceRow | undefined> {
  const { rows } = await sql<ClusterInterfaceRow>`
    select ${columns} from cluster_interface where rack_id = ${rackId} and name = ${name}`.execute(db);
  return rows[0];
}

export async function insertClusterInterface(tx: Tx, row: ClusterInterfaceRow): Promise<boolean> {
  const made = await tx
    .insertInto("cluster_interface")
    .values(row)
    .onConflict((c) => c.columns(["rack_id", "name"]).doNothing())
    .executeTakeFirst();
  return (made.numInsertedOrUpdatedRows ?? 0n) > 0n;
}

export async function updateClusterInterface(
  tx: Tx,
  rackId: number,
  name: string,
  set: Updateable<ClusterInterfaceTable>,
): Promise<void> {
  await tx.updateTable("cluster_interface").set(set).where("rack_id", "=", rackId).where("name", "=", name).execute();
}

export async function deleteClusterInterface(tx: Tx, rackId: number, name: string): Promise<void> {
  await tx.deleteFrom("cluster_interface").where("rack_id", "=", rackId).where("name", "=", name).execute();
}

/** Id of a subnet's dynamic range with just these bounds. */
export async function dynamicRange(db: Db, subnetId: number, low: string, high: string): Promise<number | undefined> {
  const row = await db
    .selectFrom("ip_range")
    .select("id")
    .where("subnet_id", "=", subnetId)
    .where("type", "=", "dynamic")
    .where("start_ip", "=", low)
    .where("end_ip", "=", high)
    .executeTakeFirst();
  return row?.id;
}

/** Whether a VLAN's DHCP is needed by another interface of a cluster. */
export async function isVlanServed(db: Db, vlanId: number, except: { rackId: number; name: string }): Promise<boolean> {
  const { rows } = await sql<{ served: boolean }>`
    select exists (
      select from cluster_interface c join subnet s on s.id = c.subnet_id
      where s.vlan_id = ${vlanId} and c.management > 0 and (c.rack_id <> ${except.rackId} or c.name <> ${except.name})) as served`.execute(
    db,
  );
  return rows[0]?.served ?? false;
}

/** @returns whether it was another before */
export async function setExternalDhcp(tx: Tx, vlanId: number, ip: string | null): Promise<boolean> {
  const { rows } = await sql`
    update vlan set external_dhcp = ${ip}::inet where id = ${vlanId} and external_dhcp is distinct from ${ip}::inet
    returning id`.execute(tx);
  return rows.length > 0;
}
