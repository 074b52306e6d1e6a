import type { Arguments } from "../builtin.ts";
import { CliError } from "../errors.ts";
import { dataOption } from "../local/admin-socket.ts";
import { databaseIsChosenAtStart, localAccountsOnly, readInstallation } from "../local/installation.ts";
import { makeAdmin } from "../local/new-admin.ts";
import type { Shell } from "../shell.ts";
import { askUnlessGiven } from "../terminal/ask-unless-given.ts";

/** How each mode of the original is started here. */
const starts: Readonly<Record<string, string>> = {
  "region+rack": "script/up",
  all: "script/up",
  region: "script/up --no-rack",
  rack: "script/rack --region URL --secret-file FILE, with a copy of the file rack-secret in the region's data directory",
};

const database = {
  "database-uri": { value: true, why: databaseIsChosenAtStart },
  "database-host": { value: true, why: databaseIsChosenAtStart },
  "database-name": { value: true, why: databaseIsChosenAtStart },
  "database-user": { value: true, why: databaseIsChosenAtStart },
  "database-pass": { value: true, why: databaseIsChosenAtStart },
};
const accounts = {
  "candid-agent-file": { value: true, why: localAccountsOnly },
  "candid-domain": { value: true, why: localAccountsOnly },
  "candid-admin-group": { value: true, why: localAccountsOnly },
  "rbac-url": { value: true, why: localAccountsOnly },
  "rbac-service-name": { value: true, why: localAccountsOnly },
};

export const spec = {
  title: "Finish the installation of a region that runs on this host: make its first administrator.",
  positionals: [
    {
      name: "[mode]",
      text: "region+rack, region or rack, as it was started",
      choices: ["region+rack", "region", "rack"],
    },
  ],
  options: {
    "admin-username": { value: "USER", text: "name of the administrator; asked for on a terminal" },
    "admin-email": { value: "EMAIL", text: "e-mail address; asked for on a terminal" },
    "admin-password-file": { value: "FILE", text: "file whose first line is the password; else asked for" },
    "admin-password": { value: "PASSWORD", text: "the password; other users of this host can read it there" },
    "admin-ssh-import": { value: "SOURCE", text: "SSH keys that are published: lp:USER or gh:USER" },
    "skip-admin": { text: "make no administrator: see only whether the region runs" },
    force: { text: "taken, and needed for nothing: what is there stays" },
    ...dataOption,
  },
  refused: {
    ...database,
    ...accounts,
    "maas-url": {
      value: true,
      why: "a region listens where script/up --host and --port say, a rack is told it by script/rack --region",
    },
    secret: { value: true, why: "a rack reads it from a file: script/rack --secret-file FILE" },
  },
};

export async function run({ positionals, values, flags, usage }: Arguments, shell: Shell): Promise<number> {
  const [mode] = positionals;
  if (mode !== undefined && !Object.hasOwn(starts, mode))
    throw usage(`${mode} is no mode: region+rack, region or rack`);
  if (mode === "rack") throw new CliError(`a rack needs no init: start it with ${starts["rack"]}; it enrols by itself`);
  await readInstallation(shell, values["data"]).catch((cause: Error) => {
    throw new CliError(`${cause.message}. A region is started with ${starts[mode ?? "all"]}; then say this again`, {
      cause,
    });
  });
  if (flags["skip-admin"]) return 0;
  const username = await askUnlessGiven(values["admin-username"], "User name: ", () =>
    usage("--admin-username is missing"),
  );
  const email = await askUnlessGiven(values["admin-email"], "E-mail address: ", () =>
    usage("--admin-email is missing"),
  );
  await makeAdmin(shell, {
    username,
    email,
    password: values["admin-password"],
    passwordFile: values["admin-password-file"],
    sshImport: values["admin-ssh-import"],
    dataDir: values["data"],
  });
  await shell.out(`Administrator ${username} was made. Log in: maas login ${username} URL --username ${username}\n`);
  return 0;
}
