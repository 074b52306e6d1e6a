/** Rack controllers as the clusters of API 1.0: rows beside their nodes, and what their workers report. */
import { type Kysely, sql } from "kysely";
import type { Tx } from "./connect.ts";
import type { Schema } from "./schema.ts";

type Db = Kysely<Schema>;

export interface Cluster {
  rackId: number;
  systemId: string;
  uuid: string;
  clusterName: string;
  /** 0 pending, 1 accepted, 2 rejected. */
  status: number;
}

/** Rack controllers have a row each from now on. Whoever comes second waits for the first, and finds them. */
export async function ensureClusters(db: Db): Promise<void> {
  await sql`
    with made as (
      select n.id, gen_random_uuid() as uuid from node n
      where n.node_type in (2, 4) and not exists (select from cluster c where c.rack_id = n.id))
    insert into cluster (rack_id, uuid, cluster_name) select id, uuid, 'Cluster ' || uuid from made
    on conflict do nothing`.execute(db);
}

/** Oldest first. */
export function listClusters(db: Db): Promise<Cluster[]> {
  return db
    .selectFrom("cluster as c")
    .innerJoin("node as n", "n.id", "c.rack_id")
    .select(["c.rack_id as rackId", "n.system_id as systemId", "c.uuid", "c.cluster_name as clusterName", "c.status"])
    .orderBy("c.rack_id")
    .execute();
}

export async function lockCluster(tx: Tx, rackId: number): Promise<void> {
  await tx.selectFrom("cluster").select("rack_id").where("rack_id", "=", rackId).forNoKeyUpdate().execute();
}

export async function clusterNameTaken(tx: Tx, name: string, exceptRackId: number): Promise<boolean> {
  const row = await tx
    .selectFrom("cluster")
    .select("rack_id")
    .where("cluster_name", "=", name)
    .where("rack_id", "<>", exceptRackId)
    .executeTakeFirst();
  return row !== undefined;
}

export async function updateCluster(
  tx: Tx,
  rackId: number,
  set: { cluster_name?: string; status?: number },
): Promise<void> {
  if (Object.keys(set).length > 0) await tx.updateTable("cluster").set(set).where("rack_id", "=", rackId).execute();
}

/**
 * System ids of a cluster's machines: by the rack that serves the VLAN they boot on, else the cluster that they were put into, else the first.
 */
export async function machinesOfCluster(db: Db, rackId: number): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select n.system_id as id from node n
    left join interface b on b.id = coalesce(n.boot_interface_id,
      (select min(i.id) from interface i where i.node_id = n.id and i.type = 'physical'))
    left join vlan v on v.id = b.vlan_id
    left join cluster served on served.rack_id = v.primary_rack_id
    left join cluster stated on stated.rack_id = n.stated_cluster_id
    where n.node_type = 0
      and coalesce(served.rack_id, stated.rack_id, (select min(rack_id) from cluster)) = ${rackId}
    order by n.id`.execute(db);
  return rows.map((row) => row.id);
}

export async function stateCluster(tx: Tx, nodeId: number, rackId: number): Promise<void> {
  await tx.updateTable("node").set({ stated_cluster_id: rackId }).where("id", "=", nodeId).execute();
}

/** VLANs that a rack serves first, with whether DHCP is on. */
export function vlansServedBy(db: Db, rackId: number): Promise<{ id: number; dhcpOn: boolean }[]> {
  return db
    .selectFrom("vlan")
    .select(["id", "dhcp_on as dhcpOn"])
    .where("primary_rack_id", "=", rackId)
    .orderBy("id")
    .execute();
}

/** Whether names of the cluster's machines are served, and some are in use. */
export async function isNamingInUse(db: Db, rackId: number, machines: readonly string[]): Promise<boolean> {
  const { rows } = await sql<{ used: boolean }>`
    select exists (select from cluster_interface where rack_id = ${rackId} and management = 2)
      and exists (select from node where system_id = any(${machines}::text[]) and owner_id is not null) as used`.execute(
    db,
  );
  return rows[0]?.used ?? false;
}
