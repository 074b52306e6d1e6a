import type { Arguments } from "../builtin.ts";
import { CliError } from "../errors.ts";
import type { Shell } from "../shell.ts";

const why = "Site Manager, which looks after several regions, is a product of its own that this one does not speak to";

export const spec = {
  title: "Enrolment with a Site Manager: there is none.",
  positionals: [{ name: "what", text: "status; enrol and withdraw are refused", choices: ["status"] }],
  options: {},
  restIsIgnored: true,
};

export async function run({ positionals, usage }: Arguments, shell: Shell): Promise<number> {
  const [what] = positionals;
  if (what === "enrol" || what === "withdraw") throw new CliError(`cannot ${what}: ${why}`);
  if (what !== "status") throw usage(`${what} is none of status, enrol, withdraw`);
  await shell.out("Not enrolled.\n");
  return 0;
}
