/** What users are told of one machine, from the fault on: diagnosis, status_message, warnings and timeline. */
import { setTimeout as sleep } from "node:timers/promises";
import type { RegionApi } from "@rackwright/testkit/fleet/region-api";
import type { FaultCase } from "./cases.ts";
import type { Row } from "./table.ts";

interface Finding {
  code: string;
  summary: string;
  checks: string[];
}
interface MachineNow {
  status_name: string;
  status_message: string;
}

const EVERY_MS = 1000;
/** The reason is told in the transaction by which the machine fails; a sweep of deadlines may take its time. */
const FAILED_MS = 90_000;

export interface Watched {
  api: RegionApi;
  systemId: string;
  /** Milliseconds of performance.now() at which the fault struck; undefined: not yet. */
  struckAt: () => number | undefined;
  /** When everything is over, by performance.now(). */
  endsAt: number;
}

/** Until the fault is named, and told wherever users look. */
export async function watchNamed(one: FaultCase, watched: Watched): Promise<Row> {
  const { fault, expected, deadline } = one;
  const found = await firstFinding(one, watched);
  if (found === undefined) return { fault, expected, named: null, seconds: null, deadline };
  const { finding, seconds } = found;
  const row = { fault, expected, named: finding.code, seconds, deadline };
  const remark = finding.code === expected ? await untold(one, watched, finding) : finding.summary;
  return remark === undefined ? row : { ...row, remark };
}

async function firstFinding(
  one: FaultCase,
  { api, systemId, struckAt, endsAt }: Watched,
): Promise<{ finding: Finding; seconds: number } | undefined> {
  while (performance.now() < endsAt) {
    const struck = struckAt();
    // What is said of it before its fault has struck is of no fault.
    if (struck !== undefined) {
      const { findings } = (await api.call("GET", `machines/${systemId}/?op=diagnose`)) as { findings: Finding[] };
      if (findings[0]) return { finding: findings[0], seconds: (performance.now() - struck) / 1000 };
      if (performance.now() - struck > one.deadline * 1500) return undefined;
    }
    await sleep(EVERY_MS);
  }
  return undefined;
}

/** @returns where users look and are not told */
async function untold(
  one: FaultCase,
  { api, systemId, endsAt }: Watched,
  finding: Finding,
): Promise<string | undefined> {
  if (finding.checks.length === 0) return "the diagnosis names nothing to check";
  if (one.fails === undefined) return undefined;
  const now = await failed(api, systemId, Math.min(endsAt, performance.now() + FAILED_MS));
  if (!now.status_name.startsWith("Failed")) return `it is ${now.status_name}, and should have failed`;
  const [check = ""] = finding.checks;
  // What fails a machine at once says why; of what only does not come, the diagnosis is all there is to say.
  const says = one.fails === "deadline" ? now.status_message.includes(check) : one.fails.test(now.status_message);
  if (!says) return `status_message does not say it: ${now.status_message}`;
  const { items } = (await api.call("GET", `machines/${systemId}/?op=timeline&limit=200`)) as {
    items: { text: string }[];
  };
  if (!items.some(({ text }) => text.includes(check))) return "the timeline does not say what to check";
  const { findings } = (await api.call("GET", `machines/${systemId}/?op=diagnose`)) as { findings: Finding[] };
  return findings[0]?.code === one.expected
    ? undefined
    : `once it has failed, ${findings[0]?.code ?? "nothing"} is named`;
}

async function failed(api: RegionApi, systemId: string, endsAt: number): Promise<MachineNow> {
  for (;;) {
    const now = (await api.call("GET", `machines/${systemId}/`)) as MachineNow;
    if (now.status_name.startsWith("Failed") || performance.now() > endsAt) return now;
    await sleep(2 * EVERY_MS);
  }
}

/** Until the machine arrives in spite of its fault. */
export async function watchSurvived(one: FaultCase, { api, systemId, struckAt, endsAt }: Watched): Promise<Row> {
  const began = performance.now();
  const { fault, expected, deadline } = one;
  for (;;) {
    const now = (await api.call("GET", `machines/${systemId}/`)) as MachineNow;
    const seconds = (performance.now() - (struckAt() ?? began)) / 1000;
    const over = now.status_name === expected || now.status_name.startsWith("Failed") || seconds > deadline;
    if (over || performance.now() > endsAt) {
      const row = { fault, expected, named: now.status_name, seconds, deadline };
      if (now.status_name === expected && struckAt() === undefined)
        return { ...row, remark: "its fault has not struck" };
      return now.status_message === "" || now.status_name === expected ? row : { ...row, remark: now.status_message };
    }
    await sleep(EVERY_MS);
  }
}

interface Warned {
  warnings: readonly Finding[];
}

/** Until the machine is Ready, and warned of wherever users look: diagnosis, the machine itself, timeline. */
export async function watchWarned(one: FaultCase, { api, systemId, struckAt, endsAt }: Watched): Promise<Row> {
  const { fault, expected, deadline } = one;
  for (;;) {
    const diagnosis = (await api.call("GET", `machines/${systemId}/?op=diagnose`)) as Warned & { status: string };
    const now = (await api.call("GET", `machines/${systemId}/`)) as MachineNow & Warned;
    const struck = struckAt();
    const seconds = struck === undefined ? null : (performance.now() - struck) / 1000;
    const found = diagnosis.warnings.find(({ code }) => code === expected);
    const over = performance.now() > endsAt || (seconds !== null && seconds > deadline);
    if ((found && now.status_name === "Ready") || over) {
      const row = { fault, expected, named: found?.code ?? diagnosis.warnings[0]?.code ?? null, seconds, deadline };
      const remark = found ? await unwarned(api, systemId, now, found) : `${now.status_name}: ${now.status_message}`;
      return remark === undefined ? row : { ...row, remark };
    }
    await sleep(EVERY_MS);
  }
}

/** @returns where users look and are not warned */
async function unwarned(
  api: RegionApi,
  systemId: string,
  now: MachineNow & Warned,
  { code, checks: [check = ""] }: Finding,
): Promise<string | undefined> {
  if (now.status_name !== "Ready") return `it is ${now.status_name}`;
  if (check === "") return "the warning names nothing to check";
  const others = now.warnings.filter((warning) => warning.code !== code);
  if (others.length > 0) return `it is warned of ${others.map((other) => other.code).join(", ")} too`;
  if (now.warnings.length === 0) return "the machine itself does not show the warning";
  const { items } = (await api.call("GET", `machines/${systemId}/?op=timeline&limit=200&level=warning`)) as {
    items: { text: string }[];
  };
  const said = items.some(({ text }) => text.startsWith("Warning: ") && text.includes(check));
  return said ? undefined : "the timeline does not say what to check";
}
