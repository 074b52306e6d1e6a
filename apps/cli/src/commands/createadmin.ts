import { readFile } from "node:fs/promises";
import type { Arguments } from "../builtin.ts";
import { CliError } from "../errors.ts";
import { askRegion, dataOption } from "../local/admin-socket.ts";
import type { Shell } from "../shell.ts";

export const spec = {
  title: "Make an administrator. The password comes from RACKWRIGHT_ADMIN_PASSWORD, a file, or a question.",
  positionals: [],
  options: {
    username: { value: "USER", text: "name of the new administrator (required)" },
    email: { value: "EMAIL", text: "e-mail address (required)" },
    "password-file": { value: "FILE", text: "file whose first line is the password" },
    password: { value: "PASSWORD", text: "the password; other users of this host can read it there" },
    ...dataOption,
  },
};

export async function run({ values, usage }: Arguments, shell: Shell): Promise<number> {
  const { username, email, data } = values;
  if (!username) throw usage("--username USER is missing");
  if (!email) throw usage("--email EMAIL is missing");
  const password = await choosePassword(values, shell);
  if (password === "") throw new CliError("an empty password is not accepted");
  await askRegion(shell, data, "POST", "/admin/createadmin", { username, email, password });
  return 0;
}

async function choosePassword(values: Arguments["values"], shell: Shell): Promise<string> {
  const { password, "password-file": file } = values;
  if (password !== undefined) {
    await shell.err(
      "Warning: a password among the arguments can be read by every user of this host; --password-file keeps it to yourself.\n",
    );
    return password;
  }
  if (file !== undefined) return readPassword(file);
  const fromEnvironment = shell.env["RACKWRIGHT_ADMIN_PASSWORD"];
  if (fromEnvironment !== undefined) return fromEnvironment;
  const { ask } = await import("../terminal/ask.ts");
  const first = await ask("Password: ");
  if (process.stdin.isTTY && (await ask("Again: ")) !== first)
    throw new CliError("the two passwords differ: nothing was done");
  return first;
}

async function readPassword(file: string): Promise<string> {
  const text = await readFile(file, "utf8").catch((cause: NodeJS.ErrnoException) => {
    throw new CliError(`--password-file: ${file} cannot be read (${cause.code})`, { cause });
  });
  return text.split(/\r?\n/, 1)[0] ?? "";
}
