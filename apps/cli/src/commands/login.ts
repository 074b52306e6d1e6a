import { readFile } from "node:fs/promises";
import type { ApiKey } from "../api/api-key.ts";
import { authorization, parseApiKey } from "../api/api-key.ts";
import { fetchDescription } from "../api/fetch-description.ts";
import type { Trust } from "../api/http.ts";
import { send } from "../api/http.ts";
import { keyByPassword } from "../api/key-by-password.ts";
import { LOCAL_URL, apiRoot } from "../api/server-url.ts";
import type { Arguments } from "../builtin.ts";
import { builtinNamed } from "../builtins.ts";
import { CliError } from "../errors.ts";
import { Profiles } from "../profiles.ts";
import type { Shell } from "../shell.ts";
import { choosePassword, passwordFileOption } from "../terminal/password.ts";

export const spec = {
  title: "Log in to a server and remember it as a profile. The key is checked first.",
  positionals: [
    { name: "profile", text: "the name to remember it by" },
    { name: "url", text: `the server, such as ${LOCAL_URL}` },
    { name: "[key]", text: "the API key; - reads it from standard input; without one it is asked for" },
  ],
  options: {
    username: { value: "USER", text: "log in by password instead: from a file, RACKWRIGHT_PASSWORD, or asked for" },
    ...passwordFileOption,
    cacerts: { value: "FILE", text: "trust the certificate authorities in this PEM file, and no others" },
    insecure: { short: "k", text: "do not check the server's certificate" },
  },
};

export async function run({ positionals, values, flags, usage }: Arguments, shell: Shell): Promise<number> {
  if (flags["insecure"] && values["cacerts"]) throw usage("--cacerts and --insecure exclude each other");
  const name = positionals[0] ?? "";
  if (builtinNamed(name) || /[/\0]|^-|^\.+$/.test(name) || name === "")
    throw usage(`${name || "an empty text"} cannot be the name of a profile: it is a command, or no plain word`);
  const { username } = values;
  const [where, keyText] = await sortOut(positionals.slice(1), shell);
  if (username !== undefined && keyText !== undefined) throw usage("--username and a key exclude each other");
  if (username === undefined && values["password-file"] !== undefined) throw usage("--username USER is missing");
  const url = apiRoot(where);
  const cacerts = values["cacerts"] === undefined ? null : await readAuthorities(values["cacerts"]);
  const trust: Trust = { cacerts, insecure: flags["insecure"] };
  const credentials =
    username === undefined
      ? await readKey(keyText)
      : await keyByPassword(url, username, await passwordFor(shell, values["password-file"]), trust);
  if (credentials) await checkKey(url, credentials, trust);
  const description = await fetchDescription(url, trust);
  await new Profiles(shell.home).save({ name, url, credentials, description, cacerts });
  await shell.out(
    `You are now logged in to the MAAS server at ${url} with the profile name '${name}'.\n\nWhat it can do: maas ${name} --help\n`,
  );
  return 0;
}

/** `login PROFILE KEY` means the server on this host. */
async function sortOut(
  [url = "", key]: readonly string[],
  shell: Shell,
): Promise<[url: string, key: string | undefined]> {
  if (key !== undefined || !/^[^:/]+:[^:/]+:[^:/]+$/.test(url)) return [url, key];
  await shell.err(`No URL given, only a key: trying the server on this host, ${LOCAL_URL}\n`);
  return [LOCAL_URL, url];
}

async function readKey(text: string | undefined): Promise<ApiKey | null> {
  if (text !== undefined && text !== "-") return parseApiKey(text);
  const { ask, readLine } = await import("../terminal/ask.ts");
  const line = text === "-" ? await readLine() : await ask("API key (leave empty for anonymous access): ");
  if (line.trim() === "" && text === undefined) return null;
  return parseApiKey(line);
}

const passwordFor = (shell: Shell, file: string | undefined): Promise<string> =>
  choosePassword(shell, { file, variable: "RACKWRIGHT_PASSWORD", twice: false });

async function readAuthorities(file: string): Promise<string> {
  const pem = await readFile(file, "utf8").catch((cause: Error) => {
    throw new CliError(`--cacerts: ${file} cannot be read: ${cause.message}`, { cause });
  });
  if (!pem.includes("-----BEGIN CERTIFICATE-----"))
    throw new CliError(`--cacerts: there is no PEM certificate in ${file}`);
  return pem;
}

/** API 1.0 has no whoami; its list of node groups is open to every user. */
async function checkKey(url: string, key: ApiKey, trust: Trust): Promise<void> {
  const { origin, pathname } = new URL(url);
  const probe = pathname.endsWith("/api/1.0/") ? "nodegroups/?op=list" : "users/?op=whoami";
  const headers = { authorization: authorization(key) };
  const { status, reason } = await send({ method: "GET", origin, path: pathname + probe, headers }, trust);
  if (status === 200) return;
  if (status === 401)
    throw new CliError(`the MAAS server at ${url} rejected your API key: check it, or make a new one`, { exitCode: 1 });
  const advice = status === 404 && !pathname.includes("/MAAS/") ? ": the URL usually ends in /MAAS" : "";
  throw new CliError(`unexpected response of ${url} when checking the key: ${status} ${reason}${advice}`, {
    exitCode: 1,
  });
}
