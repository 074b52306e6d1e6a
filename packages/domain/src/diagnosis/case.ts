/** What a diagnosis is made from, and what it says. Everything comes in as an argument; nothing is asked for. */
import type { Machine } from "../machine/machine.ts";

/** One thing that was seen of the machine, in this epoch. */
export interface Observation {
  at: Date;
  source: string;
  text: string;
  detail?: Record<string, unknown> | null;
}

/** What is known beside the evidence. `null`: nobody can tell. */
export interface Facts {
  macs: readonly string[];
  architecture: string;
  racksConnected: number;
  /** The rack that the machine last booted through. */
  bootRack: { hostname: string; connected: boolean } | null;
  /** Whether our DHCP serves a network of the machine's interfaces. */
  dhcpServed: boolean | null;
  /** DHCP servers that are not ours and answer on the machine's networks, or on any while nobody knows which those are. */
  foreignDhcp: readonly string[];
  /** Whether there is a complete image that this machine can be booted into. */
  imagePresent: boolean | null;
  /** Name of that image, `debian/bookworm`. */
  imageName: string;
  /** What was said of boot secrets in this epoch: BOOT_SECRET_CONFLICT. */
  conflicts: readonly string[];
  /** Machines whose power settings name the same BMC. */
  sameBmc: readonly string[];
  /** The script that runs, and how long it may. */
  running: { name: string; startedAt: Date | null; timeoutSeconds: number } | null;
  /** The setting node_timeout: how long anybody is willing to wait for a sign of life. */
  nodeTimeoutMinutes: number;
  /** Disks as commissioning found them. */
  disks: readonly { name: string; sizeBytes: number }[];
}

export interface Case {
  machine: Machine;
  now: Date;
  /** Of this epoch, oldest first. */
  evidence: readonly Observation[];
  facts: Facts;
}

export interface Finding {
  /** The rule that found it. */
  code: string;
  /** What is wrong, in one sentence. */
  summary: string;
  /** What would have been seen, had all been well. */
  expected: string;
  /** What to look at, the likeliest first. */
  checks: string[];
}

/** @returns what is wrong, or undefined when this is not it */
export type Rule = { code: string; find: (c: Case) => Omit<Finding, "code"> | undefined };

export function rule(code: string, find: Rule["find"]): Rule {
  return { code, find };
}
