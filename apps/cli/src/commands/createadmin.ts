import type { Arguments } from "../builtin.ts";
import { dataOption } from "../local/admin-socket.ts";
import { makeAdmin } from "../local/new-admin.ts";
import type { Shell } from "../shell.ts";
import { askUnlessGiven } from "../terminal/ask-unless-given.ts";
import { passwordFileOption } from "../terminal/password.ts";

export const spec = {
  title: "Make an administrator. The password comes from a file, from RACKWRIGHT_ADMIN_PASSWORD, or a question.",
  positionals: [],
  options: {
    username: { value: "USER", text: "name of the new administrator; asked for on a terminal" },
    email: { value: "EMAIL", text: "e-mail address; asked for on a terminal" },
    ...passwordFileOption,
    password: { value: "PASSWORD", text: "the password; other users of this host can read it there" },
    "ssh-import": { value: "SOURCE", text: "SSH keys that are published: lp:USER (Launchpad) or gh:USER (GitHub)" },
    ...dataOption,
  },
};

export async function run({ values, usage }: Arguments, shell: Shell): Promise<number> {
  const { data, password } = values;
  const username = await askUnlessGiven(values["username"], "User name: ", () => usage("--username USER is missing"));
  const email = await askUnlessGiven(values["email"], "E-mail address: ", () => usage("--email EMAIL is missing"));
  const given = { username, email, password, passwordFile: values["password-file"], sshImport: values["ssh-import"] };
  await makeAdmin(shell, { ...given, dataDir: data });
  return 0;
}
