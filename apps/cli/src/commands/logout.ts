import type { Arguments } from "../builtin.ts";
import { Profiles } from "../profiles.ts";
import type { Shell } from "../shell.ts";

export const spec = {
  title: "Forget a profile. The API key stays valid on the server.",
  positionals: [{ name: "profile", text: "the name it was logged in with" }],
  options: {},
};

export async function run({ positionals }: Arguments, shell: Shell): Promise<number> {
  await new Profiles(shell.home).remove(positionals[0] ?? "");
  return 0;
}
