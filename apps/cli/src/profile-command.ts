/** `maas PROFILE RESOURCE ACTION positional… key=value…`, with everything after the profile taken from its server. */
import { resourceAlias, actionAlias } from "./aliases.ts";
import type { ApiAction, Resource } from "./api/describe.ts";
import { actionWord, resourcesOf, splitDoc } from "./api/describe.ts";
import { UsageError } from "./errors.ts";
import { renderHelp } from "./help.ts";
import type { Profile } from "./profiles.ts";
import type { Shell } from "./shell.ts";
import { didYouMean } from "./suggest.ts";

const isHelp = (word: string | undefined): boolean => word === "-h" || word === "--help";

export async function runProfile(profile: Profile, args: readonly string[], shell: Shell): Promise<number> {
  const [word, ...rest] = args;
  const resources = resourcesOf(profile.description, profile.credentials === null);
  const help = () => profileHelp(profile, resources);
  if (isHelp(word) || (word === "help" && rest.length === 0)) return shell.out(help()).then(() => 0);
  if (word === undefined) throw new UsageError(`what of ${profile.name}? No resource given`, help());
  const resource = findResource(resources, word, rest[0]);
  if (!resource) {
    const known = resources.map((it) => it.word);
    throw new UsageError(`${profile.name} has no resource ${word}${didYouMean(word, known)}`, help());
  }
  return runResource(profile, resource, rest, shell);
}

/** @param next the word after it, which may say that another resource is meant */
export const findResource = (resources: readonly Resource[], word: string, next: string | undefined) =>
  resources.find((it) => it.word === resourceAlias(resources, word, next));

export function findAction({ word: resource, handler }: Resource, word: string): ApiAction | undefined {
  const known = handler.actions.map((it) => actionWord(it.name));
  const wanted = actionAlias(resource, word, known);
  return handler.actions.find((it) => actionWord(it.name) === wanted);
}

async function runResource(
  profile: Profile,
  resource: Resource,
  args: readonly string[],
  shell: Shell,
): Promise<number> {
  const [word, ...rest] = args;
  const { actions } = resource.handler;
  const known = actions.map((it) => actionWord(it.name));
  const action = word === undefined ? undefined : findAction(resource, word);
  const help = () => resourceHelp(profile, resource);
  if (isHelp(word) || (word === "help" && !action)) return shell.out(help()).then(() => 0);
  if (word === undefined) throw new UsageError(`what to do with ${resource.word}? No action given`, help());
  if (!action) throw new UsageError(`${resource.word} has no action ${word}${didYouMean(word, known)}`, help());
  const { runAction } = await import("./action-command.ts");
  return runAction({ profile, resource, action }, rest, shell);
}

function profileHelp(profile: Profile, resources: readonly Resource[]): string {
  return renderHelp({
    usage: `maas ${profile.name} [-h] COMMAND ...`,
    title: `Drive the server at ${profile.url}`,
    commands: resources.map(({ word, handler }) => ({ name: word, text: splitDoc(handler.doc).title })),
  });
}

function resourceHelp(profile: Profile, { word, handler }: Resource): string {
  const { title, body } = splitDoc(handler.doc);
  return renderHelp({
    usage: `maas ${profile.name} ${word} [-h] COMMAND ...`,
    title,
    body,
    commands: handler.actions.map((action) => ({ name: actionWord(action.name), text: splitDoc(action.doc).title })),
  });
}
