import type { Arguments } from "../builtin.ts";
import type { Completion } from "../completion/complete.ts";
import { complete } from "../completion/complete.ts";
import { Profiles } from "../profiles.ts";
import type { Shell } from "../shell.ts";

export const spec = {
  title: "For the scripts of maas completion: what may come next. The last word is the one that is typed.",
  positionals: [],
  options: {},
  restIsIgnored: true,
};

/** A line for each: `=`, the word, a tab, what it is; or, for the shell to list files, `@` and what stands before their names. */
export async function run({ positionals }: Arguments, shell: Shell): Promise<number> {
  const profiles = await new Profiles(shell.home).list().catch(() => []);
  const words = positionals.slice(0, -1);
  await shell.out(render(await complete(words, positionals.at(-1) ?? "", profiles)));
  return 0;
}

function render({ candidates, files }: Completion): string {
  const plain = (text: string) => text.replace(/[\p{Cc}\p{Cf}]+/gu, " ");
  const lines = candidates.map(({ word, text }) => `=${plain(word)}\t${plain(text)}\n`);
  return lines.join("") + (files ? `@${files.prefix}\n` : "");
}
