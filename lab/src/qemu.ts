/** One run of QEMU: from power-on to power-off or to the guest's reset. */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, fstatSync, openSync, readFileSync, rmSync } from "node:fs";
import { until } from "./exec.ts";
import { Qmp } from "./qmp.ts";
import type { Recorder } from "./record.ts";

/** Why a run ended. `guest-reset`: the system restarts; `guest-shutdown`: it powered itself off; the rest: power was cut or QEMU failed. */
export type EndReason = "guest-reset" | "guest-shutdown" | "killed" | "failed";

export interface QemuRun {
  ended: Promise<EndReason>;
  /** Cut the power; fulfilled when the process is gone. */
  kill(): Promise<void>;
  qmp: Qmp;
}

/** A QEMU that has not opened its control socket in this time will not. */
const START_MS = 15_000;

/**
 * Start QEMU, paused (`-S`), in a session of its own, so that it outlives neither more nor less than the record says.
 * @throws Error with QEMU's own words when it does not start
 */
export async function startQemu(
  what: string,
  argv: readonly string[],
  files: { qmpSocket: string; log: string },
  recorder: Recorder,
): Promise<QemuRun> {
  rmSync(files.qmpSocket, { force: true });
  const output = openSync(files.log, "a");
  const logStart = fstatSync(output).size; // what earlier runs said is not this one's reason
  const [program = "", ...args] = argv;
  const child = spawn(program, args, { detached: true, stdio: ["ignore", output, output] });
  closeSync(output);
  const exited = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", () => resolve());
  });
  const entry = child.pid === undefined ? undefined : recorder.add(what, child.pid);
  let reason: EndReason = "failed";
  try {
    const qmp = await connect(what, child, files.qmpSocket, ({ event, data }) => {
      if (event === "SHUTDOWN" && (data?.reason === "guest-reset" || data?.reason === "guest-shutdown"))
        reason = data.reason;
    });
    return {
      qmp,
      ended: Promise.all([exited, qmp.closed]).then(() => {
        recorder.remove(entry);
        return reason;
      }),
      async kill() {
        if (reason === "failed") reason = "killed";
        child.kill("SIGKILL");
        await exited;
      },
    };
  } catch (error) {
    child.kill("SIGKILL");
    if (child.pid !== undefined) await exited;
    recorder.remove(entry);
    throw new Error(`${what} did not start: ${lastLine(files.log, logStart) ?? String(error)} (see ${files.log})`, {
      cause: error,
    });
  }
}

function connect(
  what: string,
  child: ChildProcess,
  socket: string,
  onEvent: Parameters<typeof Qmp.connect>[1],
): Promise<Qmp> {
  return until(`${what} listens on ${socket}`, START_MS, () => {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null)
      throw new Error(`it ended with ${child.signalCode ?? `exit code ${child.exitCode}`}`);
    return Qmp.connect(socket, onEvent).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT" || error.code === "ECONNREFUSED") return undefined;
      throw error;
    });
  });
}

function lastLine(path: string, from: number): string | undefined {
  return readFileSync(path).subarray(from).toString().trim().split("\n").at(-1) || undefined;
}
