/** Words for the codes of scripts, as they may be written (reference: scripts.md section 1). */
import { type ParameterType, parallelMode, parameterTypes, scriptType } from "./script.ts";
import { hardwareType } from "./status.ts";

export const scriptTypeAliases: Record<string, keyof typeof scriptType> = {
  commission: "commissioning",
  "0": "commissioning",
  test: "testing",
  "2": "testing",
  "3": "release",
};

export const hardwareTypeAliases: Record<string, keyof typeof hardwareType> = {
  "0": "node",
  machine: "node",
  controller: "node",
  other: "node",
  generic: "node",
  "1": "cpu",
  processor: "cpu",
  "2": "memory",
  ram: "memory",
  "3": "storage",
  disk: "storage",
  ssd: "storage",
  "4": "network",
  net: "network",
  interface: "network",
  "5": "gpu",
  graphics: "gpu",
};

export const parallelAliases: Record<string, keyof typeof parallelMode> = {
  "0": "disabled",
  none: "disabled",
  "1": "instance",
  name: "instance",
  "2": "any",
  enabled: "any",
};

/** The code that a word means; undefined when it means none. */
function codeOf(codes: Record<string, number>, aliases: Record<string, string>, word: string): number | undefined {
  const key = word.toLowerCase();
  const name = Object.hasOwn(codes, key) ? key : Object.hasOwn(aliases, key) ? aliases[key] : undefined;
  return name === undefined ? undefined : codes[name];
}

export const scriptTypeCode = (word: string) => codeOf(scriptType, scriptTypeAliases, word);
export const hardwareTypeCode = (word: string) => codeOf(hardwareType, hardwareTypeAliases, word);
export const parallelCode = (word: string) => codeOf(parallelMode, parallelAliases, word);

export function isParameterType(word: unknown): word is ParameterType {
  return parameterTypes.some((type) => type === word);
}
