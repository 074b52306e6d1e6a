/** What a power driver is. Retries, time limits and waiting for the observed state are in `run.ts`, once for all of them. */
import type { Outside } from "./outside.ts";

export type PowerState = "on" | "off" | "unknown";
export type BootDevice = "pxe" | "disk";

/**
 * - `auth`: the BMC answered and did not accept the user, password, key or privilege level
 * - `unreachable`: nothing answered, or the way there is down; the only kind that is tried again
 * - `refused`: the BMC understood and said no, or said something that is no answer
 * - `unsupported`: this driver, BMC or host cannot do it at all
 * - `timeout`: it answered at first and then did not finish in time
 */
export type PowerErrorKind = "auth" | "unreachable" | "refused" | "unsupported" | "timeout";

/** `message` says what was attempted on which BMC and what to check; it never holds a secret. */
export class PowerError extends Error {
  readonly kind: PowerErrorKind;
  constructor(kind: PowerErrorKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "PowerError";
    this.kind = kind;
  }
}

export interface Choice {
  value: string;
  label: string;
}

/** One power parameter: builds the form field, the CLI help and the validation. `choices` as a kind takes several values. */
export interface Setting {
  label: string;
  kind: "text" | "password" | "choice" | "choices" | "mac" | "url";
  required?: boolean;
  secret?: boolean;
  /** `bmc` (the default) is shared by every machine behind the same BMC; `machine` belongs to one machine. */
  scope?: "bmc" | "machine";
  default?: string | readonly string[];
  choices?: readonly Choice[];
  /** Why this non-empty value cannot work; undefined when it can. */
  check?: (value: string) => string | undefined;
}

export type SettingsSpec = Readonly<Record<string, Setting>>;

/** Values as a driver gets them: nothing is absent, an empty value is `""` or `[]`. */
export type SettingValues<S extends SettingsSpec = SettingsSpec> = {
  readonly [K in keyof S]: S[K]["kind"] extends "choices" ? readonly string[] : string;
};

/** What one attempt gets. `signal` ends it: the caller gave up, or the attempt's time is over. */
export interface Attempt<S extends SettingsSpec = SettingsSpec> {
  settings: SettingValues<S>;
  outside: Outside;
  signal: AbortSignal;
}

export interface Definition<S extends SettingsSpec> {
  /** Power type as the API names it, e.g. `ipmi`. */
  name: string;
  description: string;
  settings: S;
  /** Whether `query` can tell on from off. */
  queryable: boolean;
  /** Whether the persistent boot order can be changed; a one-time boot device is `setBootDevice`. */
  canSetBootOrder: boolean;
  /** The setting that names the BMC, for messages and for finding the machines behind one BMC. */
  addressSetting?: keyof S & string;
  query: (attempt: Attempt<S>) => Promise<PowerState>;
  on: (attempt: Attempt<S>) => Promise<void>;
  off: (attempt: Attempt<S>) => Promise<void>;
  /** Only for BMCs without a query: elsewhere a cycle is off, observed off, on, observed on. */
  cycle?: (attempt: Attempt<S>) => Promise<void>;
  /** What to start from next time, once. */
  setBootDevice?: (attempt: Attempt<S>, device: BootDevice) => Promise<void>;
  /**
   * Hand on what the machine's serial console shows from now on, until `signal` ends it or the BMC does; resolves then. Rejects when it could
   * not be opened. Nothing is ever typed into it.
   */
  console?: (attempt: Attempt<S>, onText: (text: string) => void) => Promise<void>;
}

export type PowerDriver = Readonly<Definition<SettingsSpec>>;

/** Declare a driver. Inside, its settings are typed by name; outside, all drivers are one type. */
export function powerDriver<const S extends SettingsSpec>(definition: Definition<S>): PowerDriver {
  return definition as unknown as PowerDriver;
}

/** The BMC in a message: its address, or the power type where there is none. Credentials in a URL are left out. */
export function bmcName(driver: PowerDriver, settings: Readonly<Record<string, unknown>>): string {
  const address = driver.addressSetting === undefined ? undefined : settings[driver.addressSetting];
  if (typeof address !== "string" || address === "") return `the ${driver.description} BMC`;
  return `the ${driver.description} BMC ${address.replace(/\/\/[^/@]*@/, "//")}`;
}
