/** What a script may say of itself beyond its exit status (reference: scripts.md section 10). */
import { parseDocument } from "yaml";
import { isUnicode } from "../unicode.ts";
import { scriptStatus } from "./status.ts";

export type ResultScalar = string | number | boolean;

export interface ResultYaml {
  /** Code of the stated status. */
  status: number | undefined;
  linkConnected: boolean | undefined;
  results: Record<string, ResultScalar | ResultScalar[]>;
}

const statuses: Record<string, number> = {
  passed: scriptStatus.passed,
  failed: scriptStatus.failed,
  degraded: scriptStatus.degraded,
  timedout: scriptStatus.timed_out,
  skipped: scriptStatus.skipped,
};

/** An alias may multiply what it stands for; a result has no use for more than a few. */
const MAX_ALIASES = 20;

/** A result is a few lines. Parsing costs time and memory by the hundredfold, and all machines wait meanwhile. */
export const RESULT_YAML_BYTES = 32 * 1024;

/**
 * @param hasInterface whether the result is about one interface: only then may it speak of its link
 * @returns what it says, or in words why none of it counts
 */
export function parseResultYaml(text: string, hasInterface: boolean): ResultYaml | { invalid: string } {
  if (text.length > RESULT_YAML_BYTES) return { invalid: `it has more than ${RESULT_YAML_BYTES} characters` };
  let value: unknown;
  let isText: boolean;
  try {
    const document = parseDocument(text, { schema: "core", prettyErrors: true });
    const error = document.errors[0];
    if (error) return { invalid: `it is no YAML: ${error.message}` };
    value = document.toJS({ maxAliasCount: MAX_ALIASES });
    isText = isUnicode(value);
  } catch (error) {
    return { invalid: `it is no YAML: ${(error as Error).message}` };
  }
  if (!isText) return { invalid: "there is a NUL character, or half of a surrogate pair, in it" };
  if (!isMap(value)) return { invalid: "it is no map of status, link_connected and results" };
  const { status, link_connected, results } = value;
  if (status !== undefined && (typeof status !== "string" || !Object.hasOwn(statuses, status)))
    return { invalid: `status is ${shown(status)}, not one of ${Object.keys(statuses).join(", ")}` };
  if (link_connected !== undefined && typeof link_connected !== "boolean")
    return { invalid: `link_connected is ${shown(link_connected)}, neither true nor false` };
  if (link_connected !== undefined && !hasInterface)
    return { invalid: "link_connected is stated, but this result is not about an interface" };
  const values = results ?? {};
  if (!isMap(values)) return { invalid: "results is no map" };
  for (const [key, one] of Object.entries(values)) {
    if (!(Array.isArray(one) ? one.every(isScalar) : isScalar(one)))
      return { invalid: `results.${key} is neither text, number, boolean nor a list of those` };
  }
  return {
    status: status === undefined ? undefined : statuses[status],
    linkConnected: link_connected,
    results: values as ResultYaml["results"],
  };
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isScalar(value: unknown): value is ResultScalar {
  return ["string", "number", "boolean"].includes(typeof value);
}

function shown(value: unknown): string {
  return JSON.stringify(value) ?? String(value);
}
