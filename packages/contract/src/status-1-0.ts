/** Statuses of machines in the numbers of API 1.0, where 6 is whatever somebody holds. */
import { type MachineStatus, statusCode, statusFromCode } from "@rackwright/domain/machine/status";

const HELD = 6;

/** Those that 1.0 has under the same number. */
const same: readonly MachineStatus[] = [
  "new",
  "commissioning",
  "failed_commissioning",
  "missing",
  "ready",
  "reserved",
  "retired",
  "broken",
];

/** Of those that nobody holds; anything else is seen as Ready. */
const free: Partial<Record<MachineStatus, MachineStatus>> = {
  testing: "commissioning",
  failed_testing: "failed_commissioning",
};

/** Those that are what somebody holds in any case. */
const always: readonly MachineStatus[] = [
  "deployed",
  "deploying",
  "allocated",
  "failed_deployment",
  "releasing",
  "failed_releasing",
  "disk_erasing",
  "failed_disk_erasing",
];

/** @param code of 2.0 */
export function status10(code: number, isOwned: boolean): number {
  const status = statusFromCode(code);
  if (same.includes(status)) return statusCode[status];
  if (isOwned || always.includes(status)) return HELD;
  return statusCode[free[status] ?? "ready"];
}
