/** How emulated machines misbehave, as a table: a fault is chosen by name, for all machines or a share of them. */
import { chance } from "./seed.ts";

/** What a machine does one after the other; `stall-STEP` stops it there. */
export const steps = [
  "firmware",
  "boot-script",
  "kernel",
  "initrd",
  "squashfs",
  "preseed",
  "metadata",
  "user-data",
  "scripts",
  "script",
  "final-signal",
  "install",
  "netboot-off",
  "local-boot",
  "first-boot",
] as const;
export type Step = (typeof steps)[number];

/** hang: nothing more until its power is cut. lost: no network any more. flap: no network for some seconds. */
export type Deed = "hang" | "off" | "reboot" | "lost" | "flap";

export interface Fault {
  summary: string;
  at?: Step;
  deed?: Deed;
  /** Scripts of this stage end with 1. */
  fails?: "commissioning" | "testing" | "install";
  /** What is sent in place of the hardware inventory. */
  inventory?: "garbage";
  signals?: "doubled" | "reordered" | "senseless";
  /** Its BMC, from when the machine is first seen (faults of apps/region/src/simulator/bmc.ts). */
  bmc?: "auth" | "unreachable" | "refused" | "timeout" | "deaf" | "lies";
  clockOffSeconds?: number;
}

const stalls = Object.fromEntries(
  steps.map((step): [string, Fault] => [`stall-${step}`, { summary: `hangs at ${step}`, at: step, deed: "hang" }]),
);

export const faults: Readonly<Record<string, Fault>> = {
  "never-boots": { summary: "is switched on, and asks for nothing", at: "firmware", deed: "hang" },
  ...stalls,
  "script-fails": { summary: "a commissioning script ends with 1", fails: "commissioning" },
  "test-fails": { summary: "a test ends with 1", fails: "testing" },
  "install-fails": { summary: "the installer fails while it writes the image", fails: "install" },
  garbage: { summary: "sends bytes that are no inventory", inventory: "garbage" },
  "senseless-signals": { summary: "sends signals that make no sense between the others", signals: "senseless" },
  "doubled-signals": { summary: "sends every signal twice", signals: "doubled" },
  "reordered-signals": { summary: "sends signals out of order", signals: "reordered" },
  "network-lost": { summary: "loses its network while scripts run", at: "script", deed: "lost" },
  "network-lost-installing": { summary: "loses its network while it installs", at: "install", deed: "lost" },
  "network-flaps": { summary: "has no network for some seconds while scripts run", at: "script", deed: "flap" },
  "reboots-midway": { summary: "reboots once while scripts run", at: "script", deed: "reboot" },
  "reboots-installing": { summary: "reboots once while it installs", at: "install", deed: "reboot" },
  "goes-off-midway": { summary: "goes off while scripts run", at: "script", deed: "off" },
  "bmc-password": { summary: "its BMC does not take the password", bmc: "auth" },
  "bmc-unreachable": { summary: "its BMC does not answer", bmc: "unreachable" },
  "bmc-refuses": { summary: "its BMC says no", bmc: "refused" },
  "bmc-slow": { summary: "its BMC does not finish", bmc: "timeout" },
  "bmc-deaf": { summary: "its BMC takes orders and does nothing", bmc: "deaf" },
  "bmc-lies": { summary: "its BMC shows the opposite", bmc: "lies" },
  "wrong-clock": { summary: "its clock is a year behind", clockOffSeconds: -31_536_000 },
};

export interface ChosenFault {
  name: string;
  /** Of all machines, from 0 to 1. */
  share: number;
}

/** `NAME` or `NAME:SHARE`, the share as a fraction or in percent. @throws Error naming what there is */
export function parseFault(text: string): ChosenFault {
  const [name = "", share = "1"] = text.split(":");
  if (!Object.hasOwn(faults, name))
    throw new Error(`--fault ${text}: there is no fault ${name}. There are: ${Object.keys(faults).join(", ")}`);
  const value = share.endsWith("%") ? Number(share.slice(0, -1)) / 100 : Number(share);
  if (share === "" || !(value >= 0 && value <= 1))
    throw new Error(`--fault ${text}: ${share} is no share of the machines: write 0.1 or 10%`);
  return { name, share: value };
}

/** Those that hit this machine; the same ones each time. */
export function faultsOf(mac: string, chosen: readonly ChosenFault[]): Fault[] {
  return chosen
    .filter(({ name, share }) => chance(`${name} ${mac}`).next() < share)
    .flatMap(({ name }) => faults[name] ?? []);
}
