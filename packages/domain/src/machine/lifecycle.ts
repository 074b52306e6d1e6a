/**
 * The rules of the machine's life: what may start from where, why not, and what holds on every change of status. Pure, as are the actions
 * in `lifecycle/`: each is a function from (machine, input, now) to a Decision, which the shell commits in one transaction.
 * Facts: reference lifecycle.md; deadlines are ours: every waiting status has one.
 */
import { DomainError, invalidField } from "../errors.ts";
import type { Decision, Machine } from "./machine.ts";
import {
  isWaiting,
  machineStatuses,
  type MachineStatus,
  mayBecome,
  releasableStatuses,
  statusLabel,
  transientStatuses,
} from "./status.ts";

/** Nobody's system uses the network of a machine in one of these (reference: networking-storage.md section 6). */
const networkConfigurable = ["new", "ready", "failed_testing", "allocated", "broken"] as const;

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
  power_on: machineStatuses,
  power_off: machineStatuses,
  lock: ["deploying", "deployed"],
  unlock: machineStatuses,
  mark_broken: thatMayBecome("broken"),
  mark_fixed: ["broken"],
  override_failed_testing: ["failed_testing"],
  rescue_mode: thatMayBecome("entering_rescue_mode").filter((status) => status !== "entering_rescue_mode"),
  restore_default_configuration: ["ready", "failed_testing"],
  restore_networking_configuration: ["ready", "failed_testing"],
  restore_storage_configuration: ["ready", "failed_testing"],
  exit_rescue_mode: [
    "rescue_mode",
    "entering_rescue_mode",
    "failed_entering_rescue_mode",
    "failed_exiting_rescue_mode",
  ],
  set_storage_layout: ["ready"],
  configure_network: networkConfigurable,
  update_interface: [...networkConfigurable, "deployed"],
  tag_interface: machineStatuses,
  configure_storage: ["ready"],
  update_block_device: ["ready", "deployed"],
  format_storage: ["ready", "allocated"],
  mount_special: ["ready", "allocated"],
  unmount_special: ["ready", "allocated"],
  tag_partition: machineStatuses,
  set_workload_annotations: machineStatuses,
  clear_default_gateways: machineStatuses,
  get_curtin_config: ["deploying", "deployed", "failed_deployment"],
  /** Of a machine that becomes like another one. */
  clone: ["ready", "failed_testing"],
} as const satisfies Record<string, readonly MachineStatus[]>;

function thatMayBecome(to: MachineStatus): readonly MachineStatus[] {
  return machineStatuses.filter((from) => mayBecome(from, to));
}

export type Action = keyof typeof startsFrom;

/** Statuses whose refusal is 400 as upstream has it, not 409 (lifecycle.md sections 5, 8 and 13). */
const refusedAsBadRequest: readonly Action[] = ["commission", "test", "get_curtin_config"];

/** What the lock does not keep from: the lock itself, and what only looks. */
const lockIgnored: readonly Action[] = ["lock", "unlock", "get_curtin_config"];

/** Where an action was asked for, and has happened already: no error, and nothing to do (lifecycle.md sections 6 and 11). */
const alreadyDone: Partial<Record<Action, readonly MachineStatus[]>> = {
  accept: ["ready", "commissioning"],
  release: ["ready", "releasing"],
};

export function isDone(action: Action, m: Pick<Machine, "status">): boolean {
  return alreadyDone[action]?.includes(m.status) ?? false;
}

/** What boots a machine anew, and so has to know how its power is switched. */
const needsPowerType: readonly Action[] = ["commission", "test", "rescue_mode"];

/** Actions in a sentence, before the machine's name; others read as they are called. */
const verb: Partial<Record<Action, string>> = {
  power_on: "switch on",
  power_off: "switch off",
  clone: "clone to",
  get_curtin_config: "tell the installation of",
  mark_broken: "mark broken",
  mark_fixed: "mark fixed",
  override_failed_testing: "override the failed testing of",
  set_storage_layout: "lay out the disks of",
  configure_network: "configure the network of",
  update_interface: "change an interface of",
  tag_interface: "tag an interface of",
  configure_storage: "change the disks of",
  update_block_device: "change a block device of",
  format_storage: "format or mount disks of",
  mount_special: "mount anything on",
  unmount_special: "unmount anything of",
  tag_partition: "tag a partition of",
  restore_default_configuration: "restore the configuration of",
  restore_networking_configuration: "restore the network configuration of",
  restore_storage_configuration: "restore the storage configuration of",
  rescue_mode: "start rescue mode of",
  exit_rescue_mode: "end rescue mode of",
};

/** Why `action` is impossible now, in words the caller can act on; undefined when it is possible. */
export function refusal(action: Action, m: Machine): DomainError | undefined {
  if (m.locked && !lockIgnored.includes(action))
    return new DomainError("machine_locked", `${m.hostname} is locked: unlock it first.`);
  const doing = verb[action] ?? action;
  const from: readonly MachineStatus[] = startsFrom[action];
  if (!from.includes(m.status)) {
    const needed = from.map((s) => statusLabel[s]).join(", ");
    const text = `Cannot ${doing} ${m.hostname}: it is ${statusLabel[m.status]}, and ${action} starts from ${needed}.`;
    return new DomainError(refusedAsBadRequest.includes(action) ? "bad_request" : "wrong_status", text);
  }
  if (action === "lock" && m.locked) return new DomainError("wrong_status", `${m.hostname} is locked already.`);
  if (action === "unlock" && !m.locked) return new DomainError("wrong_status", `${m.hostname} is not locked.`);
  if (needsPowerType.includes(action) && m.powerType === "")
    return new DomainError("invalid_fields", `Cannot ${doing} ${m.hostname}: it has no power type.`, {
      fields: {
        power_type: [
          `${m.hostname} has no power type: set one (manual, if you switch it by hand) before you ${doing} it.`,
        ],
      },
    });
  if (action === "power_on") return startRefusal(m);
  if (action === "commission" && m.interfaceCount === 0 && m.powerType !== "ipmi")
    return new DomainError("bad_request", `Cannot commission ${m.hostname}: it has no network interface to boot from.`);
  if (action === "test" && m.status === "new" && m.commissioningSetId === null)
    return new DomainError("bad_request", `Cannot test ${m.hostname}: it has never been commissioned.`);
  return undefined;
}

/** Nobody's machine is not started; an Allocated one is deployed, and may be started by hand for that. */
function startRefusal(m: Machine): DomainError | undefined {
  if (m.ownerId === null)
    return new DomainError("wrong_status", `Can't start node: ${m.hostname} hasn't been allocated.`);
  if (m.status === "allocated" || canSwitchPower(m)) return undefined;
  return invalidField(
    "power_type",
    `${m.hostname} has power type '${m.powerType || "none"}', which cannot be switched from here: switch it by hand, or set another.`,
  );
}

/** @throws DomainError the refusal, when there is one */
export function refuse(action: Action, m: Machine): void {
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
