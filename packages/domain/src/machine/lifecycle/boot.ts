/** A start for a purpose, and what shows that a started machine gets on. */
import { canSwitchPower, type Times } from "../lifecycle.ts";
import type { Decision, Effect, Job, Machine, PowerPurpose, WaitingFor } from "../machine.ts";
import { isWaiting } from "../status.ts";
import { decision } from "./decision.ts";

/** The installer and the first boot each get this multiple of node_timeout; progress extends it (lifecycle.md section 10 item 9). */
export const DEPLOY_TIMEOUT_FACTOR = 2;

export function later(from: Date, minutes: number): Date {
  return new Date(from.getTime() + minutes * 60_000);
}

/** What starting a machine for a purpose always means: a new epoch, fresh credentials, network boot, power. */
export function bootFor(
  m: Machine,
  purpose: PowerPurpose,
  times: Times,
  timeoutFactor = 1,
): { set: Decision["set"]; effects: Effect[]; jobs: Job[] } {
  const epoch = m.bootEpoch + 1;
  const switchable = canSwitchPower(m);
  return {
    set: {
      bootEpoch: epoch,
      netboot: true,
      statusDeadline: later(times.now, times.nodeTimeoutMinutes * timeoutFactor),
      waitingFor: switchable ? "power_on" : "operator_power_on",
    },
    effects: [{ do: "end_boot_secrets" }, { do: "new_token" }],
    jobs: switchable ? [{ queue: "power", action: "cycle", epoch, bootDevice: "network", purpose }] : [],
  };
}

/** A machine that talks all the time moves its deadline so often: each time is a write, and news for everybody who follows machines. */
const DEADLINE_STEP_MINUTES = 0.25;

/**
 * A sign of life: the deadline moves to one node_timeout from now (the runner's heartbeat comes every 2 minutes), never to an earlier
 * time than it was given, and not for the sake of seconds.
 */
export function progress(m: Machine, waitingFor: WaitingFor, times: Times, factor = 1): Decision["set"] {
  const set = waits(m, waitingFor, times, factor);
  const isLater = m.statusDeadline === null || set.statusDeadline > later(m.statusDeadline, DEADLINE_STEP_MINUTES);
  return m.waitingFor !== waitingFor || isLater ? set : {};
}

/** As `progress`, where the wait begins with something that resets both. */
export function waits(m: Machine, waitingFor: WaitingFor, times: Times, factor = 1) {
  const extended = later(times.now, times.nodeTimeoutMinutes * factor);
  return {
    waitingFor,
    statusDeadline: m.statusDeadline !== null && m.statusDeadline > extended ? m.statusDeadline : extended,
  };
}

/** The boot script was asked for, a kernel fetched, ...: moves `waitingFor` on and extends the deadline (lifecycle.md section 14). */
export function bootProgress(m: Machine, waitingFor: WaitingFor, times: Times): Decision {
  // What waits for power to be seen is not helped by a boot.
  if (!isWaiting(m.status) || m.waitingFor === "power_off" || m.status === "exiting_rescue_mode")
    return decision({}, []);
  return decision(progress(m, waitingFor, times, m.status === "deploying" ? DEPLOY_TIMEOUT_FACTOR : 1), []);
}
