import type { EventRecord } from "./event.ts";
import type { MachineStatus } from "./status.ts";

/** The part of a machine that its lifecycle depends on. Inside we write camelCase; wire names live in contract and api. */
export interface Machine {
  id: number;
  systemId: string;
  hostname: string;
  status: MachineStatus;
  previousStatus: MachineStatus;
  statusSince: Date;
  /** Set exactly while the status waits for something. */
  statusDeadline: Date | null;
  waitingFor: WaitingFor | null;
  ownerId: number | null;
  locked: boolean;
  /** Grows each time the machine is started for a purpose; keys boot secrets, evidence, jobs and deadlines. */
  bootEpoch: number;
  netboot: boolean;
  powerType: string;
  powerState: PowerState;
  osystem: string;
  distroSeries: string;
  hweKernel: string | null;
  /** Its deployment makes it a VM host. */
  installKvm: boolean;
  agentName: string;
  ephemeralDeploy: boolean;
  /** The system that is deployed, or that the next deploy installs, reports its hardware by itself. */
  enableHwSync: boolean;
  /** Seconds from one report to the next, as its timer was set; null: there is none. */
  syncIntervalS: number | null;
  lastSync: Date | null;
  /** It was told that reports have stopped. */
  syncSilent: boolean;
  enableSsh: boolean;
  skipNetworking: boolean;
  skipStorage: boolean;
  /** Commissioning that began as an enlistment: it ends in New. */
  enlisting: boolean;
  /** Power state before testing began; decides whether the machine is left on. */
  powerStateBefore: PowerState | null;
  errorDescription: string;
  interfaceCount: number;
  commissioningSetId: number | null;
  /** Whether the current commissioning set aggregates to Passed: decides where a release ends. */
  commissioningPassed: boolean;
  testingSetId: number | null;
  installationSetId: number | null;
  releaseSetId: number | null;
  /** Allocating had it made on a VM host: it ends with its release (lifecycle.md section 11). */
  dynamic: boolean;
}

export type PowerState = "on" | "off" | "unknown" | "error";

/** What a waiting machine waits for. `script:NAME` while a script runs. */
export type WaitingFor =
  | "operator_power_on"
  | "power_on"
  | "power_off"
  | "dhcp"
  | "boot_file"
  | "kernel"
  | "first_signal"
  | "next_script"
  | "image"
  | "installer"
  | "reboot"
  | "first_boot"
  | "vm_host_setup"
  | "vm_host"
  | "last_report"
  | `script:${string}`;

/** Who asks. System: a timer or a job; machine: the machine itself by its own token. */
export type Actor =
  | { kind: "user"; userId: number; username: string; isSuperuser: boolean }
  | { kind: "machine"; systemId: string }
  | { kind: "system" }
  | { kind: "anonymous" };

export type ResultSetKind = "commissioning" | "testing" | "installation" | "release";

/** Things that a decision wants done in the same transaction, beyond the machine's own fields. */
export type Effect =
  | { do: "finish_results"; sets: ResultSetKind[]; as: "aborted" | "failed" | "timed_out" }
  | { do: "new_token" }
  | { do: "revoke_token" }
  | { do: "end_boot_secrets" }
  | { do: "clear_storage" }
  | { do: "clear_links" }
  | { do: "acquire_filesystems" }
  | { do: "drop_acquired" }
  | { do: "assign_addresses" }
  | { do: "release_addresses" }
  | { do: "default_storage_layout" }
  | { do: "default_links" }
  | { do: "drop_virtual_interfaces" }
  | { do: "set_user_data"; data: Uint8Array | null }
  | { do: "clear_owner_data" }
  | { do: "register_vm_host" }
  | { do: "forget_vm_host_password" }
  | { do: "mark_image_deployed" }
  /** It is no machine any more. Done after all else of the decision. */
  | { do: "discard" };

/** Side effects that leave the database: queued in the same transaction, done afterwards, keyed by (machine, epoch). */
export interface Job {
  queue: "power";
  action: "on" | "off" | "cycle";
  epoch: number;
  bootDevice: "network" | "disk" | null;
  purpose: PowerPurpose;
  /** Of switching off, where the caller said how; else as the power settings have it. */
  stopMode?: StopMode;
}

/** soft asks the operating system, hard cuts the power. */
export type StopMode = "soft" | "hard";

/** Why power is switched: decides what a failure means. */
export type PowerPurpose =
  | "commissioning"
  | "testing"
  | "deploying"
  | "releasing"
  | "release_scripts"
  | "entering_rescue_mode"
  | "exiting_rescue_mode"
  | "aborting"
  | "user";

/** What an action decides: written together or not at all. */
export interface Decision {
  set: Partial<Omit<Machine, "id" | "systemId" | "interfaceCount" | "commissioningPassed" | "dynamic">>;
  events: EventRecord[];
  effects: Effect[];
  jobs: Job[];
}
