/** A program that serves until it is ended: recorded, in a session of its own, writing to a log file. */
import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import type { Recorder } from "./record.ts";

export interface Daemon {
  pid: number;
  log: string;
  /** @throws Error with its last words when it has ended */
  assertRunning(): void;
}

export function startDaemon(what: string, argv: readonly string[], log: string, recorder: Recorder): Daemon {
  const [program = "", ...args] = argv;
  const output = openSync(log, "a");
  const child = spawn(program, args, { detached: true, stdio: ["ignore", output, output] });
  closeSync(output);
  let failed: string | undefined;
  child.once("error", (error) => {
    failed = error.message;
  });
  if (child.pid === undefined) throw new Error(`${what} did not start: cannot run ${program}`);
  const entry = recorder.add(what, child.pid);
  child.once("exit", (code, signal) => {
    recorder.remove(entry);
    failed = `it ended with ${signal ?? `exit code ${code}`}`;
  });
  child.unref();
  return {
    pid: child.pid,
    log,
    assertRunning() {
      if (failed === undefined) return;
      const last = readFileSync(log, "utf8").trim().split("\n").at(-1);
      throw new Error(`${what} did not start: ${last || failed} (see ${log})`);
    },
  };
}
