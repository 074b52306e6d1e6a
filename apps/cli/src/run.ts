/** Which command the words name: one of ours, or a profile with a resource and an action of its server. */
import { readFile } from "node:fs/promises";
import { builtins, builtinNamed } from "./builtins.ts";
import { UsageError } from "./errors.ts";
import type { Help } from "./help.ts";
import { renderHelp } from "./help.ts";
import { Profiles } from "./profiles.ts";
import type { Shell } from "./shell.ts";
import { didYouMean } from "./suggest.ts";

/** @returns the exit code. @throws CliError */
export async function run(args: readonly string[], shell: Shell): Promise<number> {
  const [word, ...rest] = args[0] === "--debug" ? args.slice(1) : args;
  if (word === undefined) throw new UsageError("no command given", await topHelp(shell));
  if (word === "help" && rest.length > 0 && !rest[0]?.startsWith("-")) return run([...rest, "--help"], shell);
  if (word === "-h" || word === "--help" || word === "help") {
    await shell.out(await topHelp(shell));
    return 0;
  }
  if (word === "--version") {
    await shell.out(`maas ${await version()}\n`);
    return 0;
  }
  const builtin = builtinNamed(word);
  if (builtin) {
    const { runBuiltin } = await import("./builtin.ts");
    return runBuiltin(await builtin.load(), builtin.name, rest, shell);
  }
  const profile = await new Profiles(shell.home).find(word);
  if (profile) {
    const { runProfile } = await import("./profile-command.ts");
    return runProfile(profile, rest, shell);
  }
  throw new UsageError(await unknownWord(word, rest, shell), await topHelp(shell));
}

async function unknownWord(word: string, rest: readonly string[], shell: Shell): Promise<string> {
  if (word.startsWith("-")) return `unknown option ${word}`;
  const profiles = await new Profiles(shell.home).list();
  const { resourcesOf } = await import("./api/describe.ts");
  const isResource = profiles.some(({ description }) => resourcesOf(description, false).some((it) => it.word === word));
  const usualResource = ["account", "machines", "machine", "users", "tags", "subnets", "maas"].includes(word);
  if (isResource || usualResource) {
    const profile = profiles[0]?.name ?? "PROFILE";
    return `${word} needs a profile before it: maas ${profile} ${[word, ...rest].join(" ")}`.replace(
      / help$/,
      " --help",
    );
  }
  const known = [...builtins.map(({ name }) => name), ...profiles.map(({ name }) => name)];
  return `${word} is neither a command nor a profile${didYouMean(word, known)}`;
}

/** Of this program; the server's own is `maas PROFILE version read`. */
async function version(): Promise<string> {
  const file = await readFile(new URL("../package.json", import.meta.url), "utf8");
  return (JSON.parse(file) as { version: string }).version;
}

async function topHelp(shell: Shell): Promise<string> {
  // Help must work when the profiles do not.
  const profiles = await new Profiles(shell.home).list().catch(() => []);
  const help: Help = {
    usage: "maas [-h] COMMAND ...",
    options: [{ name: "--version", text: "show the version of this program and exit" }],
    title: "Drive a MAAS server from the command line. Log in once, then: maas PROFILE RESOURCE ACTION.",
    commands: [
      ...builtins.map(({ name, title }) => ({ name, text: title })),
      ...profiles.map(({ name, url }) => ({ name, text: `Drive the server at ${url}` })),
    ],
  };
  return renderHelp(help);
}
