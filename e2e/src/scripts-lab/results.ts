/** What the API says of script runs, read as a person would: by script and device. */
import type { ApiClient } from "../client.ts";

export interface Result {
  id: number;
  name: string;
  status_name: string;
  exit_status: number | null;
  suppressed: boolean;
  started: string | null;
  ended: string | null;
  updated: string;
  starttime: number | null;
  endtime: number | null;
  parameters: Record<string, { type: string; value?: unknown }>;
  output: string;
  stdout: string;
  stderr: string;
  result: string;
}

export interface ResultSet {
  id: number;
  status_name: string;
  results: Result[];
}

export async function resultsOf(api: ApiClient, systemId: string, set: string): Promise<Result[]> {
  const path = `/nodes/${systemId}/results/${set}/?include_output=true`;
  const { results } = await api.call<ResultSet>("GET", path);
  const text = (base64: string) => Buffer.from(base64, "base64").toString("utf8");
  return results.map((one) => ({
    ...one,
    output: text(one.output),
    stdout: text(one.stdout),
    stderr: text(one.stderr),
    result: text(one.result),
  }));
}

/** Name of the disk, or MAC address of the interface, that a result is about; "" for the machine as a whole. */
export function deviceOf({ parameters }: Result): string {
  for (const { type, value } of Object.values(parameters)) {
    if (value === null || typeof value !== "object") continue;
    const { name, mac_address } = value as { name?: string; mac_address?: string };
    if (type === "interface" || type === "storage") return mac_address ?? name ?? "";
  }
  return "";
}

/** Of a script that has one result for each device. @throws Error when there is not exactly one */
export function resultFor(results: readonly Result[], name: string, device = ""): Result {
  const [found, ...more] = results.filter((one) => one.name === name && deviceOf(one) === device);
  if (!found || more.length > 0) {
    const there = results.map((one) => `${one.name} ${deviceOf(one)}`).join(", ");
    throw new Error(`${found ? "more than one result" : "no result"} of ${name} ${device} among ${there}`);
  }
  return found;
}

/** A line for people: the last that it printed says why. */
export function lineOf(result: Result): string {
  const last = result.output.trim().split("\n").at(-1)?.trim() ?? "";
  return [result.name.padEnd(30), deviceOf(result).padEnd(17), result.status_name.padEnd(8), last.slice(0, 140)].join(
    "  ",
  );
}
