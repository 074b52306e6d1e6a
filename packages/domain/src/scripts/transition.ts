/** How a result's status moves with what the machine says of it (reference: scripts.md section 9). */
import type { Signal } from "../machine/lifecycle/signal.ts";
import { scriptStatus, unfinishedStatuses } from "./status.ts";

export interface Report {
  signal: Signal;
  /** Whether the script is over: files came, or an exit status. */
  ended: boolean;
  /** Files without an exit status count as success. */
  exitStatus: number;
  /** What the result YAML states; it goes before the exit status. */
  stated?: number | undefined;
}

/** Where each progress signal may start from: none of them moves a finished result. */
const progress: Partial<Record<Signal, { to: number; from: readonly number[] }>> = {
  WORKING: {
    to: scriptStatus.running,
    from: [scriptStatus.pending, scriptStatus.installing, scriptStatus.applying_netconf],
  },
  INSTALLING: { to: scriptStatus.installing, from: [scriptStatus.pending, scriptStatus.applying_netconf] },
  APPLYING_NETCONF: { to: scriptStatus.applying_netconf, from: [scriptStatus.pending] },
};

/** The status after `report`; the same one when it changes nothing. */
export function nextStatus(current: number, report: Report): number {
  if (report.ended) return report.stated ?? endStatus(current, report);
  if (report.signal === "TIMEDOUT") return unfinishedStatuses.includes(current) ? scriptStatus.timed_out : current;
  const step = progress[report.signal];
  return step?.from.includes(current) ? step.to : current;
}

function endStatus(current: number, { signal, exitStatus }: Report): number {
  if (signal === "TIMEDOUT") return scriptStatus.timed_out;
  if (exitStatus === 0) return scriptStatus.passed;
  // The signal counts too: the first word about a script may be that its packages cannot be had.
  if (current === scriptStatus.installing || signal === "INSTALLING") return scriptStatus.failed_installing;
  if (current === scriptStatus.applying_netconf || signal === "APPLYING_NETCONF")
    return scriptStatus.failed_applying_netconf;
  return scriptStatus.failed;
}

export interface Times {
  startedAt: Date | null;
  endedAt: Date | null;
}

/** Start and end of a result that gets this status. A script too quick for its own start report began `runtime` before its end. */
export function timesAfter(before: Times, status: number, now: Date, runtimeSeconds: number | null): Times {
  if (!unfinishedStatuses.includes(status)) {
    const began = before.startedAt ?? new Date(now.getTime() - Math.max(0, runtimeSeconds ?? 0) * 1000);
    return { startedAt: began, endedAt: now };
  }
  if (status === scriptStatus.running) return { startedAt: before.startedAt ?? now, endedAt: null };
  return { startedAt: before.startedAt, endedAt: before.endedAt };
}
