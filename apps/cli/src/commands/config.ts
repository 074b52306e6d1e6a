import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Arguments, Refused } from "../builtin.ts";
import { CliError } from "../errors.ts";
import { askRegion, dataDirOf, dataOption } from "../local/admin-socket.ts";
import { databaseIsChosenAtStart, type Installation, noTls, readInstallation } from "../local/installation.ts";
import type { Shell } from "../shell.ts";

const refusedAll = (why: string, ...names: string[]): Record<string, Refused> =>
  Object.fromEntries(names.map((name) => [name, { value: true, why }]));

const database = ["uri", "host", "port", "name", "user", "pass"].map((name) => `database-${name}`);

export const spec = {
  title: "Show how the region on this host is installed, or how much its log says.",
  positionals: [],
  options: {
    show: { text: "show it; so it is without any option" },
    parsable: { text: "show it as JSON" },
    "show-database-password": { text: "with the password of the embedded database" },
    "show-secret": { text: "with the secret that racks enrol with" },
    "enable-debugging": { text: "have the log say more, until the region is started again" },
    "disable-debugging": { text: "have the log say as much as usual" },
    ...dataOption,
  },
  refused: {
    ...refusedAll(databaseIsChosenAtStart, ...database),
    ...refusedAll(
      "the region needs no address of its own: machines are told the address that they came by (script/up --host and --port say where it listens)",
      "maas-url",
    ),
    ...refusedAll(
      "the secret is made at the first start, in the file rack-secret of the data directory; to change it, stop the region and replace the file",
      "secret",
    ),
    ...refusedAll("there is one process, which needs no number", "num-workers", "max-workers"),
    "enable-tls": { why: noTls },
    "disable-tls": { why: "there is nothing to switch off: the region serves no TLS by itself" },
    ...refusedAll(noTls, "tls-key", "tls-cert", "tls-cacert", "tls-port"),
    "enable-debugging-queries": { why: "queries are not logged; PostgreSQL does that: log_statement" },
    "disable-debugging-queries": { why: "queries are not logged" },
    "enable-debugging-http": { why: "requests are logged with --enable-debugging, not apart from the rest" },
    "disable-debugging-http": { why: "requests are logged with --enable-debugging, not apart from the rest" },
  },
};

export async function run({ values, flags, usage }: Arguments, shell: Shell): Promise<number> {
  const { data } = values;
  const [more, less] = [flags["enable-debugging"] === true, flags["disable-debugging"] === true];
  if (more && less) throw usage("--enable-debugging and --disable-debugging exclude each other");
  const isChange = more || less;
  const installed = isChange
    ? await askRegion<Installation>(shell, data, "POST", "/admin/config", { logLevel: more ? "debug" : "info" })
    : await readInstallation(shell, data);
  const isShown = ["show", "parsable", "show-database-password", "show-secret"].some((name) => flags[name]);
  if (isChange && !isShown) return 0;
  const facts = await factsOf(installed, dataDirOf(shell, data), flags);
  if (flags["parsable"]) await shell.out(`${JSON.stringify(facts, null, 2)}\n`);
  else for (const [name, value] of Object.entries(facts)) await shell.out(`${name}: ${String(value)}\n`);
  return 0;
}

async function factsOf(
  { version, simulated, servesDhcp, logLevel, database }: Installation,
  dataDir: string,
  flags: Arguments["flags"],
): Promise<Record<string, string | number | boolean>> {
  return {
    version,
    data_dir: dataDir,
    dhcp: servesDhcp,
    simulated,
    log_level: logLevel,
    database_name: database.name,
    database_user: database.user,
    database_version: database.version,
    database_migration: database.newestMigration,
    ...(flags["show-database-password"] && {
      database_pass: await secretIn(join(dataDir, "postgres", "password"), "its database is not the embedded one"),
    }),
    ...(flags["show-secret"] && { secret: await secretIn(join(dataDir, "rack-secret"), "no rack enrolled here") }),
  };
}

async function secretIn(file: string, orElse: string): Promise<string> {
  const text = await readFile(file, "utf8").catch((cause: NodeJS.ErrnoException) => {
    const why = cause.code === "ENOENT" ? `there is no ${file}: ${orElse}` : `${file} cannot be read (${cause.code})`;
    throw new CliError(why, { cause });
  });
  return text.trim();
}
