/** Passwords come from a file, the environment, a pipe or a question: what stands among the arguments, every user of the host can read. */
import { readFile } from "node:fs/promises";
import { CliError } from "../errors.ts";
import type { Shell } from "../shell.ts";

export const passwordFileOption = {
  "password-file": { value: "FILE", text: "file whose first line is the password" },
} as const;

/**
 * The file goes before the environment, and that before a question.
 * @param variable name in the environment
 * @param twice ask again, since nobody sees what is typed
 */
export async function choosePassword(
  shell: Shell,
  { file, variable, twice }: { file: string | undefined; variable: string; twice: boolean },
): Promise<string> {
  const password = await given(shell, file, variable, twice);
  if (password === "") throw new CliError("an empty password is not accepted");
  return password;
}

async function given(shell: Shell, file: string | undefined, variable: string, twice: boolean): Promise<string> {
  if (file !== undefined) return firstLineOf(file);
  const fromEnvironment = shell.env[variable];
  if (fromEnvironment !== undefined) return fromEnvironment;
  const { ask } = await import("./ask.ts");
  const first = await ask("Password: ");
  if (twice && process.stdin.isTTY && (await ask("Again: ")) !== first)
    throw new CliError("the two passwords differ: nothing was done");
  return first;
}

async function firstLineOf(file: string): Promise<string> {
  const text = await readFile(file, "utf8").catch((cause: NodeJS.ErrnoException) => {
    throw new CliError(`--password-file: ${file} cannot be read (${cause.code})`, { cause });
  });
  return text.split(/\r?\n/, 1)[0] ?? "";
}
