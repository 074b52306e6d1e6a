/** A new directory below the system's temporary one, for a controller's data and what else a run makes. */
import { chmod, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** @param prefix  its name begins so */
export async function makeWorkDir(prefix: string): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), prefix));
  // Made by root, and PostgreSQL runs as another user: that one has to get through, though not to list it.
  await chmod(dir, 0o711);
  return dir;
}
