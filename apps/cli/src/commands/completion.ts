import { readFile } from "node:fs/promises";
import type { Arguments } from "../builtin.ts";
import type { Shell } from "../shell.ts";

const shells = ["bash", "zsh", "fish"] as const;

export const spec = {
  title: "Print a script that completes command lines. For bash, in ~/.bashrc: source <(maas completion bash)",
  positionals: [{ name: "shell", text: `${shells.join(", ")}: whose script`, choices: shells }],
  options: {},
};

export async function run({ positionals, usage }: Arguments, shell: Shell): Promise<number> {
  const wanted = shells.find((it) => it === positionals[0]);
  if (!wanted) throw usage(`${positionals[0]} is no shell that is known here: ${shells.join(", ")}`);
  await shell.out(await readFile(new URL(`../completion/maas.${wanted}`, import.meta.url)));
  return 0;
}
