/** Machines for tests of the lifecycle, at a moment that stands still. */
import type { Times } from "../lifecycle.ts";
import type { Machine } from "../machine.ts";
import { isWaiting, type MachineStatus } from "../status.ts";

export const now = new Date("2026-05-01T12:00:00Z");
export const times: Times = { now, nodeTimeoutMinutes: 30 };
export const minutes = (n: number) => new Date(now.getTime() + n * 60_000);

const seenByPower: readonly MachineStatus[] = ["releasing", "exiting_rescue_mode"];

/** A machine of this status, in good order: due in five minutes where it waits. */
export function machine(status: MachineStatus, more: Partial<Machine> = {}): Machine {
  const waits = isWaiting(status);
  return {
    id: 1,
    systemId: "abc123",
    hostname: "calm-otter",
    status,
    previousStatus: "ready",
    statusSince: minutes(-10),
    statusDeadline: waits ? minutes(5) : null,
    waitingFor: waits ? (seenByPower.includes(status) ? "power_off" : "next_script") : null,
    ownerId: status === "new" || status === "ready" ? null : 7,
    locked: false,
    bootEpoch: 4,
    netboot: true,
    powerType: "ipmi",
    powerState: "on",
    osystem: "debian",
    distroSeries: "bookworm",
    hweKernel: null,
    installKvm: false,
    agentName: "agent",
    ephemeralDeploy: false,
    enableHwSync: false,
    syncIntervalS: null,
    lastSync: null,
    syncSilent: false,
    enableSsh: false,
    skipNetworking: false,
    skipStorage: false,
    enlisting: false,
    powerStateBefore: null,
    errorDescription: "",
    interfaceCount: 1,
    commissioningSetId: 11,
    commissioningPassed: true,
    testingSetId: 12,
    installationSetId: 13,
    releaseSetId: 14,
    dynamic: false,
    ...more,
  };
}
