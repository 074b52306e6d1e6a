/** Region processes: the node that each one is, and when it was last seen. */
import { type Kysely, sql } from "kysely";
import type { Tx } from "./connect.ts";
import { insertNode } from "./nodes.ts";
import type { RackNode } from "./racks.ts";
import type { Schema } from "./schema.ts";

/** Codes of `node.node_type`. */
const REGION = 3;
const REGION_AND_RACK = 4;
/** Code of `node.status`: controllers are always deployed. */
const DEPLOYED = 6;
/** Three signs of life may be missed. */
const SILENT_SECONDS = 60;

/** Regions that start at the same time take turns: each finds what the one before it has made. */
export async function lockRegions(tx: Tx): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended('regions', 0))`.execute(tx);
}

/** The node of this region: its own, or one that a rack in its process made before regions had nodes. */
export async function regionNode(
  tx: Tx,
  region: { regionId: string; hostname: string },
): Promise<RackNode | undefined> {
  const own = await tx
    .selectFrom("region_process as p")
    .innerJoin("node as n", "n.id", "p.node_id")
    .select(["n.id as nodeId", "n.system_id as systemId"])
    .where("p.region_id", "=", region.regionId)
    .forUpdate("n")
    .executeTakeFirst();
  if (own) return own;
  return tx
    .selectFrom("node as n")
    .leftJoin("region_process as p", "p.node_id", "n.id")
    .select(["n.id as nodeId", "n.system_id as systemId"])
    .where("n.node_type", "in", [REGION, REGION_AND_RACK])
    .where("n.hostname", "=", region.hostname)
    .where("p.node_id", "is", null)
    .orderBy("n.id")
    .limit(1)
    .forUpdate("n")
    .executeTakeFirst();
}

/** @returns undefined when system id or host name is taken: try others */
export async function insertRegion(
  tx: Tx,
  region: { systemId: string; hostname: string; domainId: number },
): Promise<RackNode | undefined> {
  const { systemId, hostname, domainId } = region;
  const columns = { pool_id: null, status: DEPLOYED, previous_status: DEPLOYED };
  const nodeId = await insertNode(tx, { systemId, nodeType: REGION, hostname, domainId, columns });
  return nodeId === undefined ? undefined : { nodeId, systemId };
}

/** It runs from now on, as this node. */
export async function storeRegionStart(
  tx: Tx,
  region: { regionId: string; nodeId: number; port: number },
): Promise<void> {
  const started = {
    node_id: region.nodeId,
    port: region.port,
    started_at: sql<Date>`now()`,
    seen_at: sql<Date>`now()`,
  };
  await tx
    .insertInto("region_process")
    .values({ region_id: region.regionId, ...started })
    .onConflict((c) => c.column("region_id").doUpdateSet(started))
    .execute();
}

/** A sign of life; null: it stops in order. @returns false when the region has been deleted */
export async function markRegionSeen(db: Kysely<Schema>, regionId: string, port: number | null): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable("region_process")
    .set(port === null ? { seen_at: null } : { seen_at: sql<Date>`now()`, port })
    .where("region_id", "=", regionId)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

export interface RegionProcess {
  nodeId: number;
  port: number;
  running: boolean;
}

/** By node. */
export async function regionProcesses(db: Kysely<Schema>): Promise<Map<number, RegionProcess>> {
  const rows = await db
    .selectFrom("region_process")
    .select([
      "node_id as nodeId",
      "port",
      sql<boolean>`coalesce(seen_at > now() - make_interval(secs => ${SILENT_SECONDS}), false)`.as("running"),
    ])
    .execute();
  return new Map(rows.map((row) => [row.nodeId, row]));
}

/** What is left of a node that is a region no more: the rack controller in it. */
export async function dropRegionRole(tx: Tx, nodeId: number, rackType: number): Promise<void> {
  await tx.deleteFrom("region_process").where("node_id", "=", nodeId).execute();
  await tx.updateTable("node").set({ node_type: rackType }).where("id", "=", nodeId).execute();
}
