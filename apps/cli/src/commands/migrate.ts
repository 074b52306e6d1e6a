import type { Arguments } from "../builtin.ts";
import { dataOption } from "../local/admin-socket.ts";
import { readInstallation } from "../local/installation.ts";
import type { Shell } from "../shell.ts";

export const spec = {
  title: "Say how far the database has been migrated. A region that starts does it by itself, before it serves.",
  positionals: [],
  options: {
    check: { text: "say nothing: the exit code alone tells" },
    ...dataOption,
  },
};

/** A region that answers has migrated; one that could not has ended, and its log says which migration failed. */
export async function run({ values, flags }: Arguments, shell: Shell): Promise<number> {
  const { database } = await readInstallation(shell, values["data"]);
  if (flags["check"]) return 0;
  const { name, migrations, newestMigration } = database;
  await shell.out(
    `Database ${name} has all ${migrations} migrations; the newest is ${newestMigration}. Nothing to do.\n`,
  );
  return 0;
}
