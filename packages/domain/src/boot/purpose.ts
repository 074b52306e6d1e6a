/** What a machine that netboots is given, by its status (reference: lifecycle.md section 1, "Netboot purpose by status"). */
import type { Machine } from "../machine/machine.ts";
import type { MachineStatus } from "../machine/status.ts";

/**
 * enlist: an unknown machine; ephemeral: commissioning, testing and the like; install: the installer; memory: the deployed system, from
 * memory at each start; local: its own disk; poweroff: nobody wants it on, so the ephemeral system switches it off.
 */
export type BootPurpose = "enlist" | "ephemeral" | "install" | "memory" | "local" | "poweroff";

const ephemeralStatuses: readonly MachineStatus[] = [
  "new",
  "commissioning",
  "disk_erasing",
  "entering_rescue_mode",
  "releasing",
  "rescue_mode",
  "testing",
];

/** On their way out of rescue mode: a deployed system is what they start again. */
const leavingRescue: readonly MachineStatus[] = ["exiting_rescue_mode", "failed_exiting_rescue_mode"];

export function bootPurpose(
  m: Pick<Machine, "status" | "previousStatus" | "waitingFor" | "netboot" | "ephemeralDeploy">,
): BootPurpose {
  // Whatever it was to do is done: it is only to be off.
  if (m.status === "releasing" && m.waitingFor === "power_off") return "poweroff";
  if (ephemeralStatuses.includes(m.status)) return "ephemeral";
  const deployed = m.status === "deployed" || (leavingRescue.includes(m.status) && m.previousStatus === "deployed");
  if (deployed) return m.ephemeralDeploy ? "memory" : "local";
  if (m.status === "deploying" && m.ephemeralDeploy) return "memory";
  if (m.status === "deploying") return m.netboot ? "install" : "local";
  return "poweroff";
}
