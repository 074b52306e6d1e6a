/** Parameters as the text of an action documents them: `:param NAME: Required. …`, `:type NAME: …`. */
import type { ApiAction } from "./describe.ts";
import { splitDoc } from "./describe.ts";

export interface Documented {
  /** One that ends in capitals or braces stands for many: `power_parameters_NAME`. */
  name: string;
  isRequired: boolean;
  text: string;
  /** Values that can be offered; empty: any. */
  choices: string[];
}

export function documentedParameters(action: ApiAction): Documented[] {
  const { body } = splitDoc(action.doc);
  const types = new Map(
    [...body.matchAll(/^[ \t]*:type ([^\s:]+):[ \t]*(\w*)/gm)].map(([, name, type]) => [name, type]),
  );
  return [...body.matchAll(/^[ \t]*:param ([^\s:]+):((?:(?!\n[ \t]*(?::param|:type|\n))[\s\S])*)/gm)].map(
    ([, name = "", rest = ""]) => {
      const [, necessity = "", text = ""] = /^\s*(?:(Required|Optional)\.?,?)?\s*([\s\S]*)$/.exec(rest) ?? [];
      const plain = text.replace(/\s+/g, " ").trim();
      const listed = /One of: ([^.]*)\.?$/.exec(plain)?.[1]?.split(", ") ?? [];
      const choices = types.get(name) === "boolean" ? ["true", "false"] : listed;
      return { name, isRequired: necessity === "Required", text: plain, choices };
    },
  );
}

const wildcard = /(?:[A-Z][A-Z_]*|\{[^}]*\})$/;

/** Whether these names, or one that stands for many, take `key`. */
export const isDocumented = (documented: readonly Documented[], key: string): boolean =>
  documented.some(({ name }) => name === key || (wildcard.test(name) && key.startsWith(name.replace(wildcard, ""))));

/** Names that stand for themselves. */
export const plainNames = (documented: readonly Documented[]): string[] =>
  documented.map(({ name }) => name).filter((name) => !wildcard.test(name));
