/** Devices on the PCI and USB buses of nodes. */
import type { Kysely } from "kysely";
import type { Tx } from "./connect.ts";
import type { Schema } from "./schema.ts";

export function devicesOfNode(db: Kysely<Schema>, nodeId: number) {
  return db.selectFrom("node_device").selectAll().where("node_id", "=", nodeId).orderBy("id").execute();
}

export type NodeDeviceRow = Awaited<ReturnType<typeof devicesOfNode>>[number];

export async function deleteNodeDevice(tx: Tx, id: number): Promise<boolean> {
  const { numDeletedRows } = await tx.deleteFrom("node_device").where("id", "=", id).executeTakeFirst();
  return numDeletedRows > 0n;
}
