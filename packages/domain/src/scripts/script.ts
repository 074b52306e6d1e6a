/** A script as the region knows it, whatever it came from: an upload, or what we ship (reference: scripts.md section 1). */
export const scriptType = { commissioning: 0, testing: 2, release: 3 } as const;
export type ScriptTypeName = keyof typeof scriptType;

export const parallelMode = { disabled: 0, instance: 1, any: 2 } as const;

export interface Script {
  id: number;
  name: string;
  title: string;
  description: string;
  tags: string[];
  /** Code of `scriptType`; the same numbers as `resultType`. */
  type: number;
  hardwareType: number;
  parallel: number;
  results: Json;
  parameters: ParameterDefinitions;
  packages: Packages;
  /** 0: no limit. */
  timeoutSeconds: number;
  destructive: boolean;
  builtin: boolean;
  forHardware: string[];
  mayReboot: boolean;
  recommission: boolean;
  applyConfiguredNetworking: boolean;
}

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

export const parameterTypes = [
  "storage",
  "interface",
  "runtime",
  "url",
  "string",
  "password",
  "boolean",
  "choice",
] as const;
export type ParameterType = (typeof parameterTypes)[number];

/** One parameter as its script declares it; keys as they are written there, since the machine and the API get them as they are. */
export interface ParameterDefinition {
  type: ParameterType;
  min?: number;
  max?: number;
  title?: string;
  description?: string;
  argument_format?: string;
  default?: string;
  required?: boolean;
  allow_list?: boolean;
  choices?: (string | [string, string])[];
}
export type ParameterDefinitions = Record<string, ParameterDefinition>;

export interface SnapPackage {
  name: string;
  channel?: string;
  mode?: string;
}
export interface Packages {
  apt?: string[];
  url?: string[];
  snap?: (string | SnapPackage)[];
}
