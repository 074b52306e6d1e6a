/** Power parameters as users send them: checked into messages per parameter, filled into what a driver expects, masked. */
import type { PowerDriver, Setting, SettingValues } from "./driver.ts";

export type Given = Readonly<Record<string, unknown>>;
export type FieldMessages = Record<string, string[]>;
export type Checked = { ok: true; values: Record<string, string | string[]> } | { ok: false; errors: FieldMessages };

/**
 * Check what is to be stored for a machine: the whole set, so merge with the stored one before. Values come back trimmed;
 * an empty required parameter takes its default; optional ones that were not given stay absent.
 * `skipCheck` stores whatever text was given, unknown names too; `partial` lets required ones without a default be absent.
 */
export function checkSettings(
  driver: PowerDriver,
  given: Given,
  options: { skipCheck?: boolean; partial?: boolean } = {},
): Checked {
  const values: Record<string, string | string[]> = {};
  const errors: FieldMessages = {};
  for (const [name, raw] of Object.entries(given)) {
    const setting = driver.settings[name];
    if (setting || options.skipCheck) values[name] = clean(setting, raw);
    else errors[name] = [`Unknown parameter of power type ${driver.name}: it takes ${namesOf(driver)}.`];
  }
  if (options.skipCheck) return { ok: true, values };
  for (const [name, setting] of Object.entries(driver.settings)) {
    if (isEmpty(values[name]) && setting.required && !isEmpty(setting.default)) values[name] = copy(setting.default);
    const message = options.partial && isEmpty(values[name]) ? undefined : complaint(setting, values[name]);
    if (message !== undefined) errors[name] = [message];
  }
  return Object.keys(errors).length === 0 ? { ok: true, values } : { ok: false, errors };
}

/** Stored parameters as a driver expects them. Unknown ones are dropped, absent ones are empty (their default if required). */
export function settingsFor(driver: PowerDriver, stored: Given): SettingValues {
  const filled: Record<string, string | string[]> = {};
  for (const [name, setting] of Object.entries(driver.settings)) {
    const value = clean(setting, stored[name]);
    filled[name] = isEmpty(value) && setting.required ? copy(setting.default) : value;
  }
  return filled as SettingValues;
}

/** The same parameters with every non-empty secret replaced. Parameters the driver does not know are secret: who can tell. */
export function maskSecrets(driver: PowerDriver, stored: Given, mask = "********"): Record<string, unknown> {
  const shown = Object.entries(stored).map(([name, value]) => {
    const setting = driver.settings[name];
    return [name, (setting === undefined || setting.secret) && !isEmpty(value) ? mask : value];
  });
  return Object.fromEntries(shown) as Record<string, unknown>;
}

/** Names of one scope or of the secrets, for storing BMC, machine and secret values apart. */
export function settingNames(driver: PowerDriver, want: (setting: Setting) => boolean): string[] {
  return Object.entries(driver.settings).flatMap(([name, setting]) => (want(setting) ? [name] : []));
}

function complaint(setting: Setting, value: string | string[] | undefined): string | undefined {
  if (value === undefined || isEmpty(value)) return setting.required ? "This field is required." : undefined;
  for (const one of [value].flat()) {
    if (/\p{Cc}/u.test(one)) return "Control characters are not allowed.";
    const message = shapeComplaint(setting, one) ?? setting.check?.(one);
    if (message !== undefined) return message;
  }
  return undefined;
}

function shapeComplaint(setting: Setting, value: string): string | undefined {
  switch (setting.kind) {
    case "choice":
    case "choices": {
      const allowed = (setting.choices ?? []).map((choice) => choice.value);
      const shown = allowed.map((one) => (one === "" ? "(empty)" : one)).join(", ");
      return allowed.includes(value) ? undefined : `${value} is not one of the choices: ${shown}.`;
    }
    case "mac":
      return /^[0-9a-f]{2}([:-][0-9a-f]{2}){5}$/i.test(value) ? undefined : `${value} is not a MAC address.`;
    case "url":
      return /^https?:\/\/[^/\s]+/i.test(value) && URL.canParse(value)
        ? undefined
        : "Enter an http:// or https:// URL.";
    case "text":
    case "password":
      return undefined;
    default:
      return setting.kind satisfies never;
  }
}

/** Passwords keep their blanks; everything else is trimmed. */
function clean(setting: Setting | undefined, raw: unknown): string | string[] {
  const isList = setting?.kind === "choices";
  if (raw === undefined || raw === null) return isList ? [] : "";
  const text = (value: unknown) => (setting?.kind === "password" ? asText(value) : asText(value).trim());
  if (!isList) return text(Array.isArray(raw) ? (raw.at(-1) ?? "") : raw);
  const parts = Array.isArray(raw) ? raw : asText(raw).split(",");
  return parts.map((part) => text(part)).filter((part) => part !== "");
}

const asText = (value: unknown): string => (typeof value === "string" ? value : (JSON.stringify(value) ?? ""));
const copy = (value: string | readonly string[] | undefined): string | string[] =>
  typeof value === "string" ? value : [...(value ?? [])];
const isEmpty = (value: unknown): boolean =>
  value === undefined || value === null || value === "" || (Array.isArray(value) && value.length === 0);
const namesOf = (driver: PowerDriver): string => Object.keys(driver.settings).join(", ") || "none";
