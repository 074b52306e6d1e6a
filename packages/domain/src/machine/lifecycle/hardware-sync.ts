/** Deployed systems that report their hardware by themselves, until the machine is released (lifecycle.md section 19). */
import { event } from "../event.ts";
import type { Decision, Machine } from "../machine.ts";
import { decision } from "./decision.ts";

/** Healthy is who was heard within so many intervals. */
const TOLERANCE = 1.5;
/** Each of its scripts reports; that they came within so many seconds is one report. */
const ONE_REPORT_SECONDS = 10;

export const noHardwareSync = {
  enableHwSync: false,
  syncIntervalS: null,
  lastSync: null,
  syncSilent: false,
} as const satisfies Decision["set"];

/** Of a system that is to be installed, or that runs already. */
export function hardwareSync(intervalS: number | null): Decision["set"] {
  return { ...noHardwareSync, enableHwSync: intervalS !== null, syncIntervalS: intervalS };
}

/** When the next report is due; null while none has come. */
export function nextSync(m: Pick<Machine, "lastSync" | "syncIntervalS">): Date | null {
  return m.lastSync === null || m.syncIntervalS === null ? null : later(m.lastSync, m.syncIntervalS);
}

/** It reported. */
export function synced(m: Machine, now: Date): Decision {
  if (!m.enableHwSync) return decision({}, []);
  const fresh = m.lastSync !== null && now.getTime() - m.lastSync.getTime() < ONE_REPORT_SECONDS * 1000;
  if (fresh && !m.syncSilent) return decision({}, []);
  return decision({ lastSync: now, syncSilent: false }, m.syncSilent ? [event("NODE_HARDWARE_SYNC_BACK")] : []);
}

/** Until when a machine may keep silent; null: nothing is expected of it. What became Deployed anew has its time from then on. */
export function silentFrom(m: Machine): Date | null {
  if (m.status !== "deployed" || !m.enableHwSync || m.syncIntervalS === null) return null;
  const since = m.lastSync !== null && m.lastSync > m.statusSince ? m.lastSync : m.statusSince;
  return later(since, TOLERANCE * m.syncIntervalS);
}

/** It has not reported for too long: that is told once. */
export function fellSilent(m: Machine, now: Date): Decision {
  const from = silentFrom(m);
  if (from === null || from >= now || m.syncSilent) return decision({}, []);
  const heard = m.lastSync === null ? "never since it was deployed" : `last at ${m.lastSync.toISOString()}`;
  const text = `it reports every ${m.syncIntervalS} s, and did ${heard}: look at maas-hardware-sync.timer on it`;
  return decision({ syncSilent: true }, [event("NODE_HARDWARE_SYNC_SILENT", text)]);
}

const later = (from: Date, seconds: number): Date => new Date(from.getTime() + seconds * 1000);
