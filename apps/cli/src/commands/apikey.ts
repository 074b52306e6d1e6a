import { parseApiKey } from "../api/api-key.ts";
import type { Arguments } from "../builtin.ts";
import { CliError } from "../errors.ts";
import { askRegion, dataOption } from "../local/admin-socket.ts";
import type { Shell } from "../shell.ts";

export const spec = {
  title: "Print a user's API key, making one if there is none.",
  positionals: [{ name: "[name]", text: "the name to give to a key, with --generate or --update" }],
  options: {
    username: { value: "USER", text: "whose key (required)" },
    "with-names": { text: "print all keys that there are, each with its name behind it" },
    generate: { text: "make a new key, whether there is one or not" },
    delete: { value: "KEY", text: "delete this key; - reads it from standard input" },
    update: { value: "KEY", text: "give this key the name; - as with --delete" },
    ...dataOption,
  },
};

interface Reply {
  key?: string;
  keys?: { key: string; name: string }[];
  deleted?: string;
  updated?: string;
}

export async function run({ positionals, values, flags, usage }: Arguments, shell: Shell): Promise<number> {
  const { username, data } = values;
  const [name] = positionals;
  if (!username) throw usage("--username USER is missing");
  const chosen = [flags["with-names"], flags["generate"], values["delete"], values["update"]].filter(Boolean);
  if (chosen.length > 1) throw usage("--with-names, --generate, --delete and --update exclude each other");
  if (values["update"] !== undefined && name === undefined) throw usage("say the new name: --update KEY NAME");
  if (name !== undefined && !flags["generate"] && values["update"] === undefined) throw usage(`unexpected: ${name}`);
  for (const verb of ["delete", "update"] as const) {
    const given = values[verb];
    if (given === undefined) continue;
    const key = given === "-" ? await keyFromInput() : given;
    parseApiKey(key);
    const reply = await askRegion<Reply>(shell, data, "POST", "/admin/apikey", {
      username,
      generate: false,
      [verb]: key,
      ...named(name),
    });
    // A region that does not know the request answers as if it were asked for a key.
    if (reply[`${verb}d`] === key) return 0;
    throw new CliError(`the region did not ${verb} the key: use maas PROFILE account instead`);
  }
  if (flags["with-names"]) {
    const { keys = [] } = await askRegion<Reply>(shell, data, "POST", "/admin/apikey", { username, list: true });
    // A name is the user's own text.
    for (const { key, name } of keys) await shell.out(`${key} ${name.replace(/\p{Cc}+/gu, " ")}\n`);
    return 0;
  }
  const body = { username, generate: flags["generate"] === true, ...named(name) };
  const { key } = await askRegion<Reply>(shell, data, "POST", "/admin/apikey", body);
  if (key === undefined) throw new CliError(`the region sent no key for ${username}`);
  await shell.out(`${key}\n`);
  return 0;
}

const keyFromInput = async (): Promise<string> => (await (await import("../terminal/ask.ts")).readLine()).trim();

const named = (name: string | undefined) => (name === undefined ? {} : { name });
