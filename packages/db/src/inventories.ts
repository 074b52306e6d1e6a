/** What commissionings found, remembered to be compared: the newest of each machine. */
import type { Inventory } from "@rackwright/domain/hardware/inventory";
import type { Preflight } from "@rackwright/domain/hardware/preflight";
import { type Kysely, sql } from "kysely";
import type { Tx } from "./connect.ts";
import type { Schema } from "./schema.ts";

/** Of one machine; the same number as of its results by default (max_node_commissioning_results). */
const KEPT = 10;

export interface InventoryRow {
  id: number;
  /** Script set of the commissioning; null: it came without one. */
  setId: number | null;
  takenAt: Date;
  inventory: Inventory;
}

const columns = sql`id, set_id as "setId", taken_at as "takenAt", inventory`;

/** The newest first. */
export async function inventoriesOf(db: Kysely<Schema>, nodeId: number, limit = KEPT): Promise<InventoryRow[]> {
  const { rows } = await sql<InventoryRow>`
    select ${columns} from hardware_inventory where node_id = ${nodeId} order by id desc limit ${limit}`.execute(db);
  return rows;
}

export interface NewInventory {
  nodeId: number;
  setId: number | null;
  inventory: Inventory;
  preflight: Preflight | null;
}

/** Keep it, and forget the oldest. */
export async function insertInventory(tx: Tx, { nodeId, setId, inventory, preflight }: NewInventory): Promise<void> {
  const macs = inventory.nics.map(({ mac }) => mac);
  await sql`
    insert into hardware_inventory (node_id, set_id, inventory, preflight, hardware_uuid, macs)
    values (${nodeId}, ${setId}, ${JSON.stringify(inventory)}, ${preflight && JSON.stringify(preflight)},
      ${inventory.hardwareUuid ?? null}, ${macs}::text[])`.execute(tx);
  await sql`
    delete from hardware_inventory where node_id = ${nodeId} and id <= (
      select id from hardware_inventory where node_id = ${nodeId} order by id desc offset ${KEPT} limit 1)`.execute(tx);
}

/** The same was found again. */
export async function confirmInventory(tx: Tx, id: number, preflight: Preflight | null): Promise<void> {
  await sql`
    update hardware_inventory set taken_at = now(), preflight = ${preflight && JSON.stringify(preflight)}
    where id = ${id}`.execute(tx);
}

export async function replaceInventory(tx: Tx, id: number, inventory: Inventory): Promise<void> {
  await sql`update hardware_inventory set inventory = ${JSON.stringify(inventory)} where id = ${id}`.execute(tx);
}
