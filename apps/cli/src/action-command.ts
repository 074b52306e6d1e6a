/** One action: its options and positionals, then the request, then what its reply prints. */
import { parameterAlias } from "./aliases.ts";
import type { ApiAction, Resource } from "./api/describe.ts";
import { actionWord, splitDoc, takesData } from "./api/describe.ts";
import type { ApiReply, ApiRequest } from "./api/http.ts";
import { send } from "./api/http.ts";
import { parseParameters } from "./api/parameters.ts";
import { printDebug, printReply, warnOfOldDescription } from "./api/reply.ts";
import { buildRequest } from "./api/request.ts";
import { UsageError } from "./errors.ts";
import { renderHelp } from "./help.ts";
import type { Profile } from "./profiles.ts";
import type { Shell } from "./shell.ts";

export interface Called {
  profile: Profile;
  resource: Resource;
  action: ApiAction;
}

/** What a command does with the API: `exchange` sends, warns and prints debug output as every action must. */
export interface Api extends Called {
  shell: Shell;
  exchange: (request: ApiRequest) => Promise<ApiReply>;
}

interface Given {
  debug: boolean;
  insecure: boolean;
  follow: boolean;
  positionals: string[];
  data: string[];
}

export async function runAction(called: Called, args: readonly string[], shell: Shell): Promise<number> {
  const help = () => actionHelp(called);
  const given = readArguments(called, args, help);
  if (given === "help") return shell.out(help()).then(() => 0);
  const api: Api = { ...called, shell, exchange: exchanger(called, given, shell) };
  if (given.follow) {
    const { followTimeline } = await import("./commands/machine-timeline.ts");
    return followTimeline(api, given.positionals, given.data);
  }
  const special = await specialAction(called);
  if (special) return special(api, given.data);

  const { profile, resource, action } = called;
  const data = await Promise.all(given.data.map((it) => parameterAlias(resource.word, actionWord(action.name), it)));
  const parameters = await parseParameters(data);
  const request = buildRequest(profile, resource.handler, action, given.positionals, parameters);
  return printReply(await api.exchange(request), shell);
}

/** Actions that are more than one request, or take their arguments in another form. */
async function specialAction({
  resource,
  action,
}: Called): Promise<((api: Api, data: string[]) => Promise<number>) | undefined> {
  if (resource.word === "boot-resources" && action.name === "create")
    return (await import("./commands/boot-resources-create.ts")).createBootResource;
  if (resource.word === "sshkeys" && action.name === "import")
    return (await import("./commands/sshkeys-import.ts")).importSshKeys;
  return undefined;
}

/** What goes on, and can be watched. */
const canFollow = (resource: Resource, action: ApiAction): boolean =>
  resource.word === "machine" && action.name === "timeline";

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

function readArguments({ resource, action }: Called, args: readonly string[], help: () => string): Given | "help" {
  const given: Given = { debug: false, insecure: false, follow: false, positionals: [], data: [] };
  const words: string[] = [];
  const end = args.includes("--") ? args.indexOf("--") : args.length;
  for (const word of args.slice(0, end)) {
    // A negative number is a value, not an option.
    if (!word.startsWith("-") || word === "-" || /^-\d/.test(word)) words.push(word);
    else if (word === "--debug") given.debug = true;
    else if (word === "--insecure") given.insecure = true;
    else if (word === "--help") return "help";
    else if (word === "--follow" && canFollow(resource, action)) given.follow = true;
    else if (!/^-[dkh]+$/.test(word)) throw new UsageError(`unknown option ${word}`, help());
    else if (word.includes("h")) return "help";
    else {
      given.debug ||= word.includes("d");
      given.insecure ||= word.includes("k");
    }
  }
  words.push(...args.slice(end + 1));
  const { params } = resource.handler;
  given.positionals = words.slice(0, params.length);
  given.data = words.slice(params.length);
  // No id holds "=" (a name may): a parameter in its place means that the id was left out.
  const parameter = given.positionals.findIndex((word, i) => params[i] !== "name" && /^\w+@?=/.test(word));
  const first = parameter < 0 ? words.length : parameter;
  if (first < params.length) throw new UsageError(`missing: ${params.slice(first).join(" ")}`, help());
  if (given.data.length > 0 && !takesData(action)) throw new UsageError(`unexpected: ${given.data.join(" ")}`, help());
  return given;
}

const dataHelp =
  "Give parameters as key=value. key@=file sends what is in the file. A key that is given again makes a list.";

function actionHelp({ profile, resource, action }: Called): string {
  const { title, body } = splitDoc(action.doc);
  const hasData = takesData(action);
  const { params } = resource.handler;
  const follows = canFollow(resource, action);
  const words = [
    "[-h] [-d] [-k]",
    ...(follows ? ["[--follow]"] : []),
    ...params,
    ...(hasData ? ["[data ...]"] : []),
  ].join(" ");
  return renderHelp({
    usage: `maas ${profile.name} ${resource.word} ${actionWord(action.name)} ${words}`,
    title,
    positionals: [...params, ...(hasData ? ["data"] : [])].map((name) => ({ name, text: "" })),
    body: [hasData ? dataHelp : "", body].filter((part) => part !== "").join("\n\n"),
    options: [
      { name: "-d, --debug", text: "show the certificate, status and headers of each reply" },
      { name: "-k, --insecure", text: "do not check the server's certificate" },
      ...(follows ? [{ name: "--follow", text: "print a line for each item, and go on with what comes" }] : []),
    ],
  });
}
