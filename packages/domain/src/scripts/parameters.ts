/** From a script's parameters and what was asked for to the rows of a run: one per disk or interface (reference: scripts.md section 3). */
import { invalidField } from "../errors.ts";
import { formatDuration, parseDuration } from "./duration.ts";
import {
  type DeviceQuery,
  type Devices,
  type Disk,
  disksMeant,
  type Interface,
  interfacesMeant,
  withBondSides,
} from "./devices.ts";
import type { Json, ParameterDefinition, Script } from "./script.ts";
import { checkUrl } from "./url.ts";

/** A parameter as a result keeps it: its definition and the value. */
export type ParameterValue = ParameterDefinition & { value?: Json };
export type ParameterValues = Record<string, ParameterValue>;

/** One result to be. */
export interface ResultPlan {
  parameters: ParameterValues;
  diskId: number | null;
  interfaceId: number | null;
}

/** What callers gave: `<param>` for every script that has it, `<script>_<param>` for one. */
export type RequestParams = Readonly<Record<string, string>>;

/** Stands for a device that is not known yet. */
export const ALL = "all";

/** @throws DomainError naming the first parameter that no chosen script has */
export function refuseUnknownParams(scripts: readonly Script[], given: RequestParams): void {
  const known = new Set(
    scripts.flatMap((s) => Object.keys(s.parameters).flatMap((name) => [name, `${s.name}_${name}`])),
  );
  for (const name of Object.keys(given))
    if (!known.has(name)) throw invalidField(name, "None of the chosen scripts has this parameter.");
}

export interface ExpandOptions {
  /** Settings by name: defaults of parameters of the same name. */
  settings?: Readonly<Record<string, string>>;
  /** While the machine is commissioned its boot interface stands in for configured ones. */
  commissioning: boolean;
  /** Take devices that were asked for and are gone for no error, but for none. */
  forgiving?: boolean;
}

/**
 * The results that one script makes on a machine. Values of disks and interfaces are never crossed: each device has a row of its own.
 * @throws DomainError on the parameter's name as it was given
 */
export function expand(script: Script, given: RequestParams, devices: Devices, options: ExpandOptions): ResultPlan[] {
  const plain = plainValues(script, given, options);
  const kinds = (["storage", "interface"] as const).filter((kind) => parametersOf(script, kind).length > 0);
  if (kinds.length === 0) return [{ parameters: plain, diskId: null, interfaceId: null }];
  return kinds.flatMap((kind) => expandDevices(script, kind, plain, given, devices, options));
}

function parametersOf(script: Script, kind: "storage" | "interface"): [string, ParameterDefinition][] {
  return Object.entries(script.parameters)
    .filter(([, definition]) => definition.type === kind)
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

/** The rows of one kind of device, each with the values in `plain` beside its own. */
export function expandDevices(
  script: Script,
  kind: "storage" | "interface",
  plain: ParameterValues,
  given: RequestParams,
  devices: Devices,
  options: ExpandOptions,
): ResultPlan[] {
  return parametersOf(script, kind).flatMap(([name, definition]) => {
    const { key, text } = askedFor(script, name, given);
    const query: DeviceQuery = { key, text: text ?? definition.default ?? ALL };
    const rows = kind === "storage" ? diskRows(query, devices, options) : interfaceRows(query, devices, options);
    return rows.map(
      ({ value, diskId, interfaceId }): ResultPlan => ({
        parameters: { ...plain, [name]: { ...definition, value } },
        diskId,
        interfaceId,
      }),
    );
  });
}

function plainValues(script: Script, given: RequestParams, options: ExpandOptions): ParameterValues {
  const plain: ParameterValues = {};
  for (const [name, definition] of Object.entries(script.parameters)) {
    if (isDevice(definition)) continue;
    const value = plainValue(script, name, definition, given, options);
    if (value !== undefined) plain[name] = { ...definition, value };
  }
  return plain;
}

const isDevice = (p: ParameterDefinition) => p.type === "storage" || p.type === "interface";

/** The values that are about no device. */
export function withoutDevices(parameters: ParameterValues): ParameterValues {
  return Object.fromEntries(Object.entries(parameters).filter(([, p]) => !isDevice(p)));
}

interface Row {
  value: Json;
  diskId: number | null;
  interfaceId: number | null;
}

const placeholder: Row = { value: ALL, diskId: null, interfaceId: null };

function diskRows(query: DeviceQuery, { disks }: Devices, options: ExpandOptions): Row[] {
  const meant = disks.length === 0 ? [] : disksMeant(query, disks, options.forgiving ?? false);
  if (meant.length === 0) return [placeholder];
  return meant.map((disk) => ({ value: diskValue(disk), diskId: disk.id, interfaceId: null }));
}

function interfaceRows(query: DeviceQuery, { interfaces }: Devices, options: ExpandOptions): Row[] {
  if (interfaces.length === 0) return [placeholder];
  const chosen = interfacesMeant(query, interfaces, options.forgiving ?? false);
  let meant = withBondSides(query, chosen, interfaces);
  if (meant.length === 0 && options.commissioning) meant = interfaces.filter((i) => i.boots);
  if (meant.length === 0) return [placeholder];
  return meant.map((nic) => ({ value: interfaceValue(nic), diskId: null, interfaceId: nic.id }));
}

function diskValue(disk: Disk): Json {
  return {
    id_path: disk.idPath ?? "",
    model: disk.model ?? "",
    name: disk.name,
    physical_blockdevice_id: disk.id,
    serial: disk.serial ?? "",
  };
}

function interfaceValue(nic: Interface): Json {
  return {
    id: nic.id,
    name: nic.name,
    mac_address: nic.mac ?? "",
    vendor: nic.vendor ?? "",
    product: nic.product ?? "",
  };
}

/** The key that speaks of this parameter, the one for this script before the one for all. */
function askedFor(script: Script, name: string, given: RequestParams): { key: string; text: string | undefined } {
  const own = `${script.name}_${name}`;
  return given[own] === undefined ? { key: name, text: given[name] } : { key: own, text: given[own] };
}

function plainValue(
  script: Script,
  name: string,
  definition: ParameterDefinition,
  given: RequestParams,
  { settings }: ExpandOptions,
): Json | undefined {
  const { key, text } = askedFor(script, name, given);
  const value = text ?? definition.default ?? settings?.[name];
  if (definition.type === "runtime") return runtimeSeconds(key, value, definition, script.timeoutSeconds);
  if (value === undefined || value === "") {
    if (definition.required === false || definition.type === "boolean") return undefined;
    throw invalidField(key, `The script ${script.name} needs this parameter.`);
  }
  switch (definition.type) {
    case "boolean":
      return truth(key, value);
    case "url":
      for (const one of definition.allow_list ? value.split(",") : [value]) checkUrl(key, one.trim());
      return value;
    case "choice": {
      const words = (definition.choices ?? []).map((c) => (typeof c === "string" ? c : c[0]));
      if (!words.includes(value)) throw invalidField(key, `"${value}" is not one of ${words.join(", ")}.`);
      return value;
    }
    case "string":
    case "password":
      return withinLength(key, value, definition);
    default:
      throw new Error(`${name} of ${script.name} is a ${definition.type}: it has rows, not one value`);
  }
}

function runtimeSeconds(key: string, text: string | undefined, d: ParameterDefinition, timeoutSeconds: number): number {
  if (text === undefined || text === "") return timeoutSeconds;
  const seconds = parseDuration(text);
  if (seconds === undefined) throw invalidField(key, `"${text}" is no time: give seconds or HH:MM:SS.`);
  const least = d.min ?? 0;
  if (seconds < least) throw invalidField(key, `${seconds} seconds are too few: at least ${least}.`);
  if (d.max !== undefined && seconds > d.max)
    throw invalidField(key, `${formatDuration(seconds)} is too long: at most ${d.max} seconds.`);
  return seconds;
}

function truth(key: string, text: string): boolean {
  const word = text.toLowerCase();
  if (["true", "yes", "on", "1"].includes(word)) return true;
  if (["false", "no", "off", "0"].includes(word)) return false;
  throw invalidField(key, `"${text}" is neither true nor false.`);
}

function withinLength(key: string, text: string, { min, max }: ParameterDefinition): string {
  if (min !== undefined && text.length < min) throw invalidField(key, `Too short: at least ${min} characters.`);
  if (max !== undefined && text.length > max) throw invalidField(key, `Too long: at most ${max} characters.`);
  return text;
}

/** Parameters as people may see them. */
export function redacted(parameters: ParameterValues): ParameterValues {
  return Object.fromEntries(
    Object.entries(parameters).map(([name, p]) => [
      name,
      p.type === "password" && p.value !== undefined ? { ...p, value: "REDACTED" } : p,
    ]),
  );
}

/** Whether a row waits for a device that was not known when it was made. */
export function isPlaceholder(parameters: ParameterValues, kind?: "storage" | "interface"): boolean {
  return Object.values(parameters).some((p) => (kind === undefined ? isDevice(p) : p.type === kind) && p.value === ALL);
}

/** What of a request speaks of devices: kept with the run, to choose them again when the machine's hardware is known better. */
export function deviceParams(scripts: readonly Script[], given: RequestParams): Record<string, string> {
  const keys = new Set(
    scripts.flatMap((s) =>
      Object.entries(s.parameters)
        .filter(([, d]) => isDevice(d))
        .flatMap(([name]) => [name, `${s.name}_${name}`]),
    ),
  );
  return Object.fromEntries(Object.entries(given).filter(([key]) => keys.has(key)));
}
