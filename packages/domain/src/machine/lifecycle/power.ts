/** Power that people switch; what BMCs say of it, and what that ends. */
import { isBooting } from "../../boot/progress.ts";
import { event } from "../event.ts";
import { canSwitchPower, refuse } from "../lifecycle.ts";
import type { Decision, Effect, Machine, StopMode } from "../machine.ts";
import { isWaiting, type MachineStatus } from "../status.ts";
import { decision, andThen } from "./decision.ts";
import { finishRelease } from "./release.ts";
import { finishRescueMode } from "./rescue.ts";

/** Somebody switches a machine; nothing where nobody can. An Allocated one that is to start is deployed by the shell instead. */
export function switchPower(m: Machine, to: "on" | "off", comment: string, stopMode?: StopMode): Decision {
  refuse(to === "on" ? "power_on" : "power_off", m);
  if (!canSwitchPower(m)) return decision({}, []);
  return decision(
    {},
    [event(to === "on" ? "REQUEST_NODE_START" : "REQUEST_NODE_STOP", comment)],
    [],
    [
      {
        queue: "power",
        action: to,
        epoch: m.bootEpoch,
        bootDevice: to === "on" && m.netboot ? "network" : null,
        purpose: "user",
        ...(stopMode === undefined ? {} : { stopMode }),
      },
    ],
  );
}

/**
 * Whether a cycle is not to be done any more, or not to be taken up again where it was cut short: the machine was started for its purpose
 * (one that was on may have restarted by itself), which is either reached or failed by now, or in progress. Started again it would run
 * whatever its status says by then, or lose what it is at. One that was sent off is started in any case.
 * @param steps taken before
 */
export function cycleIsOver(m: Pick<Machine, "status" | "waitingFor">, steps: readonly string[]): boolean {
  if (!isWaiting(m.status)) return true;
  if (!isBooting(m.waitingFor) && !steps.includes("off_sent")) return true;
  return steps.includes("on_sent") && m.waitingFor !== "power_on";
}

/**
 * Whether a cycle that was cut short may have left the machine off without our knowing: it was found on and its power was to be cut, and
 * signals that came until then say nothing of what it is now. Only its BMC can tell.
 */
export function mayHaveBeenCut(m: Pick<Machine, "status">, steps: readonly string[]): boolean {
  return isWaiting(m.status) && steps.includes("found_on") && !steps.includes("on_sent");
}

/** Statuses in which a machine that is off uses no address: none of its work or its system goes on (lifecycle.md section 13). */
const withoutAddress: readonly MachineStatus[] = [
  "new",
  "failed_commissioning",
  "ready",
  "reserved",
  "allocated",
  "failed_deployment",
  "missing",
  "retired",
  "failed_releasing",
  "failed_disk_erasing",
];

/** A broken machine may keep the system that it goes back to when it is fixed. */
function offFrees(m: Machine): boolean {
  return withoutAddress.includes(m.status) || (m.status === "broken" && m.previousStatus !== "deployed");
}

/** The BMC said what the power is. Finishes a release or the way out of rescue mode; otherwise only recorded. */
export function powerObserved(m: Machine, state: "on" | "off", now: Date): Decision {
  const seen = state === m.powerState ? [] : [event(state === "on" ? "NODE_POWERED_ON" : "NODE_POWERED_OFF")];
  const freed: Effect[] = state === "off" && m.powerState !== "off" && offFrees(m) ? [{ do: "release_addresses" }] : [];
  const observed = decision({ powerState: state }, seen, freed);
  if (m.status === "releasing" && state === "off" && m.waitingFor === "power_off")
    return andThen(m, observed, (off) => finishRelease(off, now));
  if (m.status === "exiting_rescue_mode" && m.waitingFor === `power_${state}`)
    return andThen(m, observed, (seenSo) => finishRescueMode(seenSo, now));
  if (state === "on" && isWaiting(m.status) && m.waitingFor === "power_on") observed.set.waitingFor = "dhcp";
  return observed;
}
