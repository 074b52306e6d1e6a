/** Parameters as a script declares them, by the rules of their types (reference: scripts.md section 3). */
import { invalidField } from "../errors.ts";
import { isMap } from "./fields.ts";
import { type ParameterDefinition, type ParameterDefinitions, type ParameterType, parameterTypes } from "./script.ts";
import { isParameterType } from "./words.ts";

const NO_RANGE: readonly ParameterType[] = ["storage", "interface", "url", "choice"];
const deviceWords: Partial<Record<ParameterType, readonly string[]>> = {
  storage: ["input", "name", "path", "model", "serial"],
  interface: ["input", "name", "mac", "vendor", "product"],
};

/** @throws DomainError on parameters, naming the parameter */
export function checkParameters(value: unknown): ParameterDefinitions {
  if (value === null || value === undefined) return {};
  if (!isMap(value)) throw invalidField("parameters", "Must be a map of names to definitions.");
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, definition(name, one)]));
}

function definition(name: string, value: unknown): ParameterDefinition {
  const wrong = (why: string) => invalidField("parameters", `${name}: ${why}`);
  if (!isMap(value)) throw wrong("needs a map with its type.");
  const { type } = value;
  if (!isParameterType(type)) throw wrong(`its type is not one of ${parameterTypes.join(", ")}.`);
  const found: ParameterDefinition = { type };
  for (const key of ["title", "description", "argument_format", "default"] as const) {
    const text = value[key];
    if (text === undefined) continue;
    if (typeof text !== "string")
      throw wrong(`${key} must be text${key === "default" ? ' (write it in quotes: "10")' : ""}.`);
    found[key] = text;
  }
  for (const key of ["required", "allow_list"] as const) {
    const flag = value[key];
    if (flag === undefined) continue;
    if (typeof flag !== "boolean") throw wrong(`${key} must be true or false.`);
    if (key === "allow_list" && type !== "url") throw wrong("allow_list is for url only.");
    found[key] = flag;
  }
  range(found, value, wrong);
  format(found, wrong);
  choices(found, value, wrong);
  return found;
}

type Wrong = (why: string) => Error;

function range(found: ParameterDefinition, value: Record<string, unknown>, wrong: Wrong): void {
  for (const key of ["min", "max"] as const) {
    const bound = value[key];
    if (bound === undefined) continue;
    if (NO_RANGE.includes(found.type)) throw wrong(`${key} means nothing for ${found.type}.`);
    if (typeof bound !== "number" || !Number.isInteger(bound)) throw wrong(`${key} must be a whole number.`);
    found[key] = bound;
  }
  if (found.type === "runtime" && (found.min ?? 0) < 0) throw wrong("a runtime cannot be negative.");
  if (found.min !== undefined && found.max !== undefined && found.min > found.max) throw wrong("min is more than max.");
}

function format(found: ParameterDefinition, wrong: Wrong): void {
  const words = deviceWords[found.type];
  if (found.argument_format === undefined || words === undefined) return;
  if (!words.some((word) => found.argument_format?.includes(`{${word}}`)))
    throw wrong(`argument_format needs one of ${words.map((w) => `{${w}}`).join(" ")}.`);
}

function choices(found: ParameterDefinition, value: Record<string, unknown>, wrong: Wrong): void {
  const list = value["choices"];
  if (found.type !== "choice") {
    if (list !== undefined) throw wrong("choices are for choice only.");
    return;
  }
  if (!Array.isArray(list) || list.length === 0) throw wrong("a choice needs choices.");
  found.choices = list.map((one: unknown): string | [string, string] => {
    if (typeof one === "string") return one;
    if (Array.isArray(one) && one.length === 2 && one.every((part) => typeof part === "string"))
      return [String(one[0]), String(one[1])];
    throw wrong("every choice is a text, or a pair of a value and its label.");
  });
  const values = found.choices.map((c) => (typeof c === "string" ? c : c[0]));
  if (found.default !== undefined && !values.includes(found.default)) throw wrong("default is none of the choices.");
}
