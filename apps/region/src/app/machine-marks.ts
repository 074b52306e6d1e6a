/** What people say of a machine, rescue mode, and its default configuration. Each locks the row, asks the domain, commits. @returns the machine's id */
import { event } from "@rackwright/domain/machine/event";
import { refuse } from "@rackwright/domain/machine/lifecycle";
import { lock, markBroken, markFixed, overrideFailedTesting, unlock } from "@rackwright/domain/machine/lifecycle/marks";
import { enterRescueMode, exitRescueMode } from "@rackwright/domain/machine/lifecycle/rescue";
import { restore, type RestoreAction } from "@rackwright/domain/machine/lifecycle/restore";
import type { Ctx } from "../context.ts";
import { commit } from "./commit.ts";
import { lifecycleTimes } from "./config.ts";
import { act, callerId, checkEphemeralImage } from "./machine-act.ts";

export function lockMachineAgainstChange(ctx: Ctx, systemId: string, comment: string): Promise<number> {
  return act(ctx, systemId, "lock", (tx, loaded) => commit(ctx, tx, loaded, lock(loaded.machine, comment)));
}

export function unlockMachine(ctx: Ctx, systemId: string, comment: string): Promise<number> {
  return act(ctx, systemId, "unlock", (tx, loaded) => commit(ctx, tx, loaded, unlock(loaded.machine, comment)));
}

export function markMachineBroken(ctx: Ctx, systemId: string, comment: string): Promise<number> {
  return act(ctx, systemId, "mark_broken", (tx, loaded) =>
    commit(ctx, tx, loaded, markBroken(loaded.machine, comment, ctx.region.now())),
  );
}

export function markMachineFixed(ctx: Ctx, systemId: string, comment: string): Promise<number> {
  return act(ctx, systemId, "mark_fixed", (tx, loaded) =>
    commit(ctx, tx, loaded, markFixed(loaded.machine, comment, ctx.region.now())),
  );
}

export function overrideMachineTesting(ctx: Ctx, systemId: string, comment: string): Promise<number> {
  return act(ctx, systemId, "override_failed_testing", (tx, loaded) =>
    commit(ctx, tx, loaded, overrideFailedTesting(loaded.machine, comment, ctx.region.now())),
  );
}

export function restoreMachine(ctx: Ctx, systemId: string, action: RestoreAction): Promise<number> {
  return act(ctx, systemId, action, (tx, loaded) => commit(ctx, tx, loaded, restore(loaded.machine, action)));
}

/** Which link the default route goes through is found by rule again. */
export function clearDefaultGateways(ctx: Ctx, systemId: string): Promise<number> {
  return act(ctx, systemId, "clear_default_gateways", (tx, loaded) => {
    refuse("clear_default_gateways", loaded.machine);
    const done = event("NODE", `Cleared the default gateways of '${loaded.machine.hostname}'.`);
    const more = { gateway_link_v4_id: null, gateway_link_v6_id: null };
    return commit(ctx, tx, loaded, { set: {}, events: [done], effects: [], jobs: [] }, more);
  });
}

export function startRescueMode(ctx: Ctx, systemId: string, comment: string): Promise<number> {
  return act(ctx, systemId, "rescue_mode", async (tx, loaded) => {
    const decision = enterRescueMode(loaded.machine, callerId(ctx), comment, await lifecycleTimes(ctx, tx));
    await checkEphemeralImage(tx, loaded.row.architecture);
    return commit(ctx, tx, loaded, decision);
  });
}

export function endRescueMode(ctx: Ctx, systemId: string, comment: string): Promise<number> {
  return act(ctx, systemId, "exit_rescue_mode", (tx, loaded) =>
    commit(ctx, tx, loaded, exitRescueMode(loaded.machine, comment, ctx.region.now())),
  );
}
