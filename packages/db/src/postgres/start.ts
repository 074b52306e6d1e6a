import { execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { Client, type ClientConfig } from "pg";
import { serverBinaries, unreachable } from "./binaries.ts";
import { lockDirectory } from "./lock.ts";
import { openLog, rotateLog } from "./log.ts";
import { firstClosedDirectory, serverUser, type OsUser } from "./os-user.ts";
import { cleanAfterCrash, runningPostmaster, stopPostmaster, waitReady, wasStartedWith } from "./postmaster.ts";
import { identify, isAlive, type ProcessIdentity } from "./process.ts";
import { serverSettings } from "./settings.ts";
import { makeSocketDir } from "./socket-dir.ts";

const run = promisify(execFile);
const SUPERUSER = "rackwright";
const READY_TIMEOUT_MS = 300_000;
/** Nothing is served without the server: how soon its end is noticed. */
const WATCH_MS = 500;

export interface PostgresOptions {
  /** Made when absent. Holds the cluster, its password (0600), socket, log and, where needed, the programs. */
  dataDir: string;
  /** Also listen on TCP, on loopback. Without it there is only the unix socket. */
  port?: number;
  /** False: no fsync. A crash of the machine may lose everything, so for tests only. */
  durable?: boolean;
  log?: (message: string) => void;
  /** The server ended although nobody called `stop`. */
  onExit?: (reason: string) => void;
}

export interface Postgres {
  pid: number;
  socketDir: string;
  port: number;
  /** True: the server of a process that was killed was still running and was taken over. */
  adopted: boolean;
  /** Carries the password: for configuration files of mode 0600 only, never for argv or logs. */
  url(database: string): string;
  connection(database: string): ClientConfig;
  /** Fast shutdown; resolves when the server has ended. */
  stop(): Promise<void>;
}

/**
 * Run the embedded PostgreSQL on `dataDir`. It outlives a kill -9 of this process; the next start takes it over.
 * @throws Error when another living process has the data directory
 */
export async function startPostgres(options: PostgresOptions): Promise<Postgres> {
  const log = options.log ?? (() => {});
  mkdirSync(options.dataDir, { recursive: true });
  const dataDir = realpathSync(options.dataDir);
  const lock = await lockDirectory(dataDir);
  try {
    const cluster = join(dataDir, "cluster");
    const user = await serverUser(cluster);
    openTo(dataDir, user);
    const binaries = await serverBinaries(dataDir, user);
    const password = await ensureCluster({ dataDir, cluster, binaries, user, log });
    const port = options.port ?? 5432; // without TCP it only names the socket's file
    const socketDir = makeSocketDir(dataDir, user, port);
    const settings = serverSettings({
      socketDir,
      port,
      tcp: options.port !== undefined,
      durable: options.durable ?? true,
    });
    const command = [join(binaries, "bin", "postgres"), "-D", cluster, ...settings];
    const connection = (database: string): ClientConfig => ({
      host: socketDir,
      port,
      user: SUPERUSER,
      password,
      database,
    });

    rotateLog(join(dataDir, "postgresql.log"));
    const found = await adoptable({ cluster, socketDir, command, connection: connection("postgres"), log });
    const postmaster = found ?? (await spawnPostmaster({ dataDir, cluster, command, user, log }));
    const watch = watchPostmaster(postmaster, join(dataDir, "postgresql.log"), options.onExit);
    return {
      pid: postmaster.pid,
      socketDir,
      port,
      adopted: found !== undefined,
      connection,
      url: (database) =>
        `postgresql://${SUPERUSER}:${password}@/${encodeURIComponent(database)}?host=${encodeURIComponent(socketDir)}&port=${port}`,
      async stop() {
        clearInterval(watch);
        await stopPostmaster(cluster, postmaster);
        lock.release();
      },
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** As root the server's user has to be able to pass through the data directory; what is secret in it is closed itself. */
function openTo(dataDir: string, user: OsUser): void {
  if (process.getuid?.() !== 0) return;
  chmodSync(dataDir, 0o711);
  const closed = firstClosedDirectory(dataDir, user);
  if (closed) throw new Error(unreachable("PostgreSQL's data", closed, user));
}

/** Create the cluster on first use. Returns the superuser's password. */
async function ensureCluster(at: {
  dataDir: string;
  cluster: string;
  binaries: string;
  user: OsUser;
  log: (message: string) => void;
}): Promise<string> {
  const passwordFile = join(at.dataDir, "password");
  if (existsSync(at.cluster)) return readFileSync(passwordFile, "utf8").trim();
  const password = randomBytes(24).toString("base64url");
  // Made beside and renamed last: an initdb that was interrupted never passes for a whole cluster.
  const making = `${at.cluster}.new`;
  rmSync(making, { recursive: true, force: true });
  mkdirSync(making, { mode: 0o700 });
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
  const forInitdb = join(making, "..", "password.initdb");
  writeFileSync(forInitdb, `${password}\n`, { mode: 0o600 });
  if (process.getuid?.() === 0) {
    chownSync(making, at.user.uid, at.user.gid);
    chownSync(forInitdb, at.user.uid, at.user.gid);
  }
  at.log(`creating the PostgreSQL cluster ${at.cluster}`);
  const parameters = [`--pgdata=${making}`, `--username=${SUPERUSER}`, `--pwfile=${forInitdb}`, "--auth=scram-sha-256"];
  try {
    await run(
      join(at.binaries, "bin", "initdb"),
      [...parameters, "--encoding=UTF8", "--locale=C", "--data-checksums", "--no-instructions"],
      { cwd: "/", env: environment(), ...identity(at.user) },
    );
  } catch (cause) {
    const { stderr = "" } = cause as { stderr?: string };
    throw new Error(`initdb failed for ${at.cluster}: ${stderr.trim()}`, { cause });
  } finally {
    rmSync(forInitdb, { force: true });
  }
  renameSync(making, at.cluster);
  return password;
}

/** The living server on this cluster, when it runs with exactly our command and answers; else it is ended and cleaned. */
async function adoptable(at: {
  cluster: string;
  socketDir: string;
  command: readonly string[];
  connection: ClientConfig;
  log: (message: string) => void;
}): Promise<ProcessIdentity | undefined> {
  const running = runningPostmaster(at.cluster);
  if (running && wasStartedWith(running, at.command)) {
    try {
      await waitReady(at.cluster, running, READY_TIMEOUT_MS);
      const client = new Client({ ...at.connection, connectionTimeoutMillis: 10_000 });
      await client.connect();
      await client.end();
      at.log(`took over the running PostgreSQL (pid ${running.pid}) of ${at.cluster}`);
      return running;
    } catch (error) {
      at.log(
        `PostgreSQL (pid ${running.pid}) of ${at.cluster} runs but does not answer (${String(error)}): restarting it`,
      );
    }
  }
  if (running) await stopPostmaster(at.cluster, running);
  await cleanAfterCrash(at.cluster, at.socketDir);
  return undefined;
}

async function spawnPostmaster(at: {
  dataDir: string;
  cluster: string;
  command: readonly string[];
  user: OsUser;
  log: (message: string) => void;
}): Promise<ProcessIdentity> {
  const output = openLog(at.dataDir, at.user);
  const [program = "", ...parameters] = at.command;
  // A session of its own: Ctrl-C in a terminal is for us, and we stop the server in order.
  const child = spawn(program, parameters, {
    cwd: "/",
    env: environment(),
    detached: true,
    stdio: ["ignore", output.fd, output.fd],
    ...identity(at.user),
  });
  child.unref();
  const failed = new Promise<never>((_, reject) => child.once("error", reject));
  output.close();
  const postmaster = child.pid === undefined ? undefined : identify(child.pid);
  if (!postmaster) {
    const cause = await Promise.race([failed, new Promise((r) => setTimeout(r, 1_000))]).catch(
      (error: unknown) => error,
    );
    throw new Error(`could not start ${program} on ${at.cluster}; see ${output.path}`, { cause });
  }
  try {
    await Promise.race([failed, waitReady(at.cluster, postmaster, READY_TIMEOUT_MS)]);
  } catch (cause) {
    const tail = readFileSync(output.path, "utf8").trim().split("\n").slice(-5).join("\n");
    throw new Error(`PostgreSQL did not start on ${at.cluster}; the end of ${output.path}:\n${tail}`, { cause });
  }
  at.log(`started PostgreSQL (pid ${postmaster.pid}) on ${at.cluster}`);
  return postmaster;
}

/** Looks at the process itself, not at a child event: a server that was taken over is nobody's child. */
function watchPostmaster(
  postmaster: ProcessIdentity,
  logPath: string,
  onExit?: (reason: string) => void,
): NodeJS.Timeout {
  const timer = setInterval(() => {
    if (isAlive(postmaster)) return rotateLog(logPath);
    clearInterval(timer);
    onExit?.(`PostgreSQL (pid ${postmaster.pid}) ended by itself; the reason is in ${logPath}`);
  }, WATCH_MS);
  timer.unref();
  return timer;
}

/** Nothing of ours: PGHOST, PGOPTIONS or LC_ALL would change what initdb and the server do. */
function environment(): NodeJS.ProcessEnv {
  return { PATH: "/usr/bin:/bin", LC_ALL: "C" };
}

function identity(user: OsUser): { uid?: number; gid?: number } {
  return process.getuid?.() === 0 ? { uid: user.uid, gid: user.gid } : {};
}
