import { createHash } from "node:crypto";
import { chmodSync, chownSync, lstatSync, mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { OsUser } from "./os-user.ts";

/** A socket's path has to fit sun_path, 108 bytes with the final zero (unix(7)); PostgreSQL adds `.lock` beside it. */
const MAX_PATH_BYTES = 99;

/**
 * Make the directory of the server's socket: in `dataDir`, or under a short name when that is too deep.
 * As root others may enter it (Kea runs as a user of its own); what protects the server is its password.
 */
export function makeSocketDir(dataDir: string, user: OsUser, port: number): string {
  const asRoot = process.getuid?.() === 0;
  const inside = join(dataDir, "socket");
  let directory = inside;
  if (Buffer.byteLength(join(inside, `.s.PGSQL.${port}.lock`)) > MAX_PATH_BYTES) {
    const hash = createHash("sha256").update(dataDir).digest("hex").slice(0, 12);
    directory = join(asRoot ? "/run" : (process.env["XDG_RUNTIME_DIR"] ?? tmpdir()), `rackwright-${hash}`);
  }
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const made = lstatSync(directory);
  const owners = [user.uid, process.getuid?.()];
  if (!made.isDirectory() || !owners.includes(made.uid)) {
    throw new Error(
      `${directory} belongs to user id ${made.uid} or is no directory: remove it, it is needed for PostgreSQL's socket`,
    );
  }
  if (asRoot) chownSync(directory, user.uid, user.gid);
  chmodSync(directory, asRoot ? 0o711 : 0o700);
  return directory;
}
