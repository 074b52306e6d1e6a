/** How emulated machines misbehave, as a table: a fault is chosen by name, for all machines or a share of them. */
import { chance } from "./seed.ts";
import type { Trouble } from "./surroundings.ts";

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
  "runner",
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
  /** How DHCP goes on its network; told to the region as a DHCP server's log would. */
  dhcp?: "foreign" | "declined" | "old-lease" | "exhausted";
  /** Somebody who is not the machine asks for its boot script before it, and gets no further than the kernel. */
  double?: "same-mac" | "other-card";
  /** Its download of the image: it takes some of it, and then no more. */
  download?: "stalls";
  /** Its disks, from when it was commissioned. */
  disks?: "missing" | "smaller" | "broken";
  installs?: "damaged-image" | "no-boot-loader";
  /** cloud-init takes its time, and tells so. */
  cloudInit?: "dawdles";
  /** Scripts that a runner has to stop. */
  overruns?: "commissioning";
  /** Under the network that it will be deployed with it reaches nothing. */
  network?: "wrong";
  /** What it measures of its surroundings when it is commissioned. */
  around?: Trouble;
  /** Its BMC, from when the machine is first seen (faults of apps/region/src/simulator/bmc.ts). */
  bmc?: "auth" | "unreachable" | "refused" | "timeout" | "deaf" | "lies";
  /** Seconds of a self test before it looks at the network. */
  selfTestSeconds?: number;
  clockOffSeconds?: number;
  /** It does not learn the time from whoever refuses it. */
  clockStuck?: true;
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
  "slow-self-test": { summary: "tests its memory for five minutes before it boots", selfTestSeconds: 300 },
  "foreign-dhcp": { summary: "takes the address of a foreign DHCP server", dhcp: "foreign" },
  "address-taken": { summary: "finds its address in use by somebody else", dhcp: "declined" },
  "no-address": { summary: "is offered no address: the range is used up", dhcp: "exhausted" },
  "boots-old-system": { summary: "starts an old system from its disk, not from the network", dhcp: "old-lease" },
  "duplicate-mac": { summary: "another machine with its MAC address boots before it", double: "same-mac" },
  "two-cards": { summary: "its second network card boots before the first", double: "other-card" },
  "download-stalls": { summary: "stops taking the image in the middle", download: "stalls" },
  dawdles: { summary: "cloud-init takes minutes for each of its modules", cloudInit: "dawdles" },
  "script-overruns": { summary: "a commissioning script runs longer than it may", overruns: "commissioning" },
  "wrong-network": { summary: "reaches nothing under the network that it is to be deployed with", network: "wrong" },
  "disk-missing": { summary: "a disk is gone when it installs", disks: "missing" },
  "disk-smaller": { summary: "a disk was changed for a smaller one when it installs", disks: "smaller" },
  "disk-broken": { summary: "a disk has errors when it installs", disks: "broken" },
  "damaged-image": { summary: "the image arrives damaged at the installer", installs: "damaged-image" },
  "no-boot-loader": { summary: "the installer cannot put the boot loader in place", installs: "no-boot-loader" },
  "mtu-mismatch": { summary: "has a larger MTU than the way to its region", around: "small-mtu" },
  "clock-skew": { summary: "measures that its clock is four minutes ahead", around: "clock" },
  "local-time": { summary: "the clock of its mainboard holds local time", around: "hardware-clock" },
  "dns-silent": { summary: "its name server does not answer", around: "name-server" },
  "region-half-reached": { summary: "does not reach one of the region's addresses", around: "region-address" },
  "region-name-unknown": { summary: "no name server knows its region's name", around: "region-name" },
  "slow-link": { summary: "its link is slower than its network card", around: "slow-link" },
  "shared-uuid": { summary: "has the hardware UUID of all others with this fault", around: "shared-uuid" },
  "shared-mac": {
    summary: "has a card with the MAC address that all others with this fault have",
    around: "shared-mac",
  },
  "clock-stuck": {
    summary: "its clock is a year behind, and it does not learn",
    clockOffSeconds: -31_536_000,
    clockStuck: true,
  },
  "wrong-clock": { summary: "its clock is a year behind", clockOffSeconds: -31_536_000 },
};

export interface ChosenFault {
  name: string;
  /** Of all machines, from 0 to 1. */
  share: number;
}

/** By share, or by name for each machine. */
export type ChosenFaults = readonly ChosenFault[] | ((mac: string) => readonly string[]);

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
export function faultsOf(mac: string, chosen: ChosenFaults): Fault[] {
  if (typeof chosen === "function") return chosen(mac).flatMap((name) => faults[name] ?? []);
  return chosen
    .filter(({ name, share }) => chance(`${name} ${mac}`).next() < share)
    .flatMap(({ name }) => faults[name] ?? []);
}
