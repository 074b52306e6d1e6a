import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { Client, type ClientConfig } from "pg";
import { identify, signal, waitGone, type ProcessIdentity } from "../postgres/process.ts";
import { until } from "./until.ts";

/** What the process in `server-main.ts` writes down once its PostgreSQL takes connections. */
export interface ServerFile {
  supervisor: ProcessIdentity;
  connection: ClientConfig;
}

/** The one PostgreSQL for all tests of this user on this machine. It is without fsync, and stops when nobody uses it. */
export const testServerDir: string = join(tmpdir(), `rackwright-test-postgres-${userInfo().uid}`);
export const serverFile: string = join(testServerDir, "server.json");

/** A client on the test server's database `postgres`; starts the server when none answers. While it is open, the server stays. */
export async function connectTestServer(): Promise<Client> {
  let startedAt = -Infinity;
  return await until(
    async () => {
      const client = await tryConnect();
      // Again after a while: the first may have given way to a server that was just ending.
      if (!client && performance.now() - startedAt > 3_000) {
        startServer();
        startedAt = performance.now();
      }
      return client;
    },
    { timeoutMs: 60_000, what: `the test server to take connections; see ${testServerDir}/*.log` },
  );
}

async function tryConnect(): Promise<Client | undefined> {
  const config = readServerFile()?.connection;
  if (!config) return undefined;
  const client = new Client(config);
  client.on("error", () => {}); // told by the next query
  try {
    await client.connect();
    return client;
  } catch {
    return undefined; // gone, or on its way out
  }
}

export function readServerFile(): ServerFile | undefined {
  try {
    return JSON.parse(readFileSync(serverFile, "utf8")) as ServerFile;
  } catch {
    return undefined;
  }
}

/** Detached: it outlives the test file that happened to need it first. Of two started at once, one gives way by its lock. */
function startServer(): void {
  mkdirSync(testServerDir, { recursive: true, mode: 0o711 });
  const log = openSync(join(testServerDir, "supervisor.log"), "a", 0o600);
  const { NODE_TEST_CONTEXT: _, NODE_OPTIONS: __, ...env } = process.env;
  const child = spawn(process.execPath, [join(import.meta.dirname, "server-main.ts")], {
    detached: true,
    cwd: "/",
    env,
    stdio: ["ignore", log, log],
  });
  child.unref();
  closeSync(log);
}

/** End the test server, if it runs. */
export async function stopTestServer(): Promise<boolean> {
  const supervisor = readServerFile()?.supervisor;
  const found = supervisor && identify(supervisor.pid)?.startTicks === supervisor.startTicks;
  if (!found) return false;
  signal(supervisor, "SIGTERM");
  if (!(await waitGone(supervisor, 60_000)))
    throw new Error(`the test server's supervisor (pid ${supervisor.pid}) does not end`);
  return true;
}
