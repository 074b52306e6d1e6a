/** Each field of a script by its rules, whoever wrote it: the script's own metadata or a form (reference: scripts.md sections 1, 4 to 6). */
import { invalidField } from "../errors.ts";
import { parseDuration } from "./duration.ts";
import { HARDWARE_IDENTIFIER_FORMS, isHardwareIdentifier } from "./hardware.ts";
import type { Json, Packages, SnapPackage } from "./script.ts";
import { hardwareType } from "./status.ts";
import { hardwareTypeCode, parallelCode, scriptTypeCode } from "./words.ts";

const MAX_TEXT = 255;

/** @throws DomainError on name: it must stand in a shell and a path as it is, and be told from ids and from `none` */
export function checkName(name: string): string {
  if (name.length > MAX_TEXT) throw invalidField("name", `At most ${MAX_TEXT} characters; it has ${name.length}.`);
  if (/^\d+$/.test(name)) throw invalidField("name", "Cannot be a number: that would be an id.");
  if (name.toLowerCase() === "none") throw invalidField("name", '"none" is reserved: it asks for no script.');
  // A slash would be a place outside of its directory on the machine.
  if (!/^[\w@%+=:,.-]+$/.test(name) || name === "." || name === "..")
    throw invalidField("name", `"${name}" is no name: use letters, digits and _ @ % + = : , . - only.`);
  return name;
}

export function checkTitle(title: string): string {
  if (title.length > MAX_TEXT) throw invalidField("title", `At most ${MAX_TEXT} characters; it has ${title.length}.`);
  return title;
}

export function checkTags(value: unknown): string[] {
  const list = commaList("tags", value);
  const wrong = list.find((tag) => tag.length > MAX_TEXT || tag.includes(","));
  if (wrong !== undefined)
    throw invalidField("tags", `"${wrong}" is no tag: at most ${MAX_TEXT} characters, no comma.`);
  return [...new Set(list)];
}

/** Tags that say what other fields say follow those. */
export function normalTags(tags: readonly string[], script: { hardwareType: number; destructive: boolean }): string[] {
  const kinds = Object.keys(hardwareType);
  const own = Object.entries(hardwareType).find(([, code]) => code === script.hardwareType)?.[0];
  const kept = tags.filter((tag) => !kinds.includes(tag) && tag !== "destructive");
  return [...new Set([...kept, ...(own ? [own] : []), ...(script.destructive ? ["destructive"] : [])])].sort();
}

export function checkTimeout(value: unknown): number {
  const seconds = typeof value === "number" && Number.isInteger(value) ? value : parseDuration(wordOf(value));
  if (seconds === undefined || seconds < 0 || seconds > 2 ** 31 - 1)
    throw invalidField("timeout", `"${wordOf(value)}" is no time: give seconds, or HH:MM:SS; 0 for no limit.`);
  return seconds;
}

export function checkType(value: unknown): number {
  return coded("script_type", value, scriptTypeCode, "commissioning, testing, release");
}

export function checkHardwareType(value: unknown): number {
  return coded("hardware_type", value, hardwareTypeCode, Object.keys(hardwareType).join(", "));
}

export function checkParallel(value: unknown): number {
  return coded("parallel", value, parallelCode, "disabled, instance, any");
}

function coded(field: string, value: unknown, codeOf: (word: string) => number | undefined, words: string): number {
  const code = codeOf(wordOf(value));
  if (code === undefined) throw invalidField(field, `"${wordOf(value)}" is not one of ${words}.`);
  return code;
}

export function checkFlag(field: string, value: unknown): boolean {
  const word = wordOf(value).toLowerCase();
  if (["true", "yes", "on", "1"].includes(word)) return true;
  if (["false", "no", "off", "0"].includes(word)) return false;
  throw invalidField(field, `"${wordOf(value)}" is neither true nor false.`);
}

export function checkText(field: string, value: unknown): string {
  if (value === null) return "";
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  throw invalidField(field, "Must be text.");
}

export function checkForHardware(value: unknown): string[] {
  const list = commaList("for_hardware", value);
  const wrong = list.find((identifier) => !isHardwareIdentifier(identifier));
  if (wrong !== undefined)
    throw invalidField("for_hardware", `"${wrong}" names no hardware: write ${HARDWARE_IDENTIFIER_FORMS}.`);
  return list;
}

/** Columns of a result: names, or names with a title each. */
export function checkResults(value: unknown): Json {
  if (value === null || value === undefined) return {};
  if (Array.isArray(value) && value.every((key) => typeof key === "string")) return value;
  if (!isMap(value))
    throw invalidField("results", "Must be a list of names, or a map of names to a title and a description.");
  for (const [key, one] of Object.entries(value)) {
    if (!isMap(one) || typeof one["title"] !== "string") throw invalidField("results", `${key} needs a title.`);
    if (one["description"] !== undefined && typeof one["description"] !== "string")
      throw invalidField("results", `${key}: description must be text.`);
  }
  return value as Json;
}

const channels = ["stable", "edge", "beta", "candidate"];
const modes = ["classic", "dev", "jail"];

export function checkPackages(value: unknown): Packages {
  if (value === null || value === undefined) return {};
  if (!isMap(value)) throw invalidField("packages", "Must be a map of apt, snap and url.");
  const packages: Packages = {};
  for (const [kind, entries] of Object.entries(value)) {
    const list: unknown[] = Array.isArray(entries) ? entries : [entries];
    if (kind === "apt" || kind === "url") packages[kind] = list.map((one) => packageName(kind, one));
    else if (kind === "snap") packages.snap = list.map(snap);
    else throw invalidField("packages", `"${kind}" is not one of apt, snap, url.`);
  }
  return packages;
}

function packageName(kind: string, value: unknown): string {
  if (typeof value === "string" && value.trim() !== "") return value;
  throw invalidField("packages", `Every entry of ${kind} must be text.`);
}

function snap(value: unknown): string | SnapPackage {
  if (!isMap(value)) return packageName("snap", value);
  const { name, channel, mode } = value;
  if (typeof name !== "string" || name === "") throw invalidField("packages", "Every snap needs a name.");
  return {
    name,
    ...(channel === undefined ? {} : { channel: oneOf(`Channel of snap ${name}`, channel, channels) }),
    ...(mode === undefined ? {} : { mode: oneOf(`Mode of snap ${name}`, mode, modes) }),
  };
}

function oneOf(what: string, value: unknown, words: readonly string[]): string {
  if (typeof value === "string" && words.includes(value)) return value;
  throw invalidField("packages", `${what} is not one of ${words.join(", ")}.`);
}

/** A comma separated text, or a list of texts. */
function commaList(field: string, value: unknown): string[] {
  if (value === null || value === undefined) return [];
  const items: unknown[] = Array.isArray(value) ? value : typeof value === "string" ? value.split(",") : [value];
  return items.map((item) => checkText(field, item).trim()).filter((item) => item !== "");
}

export function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function wordOf(value: unknown): string {
  return typeof value === "string" ? value.trim() : (JSON.stringify(value) ?? "");
}
