/** For tests: `script/up` and `script/rack` as processes of their own, on loopback, with all that they leave behind cleared away. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { commandLine, identify, signal, waitGone, workingDirectory } from "@rackwright/db/postgres/process";
import { plaintextHeader } from "@rackwright/region/testing/request";
import { until } from "@rackwright/testkit/until";

export const PROJECT = join(import.meta.dirname, "..", "..", "..");
export const UP = [process.execPath, join(PROJECT, "apps/controller/src/main.ts")];
export const RACK = [process.execPath, join(PROJECT, "apps/rack/src/main.ts")];
/** 5 s on an idle machine. */
const READY_MS = 60_000;

export interface Running {
  child: ChildProcess;
  pid: number;
  stdout(): string;
  stderr(): string;
  /** Status; undefined when a signal ended it. */
  ended: Promise<number | undefined>;
}

export interface Ready extends Running {
  url: string;
  username: string;
  api_key: string;
  password?: string;
  readyMs: number;
}

export interface UpRoom extends AsyncDisposable {
  dir: string;
  data: string;
  run(command: readonly string[], options?: { env?: NodeJS.ProcessEnv; stdin?: "ignore" | "pipe" }): Running;
  /** `script/up --json` on this room's data, once it is ready. */
  up(
    args?: readonly string[],
    options?: { env?: NodeJS.ProcessEnv; command?: readonly string[]; dhcp?: boolean },
  ): Promise<Ready>;
  /** The PostgreSQL of this room's data. */
  postgresPid(): number;
}

export const LOOPBACK = ["--host", "127.0.0.1", "--no-dhcp", "--rack-http-port", "0"];

export function upRoom(): UpRoom {
  const dir = mkdtempSync(join(tmpdir(), "rackwright-up-"));
  chmodSync(dir, 0o711); // PostgreSQL's user passes through
  const data = join(dir, "data");
  const started: Running[] = [];

  const run: UpRoom["run"] = ([program = "", ...args], { env = {}, stdin = "ignore" } = {}) => {
    const { RACKWRIGHT_ADMIN_PASSWORD: _, RACKWRIGHT_DATABASE_URI: __, ...inherited } = process.env;
    const child = spawn(program, args, { stdio: [stdin, "pipe", "pipe"], env: { ...inherited, ...env }, cwd: dir });
    let [stdout, stderr] = ["", ""];
    child.stdout?.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr?.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    const ended = once(child, "close").then(([code]) => (code as number | null) ?? undefined);
    const running: Running = { child, pid: child.pid ?? -1, stdout: () => stdout, stderr: () => stderr, ended };
    started.push(running);
    return running;
  };

  return {
    dir,
    data,
    run,
    async up(args = [], { env = { RACKWRIGHT_ADMIN_PASSWORD: "a password" }, command = UP, dhcp = false } = {}) {
      const began = performance.now();
      const port = args.includes("--port") ? [] : ["--port", "0"];
      const running = run([...command, "--data", data, "--json", ...(dhcp ? [] : LOOPBACK), ...port, ...args], { env });
      const what = "script/up to be ready";
      const over = running.ended.then((code) => {
        throw new Error(`script/up ended with ${code} before it was ready:\n${running.stderr()}`);
      });
      const line = until(() => /^(.*)\n/.exec(running.stdout())?.[1], { timeoutMs: READY_MS, what, everyMs: 5 });
      const text = await Promise.race([line, over]);
      over.catch(() => undefined);
      const ready = JSON.parse(text) as Pick<Ready, "url" | "username" | "api_key" | "password">;
      return { ...running, ...ready, readyMs: Math.round(performance.now() - began) };
    },
    postgresPid: () => Number.parseInt(readFileSync(join(data, "postgres/cluster/postmaster.pid"), "utf8"), 10),
    async [Symbol.asyncDispose]() {
      for (const { child, ended } of started) {
        child.kill("SIGKILL");
        await ended;
      }
      for (const pid of processesOn(dir)) {
        const left = identify(pid);
        if (!left) continue;
        signal(left, "SIGQUIT"); // PostgreSQL, at once
        if (!(await waitGone(left, 5_000))) signal(left, "SIGKILL");
      }
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** Living processes that were started with a file below `directory`, or work in one. */
export function processesOn(directory: string): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => pid !== process.pid && identify(pid) !== undefined)
    .filter(
      (pid) =>
        workingDirectory(pid)?.startsWith(`${directory}/`) ||
        commandLine(pid)?.some((word) => word.includes(`${directory}/`)),
    );
}

/** A signed request to the API. @throws Error with the reply when it is not a success */
export async function call(
  { url, api_key }: Pick<Ready, "url" | "api_key">,
  path: string,
  form?: Record<string, string>,
): Promise<unknown> {
  const [consumerKey = "", tokenKey = "", tokenSecret = ""] = api_key.split(":");
  const reply = await fetch(`${url}api/2.0/${path}`, {
    headers: { authorization: plaintextHeader({ consumerKey, tokenKey, tokenSecret, name: "" }) },
    ...(form ? { method: "POST", body: new URLSearchParams(form) } : {}),
  });
  const text = await reply.text();
  if (!reply.ok) throw new Error(`${path}: ${reply.status} ${text}`);
  return JSON.parse(text);
}
