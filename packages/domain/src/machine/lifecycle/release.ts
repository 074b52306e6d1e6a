/** Giving a machine back (lifecycle.md section 11). */
import { event } from "../event.ts";
import { becomes, canSwitchPower, refuse } from "../lifecycle.ts";
import type { Decision, Effect, Machine } from "../machine.ts";
import { later } from "./boot.ts";
import { andThen, decision, handBack } from "./decision.ts";

/** Minutes that a machine may take to be seen off after it was told so (lifecycle.md section 14). */
export const RELEASE_TIMEOUT_MINUTES = 5;

/** Fields of a machine that nobody uses. */
export const emptied = {
  agentName: "",
  netboot: true,
  osystem: "",
  distroSeries: "",
  hweKernel: null,
} as const satisfies Decision["set"];

/** What its use has left: file systems, and the owner's user-data. */
export const forgetUse: Effect[] = [{ do: "drop_acquired" }, { do: "set_user_data", data: null }];

/** What is the owner's until the machine is off. */
export const forgetOwner: Effect[] = [{ do: "release_addresses" }, { do: "clear_owner_data" }];

/** Give the machine back (lifecycle.md section 11). Ready and Releasing are left alone by the shell: releasing twice is no error. */
export function release(m: Machine, comment: string, now: Date): Decision {
  refuse("release", m);
  const waits = canSwitchPower(m) && m.powerState !== "off";
  const epoch = m.bootEpoch + 1;
  const set: Decision["set"] = {
    ...becomes(m, "releasing", now),
    bootEpoch: epoch,
    ...emptied,
    statusDeadline: later(now, RELEASE_TIMEOUT_MINUTES),
    waitingFor: "power_off",
  };
  const begin = decision(
    set,
    [event("REQUEST_NODE_RELEASE", comment), event("RELEASING")],
    [{ do: "finish_results", sets: ["installation"], as: "aborted" }, ...handBack, ...forgetUse],
    waits ? [{ queue: "power", action: "off", epoch, bootDevice: null, purpose: "releasing" }] : [],
  );
  return waits ? begin : andThen(m, begin, (released) => finishRelease(released, now));
}

/** The last step of a release: nobody's again. */
export function finishRelease(m: Machine, now: Date): Decision {
  const to = m.commissioningPassed ? "ready" : "new";
  return decision({ ...becomes(m, to, now), ownerId: null }, [event("RELEASED")], forgetOwner);
}
