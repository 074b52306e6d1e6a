/** What ends a machine's work without success: its own word, a deadline, a script that does not end, power that cannot be switched. */
import { event, type EventType } from "../event.ts";
import { becomes, canSwitchPower } from "../lifecycle.ts";
import type { Decision, Effect, Machine, PowerPurpose } from "../machine.ts";
import { failedStatus, isWaiting, statusLabel } from "../status.ts";
import { decision } from "./decision.ts";

/** The machine's work failed; the reason goes where people look. Nothing for statuses that do not wait. */
export function fail(
  m: Machine,
  reason: string,
  now: Date,
  as: "aborted" | "failed" | "timed_out" = "aborted",
): Decision {
  if (!isWaiting(m.status)) return decision({}, []);
  const to = failedStatus[m.status];
  const effects: Effect[] = [
    { do: "finish_results", sets: ["commissioning", "testing", "installation", "release"], as },
    { do: "end_boot_secrets" },
  ];
  return decision(
    { ...becomes(m, to, now), enlisting: false, errorDescription: reason },
    [event("REQUEST_NODE_MARK_FAILED_SYSTEM", reason), event(failedEvent[to], reason)],
    effects,
  );
}

const failedEvent: Record<(typeof failedStatus)[keyof typeof failedStatus], EventType> = {
  failed_commissioning: "FAILED_COMMISSIONING",
  failed_deployment: "FAILED_DEPLOYMENT",
  failed_releasing: "FAILED_RELEASING",
  failed_disk_erasing: "FAILED_DISK_ERASING",
  failed_entering_rescue_mode: "NODE_CHANGED_STATUS",
  failed_exiting_rescue_mode: "FAILED_EXITING_RESCUE_MODE",
  failed_testing: "FAILED_TESTING",
};

/** The deadline has passed: say what was waited for and what was last seen. Powers off what would hang on, unless somebody wants in. */
export function expire(m: Machine, lastEvidence: string | null, now: Date): Decision {
  if (!isWaiting(m.status) || m.statusDeadline === null || m.statusDeadline > now) return decision({}, []);
  const minutes = Math.round((now.getTime() - m.statusSince.getTime()) / 60_000);
  const seen = lastEvidence === null ? "nothing was seen of the machine since" : `last seen: ${lastEvidence}`;
  const reason = `${statusLabel[m.status]} waited ${minutes} minutes, at last for ${m.waitingFor ?? "nothing stated"}; ${seen}.`;
  return thenOff(m, fail(m, reason, now, "timed_out"));
}

/** A script ran longer than it may: its machine has failed, and is switched off as one that is overdue. */
export function overrun(m: Machine, reason: string, now: Date): Decision {
  return isWaiting(m.status) ? thenOff(m, fail(m, reason, now)) : decision({}, []);
}

function thenOff(m: Machine, failed: Decision): Decision {
  // What leaves rescue mode is not ours to cut off: its own system may run by now.
  if (m.status === "exiting_rescue_mode" || m.enableSsh || !canSwitchPower(m)) return failed;
  return {
    ...failed,
    set: { ...failed.set, bootEpoch: m.bootEpoch + 1 },
    jobs: [{ queue: "power", action: "off", epoch: m.bootEpoch + 1, bootDevice: null, purpose: "aborting" }],
  };
}

/** Power could not be switched for `purpose`: back to where the machine was, or to the failed status, with the reason. */
export function powerFailed(m: Machine, purpose: PowerPurpose, reason: string, now: Date): Decision {
  const failure = event(powerFailure(m, purpose), reason);
  if (!isWaiting(m.status) || purpose === "user" || purpose === "aborting")
    return decision({ powerState: "error" }, [failure]);
  const failed = fail(m, reason, now);
  return { ...failed, set: { ...failed.set, powerState: "error" }, events: [failure, ...failed.events] };
}

function powerFailure(m: Machine, purpose: PowerPurpose): EventType {
  if (purpose === "exiting_rescue_mode" && m.previousStatus === "deployed") return "NODE_POWER_CYCLE_FAILED";
  const off: readonly PowerPurpose[] = ["releasing", "aborting", "exiting_rescue_mode"];
  return off.includes(purpose) ? "NODE_POWER_OFF_FAILED" : "NODE_POWER_ON_FAILED";
}
