/** Statuses of script results and how several make one (reference: scripts.md sections 9 and 11). */
export const scriptStatus = {
  pending: 0,
  running: 1,
  passed: 2,
  failed: 3,
  timed_out: 4,
  aborted: 5,
  degraded: 6,
  installing: 7,
  failed_installing: 8,
  skipped: 9,
  applying_netconf: 10,
  failed_applying_netconf: 11,
} as const;

export type ScriptStatus = keyof typeof scriptStatus;

export const scriptStatusLabel: Record<number, string> = {
  [-1]: "Unknown",
  0: "Pending",
  1: "Running",
  2: "Passed",
  3: "Failed",
  4: "Timed out",
  5: "Aborted",
  6: "Degraded",
  7: "Installing dependencies",
  8: "Failed installing dependencies",
  9: "Skipped",
  10: "Applying custom network configuration",
  11: "Failed to apply custom network configuration",
};

/** Somebody is at it. */
export const runningStatuses: readonly number[] = [1, 7, 10];
/** Not over yet. */
export const unfinishedStatuses: readonly number[] = [0, 1, 7, 10];
export const failedStatuses: readonly number[] = [3, 4, 8, 11];

export const resultType = { commissioning: 0, installation: 1, testing: 2, release: 3 } as const;
export const hardwareType = { node: 0, cpu: 1, memory: 2, storage: 3, network: 4, gpu: 5 } as const;

/** One status for many; -1 (Unknown) for none. Suppressed results are not handed in. */
export function aggregate(statuses: readonly number[]): number {
  const counted = statuses.filter((s) => s !== scriptStatus.skipped);
  if (statuses.length === 0) return -1;
  if (counted.some((s) => runningStatuses.includes(s))) return scriptStatus.running;
  if (counted.includes(scriptStatus.pending)) return scriptStatus.pending;
  if (counted.includes(scriptStatus.aborted)) return scriptStatus.aborted;
  if (counted.some((s) => failedStatuses.includes(s))) return scriptStatus.failed;
  if (counted.includes(scriptStatus.degraded)) return scriptStatus.degraded;
  return scriptStatus.passed;
}
