import type { Arguments } from "../builtin.ts";
import { CliError } from "../errors.ts";
import { dataOption } from "../local/admin-socket.ts";
import type { Shell } from "../shell.ts";

const why =
  "secrets are encrypted in the database with secret.key of the data directory, and no Vault is asked: keep a copy of that file apart from the database's";

export const spec = {
  title: "Where secrets are kept: encrypted in the database, never in a Vault.",
  positionals: [{ name: "what", text: "status; configure and migrate are refused", choices: ["status"] }],
  options: dataOption,
  restIsIgnored: true,
};

export async function run({ positionals, usage }: Arguments, shell: Shell): Promise<number> {
  const [what] = positionals;
  if (what === "configure" || what === "migrate") throw new CliError(`Vault was not set up: ${why}`);
  if (what !== "status") throw usage(`${what} is none of status, configure, migrate`);
  await shell.out("status: disabled\n");
  return 0;
}
