import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync, utimesSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { Client, type ClientConfig } from "pg";
import { runningPostmaster, stopPostmaster } from "../postgres/postmaster.ts";
import { isAlive, signal, waitGone, type ProcessIdentity } from "../postgres/process.ts";
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
  const server = readServerFile();
  // A server whose supervisor was killed still answers, but would never end: a new supervisor takes it over first.
  if (!server || !isAlive(server.supervisor)) return undefined;
  const client = new Client(server.connection);
  client.on("error", () => {}); // told by the next query
  try {
    await client.connect();
    utimesSync(serverFile, new Date(), new Date()); // how the supervisor knows of uses too short for it to see
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

/** End the test server, if it runs; also one whose supervisor was killed. */
export async function stopTestServer(): Promise<boolean> {
  const supervisor = readServerFile()?.supervisor;
  if (supervisor && isAlive(supervisor)) {
    signal(supervisor, "SIGTERM");
    if (!(await waitGone(supervisor, 60_000))) {
      throw new Error(`the test server's supervisor (pid ${supervisor.pid}) does not end`);
    }
    return true;
  }
  const cluster = join(testServerDir, "cluster");
  const postmaster = runningPostmaster(cluster);
  if (postmaster) await stopPostmaster(cluster, postmaster);
  return postmaster !== undefined;
}
