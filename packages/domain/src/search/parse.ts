/**
 * The filter of machines, as people write it: `status:(new,!ready) cpu:>=16 -tag:gpu web`. Terms must all hold. Pure, and total: a term
 * that makes no sense is a problem with its place and what to write instead, and the others still apply.
 */
import {
  fieldNamed,
  type FieldName,
  type FieldOf,
  fieldWords,
  type HasName,
  hasNames,
  type SearchField,
  searchFields,
} from "./fields.ts";
import { orRather } from "./nearest.ts";
import { type Problem, type RawTerm, type RawValue, readTerms } from "./terms.ts";
import { parseAge, parseDisk, parseMemory, parseNumber } from "./values.ts";

export type Comparison = "=" | "<" | "<=" | ">" | ">=";

/** One of `any` must hold, where there are some, and none of `none`. */
interface Sides<V> {
  any: V[];
  none: V[];
}

export interface TextValue {
  /** Lower case: letters' case never matters. */
  text: string;
  whole: boolean;
}

export interface Range {
  comparison: Comparison;
  value: number;
}

export type Test =
  | { kind: "words"; text: string }
  | { kind: "has"; field: HasName }
  | ({ kind: "text"; field: FieldOf<"text"> } & Sides<TextValue>)
  | ({ kind: "choice"; field: FieldOf<"choice"> } & Sides<string>)
  /** Counts, MiB, bytes; of an age: seconds. */
  | ({ kind: "range"; field: FieldOf<"number" | "memory" | "disk" | "age"> } & Sides<Range>)
  | { kind: "flag"; field: FieldOf<"flag">; is: boolean };

export interface FilterTerm {
  at: number;
  end: number;
  /** The test must not hold. */
  negated: boolean;
  test: Test;
}

export interface Filter {
  terms: FilterTerm[];
  problems: Problem[];
}

/** Characters. Longer ones are lists of names, for which there are other parameters. */
export const MAX_FILTER = 2000;
/** Each costs the database a condition. */
const MAX_TERMS = 30;
const MAX_VALUES = 100;

class Refused extends Error {
  readonly at: number;
  readonly end: number;
  constructor(where: { at: number; end: number }, message: string) {
    super(message);
    this.at = where.at;
    this.end = where.end;
  }
}

export function parseFilter(text: string): Filter {
  if (text.length > MAX_FILTER) {
    const message = `the filter has ${text.length} characters: use ${MAX_FILTER} at most`;
    return { terms: [], problems: [{ at: MAX_FILTER, end: text.length, message }] };
  }
  const { terms: raw, problems } = readTerms(text);
  const terms: FilterTerm[] = [];
  for (const term of raw.slice(0, MAX_TERMS)) {
    if (problems.some((p) => p.at >= term.at && p.at < term.end)) continue;
    try {
      terms.push({ at: term.at, end: term.end, negated: term.negated, test: testOf(term) });
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      problems.push({ at: error.at, end: error.end, message: error.message });
    }
  }
  const beyond = raw[MAX_TERMS];
  if (beyond)
    problems.push({ at: beyond.at, end: text.length, message: `there are more than ${MAX_TERMS} terms: use fewer` });
  return { terms, problems: problems.sort((a, b) => a.at - b.at) };
}

function testOf(term: RawTerm): Test {
  if (!term.field) {
    const word = term.values[0]?.text ?? "";
    if (word === "") throw new Refused(term, "what is to be negated is missing: put a word or field:value after it");
    return { kind: "words", text: word.toLowerCase() };
  }
  const asked = term.field.text;
  const place = { at: term.field.at, end: term.field.at + asked.length };
  if (term.values.length > MAX_VALUES)
    throw new Refused(term, `${asked} has more than ${MAX_VALUES} values: use fewer`);
  if (term.values.some((value) => value.text === ""))
    throw new Refused(term, `${asked} needs a value: ${example(asked)}`);
  if (asked.toLowerCase() === "has") return hasTest(term);
  const field = fieldNamed(asked);
  if (field === undefined)
    throw new Refused(
      place,
      `there is no field ${asked}: ${orRather(asked, fieldWords)} To search for the text itself, put it in ""`,
    );
  return fieldTest(field, term.values);
}

function example(asked: string): string {
  const field = fieldNamed(asked);
  return `${asked}:${field === undefined ? "VALUE" : examples[searchFields[field].kind]}`;
}

const examples = {
  text: "WORD",
  choice: "WORD",
  number: ">=4",
  memory: ">=64G",
  disk: ">=1T",
  age: "<2h",
  flag: "yes",
};

function hasTest(term: RawTerm): Test {
  const [value, second] = term.values;
  if (!value || second || value.negated || value.operator !== "")
    throw new Refused(term, "has: takes one field: has:tag; -has:tag for machines without one");
  const field = hasNames.find((name) => name === fieldNamed(value.text));
  if (field === undefined)
    throw new Refused(value, `has:${value.text} says nothing: ${orRather(value.text, hasNames)}`);
  return { kind: "has", field };
}

function sides<V>(values: readonly RawValue[], read: (value: RawValue) => V | V[]): Sides<V> {
  const read2 = (negated: boolean) => values.filter((v) => v.negated === negated).flatMap(read);
  return { any: read2(false), none: read2(true) };
}

function fieldTest(field: FieldName, values: readonly RawValue[]): Test {
  const { kind }: SearchField = searchFields[field];
  switch (kind) {
    case "text":
      return { kind: "text", field: field as FieldOf<"text">, ...sides(values, (v) => textValue(field, v)) };
    case "choice":
      return { kind: "choice", field: field as FieldOf<"choice">, ...sides(values, (v) => chosen(field, v)) };
    case "flag":
      return flagTest(field as FieldOf<"flag">, values);
    case "number":
    case "memory":
    case "disk":
    case "age":
      return {
        kind: "range",
        field: field as FieldOf<"number" | "memory" | "disk" | "age">,
        ...sides(values, (v) => range(field, kind, v)),
      };
  }
}

function textValue(field: FieldName, value: RawValue): TextValue {
  if (/[<>]/.test(value.operator))
    throw new Refused(
      value,
      `${field} is text and is not larger or smaller: use ${field}:WORD, or ${field}:=WORD for the whole`,
    );
  return { text: value.text.toLowerCase(), whole: value.operator === "=" };
}

/** Words that contain what is asked for: status:failed is all that failed. A whole word means itself alone. */
function chosen(field: FieldName, value: RawValue): string[] {
  const { choices = [] }: SearchField = searchFields[field];
  const word = value.text.toLowerCase().replaceAll(/[\s-]+/g, "_");
  if (/[<>]/.test(value.operator))
    throw new Refused(value, `${field} is a word and is not larger or smaller: leave the ${value.operator} out`);
  if (choices.includes(word)) return [word];
  const some = value.operator === "=" ? [] : choices.filter((choice) => choice.includes(word));
  if (some.length === 0) throw new Refused(value, `"${value.text}" is no ${field}: ${orRather(word, choices)}`);
  return some;
}

function range(field: FieldName, kind: "number" | "memory" | "disk" | "age", value: RawValue): Range {
  const parsed = { number: parseNumber, memory: parseMemory, disk: parseDisk, age: parseAge }[kind](value.text);
  if (parsed === undefined)
    throw new Refused(value, `"${value.text}" is ${misread[kind]}: use ${field}:${examples[kind]}`);
  if (kind === "age" && !/[<>]/.test(value.operator))
    throw new Refused(value, `a time is longer or shorter: use ${field}:<${value.text} or ${field}:>${value.text}`);
  return { comparison: value.operator === "" ? "=" : value.operator, value: parsed };
}

const misread = { number: "no number", memory: "no size", disk: "no size", age: "no time" };
const YES = ["yes", "true", "y", "t", "on", "1"];
const NO = ["no", "false", "n", "f", "off", "0"];

function flagTest(field: FieldOf<"flag">, values: readonly RawValue[]): Test {
  const [value, second] = values;
  const word = value?.text.toLowerCase() ?? "";
  if (!value || second || /[<>]/.test(value.operator) || ![...YES, ...NO].includes(word))
    throw new Refused(second ?? value ?? { at: 0, end: 0 }, `${field} is yes or no: use ${field}:yes or ${field}:no`);
  return { kind: "flag", field, is: YES.includes(word) !== value.negated };
}

/** For people: each problem on a line of its own, characters counted from 1. */
export function problemTexts(text: string, problems: readonly Problem[]): string[] {
  return problems.map(({ at, end, message }) => {
    const part = text.slice(at, Math.min(end, at + 40));
    return `At character ${at + 1}${part === "" ? "" : ` (${part})`}: ${message}.`.replace(/([?"])\.$/, "$1");
  });
}
