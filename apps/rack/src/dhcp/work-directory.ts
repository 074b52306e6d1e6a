import { createHash } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";

/**
 * Where Kea keeps its configuration, socket and locks. As root it runs as a user of its own, who may not pass the rack's private data
 * directory (or a 0700 home above it): then a directory below /run, the same for the same data, so that a later start finds what an
 * earlier one left.
 */
export async function keaDirectory(dataDir: string): Promise<string> {
  if (process.getuid?.() !== 0) return join(dataDir, "kea");
  const hash = createHash("sha256").update(dataDir).digest("hex").slice(0, 12);
  const parent = `/run/rackwright-rack-${hash}`;
  await mkdir(parent, { recursive: true, mode: 0o711 });
  return join(parent, "kea");
}
