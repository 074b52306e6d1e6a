/** The controller as a process of its own, as script/up starts it. */
import { type ChildProcess, spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";

export const CONTROLLER = join(import.meta.dirname, "..", "..", "apps/controller/src/main.ts");
const READY_TIMEOUT_MS = 120_000;

/** What it prints when it is ready. */
export interface ControllerReady {
  url: string;
  username: string;
  api_key: string;
}

/** @throws Error when it was not ready in time; it is ended then */
export async function startController(options: {
  /** Program and arguments; with --json. */
  command: string[];
  adminPassword: string;
  logFile: string;
}): Promise<{ child: ChildProcess; ready: ControllerReady }> {
  const { adminPassword, logFile } = options;
  const [command = "", ...args] = options.command;
  const child = spawn(command, args, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, RACKWRIGHT_ADMIN_PASSWORD: adminPassword },
  });
  const file = createWriteStream(logFile, { mode: 0o600, flags: "a" });
  child.stderr.pipe(file);
  const { promise, resolve, reject } = Promise.withResolvers<ControllerReady>();
  const timer = setTimeout(
    () => reject(new Error(`the controller was not ready in ${READY_TIMEOUT_MS / 1000} s: see ${logFile}`)),
    READY_TIMEOUT_MS,
  );
  child.once("error", reject);
  child.once("exit", (code, signal) =>
    reject(new Error(`the controller ended (${signal ?? `exit ${code}`}) before it was ready: see ${logFile}`)),
  );
  createInterface({ input: child.stdout }).once("line", (line) => {
    try {
      resolve(JSON.parse(line) as ControllerReady);
    } catch {
      reject(new Error(`the controller said ${JSON.stringify(line)} instead of being ready: see ${logFile}`));
    }
  });
  try {
    return { child, ready: await promise };
  } catch (error) {
    await endProcess(child);
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** As a crash ends it: it can clean up nothing. */
export async function killProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = Promise.withResolvers<void>();
  child.once("exit", () => ended.resolve());
  child.kill("SIGKILL");
  await ended.promise;
}

/** Ask it to end, and wait until it has. */
export async function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = Promise.withResolvers<void>();
  child.once("exit", () => ended.resolve());
  child.kill("SIGTERM");
  const hard = setTimeout(() => child.kill("SIGKILL"), 20_000);
  await ended.promise;
  clearTimeout(hard);
}
