/** The life of one machine, stage by stage: from power-on to a deployed system and back. */
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { LabMachine } from "@rackwright/lab/lab";
import type { MachineReply } from "./client.ts";
import type { Site } from "./site.ts";

export type Stage = "enlist" | "commission" | "allocate" | "deploy" | "boot from disk" | "rescue" | "release";
export const stages: readonly Stage[] = [
  "enlist",
  "commission",
  "allocate",
  "deploy",
  "boot from disk",
  "rescue",
  "release",
];

/** Limits in seconds, about three times what an emulated machine takes on two cores. */
const limits: Record<Stage, number> = {
  enlist: 420,
  commission: 480,
  allocate: 10,
  deploy: 600,
  "boot from disk": 300,
  rescue: 480,
  release: 480,
};

export interface StageReport {
  machine: string;
  stage: Stage;
  /** What it waits for now. */
  waitingFor: string;
}

export class StageError extends Error {
  readonly machine: string;
  readonly stage: Stage;
  readonly serialLog: string;
  constructor(machine: LabMachine, stage: Stage, reason: string, cause?: unknown) {
    super(`${machine.name}: ${stage} failed: ${reason}`, cause === undefined ? undefined : { cause });
    this.machine = machine.name;
    this.stage = stage;
    this.serialLog = machine.serialLog;
  }
}

export interface JourneyResult {
  machine: string;
  systemId: string;
  /** When it was switched on first. */
  poweredOn: Date;
  /** Seconds of each stage that it went through. */
  seconds: Partial<Record<Stage, number>>;
  /** What the deployed system said its root file system is on. */
  rootDevice: string;
  /** What it said when its first boot was over: systemd units that failed, where its journal is. */
  settled: string;
}

export interface JourneyOptions {
  onProgress: (report: StageReport) => void;
  signal?: AbortSignal;
  /** Into rescue mode and back, while it is deployed: what to do in the rescue system, at which address it is. */
  inRescueMode?: (machine: MachineReply) => Promise<void>;
  /** Erase the beginning and the end of its disks when it is released. */
  quickErase?: boolean;
}

const POLL_MS = 1000;
/** Tests that a machine goes through, with runs short enough for an emulated one. */
const TESTS = {
  testing_scripts: "smartctl-validate,stress-ng-cpu-short,memtester",
  "stress-ng-cpu-short_runtime": "5",
  memtester_runtime: "5",
};

/** Printed when the first boot is over and written to disk: cutting the power before that is no fair test of a disk. */
const SETTLED_MARK = "rackwright-demo: settled ";
/** Printed on the serial line by the deployed system at each of its boots. */
const DISK_MARK = "rackwright-demo: root=";
/** With it a deployed system says on the serial line that it started, and from which disk: see rootFromSerial. */
export const USER_DATA = `#cloud-config
bootcmd:
  - [ sh, -c, 'printf "\\n${DISK_MARK}%s host=%s\\n" "$(findmnt -no SOURCE /)" "$(hostname)" > /dev/ttyS0' ]
runcmd:
  - - sh
    - -c
    - |
      failed=$(systemctl list-units --state=failed --plain --no-legend | cut -d " " -f 1 | xargs)
      journal=$(journalctl --header | grep -o -m 1 "/[a-z]*/log/journal")
      sync
      printf "\\n${SETTLED_MARK}failed=%s journal=%s\\n" "$failed" "$journal" > /dev/ttyS0
`;

export async function takeThroughLife(
  site: Site,
  machine: LabMachine,
  options: JourneyOptions,
): Promise<JourneyResult> {
  const seconds: JourneyResult["seconds"] = {};
  let systemId = "";
  let rootDevice = "";
  let settled = "";
  const poweredOn = new Date();

  const stage = async (name: Stage, work: (until: Until) => Promise<void>) => {
    const began = performance.now();
    const until: Until = async (what, look) => {
      for (;;) {
        options.signal?.throwIfAborted();
        if ((performance.now() - began) / 1000 > limits[name])
          throw new StageError(
            machine,
            name,
            `not done in ${limits[name]} s; ${await lastWords(site, systemId, what)}`,
          );
        const found = await look();
        if (found !== undefined) return found;
        const now = systemId === "" ? undefined : await site.api.machine(systemId);
        options.onProgress({ machine: machine.name, stage: name, waitingFor: now?.waiting_for ?? what });
        await sleep(POLL_MS, undefined, options.signal ? { signal: options.signal } : {});
      }
    };
    options.onProgress({ machine: machine.name, stage: name, waitingFor: "starting" });
    try {
      await work(until);
    } catch (error) {
      if (error instanceof StageError || options.signal?.aborted) throw error;
      throw new StageError(machine, name, error instanceof Error ? error.message : String(error), error);
    }
    seconds[name] = (performance.now() - began) / 1000;
  };
  /** The machine once it is in a status; a failed one ends the journey with the reason that the system recorded. */
  const reaches = (name: Stage, until: Until, status: string, failures: string[]) =>
    until(status, async () => {
      const now = await site.api.machine(systemId);
      if (failures.includes(now.status_name))
        throw new StageError(machine, name, now.error_description || now.status_message);
      return now.status_name === status ? now : undefined;
    });

  await stage("enlist", async (until) => {
    await site.bmc(machine, "power", "on");
    const found = await until("the machine to enlist", async () =>
      (await site.api.machines()).find((m) => m.interface_set.some((i) => i.mac_address === machine.macs[0])),
    );
    systemId = found.system_id;
    await reaches("enlist", until, "New", ["Failed commissioning"]);
  });
  await stage("commission", async (until) => {
    await site.api.call("PUT", `/machines/${systemId}/`, {
      hostname: machine.name,
      power_type: "ipmi",
      power_parameters_power_address: machine.bmc.address,
      power_parameters_power_user: machine.bmc.user,
      power_parameters_power_pass: machine.bmc.password,
    });
    await site.api.act(systemId, "commission", TESTS);
    await reaches("commission", until, "Ready", ["Failed commissioning", "Failed testing", "New"]);
  });
  await stage("allocate", async () => {
    await site.api.call("POST", "/machines/?op=allocate", { system_id: systemId });
  });
  await stage("deploy", async (until) => {
    await site.api.act(systemId, "deploy", { user_data: Buffer.from(USER_DATA).toString("base64") });
    await reaches("deploy", until, "Deployed", ["Failed deployment"]);
    rootDevice = await until("the deployed system to say where its root is", () => rootFromSerial(machine, 0));
    settled = await until("the first boot to end", () => settledFromSerial(machine));
  });
  await stage("boot from disk", async (until) => {
    const before = await marks(machine);
    await site.api.act(systemId, "power_off");
    await until("the machine to be off", async () => (machine.isOn() ? undefined : true));
    machine.bootDiskOnly(true);
    await site.api.act(systemId, "power_on");
    const again = await until("the system to start without a network boot", () => rootFromSerial(machine, before));
    machine.bootDiskOnly(false);
    if (again !== rootDevice) throw new Error(`the root file system was on ${rootDevice} and is on ${again} now`);
  });
  const { inRescueMode } = options;
  if (inRescueMode)
    await stage("rescue", async (until) => {
      await site.api.act(systemId, "rescue_mode");
      await inRescueMode(await reaches("rescue", until, "Rescue mode", ["Failed to enter rescue mode"]));
      await site.api.act(systemId, "exit_rescue_mode");
      await reaches("rescue", until, "Deployed", ["Failed to exit rescue mode"]);
    });
  await stage("release", async (until) => {
    await site.api.act(systemId, "release", options.quickErase ? { erase: "true", quick_erase: "true" } : {});
    await reaches("release", until, "Ready", ["Releasing failed", "Failed disk erasing"]);
  });
  return { machine: machine.name, systemId, poweredOn, seconds, rootDevice, settled };
}

type Until = <T>(what: string, look: () => Promise<T | undefined>) => Promise<T>;

async function lastWords(site: Site, systemId: string, what: string): Promise<string> {
  if (systemId === "") return `waited for ${what}`;
  const now: MachineReply = await site.api.machine(systemId);
  return `waited for ${what}; it is ${now.status_name}, waiting for ${now.waiting_for ?? "nothing"}; last event: ${now.status_message}`;
}

async function serialLines(machine: LabMachine, mark = DISK_MARK): Promise<string[]> {
  const text = await readFile(machine.serialLog, "latin1").catch(() => "");
  return text.split(/\r?\n/).filter((line) => line.startsWith(mark));
}

/** What a deployed system said when its first boot was over and written to its disk; undefined before. */
export async function settledFromSerial(machine: LabMachine): Promise<string | undefined> {
  return (await serialLines(machine, SETTLED_MARK))[0];
}

async function marks(machine: LabMachine): Promise<number> {
  return (await serialLines(machine)).length;
}

/** The device that the deployed system named after its first `seen` marks. @throws Error when that is no disk */
export async function rootFromSerial(machine: LabMachine, seen: number): Promise<string | undefined> {
  const line = (await serialLines(machine))[seen];
  if (line === undefined) return undefined;
  const device = line.slice(DISK_MARK.length).split(" ")[0] ?? "";
  if (!/^\/dev\/(vd|sd|nvme)/.test(device))
    throw new Error(`the deployed system's root file system is on ${device}, not on a disk`);
  return device;
}
