import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { commandLine, identify, isAlive, signal, waitGone, workingDirectory, type ProcessIdentity } from "./process.ts";

const STOP_TIMEOUT_MS = 60_000;

/** The server that a killed process of ours left running on this cluster. */
export function runningPostmaster(cluster: string): ProcessIdentity | undefined {
  const pid = Number(pidFile(cluster)[0]);
  const found = pid > 0 ? identify(pid) : undefined;
  // Every server process has the cluster as its working directory; another one that got the old pid has not.
  return found && workingDirectory(pid) === cluster ? found : undefined;
}

/** Lines of postmaster.pid: pid, data directory, start time, port, socket directory, listen address, shm key, status. */
function pidFile(cluster: string): string[] {
  const path = join(cluster, "postmaster.pid");
  return existsSync(path) ? readFileSync(path, "utf8").split("\n") : [];
}

export function wasStartedWith(postmaster: ProcessIdentity, command: readonly string[]): boolean {
  return commandLine(postmaster.pid)?.join("\0") === command.join("\0");
}

/**
 * Wait until the server says that it takes connections (as pg_ctl does, by the status line it writes). Recovery after a
 * crash can take minutes: it is waited for as long as the process lives, up to `timeoutMs`.
 */
export async function waitReady(cluster: string, postmaster: ProcessIdentity, timeoutMs: number): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const lines = pidFile(cluster);
    if (Number(lines[0]) === postmaster.pid && lines[7]?.trim() === "ready") return;
    if (!isAlive(postmaster)) throw new Error(`PostgreSQL (pid ${postmaster.pid}) ended while starting on ${cluster}`);
    if (Date.now() > deadline) throw new Error(`PostgreSQL on ${cluster} is not ready after ${timeoutMs} ms`);
    await sleep(10);
  }
}

/** Fast shutdown (SIGINT: transactions are rolled back, clients disconnected, a checkpoint is written); then harder. */
export async function stopPostmaster(cluster: string, postmaster: ProcessIdentity): Promise<void> {
  for (const [name, timeoutMs] of [
    ["SIGINT", STOP_TIMEOUT_MS],
    ["SIGQUIT", 10_000],
    ["SIGKILL", 5_000],
  ] as const) {
    signal(postmaster, name);
    if (await waitGone(postmaster, timeoutMs)) return await endOrphans(cluster);
  }
  throw new Error(`PostgreSQL (pid ${postmaster.pid}) on ${cluster} did not end, not even by SIGKILL`);
}

/**
 * Make a cluster startable after its server was killed: children of the dead server hold its shared memory until they
 * notice ("pre-existing shared memory block is still in use"), and its lock files may name a pid that still answers to
 * kill(2): a zombie that nobody reaps, or an unrelated process. Only for who holds the lock of the data directory.
 */
export async function cleanAfterCrash(cluster: string, socketDir: string): Promise<void> {
  await endOrphans(cluster);
  rmSync(join(cluster, "postmaster.pid"), { force: true });
  for (const file of readdirSync(socketDir)) if (file.startsWith(".s.PGSQL.")) rmSync(join(socketDir, file));
}

async function endOrphans(cluster: string): Promise<void> {
  for (const orphan of processesIn(cluster)) {
    if (await waitGone(orphan, 3_000)) continue;
    signal(orphan, "SIGQUIT");
    if (await waitGone(orphan, 3_000)) continue;
    signal(orphan, "SIGKILL");
    if (!(await waitGone(orphan, 3_000)))
      throw new Error(`process ${orphan.pid} still uses ${cluster} and does not end`);
  }
}

function processesIn(cluster: string): ProcessIdentity[] {
  const pids = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
  return pids
    .filter((pid) => workingDirectory(pid) === cluster && pid !== process.pid && isServer(pid))
    .flatMap((pid) => identify(pid) ?? []);
}

/** A shell somebody left in the data directory is not ours to end. Children show as "postgres: writer" and the like. */
function isServer(pid: number): boolean {
  return /(^|\/)postgres(:|$)/.test(commandLine(pid)?.[0] ?? "");
}
