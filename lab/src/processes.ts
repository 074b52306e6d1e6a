/** Processes named so that a later lab process can end them, and never one that took over their pid. */
import { readFileSync } from "node:fs";
import { until } from "./exec.ts";

export interface ProcessId {
  pid: number;
  /** Clock ticks since the host booted (proc(5), /proc/PID/stat field 22). With the pid it names one process. */
  startTime: number;
}

/** The process that has this pid now; undefined when there is none, or only its exit code is left (a zombie). */
export function processId(pid: number): ProcessId | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return undefined;
  }
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" "); // field 2, the name, may hold spaces and brackets
  if (fields[0] === "Z" || fields[0] === "X") return undefined;
  return { pid, startTime: Number(fields[19]) };
}

export function isRunning(process: ProcessId): boolean {
  return processId(process.pid)?.startTime === process.startTime;
}

/**
 * Ask the process to end; kill it when it has not after `graceMs`. Nothing happens when it is gone.
 * @throws Error when even SIGKILL does not end it
 */
export async function endProcess(target: ProcessId, graceMs: number): Promise<void> {
  const gone = () => (isRunning(target) ? undefined : true);
  const send = (signal: NodeJS.Signals) => {
    try {
      if (isRunning(target)) process.kill(target.pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  };
  if (graceMs > 0) {
    send("SIGTERM");
    const ended = await until("", graceMs, gone).catch(() => false);
    if (ended) return;
  }
  send("SIGKILL");
  await until(`process ${target.pid} ended after SIGKILL`, 10_000, gone);
}

/** Changes with every boot of the host: recorded processes of another boot are certainly gone. */
export const bootId = (): string => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
