import type { Arguments } from "../builtin.ts";
import { Profiles } from "../profiles.ts";
import type { Shell } from "../shell.ts";

export const spec = {
  title: "List the profiles: name, URL and API key of each on a line.",
  positionals: [],
  options: {},
};

export async function run(_given: Arguments, shell: Shell): Promise<number> {
  for (const { name, url, credentials } of await new Profiles(shell.home).list())
    await shell.out(`${[name, url, ...(credentials ? [credentials.join(":")] : [])].join(" ")}\n`);
  return 0;
}
