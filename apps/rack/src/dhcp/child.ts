import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chown, rm } from "node:fs/promises";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { DomainError } from "@rackwright/domain/errors";
import { keaCommand } from "./control.ts";
import type { KeaOptions, KeaStatus } from "./kea.ts";
import { parseKeaLine, toEvidence } from "./log.ts";
import { endOrphan, recordChild } from "./orphan.ts";

export interface KeaChildOptions extends Pick<KeaOptions, "onEvidence" | "onLog"> {
  binary: string;
  directory: string;
  configFile: string;
  controlSocket: string;
  /** Run as this account; undefined: as ourselves, who must have CAP_NET_RAW and CAP_NET_BIND_SERVICE then. */
  account: { uid: number; gid: number } | undefined;
  /** Writes the configuration file. */
  beforeStart: () => Promise<void>;
}

export interface KeaChild {
  ready(timeoutMs: number): Promise<void>;
  status(): Omit<KeaStatus, "interfaces">;
  /** End it; it is started again as after a crash. */
  restart(): void;
  stop(): Promise<void>;
}

/** A child that served this long is started again at once; one that fails sooner is waited for, twice as long each time. */
const HEALTHY_MS = 1000;
const BACKOFF_MS = { first: 100, most: 10_000 };
const STOP_MS = 3000;
/** Kea 2.2 answers its socket 45 to 184 ms after it was started. */
const POLL_MS = 5;

export async function startChild(options: KeaChildOptions): Promise<KeaChild> {
  const { directory, configFile, controlSocket, account } = options;
  const record = `${directory}/kea-dhcp4.child`;
  const stopping = new AbortController();
  const status: Omit<KeaStatus, "interfaces"> = {
    state: "starting",
    pid: undefined,
    restarts: 0,
    lastError: undefined,
  };
  let child: ChildProcess | undefined;

  if (account) await chown(directory, account.uid, account.gid);
  await endOrphan(record, configFile);

  let saidWhy = false; // this run has logged an error, which tells more than how it ended
  const fail = (why: string) => {
    status.lastError = why;
    saidWhy = true;
  };
  const read = (line: string) => {
    const parsed = parseKeaLine(line);
    if (!parsed) return;
    if (parsed.severity === "ERROR" || parsed.severity === "FATAL") fail(`${parsed.id} ${parsed.text}`);
    options.onLog?.(parsed);
    const evidence = toEvidence(parsed);
    if (evidence) options.onEvidence?.(evidence);
  };

  const launch = async (): Promise<{ exit: Promise<unknown> }> => {
    status.state = "starting";
    saidWhy = false;
    await options.beforeStart();
    // What a killed Kea left behind. Its pid may be another's by now, which Kea would take for itself ("already running").
    await rm(`${directory}/kea-dhcp4.kea-dhcp4.pid`, { force: true });
    await rm(controlSocket, { force: true });
    const [program = "", ...args] = commandLine(options);
    const started = spawn(program, args, {
      env: { ...process.env, KEA_PIDFILE_DIR: directory, KEA_LOCKFILE_DIR: directory },
      stdio: ["ignore", "pipe", "pipe"],
    });
    child = started;
    const exit = Promise.race([once(started, "exit"), once(started, "error").then(([error]) => [String(error), null])]);
    createInterface({ input: started.stdout }).on("line", read);
    // Where Kea speaks before it has read how to log. What is not Kea's comes from setpriv or the loader, or continues a line.
    createInterface({ input: started.stderr }).on("line", (line) => {
      if (parseKeaLine(line)) read(line);
      else if (!saidWhy && line.trim() !== "") fail(line);
    });
    if (started.pid !== undefined) await recordChild(record, started.pid);
    status.pid = started.pid;
    void answering(controlSocket, started).then((answers) => {
      if (answers && child === started) status.state = "serving";
    });
    return { exit };
  };

  const keepRunning = async (first: { exit: Promise<unknown> }) => {
    let { exit } = first;
    let wait = 0;
    while (true) {
      const began = performance.now();
      const how = await exit;
      status.pid = undefined;
      if (stopping.signal.aborted) break;
      status.state = "waiting";
      if (!saidWhy) fail(`kea-dhcp4 ended (exit code and signal: ${JSON.stringify(how)})`);
      wait =
        performance.now() - began > HEALTHY_MS ? 0 : Math.min(Math.max(wait * 2, BACKOFF_MS.first), BACKOFF_MS.most);
      await delay(wait, undefined, { signal: stopping.signal }).catch(() => undefined);
      if (stopping.signal.aborted) break;
      status.restarts += 1;
      ({ exit } = await launch().catch((error: unknown) => {
        fail(String(error));
        return { exit: Promise.resolve() };
      }));
    }
    status.state = "stopped";
    await rm(record, { force: true });
  };

  const loop = keepRunning(await launch());

  return {
    status: () => ({ ...status }),
    ready: async (timeoutMs) => {
      const until = performance.now() + timeoutMs;
      while (status.state !== "serving") {
        if (status.state === "stopped" || performance.now() > until)
          throw new DomainError(
            "rack_unavailable",
            `the DHCP server (kea-dhcp4) did not start within ${timeoutMs} ms: ${status.lastError ?? "no error was logged"}`,
          );
        await delay(POLL_MS);
      }
    },
    restart: () => {
      child?.kill("SIGTERM");
    },
    stop: async () => {
      stopping.abort();
      const running = child;
      if (running?.exitCode === null && running.signalCode === null) {
        running.kill("SIGTERM");
        const hard = setTimeout(() => running.kill("SIGKILL"), STOP_MS);
        await once(running, "exit");
        clearTimeout(hard);
      }
      await loop;
    },
  };
}

function commandLine({ binary, configFile, account }: KeaChildOptions): string[] {
  const kea = [binary, "-c", configFile];
  if (!account) return kea;
  const caps = "-all,+net_raw,+net_bind_service";
  const ids = [`--reuid=${account.uid}`, `--regid=${account.gid}`, "--clear-groups"];
  return ["setpriv", ...ids, `--inh-caps=${caps}`, `--ambient-caps=${caps}`, "--", ...kea];
}

async function answering(controlSocket: string, child: ChildProcess): Promise<boolean> {
  while (child.exitCode === null && child.signalCode === null) {
    const reply = await keaCommand(controlSocket, "status-get").catch(() => undefined);
    if (reply?.result === 0) return true;
    await delay(POLL_MS);
  }
  return false;
}
