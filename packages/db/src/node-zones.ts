/** Nodes of any kind, held while they are moved to a zone. */
import { sql } from "kysely";
import type { Tx } from "./connect.ts";

export interface NodeName {
  id: number;
  systemId: string;
  nodeType: number;
  hostname: string;
  ownerId: number | null;
  locked: boolean;
}

/** In the order of their ids, so that two callers cannot deadlock. Absent ones, and those of other kinds, are left out. */
export function lockNodes(tx: Tx, systemIds: readonly string[], nodeTypes: readonly number[]): Promise<NodeName[]> {
  return tx
    .selectFrom("node")
    .select(["id", "system_id as systemId", "node_type as nodeType", "hostname", "owner_id as ownerId", "locked"])
    .where("system_id", "=", sql<string>`any(${systemIds}::text[])`)
    .where("node_type", "=", sql<number>`any(${nodeTypes}::smallint[])`)
    .orderBy("id")
    .forUpdate()
    .execute();
}

export async function setZone(tx: Tx, nodeIds: readonly number[], zoneId: number): Promise<void> {
  await tx
    .updateTable("node")
    .set({ zone_id: zoneId })
    .where("id", "=", sql<number>`any(${nodeIds}::bigint[])`)
    .execute();
}
