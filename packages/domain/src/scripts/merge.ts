/** A script's own word and what somebody says of it, as one (reference: scripts.md sections 1 and 2). */
import { DomainError, type FieldMessages, invalidField } from "../errors.ts";
import { normalTags } from "./fields.ts";
import type { Metadata } from "./metadata.ts";
import { type Script, scriptType } from "./script.ts";

/** What the API calls each field. */
const wireNames: Partial<Record<keyof Metadata, string>> = {
  type: "script_type",
  hardwareType: "hardware_type",
  timeoutSeconds: "timeout",
  forHardware: "for_hardware",
  mayReboot: "may_reboot",
  applyConfiguredNetworking: "apply_configured_networking",
};

/** @throws DomainError naming every field that the two state differently; tags and timeout are the operator's to choose */
function refuseContradictions(given: Metadata, embedded: Metadata): void {
  const fields: FieldMessages = {};
  for (const key of Object.keys(given) as (keyof Metadata)[]) {
    const [mine, its] = [given[key], embedded[key]];
    if (key === "tags" || key === "timeoutSeconds" || mine === undefined || its === undefined) continue;
    if (JSON.stringify(mine) !== JSON.stringify(its))
      fields[wireNames[key] ?? key] = [
        `The script itself states ${JSON.stringify(its)}: change it there, or leave this out.`,
      ];
  }
  const [first] = Object.entries(fields);
  if (first) throw new DomainError("invalid_fields", `${first[0]}: ${first[1][0]}`, { fields });
}

const blank: Omit<Script, "id" | "name"> = {
  title: "",
  description: "",
  tags: [],
  type: scriptType.testing,
  hardwareType: 0,
  parallel: 0,
  results: {},
  parameters: {},
  packages: {},
  timeoutSeconds: 0,
  destructive: false,
  builtin: false,
  forHardware: [],
  mayReboot: false,
  recommission: false,
  applyConfiguredNetworking: false,
};

/** @throws DomainError on name when neither states one */
export function newScript(given: Metadata, embedded: Metadata, builtin = false): Omit<Script, "id"> {
  refuseContradictions(given, embedded);
  const { name, ...rest } = { ...embedded, ...given };
  if (name === undefined) throw invalidField("name", "This field is required, here or in the script's metadata.");
  const script = { ...blank, ...rest, name, builtin };
  return { ...script, tags: normalTags(script.tags, script) };
}

/** What only the text can state: a new one states it anew. */
const fromTextOnly = { results: {}, parameters: {}, packages: {} } as const satisfies Metadata;

/**
 * The fields that a change sets.
 * @param embedded metadata of the new text; undefined when the text stays
 */
export function changedScript(script: Script, given: Metadata, embedded: Metadata | undefined): Omit<Script, "id"> {
  if (embedded) refuseContradictions(given, embedded);
  const { tags: _tags, timeoutSeconds: _timeout, ...stated } = embedded ?? {};
  const { id: _id, ...before } = script;
  const after = { ...before, ...(embedded ? fromTextOnly : {}), ...stated, ...given };
  return { ...after, tags: normalTags(after.tags, after) };
}
