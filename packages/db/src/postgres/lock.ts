import { createHash } from "node:crypto";
import { readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { identify, isAlive, type ProcessIdentity } from "./process.ts";

export interface DirectoryLock {
  release(): void;
}

/**
 * Take `<directory>/lock` for this process. It names the holder by pid and start time, so that what a killed process
 * left behind is recognised, even when its pid has been given to another one.
 * @throws Error naming the holder when a living process has it
 */
export async function lockDirectory(directory: string): Promise<DirectoryLock> {
  const path = join(directory, "lock");
  const own = identify(process.pid);
  if (!own)
    throw new Error(`lock ${directory}: /proc does not show this process (pid ${process.pid}); is /proc mounted?`);
  const mutex = await shortMutex(directory);
  try {
    const holder = readHolder(path);
    if (holder && isAlive(holder)) {
      const who = holder.pid === own.pid ? "this process" : `process ${holder.pid}`;
      throw new Error(`${directory} is in use by ${who}: stop that one first, or choose another directory`);
    }
    writeFileSync(`${path}.new`, `${own.pid} ${own.startTicks}\n`, { mode: 0o644 });
    renameSync(`${path}.new`, path);
  } finally {
    mutex.close();
  }
  return {
    release() {
      const holder = readHolder(path);
      if (holder?.pid === own.pid && holder.startTicks === own.startTicks) rmSync(path, { force: true });
    },
  };
}

function readHolder(path: string): ProcessIdentity | undefined {
  try {
    const [pid, startTicks] = readFileSync(path, "utf8").trim().split(" ");
    return pid && startTicks ? { pid: Number(pid), startTicks } : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/**
 * Serialises "look whether the lock is stale, then take it". An abstract socket (unix(7)) is freed by the kernel when
 * its process dies, so it can never be stale itself. It is held for a moment only, since any local user may take the name.
 */
async function shortMutex(directory: string): Promise<Server> {
  const name = `\0rackwright-lock-${createHash("sha256").update(realpathSync(directory)).digest("hex").slice(0, 32)}`;
  const deadline = Date.now() + 10_000;
  for (;;) {
    const server = createServer();
    const error = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
      server.once("error", resolve);
      server.listen(name, () => resolve(undefined));
    });
    if (!error) return server;
    if (error.code !== "EADDRINUSE" || Date.now() > deadline) {
      throw new Error(`lock ${directory}: cannot bind the abstract socket that guards its lock file`, { cause: error });
    }
    await sleep(10 + Math.random() * 20);
  }
}
