/** What may come next on a command line, from the commands of ours and the descriptions of the profiles. No server is asked. */
import { actionOptions, outputFormats } from "../action-arguments.ts";
import type { ApiAction, Resource } from "../api/describe.ts";
import { actionWord, resourcesOf, splitDoc, takesData } from "../api/describe.ts";
import { documentedParameters } from "../api/documented.ts";
import { splitParameter } from "../api/parameters.ts";
import type { BuiltinModule } from "../builtin.ts";
import { builtinNamed, builtins } from "../builtins.ts";
import { findAction, findResource } from "../profile-command.ts";
import type { Profile } from "../profiles.ts";

export interface Candidate {
  word: string;
  text: string;
}

/** Files are for the shell to list; `prefix` stands before their names. */
export interface Completion {
  candidates: Candidate[];
  files?: { prefix: string };
}

const helpOption: Candidate = { word: "--help", text: "show the help of this" };

/** @param words those before the one that is typed, without `maas`. @param typed what there is of it */
export async function complete(
  words: readonly string[],
  typed: string,
  profiles: readonly Profile[],
): Promise<Completion> {
  const all = await following(words, typed, profiles);
  return { ...all, candidates: all.candidates.filter(({ word }) => word.startsWith(typed)) };
}

async function following(words: readonly string[], typed: string, profiles: readonly Profile[]): Promise<Completion> {
  const [first, ...rest] = words;
  if (first === undefined) return { candidates: topWords(profiles) };
  const builtin = builtinNamed(first);
  if (builtin) return builtinWords(await builtin.load(), rest, typed, profiles);
  const profile = profiles.find(({ name }) => name === first);
  return profile ? profileWords(profile, rest, typed) : { candidates: [] };
}

const topWords = (profiles: readonly Profile[]): Candidate[] => [
  ...profiles.map(({ name, url }) => ({ word: name, text: `the server at ${url}` })),
  ...builtins.map(({ name, title }) => ({ word: name, text: title })),
  helpOption,
  { word: "--version", text: "show the version of this program" },
];

function builtinWords(
  { spec }: BuiltinModule,
  words: readonly string[],
  typed: string,
  profiles: readonly Profile[],
): Completion {
  const valueOf = (option: string) => spec.options[option.replace(/^--/, "")]?.value;
  const inline = /^(--[\w-]+)=/.exec(typed);
  if (inline?.[1] !== undefined && isPath(valueOf(inline[1]))) return { candidates: [], files: { prefix: inline[0] } };
  const last = words.at(-1) ?? "";
  if (last.startsWith("--") && valueOf(last) !== undefined)
    return isPath(valueOf(last)) ? { candidates: [], files: { prefix: "" } } : { candidates: [] };
  if (typed.startsWith("-"))
    return {
      candidates: [
        ...Object.entries(spec.options).map(([name, { text }]) => ({ word: `--${name}`, text })),
        helpOption,
      ],
    };
  const taken = words.filter((word, i) => !word.startsWith("-") && valueOf(words[i - 1] ?? "") === undefined);
  const positional = spec.positionals[taken.length];
  if (positional === undefined) return { candidates: [] };
  const choices = positional.name === "profile" ? profiles.map(({ name }) => name) : (positional.choices ?? []);
  return { candidates: choices.map((word) => ({ word, text: "" })) };
}

const isPath = (placeholder: string | undefined): boolean => placeholder === "FILE" || placeholder === "DIR";

function profileWords(profile: Profile, words: readonly string[], typed: string): Completion {
  const resources = resourcesOf(profile.description, profile.credentials === null);
  const [resourceWord, verb, ...rest] = words;
  if (resourceWord === undefined)
    return {
      candidates: [...resources.map(({ word, handler }) => ({ word, text: titleOf(handler.doc) })), helpOption],
    };
  const resource = findResource(resources, resourceWord, verb);
  if (!resource) return { candidates: [] };
  if (verb === undefined) {
    const actions = resource.handler.actions.map(({ name, doc }) => ({ word: actionWord(name), text: titleOf(doc) }));
    return { candidates: [...actions, helpOption] };
  }
  const action = findAction(resource, verb);
  return action ? actionWords(resource, action, rest, typed) : { candidates: [] };
}

const titleOf = (doc: string | null): string => splitDoc(doc).title;

function actionWords(resource: Resource, action: ApiAction, words: readonly string[], typed: string): Completion {
  const options = actionOptions(resource, action);
  if (words.at(-1) === "--output") return { candidates: outputFormats.map((word) => ({ word, text: "" })) };
  if (words.at(-1) === "--columns") return { candidates: [] };
  if (typed.startsWith("--output="))
    return { candidates: outputFormats.map((word) => ({ word: `--output=${word}`, text: "" })) };
  if (typed.startsWith("-"))
    return { candidates: [...options.map(({ name, text }) => ({ word: name, text })), helpOption] };
  const withValue = new Set(options.filter(({ value }) => value !== undefined).map(({ name }) => name));
  const plain = words.filter((word, i) => !word.startsWith("-") && !withValue.has(words[i - 1] ?? ""));
  // Ids and names are the server's to know.
  if (plain.length < resource.handler.params.length || !takesData(action)) return { candidates: [] };
  const documented = documentedParameters(action);
  const split = splitParameter(typed);
  if (split?.isFile) return { candidates: [], files: { prefix: `${split.key}@=` } };
  if (split) {
    const choices = documented.find(({ name }) => name === split.key)?.choices ?? [];
    return { candidates: choices.map((choice) => ({ word: `${split.key}=${choice}`, text: "" })) };
  }
  const given = new Set(plain.map((word) => splitParameter(word)?.key));
  return {
    candidates: documented
      .filter(({ name }) => !given.has(name))
      .map(({ name, text }) => ({ word: stands(name), text })),
  };
}

/** One that stands for many is offered as far as it is fixed. */
const stands = (name: string): string => {
  const fixed = name.replace(/(?:[A-Z][A-Z_]*|\{[^}]*\})$/, "");
  return fixed === name ? `${name}=` : fixed;
};
