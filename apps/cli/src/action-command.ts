/** One action: its options and positionals, then the request, then what its reply prints. */
import type { Given, OutputFormat } from "./action-arguments.ts";
import { actionOptions, canFollow, formatOf, readArguments } from "./action-arguments.ts";
import { parameterAlias } from "./aliases.ts";
import type { ApiAction, Resource } from "./api/describe.ts";
import { actionWord, splitDoc, takesData } from "./api/describe.ts";
import type { ApiReply, ApiRequest } from "./api/http.ts";
import { send } from "./api/http.ts";
import { documentedParameters, isDocumented, plainNames } from "./api/documented.ts";
import type { Parameter } from "./api/parameters.ts";
import { parseParameters } from "./api/parameters.ts";
import { printDebug, printReply, warnOfOldDescription } from "./api/reply.ts";
import { buildRequest } from "./api/request.ts";
import { CliError, UsageError } from "./errors.ts";
import { renderHelp } from "./help.ts";
import type { Profile } from "./profiles.ts";
import type { Shell } from "./shell.ts";
import { didYouMean } from "./suggest.ts";

export interface Called {
  profile: Profile;
  resource: Resource;
  action: ApiAction;
}

/** What a command does with the API. */
export interface Api extends Called {
  shell: Shell;
  /** Sends, warns and prints debug output as every action must. */
  exchange: (request: ApiRequest) => Promise<ApiReply>;
  /** In the form that was asked for. @returns the exit code */
  print: (reply: ApiReply) => Promise<number>;
}

export async function runAction(called: Called, args: readonly string[], shell: Shell): Promise<number> {
  const { profile, resource, action } = called;
  const help = () => actionHelp(called);
  const given = argumentsOf(called, args, help);
  if (given === "help") return shell.out(help()).then(() => 0);
  const print = printer(called, given, shell);
  const api: Api = { ...called, shell, exchange: exchanger(called, given, shell), print };
  const isRun = resource.word === "node-script-result";
  if (isRun && (given.follow || action.name === "follow")) {
    const { followRun } = await import("./commands/follow-run.ts");
    return followRun(api, given.positionals, given.data);
  }
  if (given.follow) {
    const { follow } = await import("./commands/follow.ts");
    return follow(api, given.positionals, given.data);
  }
  const special = await specialAction(called);
  if (special) return special(api, given.data);

  const data = await Promise.all(given.data.map((it) => parameterAlias(resource.word, actionWord(action.name), it)));
  const parameters = await parseParameters(data);
  await hintAtUnknown(called, parameters, shell);
  const request = buildRequest(profile, resource.handler, action, given.positionals, parameters);
  return print(await api.exchange(request));
}

/** A form that is none is refused here, before anything is asked of the server. */
function printer({ resource }: Called, { output, columns }: Given, shell: Shell): Api["print"] {
  const format = output ?? usualFormat(shell) ?? (columns && "table");
  if (format === undefined) return (reply) => printReply(reply, shell);
  return async (reply) => {
    const { printFormatted } = await import("./output/print.ts");
    return printFormatted(reply, { format, columns, resource: resource.word }, shell);
  };
}

/** What a person has chosen for terminals; scripts, which read a pipe, never see anything but what the server says. */
function usualFormat(shell: Shell): OutputFormat | undefined {
  const text = shell.env["RACKWRIGHT_OUTPUT"];
  return shell.isTerminal && text ? formatOf(text, "RACKWRIGHT_OUTPUT") : undefined;
}

/** Actions that are more than one request, or take their arguments in another form. */
async function specialAction({
  resource,
  action,
}: Called): Promise<((api: Api, data: string[]) => Promise<number>) | undefined> {
  if (resource.word === "boot-resources" && action.name === "create")
    return (await import("./commands/boot-resources-create.ts")).createBootResource;
  if (resource.word === "changes" && action.name === "stream")
    return (await import("./commands/changes-stream.ts")).streamChanges;
  if (resource.word === "sshkeys" && action.name === "import")
    return (await import("./commands/sshkeys-import.ts")).importSshKeys;
  return undefined;
}

/** The server passes over what it does not know, so that a slip would go unseen. People are told; pipes are left as they are. */
async function hintAtUnknown(
  { resource, action }: Called,
  parameters: readonly Parameter[],
  shell: Shell,
): Promise<void> {
  if (!shell.errIsTerminal) return;
  const documented = documentedParameters(action);
  for (const { key } of parameters) {
    const hint = isDocumented(documented, key) ? "" : didYouMean(key, plainNames(documented));
    if (hint)
      await shell.err(`Note: ${resource.word} ${actionWord(action.name)} documents no parameter ${key}${hint}\n`);
  }
}

function exchanger({ profile }: Called, given: Given, shell: Shell): Api["exchange"] {
  let hasWarned = false;
  return async (request) => {
    const reply = await send(request, { cacerts: profile.cacerts, insecure: given.insecure });
    if (!hasWarned) await warnOfOldDescription(reply, profile.description.hash, shell);
    hasWarned = true;
    if (given.debug) await printDebug(reply, shell);
    return reply;
  };
}

function argumentsOf({ resource, action }: Called, args: readonly string[], help: () => string): Given | "help" {
  try {
    return readArguments(resource, action, args);
  } catch (error) {
    throw error instanceof CliError ? new UsageError(error.message, help()) : error;
  }
}

const shortOf: Readonly<Record<string, string>> = { "--debug": "-d, ", "--insecure": "-k, " };

const dataHelp =
  "Give parameters as key=value. key@=file sends what is in the file. A key that is given again makes a list.";

function actionHelp({ profile, resource, action }: Called): string {
  const { title, body } = splitDoc(action.doc);
  const hasData = takesData(action);
  const { params } = resource.handler;
  const options = actionOptions(resource, action).map(({ name, value, text }) => ({
    name: `${shortOf[name] ?? ""}${name}${value === undefined ? "" : ` ${value}`}`,
    text,
  }));
  const words = [
    "[-h] [-d] [-k]",
    ...(canFollow(resource, action) ? ["[--follow]"] : []),
    ...params,
    ...(hasData ? ["[data ...]"] : []),
  ].join(" ");
  return renderHelp({
    usage: `maas ${profile.name} ${resource.word} ${actionWord(action.name)} ${words}`,
    title,
    positionals: [...params, ...(hasData ? ["data"] : [])].map((name) => ({ name, text: "" })),
    body: [hasData ? dataHelp : "", body].filter((part) => part !== "").join("\n\n"),
    options,
  });
}
