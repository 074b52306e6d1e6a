/** What machines say of themselves while they work (metadata-protocol.md section 6). */
import { DomainError } from "../../errors.ts";
import { event, type EventType } from "../event.ts";
import { becomes, type Times } from "../lifecycle.ts";
import type { Decision, Effect, Machine, WaitingFor } from "../machine.ts";
import { type MachineStatus, statusLabel, testingEndsInReady } from "../status.ts";
import { DEPLOY_TIMEOUT_FACTOR, progress, waits } from "./boot.ts";
import { commissionInPlace } from "./commission.ts";
import { decision, handBack } from "./decision.ts";
import { fail } from "./failure.ts";
import { synced } from "./hardware-sync.ts";
import { runsReleaseScripts } from "./release.ts";
import { rescueModeEntered } from "./rescue.ts";

/** What the machine's own signal says (metadata-protocol.md section 6). */
export const signals = [
  "OK",
  "FAILED",
  "WORKING",
  "COMMISSIONING",
  "TESTING",
  "TIMEDOUT",
  "INSTALLING",
  "APPLYING_NETCONF",
  "RELEASING",
] as const;
export type Signal = (typeof signals)[number];

export interface SignalInput {
  signal: Signal;
  error: string;
  /** The script that the signal is about, or that runs while it is sent. */
  scriptName: string | null;
  /** Sent by the clock, whatever is done or not. */
  heartbeat: boolean;
  /** It brought a script's outcome, which was kept. */
  stored?: boolean;
  /** Whether any result of the running set has failed, this signal's included. */
  anyFailed: boolean;
  /** Whether results of the running set wait to be run, this signal's included. */
  anyPending: boolean;
}

/** Statuses in which a signal is taken, and does nothing. */
const deafStatuses: readonly MachineStatus[] = [
  "broken",
  "failed_commissioning",
  "failed_deployment",
  "ready",
  "failed_entering_rescue_mode",
  "failed_testing",
];

/**
 * Act on a signal of the machine.
 * @throws DomainError wrong_status where the machine has no business to signal
 */
export function signal(m: Machine, input: SignalInput, times: Times): Decision {
  if (deafStatuses.includes(m.status)) return decision({}, []);
  switch (m.status) {
    case "new":
      return input.signal === "COMMISSIONING" ? commissionInPlace(m, times, "kept") : decision({}, []);
    case "commissioning":
      return signalCommissioning(m, input, times);
    case "testing":
      return signalTesting(m, input, times);
    case "deploying":
      return input.signal === "FAILED"
        ? fail(m, input.error || "The installer said that it failed.", times.now)
        : getsOn(m, input, times, DEPLOY_TIMEOUT_FACTOR);
    case "deployed":
      if (input.signal === "WORKING" || input.signal === "TIMEDOUT")
        return input.stored === true ? synced(m, times.now) : decision({}, []);
      throw new DomainError("wrong_status", `${m.hostname} is Deployed: it can only report results with WORKING.`);
    case "entering_rescue_mode":
      if (input.signal === "OK" || input.signal === "WORKING") return rescueModeEntered(m, times.now);
      return input.signal === "FAILED"
        ? fail(m, input.error || "The machine said that it failed.", times.now)
        : getsOn(m, input, times);
    case "disk_erasing":
    case "releasing":
      return signalReleaseScripts(m, input, times);
    case "rescue_mode":
      return decision({}, []);
    default:
      throw new DomainError("wrong_status", `${m.hostname} is ${statusLabel[m.status]}: a signal makes no sense now.`);
  }
}

/** A sign of life moves the deadline, unless it is no more than that: what lives, runs no script and does not end is not waited for for ever. */
function getsOn(m: Machine, input: SignalInput, times: Times, timeoutFactor = 1): Decision {
  if (input.heartbeat && input.scriptName === null && m.waitingFor === "next_script") return decision({}, []);
  return decision(progress(m, waitsFor(input), times, timeoutFactor), []);
}

function waitsFor(input: SignalInput): WaitingFor {
  return input.scriptName === null ? "next_script" : `script:${input.scriptName}`;
}

function signalCommissioning(m: Machine, input: SignalInput, times: Times): Decision {
  const failed =
    input.signal === "FAILED" || ((input.signal === "OK" || input.signal === "TESTING") && input.anyFailed);
  if (failed) return fail(m, input.error || "A commissioning script failed.", times.now);
  if (input.signal === "TESTING") {
    return decision(
      { ...becomes(m, "testing", times.now), ...waits(m, "next_script", times), previousStatus: "commissioning" },
      [event("TESTING")],
      commissioned(m),
    );
  }
  if (input.signal === "OK") {
    const to = m.enlisting ? "new" : "ready";
    return decision(
      { ...becomes(m, to, times.now), enlisting: false, skipNetworking: false, skipStorage: false },
      [event(m.enlisting ? "NEW" : "READY")],
      [...commissioned(m), ...handBack],
    );
  }
  return getsOn(m, input, times);
}

/** What a commissioning that passed leaves behind: a default layout and default links, unless they were to be kept. */
function commissioned(m: Machine): Effect[] {
  const effects: Effect[] = [];
  if (!m.skipStorage) effects.push({ do: "default_storage_layout" });
  if (!m.skipNetworking) effects.push({ do: "default_links" });
  return effects;
}

function signalTesting(m: Machine, input: SignalInput, times: Times): Decision {
  if (input.signal === "FAILED" || (input.signal === "OK" && input.anyFailed))
    return fail(m, input.error || "A test failed.", times.now);
  if (input.signal !== "OK") return getsOn(m, input, times);
  let to: MachineStatus = m.previousStatus;
  if (m.enlisting || m.previousStatus === "failed_commissioning") to = "new";
  else if (testingEndsInReady.includes(m.previousStatus)) to = "ready";
  const type: EventType =
    to === "new" ? "NEW" : to === "ready" ? "READY" : to === "deployed" ? "DEPLOYED" : "NODE_CHANGED_STATUS";
  const keepsOwner = to !== "new" && to !== "ready";
  return decision(
    { ...becomes(m, to, times.now), enlisting: false, powerStateBefore: null },
    [event(type, "tests passed")],
    keepsOwner ? [{ do: "end_boot_secrets" }] : handBack,
  );
}

/** OK is only noted: the machine is given back when its system has ended (releaseScriptsEnded). */
function signalReleaseScripts(m: Machine, input: SignalInput, times: Times): Decision {
  if (!runsReleaseScripts(m)) return decision({}, []);
  if (input.signal === "FAILED") return fail(m, input.error || "A release script failed.", times.now);
  if (input.signal !== "OK") return getsOn(m, input, times);
  // Nobody gets a machine whose disks were to be erased on its word alone.
  if (input.anyFailed || input.anyPending)
    return fail(m, "The machine says that it is done, but not every release script has passed.", times.now);
  return decision(progress(m, "last_report", times), [
    event(m.status === "disk_erasing" ? "NODE_DISKS_ERASED" : "NODE_RELEASE_SCRIPTS_OK"),
  ]);
}
