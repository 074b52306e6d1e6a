/** What a diagnosis is made from, in few words: a machine, what was seen of it, and what is known around it. */
import { machine as machineIn } from "../../machine/lifecycle/testing.ts";
import type { Machine } from "../../machine/machine.ts";
import type { Case, Facts, Observation } from "../case.ts";

export const start = new Date("2026-06-01T10:00:00Z");
export const at = (s: number) => new Date(start.getTime() + s * 1000);
export const MAC = "52:54:00:00:00:01";

export const machine: Machine = machineIn("commissioning", {
  hostname: "able-ant",
  previousStatus: "new",
  statusSince: start,
  statusDeadline: at(1800),
  waitingFor: "dhcp",
  ownerId: null,
  bootEpoch: 2,
  osystem: "",
  distroSeries: "",
  agentName: "",
  commissioningSetId: 1,
  commissioningPassed: false,
  testingSetId: null,
  installationSetId: null,
  releaseSetId: null,
  dynamic: false,
});

export const facts: Facts = {
  macs: [MAC],
  architecture: "amd64",
  racksConnected: 1,
  bootRack: { hostname: "rack", connected: true },
  dhcpServed: true,
  foreignDhcp: [],
  imagePresent: true,
  imageName: "debian/bookworm",
  conflicts: [],
  sameBmc: [],
  running: null,
  nodeTimeoutMinutes: 30,
  disks: [{ name: "sda", sizeBytes: 8e9 }],
};

/** The runner lives, so many seconds after the start. */
export const beat = (s: number): Seen => ["script signal WORKING", { at: s }];

/** `source text`, one second after the other from the start; a third part is Kea's word or a file with its outcome. */
export type Seen = string | [text: string, detail: Record<string, unknown>];

export const observed = (seen: readonly Seen[]): Observation[] =>
  seen.map((item, i) => {
    const [line, detail] = typeof item === "string" ? [item, null] : item;
    const [source = "", ...text] = line.split(" ");
    return { at: at(typeof detail?.at === "number" ? detail.at : i + 1), source, text: text.join(" "), detail };
  });

export interface Given {
  machine?: Partial<Machine>;
  facts?: Partial<Facts>;
  seen?: readonly Seen[];
  /** Seconds after the start. Default: the deadline has just passed. */
  now?: number;
}

export const given = (g: Given): Case => ({
  machine: { ...machine, ...g.machine },
  facts: { ...facts, ...g.facts },
  evidence: observed(g.seen ?? []),
  now: at(g.now ?? 1801),
});

export const on = "bmc the BMC shows that it is on";
export const discover: Seen = ["dhcp DHCP discover on eth0", { what: "discover" }];
export const ack: Seen = ["dhcp DHCP ack 10.0.0.7 on eth0", { what: "ack" }];
export const script = "http boot script given: ephemeral (10.0.0.7)";
export const fetched = (file: string, outcome = "finished"): Seen => [`http has ${file} by HTTP`, { file, outcome }];
export const kernel = fetched("a/boot-kernel");
export const initrd = fetched("a/boot-initrd");
export const squashfs = fetched("a/squashfs");
export const booted = [on, discover, ack, script, kernel, initrd, squashfs];
export const preseed = "metadata preseed fetched";
export const running = [...booted, preseed, "metadata user-data fetched: the runner starts"];
export const installing: Partial<Machine> = { status: "deploying", waitingFor: "installer" };
export const install = (text: string) => [
  ...running,
  "installer curtin start cmd-install: installing",
  `installer ${text}`,
];
export const bmc = (text: string) => [`bmc power cycle failed: ${text}`];
export const conflict = (a: string, macA: string, b: string, macB: string) =>
  `this boot's secret was given to ${a} (${macA}), and is now asked for from ${b} (${macB})`;

export const otherDisk = (bytes: number): Given => ({
  machine: installing,
  seen: install(
    `curtin finish cmd-install: refused, nothing was written: disk a: /dev/sda has ${bytes} bytes, but the plan was made for 800: commission again (FAIL)`,
  ),
});

export const shown = (kind: string, text: string): Seen => [`console ${text}`, { kind, outcome: "failed" }];

/** Of a rule: when it is the first to be named, and when it is not named at all. */
export type Cases = Record<string, { named: Given[]; not: Given[]; says: RegExp }>;
