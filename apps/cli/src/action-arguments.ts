/** What stands behind `maas PROFILE RESOURCE ACTION`: options in any place, then positionals, then key=value. */
import type { ApiAction, Resource } from "./api/describe.ts";
import { takesData } from "./api/describe.ts";
import { CliError } from "./errors.ts";
import { didYouMean } from "./suggest.ts";

export const outputFormats = ["json", "yaml", "table"] as const;
export type OutputFormat = (typeof outputFormats)[number];

export interface Given {
  debug: boolean;
  insecure: boolean;
  follow: boolean;
  /** Undefined: as the original prints. */
  output: OutputFormat | undefined;
  /** Of a table; undefined: those that fit what is shown. */
  columns: string[] | undefined;
  positionals: string[];
  data: string[];
}

/** What goes on, and can be watched. */
export const canFollow = (resource: Resource, action: ApiAction): boolean =>
  (resource.word === "machine" && action.name === "timeline") ||
  (resource.word === "node-script-result" && action.name === "read") ||
  (resource.word === "changes" && action.name === "read");

const followText = (resource: Resource): string =>
  resource.word === "node-script-result"
    ? "print what the scripts print until the run has ended, as follow does"
    : "print a line for each item, and go on with what comes";

/** Options of an action, by how they are written; those with a value name it. */
export const actionOptions = (
  resource: Resource,
  action: ApiAction,
): { name: string; value?: string; text: string }[] => [
  { name: "--debug", text: "show the certificate, status and headers of each reply" },
  { name: "--insecure", text: "do not check the server's certificate" },
  { name: "--output", value: "FORMAT", text: "print json, yaml or a table; else as it comes from the server" },
  { name: "--columns", value: "A,B", text: "of the table; a.b is b inside of a" },
  ...(canFollow(resource, action) ? [{ name: "--follow", text: followText(resource) }] : []),
];

/** @throws CliError of what is wrong with them */
export function readArguments(resource: Resource, action: ApiAction, args: readonly string[]): Given | "help" {
  const given: Given = {
    debug: false,
    insecure: false,
    follow: false,
    output: undefined,
    columns: undefined,
    positionals: [],
    data: [],
  };
  const words: string[] = [];
  const end = args.includes("--") ? args.indexOf("--") : args.length;
  for (let i = 0; i < end; i++) {
    const word = args[i] ?? "";
    // A negative number is a value, not an option.
    if (!word.startsWith("-") || word === "-" || /^-\d/.test(word)) {
      words.push(word);
      continue;
    }
    if (/^-[dkh]+$/.test(word)) {
      if (word.includes("h")) return "help";
      given.debug ||= word.includes("d");
      given.insecure ||= word.includes("k");
      continue;
    }
    const [name, inline] = splitOption(word);
    if (name === "--help") return "help";
    const option = actionOptions(resource, action).find((it) => it.name === name);
    if (!option || (inline !== undefined && option.value === undefined)) throw unknownOption(resource, action, word);
    if (option.value === undefined) setFlag(given, name);
    else {
      const value = inline ?? (i + 1 < end ? args[++i] : undefined);
      if (value === undefined) throw new CliError(`${name} needs a value: ${option.value}`);
      setValue(given, name, value);
    }
  }
  words.push(...args.slice(end + 1));
  const { params } = resource.handler;
  given.positionals = words.slice(0, params.length);
  given.data = words.slice(params.length);
  // No id holds "=" (a name may): a parameter in its place means that the id was left out.
  const parameter = given.positionals.findIndex((word, i) => params[i] !== "name" && /^\w+@?=/.test(word));
  const first = parameter < 0 ? words.length : parameter;
  if (first < params.length) throw new CliError(`missing: ${params.slice(first).join(" ")}`);
  if (given.data.length > 0 && !takesData(action)) throw new CliError(`unexpected: ${given.data.join(" ")}`);
  return given;
}

function splitOption(word: string): [name: string, value: string | undefined] {
  const at = word.indexOf("=");
  return at < 0 ? [word, undefined] : [word.slice(0, at), word.slice(at + 1)];
}

function setFlag(given: Given, name: string): void {
  if (name === "--debug") given.debug = true;
  else if (name === "--insecure") given.insecure = true;
  else given.follow = true;
}

function setValue(given: Given, name: string, value: string): void {
  if (name === "--columns") given.columns = value.split(",").filter((column) => column !== "");
  else given.output = formatOf(value, name);
  if (given.columns?.length === 0) throw new CliError("--columns names no column: --columns hostname,pool.name");
}

/** @param where what named it, for the message */
export function formatOf(text: string, where: string): OutputFormat {
  const format = outputFormats.find((it) => it === text);
  if (format) return format;
  throw new CliError(`${where} ${text} is no format: ${outputFormats.join(", ")}${didYouMean(text, outputFormats)}`);
}

function unknownOption(resource: Resource, action: ApiAction, word: string): CliError {
  const names = [...actionOptions(resource, action).map((it) => it.name), "--help"];
  return new CliError(`unknown option ${word}${didYouMean(word, names)}`);
}
