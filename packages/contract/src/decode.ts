/** From raw values to an action's parameters, or the messages of what is wrong with them. */
import { DomainError, type FieldMessages } from "@rackwright/domain/errors";
import type { Action } from "./action.ts";
import type { Params, RawParams, RawValue, ValuesOf } from "./params.ts";

export interface Decoded<P extends Params> {
  values: ValuesOf<P>;
  /** Values under the action's wildcard, the prefix taken off; the last one of a repeated key. */
  extra: Record<string, string>;
}

/** @throws DomainError invalid_fields with every message at once */
export function decodeParams<P extends Params>(action: Action<P>, given: RawParams): Decoded<P> {
  // Without prototypes: callers choose names, __proto__ among them.
  const fields = Object.create(null) as FieldMessages;
  const values: Record<string, unknown> = {};
  for (const [name, param] of Object.entries(action.params)) {
    const parsed = param.schema.safeParse(given[name]);
    if (parsed.success) values[name] = parsed.data;
    else fields[name] = [...new Set(parsed.error.issues.map((issue) => issue.message))];
  }
  const extra = Object.create(null) as Record<string, string>;
  for (const [name, raw] of Object.entries(given)) {
    if (Object.hasOwn(action.params, name) || name === "op") continue;
    if (action.wildcard !== undefined && name.startsWith(action.wildcard))
      extra[name.slice(action.wildcard.length)] = plain(raw, name, fields);
    else if (action.unknown === "refuse") fields[name] = ["No such constraint."];
  }
  if (Object.keys(fields).length > 0) {
    const first = Object.entries(fields)[0];
    throw new DomainError("invalid_fields", `${first?.[0]}: ${first?.[1][0]}`, { fields });
  }
  return { values: values as ValuesOf<P>, extra };
}

function plain(raw: RawValue[], name: string, fields: FieldMessages): string {
  const last = raw.at(-1) ?? "";
  const text =
    typeof last === "string" ? last : last.bytes === undefined ? undefined : new TextDecoder().decode(last.bytes);
  if (text !== undefined && !text.includes("\0")) return text;
  fields[name] = ["Must be text without NUL characters."];
  return "";
}
