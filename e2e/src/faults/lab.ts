/** Faults that are real: what a controller says of machines of the lab whose rack, disk or network was spoilt. */
import { setTimeout as sleep } from "node:timers/promises";
import type { LabMachine } from "@rackwright/lab/lab";
import type { Site } from "../site.ts";
import type { Row } from "./table.ts";

export interface LabFault {
  /** How it is made. */
  fault: string;
  /** The code that is to be named first. */
  expected: string;
  /** What the words of the finding must hold. */
  says: RegExp;
  /** What must stand in the timeline as it was seen: source and text. */
  seen: RegExp;
  /** The status that it ends in. */
  ends: string;
  /** Makes the fault and has the machine start. */
  begin(): Promise<unknown>;
  /** Called again and again from then on: a fault that strikes in the middle is made here. */
  meanwhile?(): Promise<unknown>;
}

interface Diagnosis {
  status: string;
  status_deadline: string | null;
  error_description: string;
  findings: { code: string; summary: string; checks: string[] }[];
}

const EVERY_MS = 1_000;
/** All of it: the boot before the fault, node_timeout of one or two minutes, the sweep. */
const MOST_MS = 480_000;

/** A machine of the API for one of the lab, New and not commissioned. */
export async function addLabMachine(site: Site, machine: LabMachine): Promise<string> {
  const { system_id } = await site.api.call<{ system_id: string }>("POST", "/machines/", {
    hostname: machine.name,
    architecture: "amd64/generic",
    mac_addresses: machine.macs.join(","),
    commission: "false",
    ...bmcOf(machine),
  });
  return system_id;
}

export const bmcOf = (machine: LabMachine, password = machine.bmc.password): Record<string, string> => ({
  power_type: "ipmi",
  power_parameters_power_address: machine.bmc.address,
  power_parameters_power_user: machine.bmc.user,
  power_parameters_power_pass: password,
});

/**
 * Make the fault, and wait until the machine has failed of it. What was named first from then on is what counts, and it must be what
 * people are told in the end: in the reason of the failure, and by the timeline.
 */
export async function makeFault(site: Site, systemId: string, one: LabFault): Promise<Row> {
  const { fault, expected } = one;
  const diagnose = () => site.api.call<Diagnosis>("GET", `/machines/${systemId}/?op=diagnose`);
  await one.begin();
  const began = Date.now();
  let deadline = began;
  let named: string | null = null;
  let seconds: number | null = null;
  for (;;) {
    await one.meanwhile?.();
    const now = await diagnose();
    if (now.status_deadline !== null) deadline = Date.parse(now.status_deadline);
    const [first] = now.findings;
    if (first && first.code !== named) {
      named = first.code;
      seconds = (Date.now() - began) / 1000;
    }
    if (now.status === one.ends) break;
    if (Date.now() - began > MOST_MS) {
      const remark = `it is ${now.status} still, not ${one.ends}`;
      return { fault, expected, named, seconds, deadline: 0, remark };
    }
    await sleep(EVERY_MS);
  }
  // A refusal fails the machine at once, long before its deadline. The look of a second later is not counted against it.
  const allowed = Math.ceil((Math.max(deadline, began) - began + EVERY_MS) / 1000);
  const row = { fault, expected, named, seconds, deadline: allowed };
  const remark = await untold(site, systemId, one, await diagnose());
  return remark === undefined ? row : { ...row, remark };
}

/** @returns where people look and are not told */
async function untold(site: Site, systemId: string, one: LabFault, told: Diagnosis): Promise<string | undefined> {
  const [first] = told.findings;
  if (first?.code !== one.expected)
    return `after it has failed ${first?.code ?? "nothing"} is named: ${first?.summary ?? told.error_description}`;
  if (!one.says.test(first.summary)) return `its words are not ${one.says}: ${first.summary}`;
  if (first.checks.length === 0) return "nothing is said of what to check";
  const items = await site.api.timeline(systemId);
  const { status_message } = await site.api.machine(systemId);
  // Where the machine or its BMC said themselves why, that is the reason, and the diagnosis stands in the history.
  const places = [told.error_description, status_message, ...items.map((item) => item.text)];
  if (!places.some((text) => text.includes(first.summary.slice(0, 60))))
    return `neither the reason of its failure nor its history says so: ${told.error_description}`;
  if (status_message.trim() === "") return "its status_message is empty";
  if (!items.some((item) => item.kind === "evidence" && one.seen.test(`${item.source} ${item.text}`)))
    return `its timeline does not show ${one.seen}`;
  return undefined;
}
