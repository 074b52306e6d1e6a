/** Spellings that documents and old habits use for what the server calls otherwise. A real name always wins. */
import type { Resource } from "./api/describe.ts";
import { actionWord } from "./api/describe.ts";
import { isExistingFile, splitParameter } from "./api/parameters.ts";

/** `node-script-results update` is an action of the single result. */
const singular: Readonly<Record<string, string>> = { "node-script-results": "node-script-result" };

export function resourceAlias(resources: readonly Resource[], word: string, action: string | undefined): string {
  const other = singular[word];
  if (other === undefined || action === undefined) return word;
  const has = (name: string) =>
    resources.find((it) => it.word === name)?.handler.actions.some((it) => actionWord(it.name) === action) ?? false;
  return !has(word) && has(other) ? other : word;
}

/** American and British, one and many: `create-authorization-tokens`; and one slip of the finger. */
export function actionAlias(resource: string, word: string, known: readonly string[]): string {
  if (resource !== "account" || known.includes(word)) return word;
  const plain = (name: string) => name.replace("authorization", "authorisation").replace(/tokens$/, "token");
  const corrected = word.replace(/^udpate-/, "update-");
  return known.find((name) => plain(name) === plain(corrected)) ?? word;
}

/** An argument as it was meant: a comma after a token, and the path of a script in place of its content. */
export async function parameterAlias(resource: string, action: string, argument: string): Promise<string> {
  const split = splitParameter(argument);
  if (split === undefined || split.isFile) return argument;
  const { key, value } = split;
  if (resource === "account" && key.startsWith("token") && value.endsWith(",")) return argument.slice(0, -1);
  const takesScript =
    (resource === "node-scripts" && action === "create") || (resource === "node-script" && action === "update");
  if (takesScript && key === "script" && (await isExistingFile(value))) return `${key}@=${value}`;
  return argument;
}
