import type { Arguments } from "../builtin.ts";
import { askRegion, dataOption } from "../local/admin-socket.ts";
import type { Shell } from "../shell.ts";
import { choosePassword, passwordFileOption } from "../terminal/password.ts";

export const spec = {
  title: "Give a user another password, from a file, from RACKWRIGHT_PASSWORD, or a question. API keys stay valid.",
  positionals: [{ name: "username", text: "whose password" }],
  options: { ...passwordFileOption, ...dataOption },
};

export async function run({ positionals, values }: Arguments, shell: Shell): Promise<number> {
  const password = await choosePassword(shell, {
    file: values["password-file"],
    variable: "RACKWRIGHT_PASSWORD",
    twice: true,
  });
  const body = { username: positionals[0] ?? "", password };
  await askRegion(shell, values["data"], "POST", "/admin/changepassword", body);
  return 0;
}
