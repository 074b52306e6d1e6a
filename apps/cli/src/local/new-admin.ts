/** Making an administrator over the region's socket: `createadmin`, and `init`. */
import { CliError } from "../errors.ts";
import type { Shell } from "../shell.ts";
import { choosePassword } from "../terminal/password.ts";
import { askRegion } from "./admin-socket.ts";

export interface NewAdmin {
  username: string;
  email: string;
  passwordFile: string | undefined;
  /** Among the arguments, for scripts that were written for the original. */
  password: string | undefined;
  sshImport: string | undefined;
  dataDir: string | undefined;
}

export async function makeAdmin(shell: Shell, admin: NewAdmin): Promise<void> {
  const { username, email, sshImport } = admin;
  const password = await passwordOf(shell, admin);
  const body = { username, email, password, ...(sshImport !== undefined && { sshImport }) };
  const { sshKeys = 0 } = await askRegion<{ sshKeys?: number }>(
    shell,
    admin.dataDir,
    "POST",
    "/admin/createadmin",
    body,
  );
  if (sshImport !== undefined)
    await shell.out(
      sshKeys === 1
        ? `1 SSH key of ${sshImport} was imported.\n`
        : `${sshKeys} SSH keys of ${sshImport} were imported.\n`,
    );
}

async function passwordOf(shell: Shell, { password, passwordFile }: NewAdmin): Promise<string> {
  if (password === undefined)
    return choosePassword(shell, { file: passwordFile, variable: "RACKWRIGHT_ADMIN_PASSWORD", twice: true });
  if (password === "") throw new CliError("an empty password is not accepted");
  await shell.err(
    "Warning: a password among the arguments can be read by every user of this host; --password-file keeps it to yourself.\n",
  );
  return password;
}
