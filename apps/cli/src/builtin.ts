/** How one of our own commands is declared, and its arguments read. */
import { parseArgs } from "node:util";
import { CliError, UsageError } from "./errors.ts";
import type { Entry } from "./help.ts";
import { renderHelp } from "./help.ts";
import type { Shell } from "./shell.ts";

export interface Option {
  /** Shown in the help; an option with a value has its placeholder here, e.g. `FILE`. */
  text: string;
  value?: string;
  short?: string;
}

export interface BuiltinSpec {
  title: string;
  /** Names of what may stand without an option; those in `[brackets]` may be left out. */
  positionals: readonly Entry[];
  options: Readonly<Record<string, Option>>;
  /** Options of the original that ours has nothing for: each says why, and what to do instead. */
  refused?: Readonly<Record<string, Refused>>;
  /** Whatever follows the positionals is taken, for commands that refuse anyway. */
  restIsIgnored?: boolean;
}

export interface Refused {
  value?: boolean;
  why: string;
}

export interface Arguments {
  positionals: readonly string[];
  /** Options with a value. */
  values: Readonly<Record<string, string | undefined>>;
  flags: Readonly<Record<string, boolean | undefined>>;
  usage: (message: string) => UsageError;
}

export interface BuiltinModule {
  spec: BuiltinSpec;
  /** @returns the exit code */
  run: (given: Arguments, shell: Shell) => Promise<number>;
}

export async function runBuiltin(
  { spec, run }: BuiltinModule,
  name: string,
  args: readonly string[],
  shell: Shell,
): Promise<number> {
  const help = helpOf(name, spec);
  const usage = (message: string) => new UsageError(message, help);
  const { positionals, values } = parse(spec, args, usage);
  if (values["help"]) {
    await shell.out(help);
    return 0;
  }
  for (const [option, { why }] of Object.entries(spec.refused ?? {}))
    if (values[option] !== undefined) throw new CliError(`--${option} is not taken: ${why}`);
  const missing = spec.positionals.slice(positionals.length).filter((it) => !it.name.startsWith("["));
  if (missing.length > 0) throw usage(`${missing.map((it) => it.name).join(" and ")} missing`);
  const extra = positionals.slice(spec.positionals.length);
  if (extra.length > 0 && !spec.restIsIgnored) throw usage(`unexpected: ${extra.join(" ")}`);
  const texts: Record<string, string> = {};
  const flags: Record<string, boolean> = {};
  for (const [option, value] of Object.entries(values)) {
    if (typeof value === "string") texts[option] = value;
    else flags[option] = value === true;
  }
  return run({ positionals, values: texts, flags, usage }, shell);
}

interface Parsed {
  positionals: string[];
  values: Record<string, string | boolean | (string | boolean)[] | undefined>;
}

function parse(spec: BuiltinSpec, args: readonly string[], usage: (message: string) => UsageError): Parsed {
  const options = Object.entries(spec.options).map(([name, { value, short }]) => [
    name,
    { type: value === undefined ? ("boolean" as const) : ("string" as const), ...(short && { short }) },
  ]);
  const refused = Object.entries(spec.refused ?? {}).map(([name, { value }]) => [
    name,
    { type: value ? ("string" as const) : ("boolean" as const) },
  ]);
  try {
    return parseArgs({
      args: [...args],
      options: { ...Object.fromEntries([...options, ...refused]), help: { type: "boolean", short: "h" } },
      allowPositionals: true,
      strict: !spec.restIsIgnored,
    });
  } catch (error) {
    throw usage((error as Error).message.split(". ", 1)[0] ?? "");
  }
}

function helpOf(name: string, { title, positionals, options, refused }: BuiltinSpec): string {
  const entries = Object.entries(options).map(([option, { text, value, short }]) => ({
    name: `${short === undefined ? "" : `-${short}, `}--${option}${value === undefined ? "" : ` ${value}`}`,
    text,
  }));
  const words = [
    "[-h]",
    ...entries.map((entry) => `[${entry.name.replace(/^-., /, "")}]`),
    ...positionals.map((it) => it.name),
  ];
  const plain = positionals.map((it) => ({ ...it, name: it.name.replace(/[[\]]/g, "") }));
  const names = Object.keys(refused ?? {}).map((option) => `--${option}`);
  const body = names.length === 0 ? "" : `Refused, with the reason and what to do instead: ${names.join(" ")}`;
  return renderHelp({ usage: `maas ${name} ${words.join(" ")}`, title, positionals: plain, options: entries, body });
}
