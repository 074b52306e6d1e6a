/**
 * Machine statuses: codes, names, legal pairs, groups. Facts: reference lifecycle.md sections 1 and 4.
 * Whether an action may start is in `lifecycle.ts`; this file only knows the map.
 */
export const statusCode = {
  new: 0,
  commissioning: 1,
  failed_commissioning: 2,
  missing: 3,
  ready: 4,
  reserved: 5,
  deployed: 6,
  retired: 7,
  broken: 8,
  deploying: 9,
  allocated: 10,
  failed_deployment: 11,
  releasing: 12,
  failed_releasing: 13,
  disk_erasing: 14,
  failed_disk_erasing: 15,
  rescue_mode: 16,
  entering_rescue_mode: 17,
  failed_entering_rescue_mode: 18,
  exiting_rescue_mode: 19,
  failed_exiting_rescue_mode: 20,
  testing: 21,
  failed_testing: 22,
} as const;

export type MachineStatus = keyof typeof statusCode;

export const machineStatuses = Object.keys(statusCode) as MachineStatus[];

/** What people read; the API's `status_name`. */
export const statusLabel: Record<MachineStatus, string> = {
  new: "New",
  commissioning: "Commissioning",
  failed_commissioning: "Failed commissioning",
  missing: "Missing",
  ready: "Ready",
  reserved: "Reserved",
  deployed: "Deployed",
  retired: "Retired",
  broken: "Broken",
  deploying: "Deploying",
  allocated: "Allocated",
  failed_deployment: "Failed deployment",
  releasing: "Releasing",
  failed_releasing: "Releasing failed",
  disk_erasing: "Disk erasing",
  failed_disk_erasing: "Failed disk erasing",
  rescue_mode: "Rescue mode",
  entering_rescue_mode: "Entering rescue mode",
  failed_entering_rescue_mode: "Failed to enter rescue mode",
  exiting_rescue_mode: "Exiting rescue mode",
  failed_exiting_rescue_mode: "Failed to exit rescue mode",
  testing: "Testing",
  failed_testing: "Failed testing",
};

/** Statuses that a machine in the key's status may change to. Staying is always allowed. */
export const legalNext: Record<MachineStatus, readonly MachineStatus[]> = {
  new: ["commissioning", "testing", "missing", "ready", "retired", "broken", "entering_rescue_mode"],
  commissioning: ["failed_commissioning", "ready", "retired", "missing", "new", "broken", "testing"],
  failed_commissioning: ["commissioning", "missing", "retired", "broken", "entering_rescue_mode", "testing"],
  ready: ["entering_rescue_mode", "commissioning", "allocated", "reserved", "retired", "missing", "broken", "testing"],
  reserved: [
    "ready",
    "allocated",
    "retired",
    "missing",
    "broken",
    "disk_erasing",
    "releasing",
    "entering_rescue_mode",
    "testing",
  ],
  allocated: [
    "ready",
    "retired",
    "missing",
    "broken",
    "deploying",
    "disk_erasing",
    "releasing",
    "entering_rescue_mode",
    "testing",
  ],
  deploying: ["allocated", "missing", "broken", "failed_deployment", "deployed", "ready", "disk_erasing", "releasing"],
  failed_deployment: [
    "allocated",
    "missing",
    "broken",
    "ready",
    "disk_erasing",
    "releasing",
    "entering_rescue_mode",
    "testing",
  ],
  deployed: ["allocated", "missing", "broken", "ready", "disk_erasing", "releasing", "entering_rescue_mode", "testing"],
  releasing: [
    "new",
    "allocated",
    "reserved",
    "deployed",
    "ready",
    "broken",
    "missing",
    "failed_deployment",
    "failed_disk_erasing",
    "failed_releasing",
  ],
  failed_releasing: ["releasing", "disk_erasing", "ready", "broken", "testing"],
  disk_erasing: ["broken", "failed_disk_erasing", "ready", "releasing"],
  failed_disk_erasing: ["disk_erasing", "releasing", "broken", "allocated", "ready", "entering_rescue_mode", "testing"],
  broken: ["commissioning", "ready", "disk_erasing", "releasing", "entering_rescue_mode", "testing", "deployed"],
  missing: ["new", "ready", "allocated", "commissioning", "broken", "entering_rescue_mode", "testing"],
  retired: ["new", "ready", "missing", "broken", "entering_rescue_mode", "testing"],
  entering_rescue_mode: [
    "ready",
    "broken",
    "deployed",
    "rescue_mode",
    "failed_entering_rescue_mode",
    "exiting_rescue_mode",
  ],
  failed_entering_rescue_mode: ["broken", "entering_rescue_mode", "exiting_rescue_mode", "testing"],
  rescue_mode: ["broken", "exiting_rescue_mode", "testing"],
  exiting_rescue_mode: [
    "new",
    "broken",
    "failed_commissioning",
    "ready",
    "reserved",
    "allocated",
    "failed_deployment",
    "deployed",
    "missing",
    "retired",
    "failed_releasing",
    "failed_disk_erasing",
    "rescue_mode",
    "failed_entering_rescue_mode",
    "failed_exiting_rescue_mode",
    "failed_testing",
  ],
  failed_exiting_rescue_mode: ["broken", "exiting_rescue_mode", "testing"],
  testing: [
    "broken",
    "new",
    "ready",
    "reserved",
    "allocated",
    "deployed",
    "commissioning",
    "failed_deployment",
    "missing",
    "retired",
    "failed_releasing",
    "failed_disk_erasing",
    "failed_entering_rescue_mode",
    "failed_exiting_rescue_mode",
    "failed_testing",
  ],
  failed_testing: ["commissioning", "broken", "missing", "entering_rescue_mode", "testing", "ready", "deployed"],
};

export function mayBecome(from: MachineStatus, to: MachineStatus): boolean {
  return from === to || legalNext[from].includes(to);
}

/** Where a machine goes when what it is doing fails. Exactly these statuses wait, so exactly these carry a deadline. */
export const failedStatus = {
  commissioning: "failed_commissioning",
  deploying: "failed_deployment",
  releasing: "failed_releasing",
  disk_erasing: "failed_disk_erasing",
  entering_rescue_mode: "failed_entering_rescue_mode",
  exiting_rescue_mode: "failed_exiting_rescue_mode",
  testing: "failed_testing",
} as const satisfies Partial<Record<MachineStatus, MachineStatus>>;

export type WaitingStatus = keyof typeof failedStatus;

export function isWaiting(status: MachineStatus): status is WaitingStatus {
  return status in failedStatus;
}

const failedStatuses: readonly MachineStatus[] = Object.values(failedStatus);

export const isFailed = (status: MachineStatus): boolean => failedStatuses.includes(status);

/** Statuses in which the API shows the acquired copy of the filesystems (lifecycle.md section 1). */
export const allocatedStatuses: readonly MachineStatus[] = [
  "allocated",
  "deploying",
  "deployed",
  "failed_deployment",
  "releasing",
  "failed_releasing",
  "disk_erasing",
  "failed_disk_erasing",
  "rescue_mode",
  "entering_rescue_mode",
  "failed_entering_rescue_mode",
  "exiting_rescue_mode",
  "failed_exiting_rescue_mode",
  "testing",
  "failed_testing",
];

export const releasableStatuses: readonly MachineStatus[] = [
  "allocated",
  "reserved",
  "broken",
  "deploying",
  "deployed",
  "failed_deployment",
  "failed_disk_erasing",
  "failed_releasing",
];

/** A passed test run that began in one of these ends in Ready (lifecycle.md section 8). */
export const testingEndsInReady: readonly MachineStatus[] = [
  "new",
  "commissioning",
  "failed_deployment",
  "missing",
  "retired",
  "broken",
  "failed_releasing",
  "failed_disk_erasing",
  "failed_entering_rescue_mode",
  "failed_exiting_rescue_mode",
  "failed_testing",
];

/** Statuses that are not remembered in `previousStatus` when they end (lifecycle.md section 16). */
export const transientStatuses: readonly MachineStatus[] = [
  "rescue_mode",
  "entering_rescue_mode",
  "failed_entering_rescue_mode",
  "exiting_rescue_mode",
  "failed_exiting_rescue_mode",
  "testing",
];

/** A machine in one of these may still be described by itself, before anybody has a use for it (lifecycle.md section 6). */
export const enlistableStatuses: readonly MachineStatus[] = ["new", "commissioning"];

/** Machines that is_registered does not know, for callers with and without credentials (lifecycle.md section 6). */
export const unregisteredStatuses: Record<"anonymous" | "user", readonly MachineStatus[]> = {
  anonymous: ["new", "commissioning", "retired"],
  user: ["retired"],
};

/** What is_action_in_progress calls an action. */
export const inProgressStatuses: readonly MachineStatus[] = ["commissioning", "deploying"];

const byCode = new Map<number, MachineStatus>(machineStatuses.map((s) => [statusCode[s], s]));

/** @throws Error when the code is none of ours: a database row that this program did not write. */
export function statusFromCode(code: number): MachineStatus {
  const status = byCode.get(code);
  if (status === undefined) throw new Error(`unknown machine status code ${code}`);
  return status;
}

/** What a status is in broad words, as `simple_status` asks for it; those not named are "other". */
const simplified: Partial<Record<MachineStatus, string>> = {
  disk_erasing: "releasing",
  entering_rescue_mode: "rescue_mode",
  exiting_rescue_mode: "rescue_mode",
  failed_commissioning: "failed",
  failed_deployment: "failed",
  failed_disk_erasing: "failed",
  failed_entering_rescue_mode: "failed",
  failed_exiting_rescue_mode: "failed",
  failed_releasing: "failed",
  failed_testing: "failed",
};
const simpleOnes = [
  "allocated",
  "broken",
  "commissioning",
  "deployed",
  "deploying",
  "failed",
  "new",
  "ready",
  "releasing",
  "rescue_mode",
  "testing",
] as const;
export const simpleStatuses: readonly string[] = [...simpleOnes, "other"];

export function simpleStatus(status: MachineStatus): string {
  return simplified[status] ?? simpleOnes.find((word) => word === status) ?? "other";
}
