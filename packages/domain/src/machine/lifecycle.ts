/**
 * The machine's life: what may start from where, why not, and what then happens. Pure: (machine, input, now) to a Decision, which the
 * shell commits in one transaction. Facts: reference lifecycle.md; deadlines are ours: every waiting status has one.
 */
import { DomainError } from "../errors.ts";
import { event, type EventRecord, type EventType } from "./event.ts";
import type { Decision, Effect, Job, Machine, PowerPurpose, WaitingFor } from "./machine.ts";
import {
  failedStatus,
  isWaiting,
  type MachineStatus,
  mayBecome,
  releasableStatuses,
  statusLabel,
  testingEndsInReady,
  transientStatuses,
} from "./status.ts";

/** Statuses that each action may start from. The only place that says so: API, command line and UI read it. */
export const startsFrom = {
  accept: ["new"],
  commission: ["new", "failed_commissioning", "ready", "broken"],
  test: [
    "failed_commissioning",
    "new",
    "ready",
    "reserved",
    "allocated",
    "failed_deployment",
    "deployed",
    "missing",
    "retired",
    "broken",
    "rescue_mode",
    "failed_releasing",
    "failed_disk_erasing",
    "failed_entering_rescue_mode",
    "failed_exiting_rescue_mode",
    "failed_testing",
  ],
  allocate: ["ready"],
  deploy: ["ready", "allocated"],
  release: releasableStatuses,
  abort: ["commissioning", "testing", "deploying", "disk_erasing"],
} as const satisfies Record<string, readonly MachineStatus[]>;

export type Action = keyof typeof startsFrom;

/** Statuses whose refusal is 400 as upstream has it, not 409 (lifecycle.md sections 5 and 8). */
const refusedAsBadRequest: readonly Action[] = ["commission", "test"];

/** Why `action` is impossible now, in words the caller can act on; undefined when it is possible. */
export function refusal(action: Action, m: Machine): DomainError | undefined {
  if (m.locked && action !== "abort")
    return new DomainError("machine_locked", `${m.hostname} is locked: unlock it first.`);
  const from: readonly MachineStatus[] = startsFrom[action];
  if (!from.includes(m.status)) {
    const needed = from.map((s) => statusLabel[s]).join(", ");
    const text = `Cannot ${action} ${m.hostname}: it is ${statusLabel[m.status]}, and ${action} starts from ${needed}.`;
    return new DomainError(refusedAsBadRequest.includes(action) ? "bad_request" : "wrong_status", text);
  }
  if ((action === "commission" || action === "test") && m.powerType === "")
    return new DomainError("invalid_fields", `Cannot ${action} ${m.hostname}: it has no power type.`, {
      fields: {
        power_type: [
          `${m.hostname} has no power type: set one (manual, if you switch it by hand) before you ${action} it.`,
        ],
      },
    });
  if (action === "commission" && m.interfaceCount === 0 && m.powerType !== "ipmi")
    return new DomainError("bad_request", `Cannot commission ${m.hostname}: it has no network interface to boot from.`);
  if (action === "test" && m.status === "new" && m.commissioningSetId === null)
    return new DomainError("bad_request", `Cannot test ${m.hostname}: it has never been commissioned.`);
  return undefined;
}

function refuse(action: Action, m: Machine): void {
  const reason = refusal(action, m);
  if (reason) throw reason;
}

export interface Times {
  now: Date;
  /** Configuration item node_timeout. */
  nodeTimeoutMinutes: number;
}

/** Power drivers that cannot switch: somebody walks there. */
export const manualPowerTypes = ["", "manual"];

export function canSwitchPower(m: Pick<Machine, "powerType">): boolean {
  return !manualPowerTypes.includes(m.powerType);
}

/** Minutes that a machine may take to be seen off after it was told so (lifecycle.md section 14). */
export const RELEASE_TIMEOUT_MINUTES = 5;
/** The installer and the first boot each get this multiple of node_timeout; progress extends it (lifecycle.md section 10 item 9). */
const DEPLOY_TIMEOUT_FACTOR = 2;

function later(from: Date, minutes: number): Date {
  return new Date(from.getTime() + minutes * 60_000);
}

function decision(set: Decision["set"], events: EventRecord[], effects: Effect[] = [], jobs: Job[] = []): Decision {
  return { set, events, effects, jobs };
}

/**
 * The fields of a status change: the rules that hold on every save (lifecycle.md section 16).
 * @throws DomainError wrong_status when the pair is not legal
 */
export function becomes(m: Machine, to: MachineStatus, now: Date): Decision["set"] {
  if (!mayBecome(m.status, to))
    throw new DomainError(
      "wrong_status",
      `${m.hostname} cannot go from ${statusLabel[m.status]} to ${statusLabel[to]}.`,
    );
  const set: Decision["set"] = { status: to, statusSince: now };
  if (to !== m.status && !transientStatuses.includes(m.status)) set.previousStatus = m.status;
  if (to === "new" || to === "ready") set.ownerId = null;
  if (!isWaiting(to)) {
    set.statusDeadline = null;
    set.waitingFor = null;
  }
  return set;
}

/** What starting a machine for a purpose always means: a new epoch, fresh credentials, network boot, power. */
function bootFor(
  m: Machine,
  purpose: PowerPurpose,
  times: Times,
  timeoutFactor = 1,
): { set: Decision["set"]; effects: Effect[]; jobs: Job[] } {
  const epoch = m.bootEpoch + 1;
  const switchable = canSwitchPower(m);
  return {
    set: {
      bootEpoch: epoch,
      netboot: true,
      statusDeadline: later(times.now, times.nodeTimeoutMinutes * timeoutFactor),
      waitingFor: switchable ? "power_on" : "operator_power_on",
    },
    effects: [{ do: "end_boot_secrets" }, { do: "new_token" }],
    jobs: switchable ? [{ queue: "power", action: "cycle", epoch, bootDevice: "network", purpose }] : [],
  };
}

export interface CommissionOptions {
  enableSsh: boolean;
  skipBmcConfig: boolean;
  skipNetworking: boolean;
  skipStorage: boolean;
}

/** Begin commissioning by a user (lifecycle.md section 7). The script sets are made by the shell in the same transaction. */
export function commission(
  m: Machine,
  ownerId: number,
  options: CommissionOptions,
  comment: string,
  times: Times,
): Decision {
  refuse("commission", m);
  const boot = bootFor(m, "commissioning", times);
  const effects: Effect[] = [
    { do: "finish_results", sets: ["commissioning", "testing"], as: "aborted" },
    ...boot.effects,
  ];
  if (!options.skipStorage) effects.push({ do: "clear_storage" });
  if (!options.skipNetworking) effects.push({ do: "clear_links" });
  return decision(
    {
      ...becomes(m, "commissioning", times.now),
      ...boot.set,
      ownerId,
      enableSsh: options.enableSsh,
      skipNetworking: options.skipNetworking,
      skipStorage: options.skipStorage,
      enlisting: false,
      errorDescription: "",
    },
    [event("REQUEST_NODE_START_COMMISSIONING", comment), event("COMMISSIONING")],
    effects,
    boot.jobs,
  );
}

/**
 * An enlisting machine is already running: it goes on as its own commissioning, which ends in New (lifecycle.md section 6). One that has
 * credentials and signals by them keeps them, and the boot that they are of; any other gets its first.
 */
export function commissionInPlace(m: Machine, times: Times, credentials: "new" | "kept" = "new"): Decision {
  return decision(
    {
      ...becomes(m, "commissioning", times.now),
      ...(credentials === "new" ? { bootEpoch: m.bootEpoch + 1 } : {}),
      enlisting: true,
      waitingFor: "first_signal",
      statusDeadline: later(times.now, times.nodeTimeoutMinutes),
    },
    [event("COMMISSIONING", "enlisting")],
    credentials === "new"
      ? [{ do: "finish_results", sets: ["commissioning"], as: "aborted" }, { do: "new_token" }]
      : [],
  );
}

/** Begin a hardware test by a user (lifecycle.md section 8). */
export function test(m: Machine, userId: number, enableSsh: boolean, comment: string, times: Times): Decision {
  refuse("test", m);
  const boot = bootFor(m, "testing", times);
  return decision(
    {
      ...becomes(m, "testing", times.now),
      ...boot.set,
      ownerId: m.ownerId ?? userId,
      enableSsh,
      powerStateBefore: m.powerState,
    },
    [event("REQUEST_NODE_START_TESTING", comment), event("TESTING")],
    [{ do: "finish_results", sets: ["testing"], as: "aborted" }, ...boot.effects],
    boot.jobs,
  );
}

/** Lend the machine to a user (lifecycle.md section 9.6). */
export function allocate(m: Machine, userId: number, agentName: string, comment: string, now: Date): Decision {
  refuse("allocate", m);
  return decision(
    { ...becomes(m, "allocated", now), ownerId: userId, agentName },
    [event("REQUEST_NODE_ACQUIRE", comment), event("ALLOCATED")],
    [{ do: "acquire_filesystems" }, { do: "revoke_token" }],
  );
}

export interface DeployOptions {
  osystem: string;
  distroSeries: string;
  hweKernel: string | null;
  userData: Uint8Array | null;
  comment: string;
}

/** Begin an installation on an allocated machine (lifecycle.md section 10); a Ready one is allocated by the shell first. */
export function deploy(m: Machine, os: DeployOptions, times: Times): Decision {
  refuse("deploy", m);
  const boot = bootFor(m, "deploying", times, DEPLOY_TIMEOUT_FACTOR);
  return decision(
    {
      ...becomes(m, "deploying", times.now),
      ...boot.set,
      osystem: os.osystem,
      distroSeries: os.distroSeries,
      hweKernel: os.hweKernel,
      ephemeralDeploy: false,
      errorDescription: "",
    },
    [event("REQUEST_NODE_START_DEPLOYMENT", os.comment), event("DEPLOYING")],
    [
      { do: "finish_results", sets: ["installation"], as: "aborted" },
      { do: "set_user_data", data: os.userData },
      { do: "assign_addresses" },
      ...boot.effects,
    ],
    boot.jobs,
  );
}

/** Give the machine back (lifecycle.md section 11). Ready and Releasing are left alone by the shell: releasing twice is no error. */
export function release(m: Machine, comment: string, now: Date): Decision {
  refuse("release", m);
  const waits = canSwitchPower(m) && m.powerState !== "off";
  const epoch = m.bootEpoch + 1;
  const set: Decision["set"] = {
    ...becomes(m, "releasing", now),
    bootEpoch: epoch,
    agentName: "",
    netboot: true,
    osystem: "",
    distroSeries: "",
    hweKernel: null,
    statusDeadline: later(now, RELEASE_TIMEOUT_MINUTES),
    waitingFor: "power_off",
  };
  const begin = decision(
    set,
    [event("REQUEST_NODE_RELEASE", comment), event("RELEASING")],
    [
      { do: "finish_results", sets: ["installation"], as: "aborted" },
      { do: "end_boot_secrets" },
      { do: "revoke_token" },
      { do: "drop_acquired" },
      { do: "set_user_data", data: null },
    ],
    waits ? [{ queue: "power", action: "off", epoch, bootDevice: null, purpose: "releasing" }] : [],
  );
  return waits ? begin : then(m, begin, (released) => finishRelease(released, now));
}

/** The last step of a release: nobody's again. */
function finishRelease(m: Machine, now: Date): Decision {
  const to = m.commissioningPassed ? "ready" : "new";
  return decision(
    { ...becomes(m, to, now), ownerId: null },
    [event("RELEASED")],
    [{ do: "release_addresses" }, { do: "clear_owner_data" }],
  );
}

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

/** What the machine's own signal says (metadata-protocol.md section 6). */
export const signals = [
  "OK",
  "FAILED",
  "WORKING",
  "COMMISSIONING",
  "TESTING",
  "TIMEDOUT",
  "INSTALLING",
  "APPLYING_NETCONF",
  "RELEASING",
] as const;
export type Signal = (typeof signals)[number];

export interface SignalInput {
  signal: Signal;
  error: string;
  /** The script that the signal is about. */
  scriptName: string | null;
  /** Whether any result of the running commissioning or testing set has failed, this signal's included. */
  anyFailed: boolean;
  /** Whether commissioning or testing results wait to be run, this signal's included. */
  anyPending: boolean;
}

/** Statuses in which a signal is taken, and does nothing. */
const deafStatuses: readonly MachineStatus[] = [
  "broken",
  "failed_commissioning",
  "failed_deployment",
  "ready",
  "failed_entering_rescue_mode",
  "failed_testing",
];

/**
 * Act on a signal of the machine.
 * @throws DomainError wrong_status where the machine has no business to signal
 */
export function signal(m: Machine, input: SignalInput, times: Times): Decision {
  if (deafStatuses.includes(m.status)) return decision({}, []);
  switch (m.status) {
    case "new":
      return input.signal === "COMMISSIONING" ? commissionInPlace(m, times, "kept") : decision({}, []);
    case "commissioning":
      return signalCommissioning(m, input, times);
    case "testing":
      return signalTesting(m, input, times);
    case "deploying":
      return input.signal === "FAILED"
        ? fail(m, input.error || "The installer said that it failed.", times.now)
        : decision(progress(m, waitsFor(input), times, DEPLOY_TIMEOUT_FACTOR), []);
    case "deployed":
      if (input.signal === "WORKING" || input.signal === "TIMEDOUT") return decision({}, []);
      throw new DomainError("wrong_status", `${m.hostname} is Deployed: it can only report results with WORKING.`);
    case "disk_erasing":
    case "releasing":
    case "entering_rescue_mode":
    case "rescue_mode":
      if (input.signal === "FAILED" && isWaiting(m.status)) return fail(m, input.error, times.now);
      return decision({}, []);
    default:
      throw new DomainError("wrong_status", `${m.hostname} is ${statusLabel[m.status]}: a signal makes no sense now.`);
  }
}

function waitsFor(input: SignalInput): WaitingFor {
  return input.scriptName === null ? "next_script" : `script:${input.scriptName}`;
}

/**
 * A sign of life: the deadline moves to one node_timeout from now (the runner's heartbeat comes every 2 minutes), never to an earlier
 * time than it was given.
 */
function progress(m: Machine, waitingFor: WaitingFor, times: Times, factor = 1): Decision["set"] {
  const extended = later(times.now, times.nodeTimeoutMinutes * factor);
  const statusDeadline = m.statusDeadline !== null && m.statusDeadline > extended ? m.statusDeadline : extended;
  return { waitingFor, statusDeadline };
}

function signalCommissioning(m: Machine, input: SignalInput, times: Times): Decision {
  const failed =
    input.signal === "FAILED" || ((input.signal === "OK" || input.signal === "TESTING") && input.anyFailed);
  if (failed) return fail(m, input.error || "A commissioning script failed.", times.now);
  if (input.signal === "TESTING") {
    return decision(
      { ...becomes(m, "testing", times.now), ...progress(m, "next_script", times), previousStatus: "commissioning" },
      [event("TESTING")],
      commissioned(m),
    );
  }
  if (input.signal === "OK") {
    const to = m.enlisting ? "new" : "ready";
    return decision(
      { ...becomes(m, to, times.now), enlisting: false, skipNetworking: false, skipStorage: false },
      [event(m.enlisting ? "NEW" : "READY")],
      [...commissioned(m), ...handBack],
    );
  }
  return decision(progress(m, waitsFor(input), times), []);
}

/** What a commissioning that passed leaves behind: a default layout and default links, unless they were to be kept. */
function commissioned(m: Machine): Effect[] {
  const effects: Effect[] = [];
  if (!m.skipStorage) effects.push({ do: "default_storage_layout" });
  if (!m.skipNetworking) effects.push({ do: "default_links" });
  return effects;
}

/** The owner goes, so the machine's token goes too (metadata-protocol.md section 2). */
const handBack: Effect[] = [{ do: "revoke_token" }, { do: "end_boot_secrets" }];

function signalTesting(m: Machine, input: SignalInput, times: Times): Decision {
  if (input.signal === "FAILED" || (input.signal === "OK" && input.anyFailed))
    return fail(m, input.error || "A test failed.", times.now);
  if (input.signal !== "OK") return decision(progress(m, waitsFor(input), times), []);
  let to: MachineStatus = m.previousStatus;
  if (m.enlisting || m.previousStatus === "failed_commissioning") to = "new";
  else if (testingEndsInReady.includes(m.previousStatus)) to = "ready";
  const type: EventType =
    to === "new" ? "NEW" : to === "ready" ? "READY" : to === "deployed" ? "DEPLOYED" : "NODE_CHANGED_STATUS";
  const keepsOwner = to !== "new" && to !== "ready";
  return decision(
    { ...becomes(m, to, times.now), enlisting: false, powerStateBefore: null },
    [event(type, "tests passed")],
    keepsOwner ? [{ do: "end_boot_secrets" }] : handBack,
  );
}

/** The machine's work failed; the reason goes where people look. Nothing for statuses that do not wait. */
export function fail(
  m: Machine,
  reason: string,
  now: Date,
  as: "aborted" | "failed" | "timed_out" = "aborted",
): Decision {
  if (!isWaiting(m.status)) return decision({}, []);
  const to = failedStatus[m.status];
  const effects: Effect[] = [
    { do: "finish_results", sets: ["commissioning", "testing", "installation"], as },
    { do: "end_boot_secrets" },
  ];
  return decision(
    { ...becomes(m, to, now), enlisting: false, errorDescription: reason },
    [event("REQUEST_NODE_MARK_FAILED_SYSTEM", reason), event(failedEvent[to], reason)],
    effects,
  );
}

const failedEvent: Record<(typeof failedStatus)[keyof typeof failedStatus], EventType> = {
  failed_commissioning: "FAILED_COMMISSIONING",
  failed_deployment: "FAILED_DEPLOYMENT",
  failed_releasing: "FAILED_RELEASING",
  failed_disk_erasing: "FAILED_DISK_ERASING",
  failed_entering_rescue_mode: "NODE_CHANGED_STATUS",
  failed_exiting_rescue_mode: "NODE_CHANGED_STATUS",
  failed_testing: "FAILED_TESTING",
};

/** The deadline has passed: say what was waited for and what was last seen. Powers off what would hang on, unless somebody wants in. */
export function expire(m: Machine, lastEvidence: string | null, now: Date): Decision {
  if (!isWaiting(m.status) || m.statusDeadline === null || m.statusDeadline > now) return decision({}, []);
  const minutes = Math.round((now.getTime() - m.statusSince.getTime()) / 60_000);
  const seen = lastEvidence === null ? "nothing was seen of the machine since" : `last seen: ${lastEvidence}`;
  const reason = `${statusLabel[m.status]} waited ${minutes} minutes, at last for ${m.waitingFor ?? "nothing stated"}; ${seen}.`;
  return thenOff(m, fail(m, reason, now, "timed_out"));
}

/** A script ran longer than it may: its machine has failed, and is switched off as one that is overdue. */
export function overrun(m: Machine, reason: string, now: Date): Decision {
  return isWaiting(m.status) ? thenOff(m, fail(m, reason, now)) : decision({}, []);
}

function thenOff(m: Machine, failed: Decision): Decision {
  if (m.enableSsh || !canSwitchPower(m)) return failed;
  return {
    ...failed,
    set: { ...failed.set, bootEpoch: m.bootEpoch + 1 },
    jobs: [{ queue: "power", action: "off", epoch: m.bootEpoch + 1, bootDevice: null, purpose: "aborting" }],
  };
}

/** The boot script was asked for, a kernel fetched, ...: moves `waitingFor` on and extends the deadline (lifecycle.md section 14). */
export function bootProgress(m: Machine, waitingFor: WaitingFor, times: Times): Decision {
  if (!isWaiting(m.status) || m.status === "releasing") return decision({}, []);
  return decision(progress(m, waitingFor, times, m.status === "deploying" ? DEPLOY_TIMEOUT_FACTOR : 1), []);
}

/** The installer is done with the disk: from now on the machine boots from it. */
export function netbootOff(m: Machine, times: Times): Decision {
  const set: Decision["set"] = { netboot: false };
  if (m.status === "deploying") Object.assign(set, progress(m, "reboot", times, DEPLOY_TIMEOUT_FACTOR));
  return decision(set, [event("NODE_INSTALLATION_FINISHED")]);
}

/** The installed system fetched its user-data: it lives (lifecycle.md section 5 row 16). */
export function installedSystemBooted(m: Machine, now: Date): Decision {
  if (m.status !== "deploying") return decision({}, []);
  return decision(
    becomes(m, "deployed", now),
    [event("DEPLOYED"), event("IMAGE_DEPLOYED", `${m.osystem}/${m.distroSeries}`)],
    [{ do: "mark_image_deployed" }, { do: "end_boot_secrets" }],
  );
}

/** The BMC said what the power is. Finishes a release; otherwise only recorded. */
export function powerObserved(m: Machine, state: "on" | "off", now: Date): Decision {
  const seen = state === m.powerState ? [] : [event(state === "on" ? "NODE_POWERED_ON" : "NODE_POWERED_OFF")];
  const observed = decision({ powerState: state }, seen);
  if (m.status === "releasing" && state === "off" && m.waitingFor === "power_off")
    return then(m, observed, (off) => finishRelease(off, now));
  if (state === "on" && isWaiting(m.status) && m.waitingFor === "power_on") observed.set.waitingFor = "dhcp";
  return observed;
}

/** Power could not be switched for `purpose`: back to where the machine was, or to the failed status, with the reason. */
export function powerFailed(m: Machine, purpose: PowerPurpose, reason: string, now: Date): Decision {
  const type: EventType =
    purpose === "releasing" || purpose === "aborting" ? "NODE_POWER_OFF_FAILED" : "NODE_POWER_ON_FAILED";
  const failure = event(type, reason);
  if (!isWaiting(m.status) || purpose === "user" || purpose === "aborting")
    return decision({ powerState: "error" }, [failure]);
  const failed = fail(m, reason, now);
  return { ...failed, set: { ...failed.set, powerState: "error" }, events: [failure, ...failed.events] };
}

/** Apply a second decision on top of a first, as one. */
function then(m: Machine, first: Decision, next: (m: Machine) => Decision): Decision {
  const second = next({ ...m, ...first.set });
  return {
    set: { ...first.set, ...second.set },
    events: [...first.events, ...second.events],
    effects: [...first.effects, ...second.effects],
    jobs: [...first.jobs, ...second.jobs],
  };
}
