/** Addresses that a machine has for the tests of its network, and for nothing else (reference: scripts.md section 15). */
import type { Machine } from "../machine.ts";
import type { MachineStatus } from "../status.ts";

const runsScripts: readonly MachineStatus[] = ["commissioning", "testing"];

/** Whether they go back now: the scripts are over, and there is no system on the machine's disks whose addresses they are. */
export function givesBackAddresses(
  before: Pick<Machine, "status">,
  after: Pick<Machine, "status" | "osystem">,
): boolean {
  return runsScripts.includes(before.status) && !runsScripts.includes(after.status) && after.osystem === "";
}
