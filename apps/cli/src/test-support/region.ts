/** A real region with a database of its own, as `script/up` runs it, for the commands to be tried against. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const UP = fileURLToPath(new URL("../../../controller/src/main.ts", import.meta.url));
/** 5 s on an idle machine. */
const READY_MS = 120_000;
const STOP_MS = 30_000;

export interface RealRegion extends AsyncDisposable {
  /** Data directory: for RACKWRIGHT_DATA. */
  data: string;
  /** `http://127.0.0.1:PORT/MAAS/` */
  url: string;
  /** Of the administrator `admin`. */
  key: string;
  /** All that it logged so far. */
  log: () => string;
}

export const ADMIN_PASSWORD = "not-a-secret-in-a-test";

/** On loopback, without DHCP; emulated machines may be created on it. */
export async function startRealRegion(): Promise<RealRegion> {
  const dir = await mkdtemp(join(tmpdir(), "maas-cli-region-"));
  await chmod(dir, 0o711); // PostgreSQL's user passes through
  const data = join(dir, "data");
  const { RACKWRIGHT_DATABASE_URI: _, ...inherited } = process.env;
  const args = ["--data", data, "--host", "127.0.0.1", "--port", "0", "--rack-http-port", "0", "--simulated", "--json"];
  const child = spawn(process.execPath, [UP, ...args, "--log-level", "debug"], {
    env: { ...inherited, RACKWRIGHT_ADMIN_PASSWORD: ADMIN_PASSWORD },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const logged: string[] = [];
  child.stderr.on("data", (chunk: Buffer) => logged.push(chunk.toString()));
  const ended = once(child, "close");
  const stop = async () => {
    child.kill("SIGTERM");
    const timer = setTimeout(() => void killAll(child.pid, data), STOP_MS);
    await ended;
    clearTimeout(timer);
    await rm(dir, { recursive: true, force: true });
  };
  const line = once(createInterface(child.stdout), "line", { signal: AbortSignal.timeout(READY_MS) });
  const first = await Promise.race([line, ended.then(() => undefined)]).catch(() => undefined);
  line.catch(() => undefined);
  if (first === undefined) {
    await stop();
    throw new Error(`the region did not start:\n${logged.join("")}`);
  }
  const { url, api_key: key } = JSON.parse(String(first[0])) as { url: string; api_key: string };
  return { data, url, key, log: () => logged.join(""), [Symbol.asyncDispose]: stop };
}

/** The region the hard way, and its PostgreSQL, which would outlive it. */
async function killAll(pid: number | undefined, data: string): Promise<void> {
  const file = join(data, "postgres", "cluster", "postmaster.pid");
  const postmaster = Number.parseInt(await readFile(file, "utf8").catch(() => ""), 10);
  if (pid !== undefined) process.kill(pid, "SIGKILL");
  if (postmaster > 1) process.kill(postmaster, "SIGQUIT");
}
