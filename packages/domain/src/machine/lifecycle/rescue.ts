/** Rescue mode: the ephemeral system to log in to, and the way back (lifecycle.md section 12). */
import { event } from "../event.ts";
import { becomes, canSwitchPower, refuse, type Times } from "../lifecycle.ts";
import type { Decision, Job, Machine } from "../machine.ts";
import type { MachineStatus } from "../status.ts";
import { bootFor, later } from "./boot.ts";
import { andThen, decision, handBack } from "./decision.ts";

/** Minutes that a machine may take to be seen in the power state that ends rescue mode (lifecycle.md section 14). */
export const EXIT_TIMEOUT_MINUTES = 5;

/** Who has a machine keeps it through rescue mode; one that is nobody's is lent to who asks. */
export function enterRescueMode(m: Machine, userId: number, comment: string, times: Times): Decision {
  refuse("rescue_mode", m);
  const boot = bootFor(m, "entering_rescue_mode", times);
  return decision(
    { ...becomes(m, "entering_rescue_mode", times.now), ...boot.set, ownerId: m.ownerId ?? userId },
    [event("REQUEST_NODE_START_RESCUE_MODE", comment), event("ENTERING_RESCUE_MODE")],
    [{ do: "finish_results", sets: ["commissioning", "testing"], as: "aborted" }, ...boot.effects],
    boot.jobs,
  );
}

/** The rescue system spoke: it can be logged in to, for as long as anybody likes. */
export function rescueModeEntered(m: Machine, now: Date): Decision {
  return decision(becomes(m, "rescue_mode", now), [event("RESCUE_MODE")]);
}

/** Back to what it was: a deployed system is started again, anything else is switched off. Both are to be seen before they are believed. */
export function exitRescueMode(m: Machine, comment: string, now: Date): Decision {
  refuse("exit_rescue_mode", m);
  const deployed = m.previousStatus === "deployed";
  const fromDisk = deployed && !m.ephemeralDeploy;
  const epoch = m.bootEpoch + 1;
  const waits = canSwitchPower(m) && (deployed || m.powerState !== "off");
  const job: Job = {
    queue: "power",
    action: deployed ? "cycle" : "off",
    epoch,
    bootDevice: deployed && !fromDisk ? "network" : null,
    purpose: "exiting_rescue_mode",
  };
  const begin = decision(
    {
      ...becomes(m, "exiting_rescue_mode", now),
      bootEpoch: epoch,
      statusDeadline: later(now, EXIT_TIMEOUT_MINUTES),
      waitingFor: deployed ? "power_on" : "power_off",
      ...(fromDisk ? { netboot: false } : {}),
    },
    [event("REQUEST_NODE_STOP_RESCUE_MODE", comment)],
    [{ do: "end_boot_secrets" }],
    waits ? [job] : [],
  );
  return waits ? begin : andThen(m, begin, (left) => finishRescueMode(left, now));
}

/** Statuses in which a machine is somebody's: rescue mode takes it from nobody. */
const owned: readonly MachineStatus[] = [
  "allocated",
  "reserved",
  "deployed",
  "failed_deployment",
  "failed_disk_erasing",
  "failed_testing",
];

/** The error text of these is why they are what they are; of any other it is over. */
const explained: readonly MachineStatus[] = [
  "broken",
  "failed_commissioning",
  "failed_deployment",
  "failed_disk_erasing",
  "failed_testing",
];

/** The last step out of rescue mode. */
export function finishRescueMode(m: Machine, now: Date): Decision {
  const to = m.previousStatus;
  return decision(
    {
      ...becomes(m, to, now),
      ...(owned.includes(to) ? {} : { ownerId: null }),
      ...(explained.includes(to) ? {} : { errorDescription: "" }),
    },
    [event("EXITED_RESCUE_MODE")],
    owned.includes(to) ? [{ do: "end_boot_secrets" }] : handBack,
  );
}
