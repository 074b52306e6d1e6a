/** The one way in which a decision about a machine becomes fact: fields, events, effects, jobs and the change record, in one transaction. */
import type { Tx } from "@rackwright/db/connect";
import { Journal } from "@rackwright/db/journal";
import { type LoadedMachine, readMachineById, updateMachine } from "@rackwright/db/machines";
import { restoreToken } from "@rackwright/db/resting-tokens";
import { givesBackAddresses } from "@rackwright/domain/machine/lifecycle/lent-addresses";
import type { Decision, Machine } from "@rackwright/domain/machine/machine";
import { actorName, type Ctx } from "../context.ts";
import { takeBackAddresses } from "./addresses.ts";
import { applyEffect } from "./effects.ts";
import { enqueueJob } from "./queues.ts";
import { discardMachine } from "./vm-discard.ts";

/**
 * @param more further columns of the row, by their names in the database
 * @returns the machine as it is now, still locked; as it was, when the decision ended it
 */
export async function commit(
  ctx: Ctx,
  tx: Tx,
  loaded: LoadedMachine,
  decision: Decision,
  more: Record<string, unknown> = {},
): Promise<LoadedMachine> {
  await settle(ctx, tx, loaded, decision, { more });
  if (ends(decision)) return loaded;
  const now = await readMachineById(tx, loaded.machine.id);
  if (!now) throw new Error(`machine ${loaded.machine.systemId} vanished while it was locked`);
  return now;
}

/**
 * `commit`, for callers who do not go on with the machine.
 * @param options.journal what else is to be written with the decision
 */
export async function settle(
  ctx: Ctx,
  tx: Tx,
  loaded: LoadedMachine,
  decision: Decision,
  { more = {}, journal = new Journal() }: { more?: Record<string, unknown>; journal?: Journal } = {},
): Promise<void> {
  const before = loaded.machine;
  await updateMachine(tx, before.id, decision.set, more);
  const after: Machine = { ...before, ...decision.set };
  journal.happened(
    // A decision begins its boot: what it says is of the new one.
    { nodeId: before.id, hostname: before.hostname, username: actorName(ctx.actor), bootEpoch: after.bootEpoch },
    decision.events,
  );
  for (const effect of decision.effects) if (effect.do !== "discard") await applyEffect(ctx, tx, after, effect);
  if (decision.set.status === "deployed") await restoreToken(tx, before.id);
  if (givesBackAddresses(before, after)) await takeBackAddresses(tx, before.id);
  for (const job of decision.jobs) await enqueueJob(ctx, tx, after, job);
  if (Object.keys(decision.set).length > 0 || Object.keys(more).length > 0 || decision.effects.length > 0)
    journal.changed({
      kind: "update",
      entity: "machine",
      entityId: before.systemId,
      visibleTo: after.ownerId === null ? null : String(after.ownerId),
      payload: { status: after.status },
    });
  await journal.write(tx);
  if (ends(decision)) await discardMachine(ctx, tx, after);
}

const ends = ({ effects }: Decision): boolean => effects.some((effect) => effect.do === "discard");
