import { execFile } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** The operating system user that PostgreSQL runs as. PostgreSQL refuses to run as root. */
export interface OsUser {
  name: string;
  uid: number;
  gid: number;
}

/**
 * Who the server runs as: ourselves when we are not root; else the owner of an existing cluster (a user that appears
 * later must not orphan the data), `rackwright`, `postgres`, or a new system user `rackwright`.
 */
export async function serverUser(cluster: string): Promise<OsUser> {
  const [uid, gid] = [process.getuid?.(), process.getgid?.()];
  if (uid === undefined || gid === undefined)
    throw new Error("the embedded PostgreSQL needs a system with user ids (Linux)");
  if (uid !== 0) return { name: String(uid), uid, gid };
  const owner = statSync(cluster, { throwIfNoEntry: false });
  if (owner && owner.uid !== 0) return { name: String(owner.uid), uid: owner.uid, gid: owner.gid };
  const known = lookUp("rackwright") ?? lookUp("postgres");
  if (known) return known;
  try {
    await run("useradd", [
      "--system",
      "--user-group",
      "--no-create-home",
      "--shell",
      "/usr/sbin/nologin",
      "rackwright",
    ]);
  } catch (cause) {
    throw new Error(
      "PostgreSQL does not run as root, and neither user rackwright nor postgres exists or could be made: " +
        "create a system user named rackwright",
      { cause },
    );
  }
  const made = lookUp("rackwright");
  if (!made) throw new Error("useradd made the user rackwright, but /etc/passwd does not show it");
  return made;
}

function lookUp(name: string): OsUser | undefined {
  const line = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .find((line) => line.startsWith(`${name}:`));
  const [, , uid, gid] = line?.split(":") ?? [];
  return uid && gid ? { name, uid: Number(uid), gid: Number(gid) } : undefined;
}

/**
 * The first directory on the way to `path` (itself included) that `user` may not enter; undefined when it reaches it.
 * Goes by the mode bits; ACLs are not looked at.
 */
export function firstClosedDirectory(path: string, user: OsUser): string | undefined {
  const directories: string[] = [];
  for (let at = path; ; at = dirname(at)) {
    directories.unshift(at);
    if (at === dirname(at)) break;
  }
  return directories.find((directory) => {
    const { mode, uid, gid } = statSync(directory);
    if (uid === user.uid) return (mode & 0o100) === 0;
    if (gid === user.gid) return (mode & 0o010) === 0;
    return (mode & 0o001) === 0;
  });
}
