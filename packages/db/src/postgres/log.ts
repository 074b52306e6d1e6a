import { chmodSync, chownSync, closeSync, copyFileSync, openSync, statSync, truncateSync } from "node:fs";
import { join } from "node:path";
import type { OsUser } from "./os-user.ts";

const MAX_LOG_BYTES = 16 * 1024 * 1024;

/**
 * The server writes straight into a file, not into a pipe to us: it has to survive our end. Opened for appending, so it
 * can be cut while it is written to.
 */
export function openLog(dataDir: string, user: OsUser): { path: string; fd: number; close(): void } {
  const path = join(dataDir, "postgresql.log");
  const fd = openSync(path, "a", 0o600);
  if (process.getuid?.() === 0) chownSync(path, user.uid, user.gid);
  return { path, fd, close: () => closeSync(fd) };
}

/** Keep the log and one older part, 16 MiB each. A line written between copy and cut is lost: it is a log, not data. */
export function rotateLog(path: string): void {
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) <= MAX_LOG_BYTES) return;
  copyFileSync(path, `${path}.1`);
  chmodSync(`${path}.1`, 0o600);
  truncateSync(path);
}
