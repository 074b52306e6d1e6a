/**
 * How parameters are read off the wire. Every parameter arrives as a list of raw values (a key may repeat, in a query, a form or a
 * multipart body); each helper here turns that list into one typed value. Reference: describe.md section 13, with one parser for booleans.
 */
import { isUnicode, NOT_UNICODE } from "@rackwright/domain/unicode";
import { z } from "zod";
import { isTooDeep, MOST_DEEP } from "./json-limits.ts";

/** A file part of a multipart body, or a raw body. Small ones are in memory, large ones spooled to a temporary file. */
export interface Upload {
  filename: string;
  contentType: string;
  sizeBytes: number;
  bytes?: Uint8Array;
  path?: string;
}

export type RawValue = string | Upload;
export type RawParams = Record<string, RawValue[]>;

/** Text of a value, when it is text: no NUL, valid UTF-8. */
function asText(value: RawValue, ctx: z.RefinementCtx): string {
  if (typeof value === "string") {
    if (!value.includes("\0")) return value;
    ctx.addIssue({ code: "custom", message: "Must not contain NUL characters." });
    return z.NEVER;
  }
  if (value.bytes === undefined) {
    ctx.addIssue({ code: "custom", message: "This file is too large to be a text value." });
    return z.NEVER;
  }
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(value.bytes);
    if (!text.includes("\0")) return text;
  } catch {
    // Not UTF-8: said below.
  }
  ctx.addIssue({ code: "custom", message: "Must be text in UTF-8 without NUL characters." });
  return z.NEVER;
}

const raw = z.custom<RawValue[] | undefined>();

/** The last value given, as text; undefined when the key is absent. Empty text stays: it clears a field. */
const lastText = raw.transform((values, ctx) => {
  const last = values?.at(-1);
  return last === undefined ? undefined : asText(last, ctx);
});

/** As `lastText`, but empty means not given. */
const lastGiven = lastText.transform((value) =>
  value === undefined || value.trim() === "" ? undefined : value.trim(),
);

const REQUIRED = "This field is required.";

/** Largest number of a PostgreSQL `integer`, and of what clients in Go and C# read. */
export const MAX_INT = 2 ** 31 - 1;

export type Kind = "text" | "integer" | "number" | "flag" | "choice" | "list" | "json" | "bytes";

/** What describe and OpenAPI say about a parameter, kept beside its parser. */
export interface Param<T> {
  readonly kind: Kind;
  readonly schema: z.ZodType<T>;
  readonly required: boolean;
  readonly doc: string;
  readonly choices?: readonly string[];
  readonly default?: string | number | boolean;
}

interface TextLimits {
  max?: number;
  pattern?: RegExp;
  patternHint?: string;
}

function checkText(value: string, limits: TextLimits, ctx: z.RefinementCtx): void {
  if (limits.max !== undefined && value.length > limits.max)
    ctx.addIssue({
      code: "custom",
      message: `Ensure this value has at most ${limits.max} characters (it has ${value.length}).`,
    });
  if (limits.pattern !== undefined && value !== "" && !limits.pattern.test(value))
    ctx.addIssue({ code: "custom", message: limits.patternHint ?? "Enter a valid value." });
}

/** Optional text. An empty value is kept: on updates it clears the field. */
export function text(doc: string, limits: TextLimits = {}): Param<string | undefined> {
  const schema = lastText.superRefine((v, ctx) => {
    if (v !== undefined) checkText(v, limits, ctx);
  });
  return { kind: "text", schema, required: false, doc };
}

/** Text that must be there and not empty. */
export function requiredText(doc: string, limits: TextLimits = {}): Param<string> {
  const schema = lastText.transform((v, ctx) => {
    if (v === undefined || v.trim() === "") {
      ctx.addIssue({ code: "custom", message: REQUIRED });
      return z.NEVER;
    }
    checkText(v, limits, ctx);
    return v;
  });
  return { kind: "text", schema, required: true, doc };
}

function parseInteger(value: string, range: { min?: number; max?: number }, ctx: z.RefinementCtx): number {
  const n = /^[+-]?\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
  if (Number.isNaN(n)) ctx.addIssue({ code: "custom", message: "Enter a whole number." });
  else if (range.min !== undefined && n < range.min)
    ctx.addIssue({ code: "custom", message: `Ensure this value is greater than or equal to ${range.min}.` });
  else if (range.max !== undefined && n > range.max)
    ctx.addIssue({ code: "custom", message: `Ensure this value is less than or equal to ${range.max}.` });
  else return n;
  return z.NEVER;
}

export function integer(doc: string, range: { min?: number; max?: number } = {}): Param<number | undefined> {
  const schema = lastGiven.transform((v, ctx) => (v === undefined ? undefined : parseInteger(v, range, ctx)));
  return { kind: "integer", schema, required: false, doc };
}

export function requiredInteger(doc: string, range: { min?: number; max?: number } = {}): Param<number> {
  const schema = lastGiven.transform((v, ctx) => {
    if (v !== undefined) return parseInteger(v, range, ctx);
    ctx.addIssue({ code: "custom", message: REQUIRED });
    return z.NEVER;
  });
  return { kind: "integer", schema, required: true, doc };
}

/** A number that may have a fraction (`cpu_count` of allocate). */
export function number(doc: string): Param<number | undefined> {
  const schema = lastGiven.transform((v, ctx) => {
    if (v === undefined) return undefined;
    if (/^\d{1,15}(\.\d{1,9})?$/.test(v)) return Number(v);
    ctx.addIssue({ code: "custom", message: "Enter a number." });
    return z.NEVER;
  });
  return { kind: "number", schema, required: false, doc };
}

const TRUE = ["true", "t", "yes", "y", "on", "1"];
const FALSE = ["false", "f", "no", "n", "off", "0"];

/** The one parser of booleans. Empty means not given; anything unknown is refused. */
export function parseFlag(value: string): boolean | undefined {
  const word = value.toLowerCase();
  if (TRUE.includes(word)) return true;
  return FALSE.includes(word) ? false : undefined;
}

function flagSchema<D extends boolean | undefined>(fallback: D): z.ZodType<boolean | D> {
  return lastGiven.transform((v, ctx): boolean | D => {
    if (v === undefined) return fallback;
    const flag = parseFlag(v);
    if (flag !== undefined) return flag;
    ctx.addIssue({
      code: "custom",
      message: `"${v}" is neither true nor false (true, yes, on, 1 or false, no, off, 0).`,
    });
    return z.NEVER;
  });
}

/** A boolean with a default. */
export function flag(doc: string, fallback = false): Param<boolean> {
  return { kind: "flag", schema: flagSchema<boolean>(fallback), required: false, doc, default: fallback };
}

/** A boolean that may be left as it is. */
export function optionalFlag(doc: string): Param<boolean | undefined> {
  return { kind: "flag", schema: flagSchema(undefined), required: false, doc };
}

/** A boolean that must be there. */
export function requiredFlag(doc: string): Param<boolean> {
  const schema = flagSchema(undefined).transform((v, ctx) => {
    if (v !== undefined) return v;
    ctx.addIssue({ code: "custom", message: REQUIRED });
    return z.NEVER;
  });
  return { kind: "flag", schema, required: true, doc };
}

/** One of a few words; `aliases` maps further spellings onto them. */
export function choice<const C extends readonly string[]>(
  doc: string,
  choices: C,
  aliases: Record<string, C[number]> = {},
): Param<C[number] | undefined> {
  const schema = lastGiven.transform((v, ctx): C[number] | undefined => {
    if (v === undefined) return undefined;
    const word = v.toLowerCase();
    const alias = Object.hasOwn(aliases, word) ? aliases[word] : undefined;
    const found = choices.find((c) => c.toLowerCase() === word) ?? alias;
    if (found !== undefined) return found;
    ctx.addIssue({ code: "custom", message: `"${v}" is not one of ${choices.join(", ")}.` });
    return z.NEVER;
  });
  return { kind: "choice", schema, required: false, doc, choices };
}

/** Every value of a repeated key, each also split on commas and blanks when `split` says so; empty ones dropped. */
export function list(
  doc: string,
  options: { split?: "comma" | "comma-or-blank"; required?: boolean } = {},
): Param<string[]> {
  const separator = options.split === "comma" ? /,/ : options.split === "comma-or-blank" ? /[,\s]+/ : undefined;
  const schema = raw.transform((values, ctx) => {
    const items = (values ?? [])
      .map((v) => asText(v, ctx))
      .flatMap((v) => (separator && typeof v === "string" ? v.split(separator) : [v]));
    const given = items
      .filter((v) => typeof v === "string")
      .map((v) => v.trim())
      .filter((v) => v !== "");
    if (options.required && given.length === 0) ctx.addIssue({ code: "custom", message: REQUIRED });
    return given;
  });
  return { kind: "list", schema, required: options.required ?? false, doc };
}

/** As `list`, but absence is told apart from emptiness, for updates. */
export function optionalList(
  doc: string,
  options: { split?: "comma" | "comma-or-blank" } = {},
): Param<string[] | undefined> {
  const given = list(doc, options);
  const schema = raw.transform((values, ctx) => {
    if (values === undefined) return undefined;
    const parsed = given.schema.safeParse(values);
    if (parsed.success) return parsed.data;
    for (const issue of parsed.error.issues) ctx.addIssue({ code: "custom", message: issue.message });
    return z.NEVER;
  });
  return { kind: "list", schema, required: false, doc };
}

/** A JSON object as text. */
export function json(doc: string): Param<Record<string, unknown> | undefined> {
  const schema = lastGiven.transform((v, ctx) => {
    if (v === undefined) return undefined;
    if (isTooDeep(v)) {
      ctx.addIssue({ code: "custom", message: `Must not be nested more than ${MOST_DEEP} deep.` });
      return z.NEVER;
    }
    let value: unknown;
    try {
      value = JSON.parse(v);
    } catch {
      // Not JSON: said below.
    }
    if (typeof value !== "object" || value === null || Array.isArray(value))
      ctx.addIssue({ code: "custom", message: "Must be a JSON object." });
    else if (!isUnicode(value)) ctx.addIssue({ code: "custom", message: NOT_UNICODE });
    else return value as Record<string, unknown>;
    return z.NEVER;
  });
  return { kind: "json", schema, required: false, doc };
}

/** A file or a text value, as it came. */
export function upload(doc: string): Param<Upload | undefined> {
  const schema = raw.transform((values) => {
    const last = values?.at(-1);
    if (last === undefined) return undefined;
    if (typeof last !== "string") return last;
    const bytes = new TextEncoder().encode(last);
    return { filename: "", contentType: "text/plain", sizeBytes: bytes.length, bytes } satisfies Upload;
  });
  return { kind: "bytes", schema, required: false, doc };
}

/** All files that were sent under a name, as they came. Text counts as a file too. */
export function uploads(doc: string): Param<Upload[]> {
  const one = upload(doc);
  const schema = raw.transform((values) => (values ?? []).flatMap((value) => one.schema.parse([value]) ?? []));
  return { kind: "bytes", schema, required: true, doc };
}

export type Params = Record<string, Param<unknown>>;
// Keys are listed with their values, so that `params.name` has the type of its own parser.
export type ValuesOf<P extends Params> = { [K in keyof P]: P[K] extends Param<infer T> ? T : never };
