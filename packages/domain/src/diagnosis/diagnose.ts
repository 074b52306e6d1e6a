/**
 * From a machine and what was seen of it to what is wrong and what to look at. A table of rules, likeliest cause first: what somebody or
 * something said outright, then the step at which the machine was last seen, then mere time.
 */
import { event } from "../machine/event.ts";
import type { Decision, Machine, WaitingFor } from "../machine/machine.ts";
import { isFailed, isWaiting } from "../machine/status.ts";
import { bootFileRules } from "./boot-file.ts";
import { bootloaderRules } from "./bootloader.ts";
import type { Case, Finding, Rule } from "./case.ts";
import { consoleRules, firmwareRules } from "./console.ts";
import { bootRequestRules, dhcpRules } from "./dhcp.ts";
import { diskRules } from "./disk.ts";
import { identityRules } from "./identity.ts";
import { imageRules } from "./image.ts";
import { installerRules } from "./installer.ts";
import { metadataRules } from "./metadata.ts";
import { powerRules } from "./power.ts";
import { scriptRules } from "./scripts.ts";
import { progressRules, rackRules } from "./surroundings.ts";

export const rules: readonly Rule[] = [
  ...rackRules,
  ...powerRules,
  ...identityRules,
  ...diskRules,
  ...imageRules,
  ...bootloaderRules,
  ...consoleRules,
  ...metadataRules,
  ...scriptRules,
  ...installerRules,
  ...dhcpRules,
  ...firmwareRules,
  ...bootFileRules,
  ...bootRequestRules,
  ...progressRules,
];

/** All that fits, the likeliest first. Empty for a machine of which nothing is wrong. */
export function diagnose(c: Case): Finding[] {
  return rulesFor(c.machine).flatMap(({ code, find }) => {
    const found = find(c);
    return found ? [{ code, ...found }] : [];
  });
}

/** One that neither waits nor has failed wants nothing: only its BMC may be wrong. */
function rulesFor(m: Machine): readonly Rule[] {
  if (isWaiting(m.status) || isFailed(m.status)) return rules;
  return m.powerState === "error" ? powerRules : [];
}

const steps: Partial<Record<WaitingFor, string>> = {
  operator_power_on: "that somebody switches it on",
  power_on: "that its BMC shows it on",
  power_off: "that its BMC shows it off",
  dhcp: "its DHCP request",
  boot_file: "its request for a boot file",
  kernel: "that it fetches its kernel",
  first_signal: "its first signal",
  next_script: "its next script",
  image: "that it fetches its image",
  installer: "the installer",
  reboot: "its restart",
  first_boot: "the first start of the installed system",
};

/** What a machine waits for, in words. */
export function awaited(waitingFor: WaitingFor | null): string {
  if (waitingFor === null) return "nothing stated";
  return waitingFor.startsWith("script:")
    ? `the script ${waitingFor.slice("script:".length)}`
    : (steps[waitingFor] ?? waitingFor);
}

/** Where no rule fits an overdue machine: what is missing, at least. */
export function unexplained(c: Case): Finding | undefined {
  const { machine, now } = c;
  if (!isWaiting(machine.status) || machine.statusDeadline === null || machine.statusDeadline > now) return undefined;
  return {
    code: "no_sign_of_life",
    summary: `Nothing was seen of the machine that shows why it got no further; it was waited for ${awaited(machine.waitingFor)}.`,
    expected: `In time: ${awaited(machine.waitingFor)}.`,
    checks: ["The machine's console.", "The timeline of the machine: what was seen last."],
  };
}

/** A finding as one reads it in the machine's error. */
export function sentence(finding: Finding): string {
  return `${finding.summary} What to check: ${finding.checks.join(" ")}`;
}

/** The decision with what to check in its history; its reason is good as it is. */
export const advised = (decision: Decision, finding: Finding): Decision => ({
  ...decision,
  events: [...decision.events, event("NODE_DIAGNOSED", sentence(finding))],
});

/** The decision with the diagnosis as its reason; the bare facts stay behind it. */
export function explained(decision: Decision, finding: Finding | undefined): Decision {
  const bare = decision.set.errorDescription;
  if (finding === undefined || bare === undefined || bare === "") return decision;
  const reason = `${sentence(finding)} (${bare})`;
  return {
    ...decision,
    set: { ...decision.set, errorDescription: reason },
    events: decision.events.map((e) => (e.description === bare ? { ...e, description: reason } : e)),
  };
}
