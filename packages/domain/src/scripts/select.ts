/** Which scripts a run has (reference: scripts.md section 7). */
import { invalidField } from "../errors.ts";
import { type HardwareFacts, suits } from "./hardware.ts";
import { type Script, scriptType } from "./script.ts";

/** The word that asks for no script of one's own. */
export const NONE = "none";
/** The tag of tests that a commissioning ends with. */
export const DEFAULT_TEST_TAG = "commissioning";
/** Keeps a commissioning script out of a run that names none. */
export const NOAUTO_TAG = "noauto";
export const ENLISTING_TAG = "enlisting";
export const BMC_CONFIG_TAG = "bmc-config";
export const DEPLOY_INFO_TAG = "deploy-info";

/** Whether `word` means this script: its id, its name or one of its tags. */
export function isMeant(script: Pick<Script, "id" | "name" | "tags">, word: string): boolean {
  return script.name === word || script.tags.includes(word) || String(script.id) === word;
}

const byName = (a: Script, b: Script) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.id - b.id);

function ofType(all: readonly Script[], type: number): Script[] {
  return all.filter((s) => s.type === type).sort(byName);
}

/**
 * The scripts that these words mean, those for other hardware left out.
 * @throws DomainError on `field` naming every word that means nothing
 */
function named(scripts: readonly Script[], words: readonly string[], field: string, facts: HardwareFacts): Script[] {
  const unknown = words.filter((word) => !scripts.some((s) => isMeant(s, word)));
  if (unknown.length > 0)
    throw invalidField(
      field,
      `No script of this kind has the name, tag or id ${unknown.map((w) => `"${w}"`).join(", ")}.`,
    );
  return scripts.filter((s) => words.some((word) => isMeant(s, word)) && suits(s.forHardware, facts));
}

const asksForNone = (words: readonly string[]) => words.some((w) => w.toLowerCase() === NONE);

/** Built-in scripts always; of the others those asked for, by default all that may run unasked. */
export function selectCommissioning(
  all: readonly Script[],
  words: readonly string[] | undefined,
  facts: HardwareFacts,
): Script[] {
  const scripts = ofType(all, scriptType.commissioning);
  const builtin = scripts.filter((s) => s.builtin);
  if (words === undefined || words.length === 0)
    return scripts.filter((s) => s.builtin || (s.forHardware.length === 0 && !s.tags.includes(NOAUTO_TAG)));
  if (asksForNone(words)) return builtin;
  const asked = named(scripts, words, "commissioning_scripts", facts);
  return scripts.filter((s) => s.builtin || asked.includes(s));
}

/** Tests asked for, by default those tagged for commissioning; none for `none`. */
export function selectTesting(
  all: readonly Script[],
  words: readonly string[] | undefined,
  facts: HardwareFacts,
): Script[] {
  const scripts = ofType(all, scriptType.testing);
  if (words === undefined || words.length === 0)
    return scripts.filter((s) => s.tags.includes(DEFAULT_TEST_TAG) && s.forHardware.length === 0);
  return asksForNone(words) ? [] : named(scripts, words, "testing_scripts", facts);
}

export function selectRelease(all: readonly Script[], words: readonly string[], facts: HardwareFacts): Script[] {
  return named(ofType(all, scriptType.release), words, "scripts", facts);
}

/** What an unknown machine runs: it has no record yet, so nothing can be asked of it in advance. */
export function selectEnlisting(all: readonly Script[], commissions: boolean): Script[] {
  const scripts = ofType(all, scriptType.commissioning).filter((s) => s.forHardware.length === 0);
  if (!commissions) return scripts.filter((s) => s.tags.includes(BMC_CONFIG_TAG));
  return scripts.filter((s) => s.builtin || s.tags.includes(ENLISTING_TAG));
}

export function selectBuiltin(all: readonly Script[]): Script[] {
  return ofType(all, scriptType.commissioning).filter((s) => s.builtin);
}

/** For machines that run already: what can be told without a commissioning. */
export function selectDeployInfo(all: readonly Script[]): Script[] {
  return selectBuiltin(all).filter((s) => s.tags.includes(DEPLOY_INFO_TAG));
}
