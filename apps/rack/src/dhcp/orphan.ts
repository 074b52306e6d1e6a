import { readFile, rm, writeFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";

/** Kea ends within 12 ms of SIGTERM when nothing is wrong. */
const GRACE_MS = 2000;

/**
 * When we are killed, Kea lives on until it writes its next log line into the broken pipe, so usually until its next packet.
 * Remember a child so that a later run of ours, after a SIGKILL, can tell it from a stranger that was given the same pid.
 */
export async function recordChild(file: string, pid: number): Promise<void> {
  const startTime = await startTimeOf(pid);
  if (startTime !== undefined) await writeFile(file, JSON.stringify({ pid, startTime }), { mode: 0o600 });
}

/**
 * End the recorded process if it still is the one we started: same start time, and `mark` in its command line. Its record goes.
 * @returns the pid that was ended
 */
export async function endOrphan(file: string, mark: string): Promise<number | undefined> {
  const record = await readFile(file, "utf8")
    .then((text) => JSON.parse(text) as { pid?: number; startTime?: string })
    .catch(() => undefined); // absent, or half written
  const pid = record?.pid;
  if (pid !== undefined && (await isOurs(pid, record?.startTime, mark))) {
    await endProcess(pid, async () => !(await isOurs(pid, record?.startTime, mark)));
    await rm(file, { force: true });
    return pid;
  }
  await rm(file, { force: true });
  return undefined;
}

async function isOurs(pid: number, startTime: string | undefined, mark: string): Promise<boolean> {
  if (startTime === undefined || (await startTimeOf(pid)) !== startTime) return false;
  // A zombie has no command line; it serves nothing and waits only for init.
  const commandLine = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
  return commandLine.split("\0").includes(mark);
}

async function endProcess(pid: number, gone: () => Promise<boolean>): Promise<void> {
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    process.kill(pid, signal);
    const until = performance.now() + GRACE_MS;
    while (performance.now() < until) {
      if (await gone()) return;
      await delay(10);
    }
  }
  throw new Error(`process ${pid}, a DHCP server left by an earlier run, does not end after SIGKILL; end it by hand`);
}

/** Field 22 of /proc/<pid>/stat (proc(5)): clock ticks since boot. The name in field 2 may hold spaces and parentheses. */
async function startTimeOf(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  return stat?.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
}
