/** Taking back what was asked (lifecycle.md section 13). */
import { event, type EventType } from "../event.ts";
import { becomes, canSwitchPower, refuse } from "../lifecycle.ts";
import type { Decision, Effect, Job, Machine } from "../machine.ts";
import type { MachineStatus } from "../status.ts";
import { decision } from "./decision.ts";

/** Take back what was asked (lifecycle.md section 13). */
export function abort(m: Machine, comment: string, now: Date): Decision {
  refuse("abort", m);
  const epoch = m.bootEpoch + 1;
  const jobs: Job[] = canSwitchPower(m)
    ? [{ queue: "power", action: "off", epoch, bootDevice: null, purpose: "aborting" }]
    : [];
  const stop: Effect[] = [{ do: "end_boot_secrets" }];
  // A power-on may be under way that nobody has seen the end of: "off" is no fact any more, and a release must not trust it.
  const powerState = m.powerState === "off" && jobs.length > 0 ? "unknown" : m.powerState;
  const aborted = (to: MachineStatus, types: [EventType, EventType], effects: Effect[]): Decision =>
    decision(
      { ...becomes(m, to, now), bootEpoch: epoch, enlisting: false, powerStateBefore: null, powerState },
      [event(types[0], comment), event(types[1])],
      [...stop, ...effects],
      jobs,
    );
  switch (m.status) {
    case "commissioning":
      return aborted(
        "new",
        ["REQUEST_NODE_ABORT_COMMISSIONING", "ABORTED_COMMISSIONING"],
        [{ do: "finish_results", sets: ["commissioning", "testing"], as: "aborted" }, { do: "revoke_token" }],
      );
    case "testing": {
      const to = beforeTesting(m);
      const gone: Effect[] = to === "new" || to === "ready" ? [{ do: "revoke_token" }] : [];
      return aborted(
        to,
        ["REQUEST_NODE_ABORT_TESTING", "ABORTED_TESTING"],
        [{ do: "finish_results", sets: ["commissioning", "testing"], as: "aborted" }, ...gone],
      );
    }
    case "deploying":
      return aborted(
        "allocated",
        ["REQUEST_NODE_ABORT_DEPLOYMENT", "ABORTED_DEPLOYMENT"],
        [{ do: "finish_results", sets: ["installation"], as: "aborted" }, { do: "release_addresses" }],
      );
    case "disk_erasing":
      return aborted(
        "failed_disk_erasing",
        ["REQUEST_NODE_ABORT_ERASE_DISK", "ABORTED_DISK_ERASING"],
        [{ do: "finish_results", sets: ["release"], as: "aborted" }],
      );
    default:
      throw new Error(`abort of ${m.status} was not refused`);
  }
}

/** Where a test that is taken back leaves the machine. There is no way back to Failed commissioning (lifecycle.md section 4). */
function beforeTesting(m: Machine): MachineStatus {
  if (m.enlisting || m.previousStatus === "failed_commissioning") return "new";
  return m.previousStatus === "commissioning" ? "ready" : m.previousStatus;
}
