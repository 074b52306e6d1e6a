/** Power changes in progress, step by step. */
import { statusCode } from "@rackwright/domain/machine/status";
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

/**
 * Machines whose power was last looked at before `checkedBefore`, or whose status changed since they were looked at and before
 * `changedBefore` (what they switched off themselves shows after a while); the longest unseen first. Broken machines are left alone, and
 * so is whoever's power is being switched right now.
 */
export async function machinesToPoll(
  db: Kysely<Schema>,
  options: {
    checkedBefore: Date;
    waitingCheckedBefore: Date;
    changedBefore: Date;
    powerTypes: readonly string[];
    limit: number;
  },
): Promise<number[]> {
  const rows = await db
    .selectFrom("node")
    .select("id")
    .where("node_type", "=", 0)
    .where("power_type", "in", [...options.powerTypes])
    .where("status", "<>", statusCode.broken)
    .where((eb) =>
      eb.or([
        eb("power_checked_at", "is", null),
        eb("power_checked_at", "<", options.checkedBefore),
        eb.and([eb("status_deadline", "is not", null), eb("power_checked_at", "<", options.waitingCheckedBefore)]),
        eb.and([eb("power_checked_at", "<", eb.ref("status_since")), eb("status_since", "<", options.changedBefore)]),
      ]),
    )
    .where((eb) =>
      eb.not(
        eb.exists(
          eb
            .selectFrom("power_action as a")
            .select("a.node_id")
            .whereRef("a.node_id", "=", "node.id")
            .whereRef("a.boot_epoch", "=", "node.boot_epoch")
            .where("a.finished_at", "is", null),
        ),
      ),
    )
    .orderBy((eb) => eb.fn.coalesce("power_checked_at", "created_at"))
    .limit(options.limit)
    .execute();
  return rows.map((r) => r.id);
}

/** Nobody could be asked: looked at all the same, so that others get their turn. */
export async function markPolled(db: Kysely<Schema>, id: number, at: Date): Promise<void> {
  await db.updateTable("node").set({ power_checked_at: at }).where("id", "=", id).execute();
}
