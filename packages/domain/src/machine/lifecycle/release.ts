/** Giving a machine back (lifecycle.md section 11). */
import { event, type EventRecord } from "../event.ts";
import { becomes, canSwitchPower, refuse, type Times } from "../lifecycle.ts";
import type { Decision, Effect, Machine } from "../machine.ts";
import { bootFor, later } from "./boot.ts";
import { andThen, decision, handBack } from "./decision.ts";
import { fail } from "./failure.ts";
import { noHardwareSync } from "./hardware-sync.ts";

/** Minutes that a machine may take to be seen off after it was told so (lifecycle.md section 14). */
export const RELEASE_TIMEOUT_MINUTES = 5;

/** Fields of a machine that nobody uses. */
export const emptied = {
  agentName: "",
  netboot: true,
  osystem: "",
  distroSeries: "",
  hweKernel: null,
  installKvm: false,
  ...noHardwareSync,
} as const satisfies Decision["set"];

/** What its use has left: file systems, and the owner's user-data. */
export const forgetUse: Effect[] = [
  { do: "drop_acquired" },
  { do: "set_user_data", data: null },
  { do: "forget_vm_host_password" },
];

/** What is the owner's until the machine is off. */
export const forgetOwner: Effect[] = [{ do: "release_addresses" }, { do: "clear_owner_data" }];

/** Give the machine back (lifecycle.md section 11). Ready and Releasing are left alone by the shell: releasing twice is no error. */
export function release(m: Machine, comment: string, now: Date): Decision {
  refuse("release", m);
  return switchOff(m, [event("REQUEST_NODE_RELEASE", comment), event("RELEASING")], now);
}

/** Give it back when its release scripts have passed; erasing disks is one of those, and has a status of its own. */
export function releaseWithScripts(
  m: Machine,
  to: "disk_erasing" | "releasing",
  comment: string,
  times: Times,
): Decision {
  refuse("release", m);
  const boot = bootFor(m, "release_scripts", times);
  const [request, begun] =
    to === "disk_erasing"
      ? (["REQUEST_NODE_ERASE_DISK", "DISK_ERASING"] as const)
      : (["REQUEST_NODE_RELEASE", "RELEASING"] as const);
  return decision(
    { ...becomes(m, to, times.now), ...boot.set, enableSsh: false, errorDescription: "" },
    [event(request, comment), event(begun)],
    [{ do: "finish_results", sets: ["installation"], as: "aborted" }, ...boot.effects],
    boot.jobs,
  );
}

/** Whether release scripts are what the machine is at: a power state that is seen meanwhile ends nothing. */
export function runsReleaseScripts(m: Machine): boolean {
  return m.status === "disk_erasing" || (m.status === "releasing" && m.waitingFor !== "power_off");
}

/** The ephemeral system has ended: the machine is given back, unless a script has not passed. */
export function releaseScriptsEnded(
  m: Machine,
  results: { anyFailed: boolean; anyPending: boolean },
  now: Date,
): Decision {
  if (!runsReleaseScripts(m)) return decision({}, []);
  if (results.anyFailed || results.anyPending)
    return fail(m, "The machine ended its work before every release script had passed: see their results.", now);
  return switchOff(m, [event("RELEASING")], now);
}

function switchOff(m: Machine, events: EventRecord[], now: Date): Decision {
  // One that ends with its release ends where its power is seen: the caller who gives it back is still shown it.
  const waits = canSwitchPower(m) && (m.powerState !== "off" || m.dynamic);
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
    events,
    [{ do: "finish_results", sets: ["installation", "release"], as: "aborted" }, ...handBack, ...forgetUse],
    waits ? [{ queue: "power", action: "off", epoch, bootDevice: null, purpose: "releasing" }] : [],
  );
  return waits ? begin : andThen(m, begin, (released) => finishRelease(released, now));
}

/** The last step of a release: nobody's again, or gone, when it was made for this use alone. */
export function finishRelease(m: Machine, now: Date): Decision {
  const to = m.commissioningPassed ? "ready" : "new";
  return decision(
    { ...becomes(m, to, now), ownerId: null },
    [event("RELEASED")],
    m.dynamic ? [...forgetOwner, { do: "discard" }] : forgetOwner,
  );
}
