/** Power changes in progress, step by step. */
import type { Kysely } from "kysely";
import type { Schema } from "./schema.ts";

export interface PowerActionKey {
  nodeId: number;
  bootEpoch: number;
  action: string;
}

/** Begin one; one that is there already is begun anew (power may be switched several times in one epoch). */
export async function recordPowerAction(db: Kysely<Schema>, key: PowerActionKey): Promise<void> {
  await db
    .insertInto("power_action")
    .values({ node_id: key.nodeId, boot_epoch: key.bootEpoch, action: key.action })
    .onConflict((c) => c.columns(["node_id", "boot_epoch", "action"]).doUpdateSet({ steps: [], finished_at: null }))
    .execute();
}

export async function powerActionSteps(
  db: Kysely<Schema>,
  key: PowerActionKey,
): Promise<{ steps: string[]; finished: boolean } | undefined> {
  const row = await db
    .selectFrom("power_action")
    .select(["steps", "finished_at"])
    .where("node_id", "=", key.nodeId)
    .where("boot_epoch", "=", key.bootEpoch)
    .where("action", "=", key.action)
    .executeTakeFirst();
  return row && { steps: row.steps, finished: row.finished_at !== null };
}

/** A step that happened, of whichever action of this epoch is in progress. */
export async function addPowerStep(db: Kysely<Schema>, nodeId: number, bootEpoch: number, step: string): Promise<void> {
  await db
    .updateTable("power_action")
    .set((eb) => ({ steps: eb.fn<string[]>("array_append", ["steps", eb.val(step)]) }))
    .where("node_id", "=", nodeId)
    .where("boot_epoch", "=", bootEpoch)
    .where("finished_at", "is", null)
    .execute();
}

export async function finishPowerAction(db: Kysely<Schema>, key: PowerActionKey, at: Date): Promise<void> {
  await db
    .updateTable("power_action")
    .set({ finished_at: at })
    .where("node_id", "=", key.nodeId)
    .where("boot_epoch", "=", key.bootEpoch)
    .where("action", "=", key.action)
    .execute();
}
