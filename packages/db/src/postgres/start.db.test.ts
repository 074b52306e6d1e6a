import assert from "node:assert/strict";
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import {
  accessSync,
  chmodSync,
  chownSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { cp } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { after, beforeEach, afterEach, suite, test } from "node:test";
import { promisify } from "node:util";
import { Client } from "pg";
import { until } from "../testing/until.ts";
import { installed, serverBinaries } from "./binaries.ts";
import { firstClosedDirectory, type OsUser } from "./os-user.ts";
import { identify, isAlive, signal, waitGone } from "./process.ts";
import { startPostgres, type Postgres } from "./start.ts";

const asRoot = process.getuid?.() === 0;
/** A user that has nothing to do with us: nobody, as Debian and most others number it. */
const ordinary: OsUser = asRoot
  ? { name: "nobody", uid: 65534, gid: 65534 }
  : { name: "self", uid: process.getuid?.() ?? -1, gid: process.getgid?.() ?? -1 };

const script = join(import.meta.dirname, "testing/run-postgres.ts");
interface Running {
  child: ChildProcess;
  pid: number;
  adopted: boolean;
  url: string;
}

let directory: string;
const cleanup: (() => Promise<unknown>)[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "rackwright-pg-"));
  chmodSync(directory, 0o711); // what is made below it has to be within the server's reach
});

afterEach(async () => {
  for (const undo of cleanup.splice(0).reverse()) await undo();
  rmSync(directory, { recursive: true, force: true });
});

/** A process of its own that runs the server, as `user` when we may choose. Whatever happens, both end with the test. */
async function runInChild(dataDir: string, user?: OsUser): Promise<Running> {
  const child = spawn(process.execPath, [script, dataDir], {
    stdio: ["ignore", "pipe", "inherit"],
    cwd: "/",
    ...(user && asRoot ? { uid: user.uid, gid: user.gid } : {}),
  });
  cleanup.push(async () => {
    child.kill("SIGKILL");
    await endServer(dataDir);
  });
  const exited = once(child, "exit").then(([code]) => {
    throw new Error(`the process that runs PostgreSQL ended with ${code}`);
  });
  const line = await Promise.race([once(createInterface(child.stdout), "line"), exited]);
  exited.catch(() => {});
  return { child, ...(JSON.parse(String(line[0])) as Omit<Running, "child">) };
}

/** The server of a data directory, whoever started it. */
async function endServer(dataDir: string): Promise<void> {
  const file = join(dataDir, "cluster/postmaster.pid");
  const found = existsSync(file) ? identify(Number.parseInt(readFileSync(file, "utf8"), 10)) : undefined;
  if (!found) return;
  signal(found, "SIGQUIT");
  await waitGone(found, 10_000);
}

async function start(options: Parameters<typeof startPostgres>[0]): Promise<Postgres> {
  const server = await startPostgres({ durable: false, ...options });
  cleanup.push(() => server.stop());
  return server;
}

async function ask<T>(url: string, query: string): Promise<T> {
  const client = new Client(url);
  await client.connect();
  try {
    return Object.values((await client.query<Record<string, T>>(query)).rows[0] ?? {})[0] as T;
  } finally {
    await client.end();
  }
}

/** PostgreSQL takes no port 0: ask the kernel for one that is free now. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

async function kill(running: Running): Promise<void> {
  const gone = once(running.child, "exit");
  running.child.kill("SIGKILL");
  await gone;
}

test("the first start creates a UTF-8 cluster that only its password opens; data survives a restart", async () => {
  const server = await start({ dataDir: directory, durable: true });
  assert.equal(await ask(server.url("postgres"), "show server_encoding"), "UTF8");
  assert.equal(await ask(server.url("postgres"), "show fsync"), "on");
  assert.equal(await ask(server.url("postgres"), "show listen_addresses"), "");
  assert.equal(statSync(join(directory, "password")).mode & 0o777, 0o600);
  assert.equal(statSync(join(directory, "cluster")).mode & 0o777, 0o700);
  const wrong = new Client({ ...server.connection("postgres"), password: "guessed" });
  await assert.rejects(wrong.connect(), /password authentication failed/);
  await ask(server.url("postgres"), "create table kept as select 1");
  await server.stop();
  assert.ok(!isAlive({ pid: server.pid, startTicks: identify(server.pid)?.startTicks ?? "" }));
  const again = await start({ dataDir: directory });
  assert.equal(again.adopted, false);
  assert.equal(await ask(again.url("postgres"), "select count(*)::int from kept"), 1);
});

test("a port opens TCP on loopback", async () => {
  const port = await freePort();
  const server = await start({ dataDir: directory, port });
  const { password, user } = server.connection("postgres");
  assert.equal(await ask(`postgresql://${user}:${String(password)}@127.0.0.1:${port}/postgres`, "select 1"), 1);
});

test("a deep data directory gets its socket under a short path", async () => {
  const dataDir = join(directory, "d".repeat(100));
  const server = await start({ dataDir });
  cleanup.push(async () => rmSync(server.socketDir, { recursive: true, force: true }));
  assert.ok(Buffer.byteLength(`${server.socketDir}/.s.PGSQL.5432.lock`) < 100, server.socketDir);
  assert.equal(await ask(server.url("postgres"), "select 1"), 1);
});

test("a second start on the directory is refused, in this process and in another", async () => {
  await start({ dataDir: directory });
  await assert.rejects(startPostgres({ dataDir: directory }), /is in use by this process: stop that one first/);
  const { stderr } = await promisify(execFile)(process.execPath, [script, directory]).then(
    () => assert.fail("a second server was started"),
    (error: { stderr: string }) => error,
  );
  assert.match(stderr, new RegExp(`is in use by process ${process.pid}`));
});

test("of two that start at once, one runs and one is refused", async () => {
  const results = await Promise.allSettled([start({ dataDir: directory }), start({ dataDir: directory })]);
  assert.deepEqual(results.map((r) => r.status).sort(), ["fulfilled", "rejected"]);
});

test("a server whose supervisor was killed goes on serving and is taken over", async () => {
  const first = await runInChild(directory);
  const client = new Client(first.url);
  await client.connect();
  cleanup.push(() => client.end());
  await kill(first);
  const server = await start({ dataDir: directory });
  assert.equal(server.adopted, true);
  assert.equal(server.pid, first.pid);
  assert.equal((await client.query("select 1 as one")).rows[0].one, 1, "the old connection still works");
  await client.end();
  const found = identify(server.pid);
  await server.stop();
  assert.ok(found && !isAlive(found), "stop() ends a server that was taken over too");
});

test("a server left over with other settings is restarted, not taken over", async () => {
  const first = await runInChild(directory);
  await kill(first);
  const server = await start({ dataDir: directory, durable: true });
  assert.equal(server.adopted, false);
  assert.notEqual(server.pid, first.pid);
  assert.equal(await ask(server.url("postgres"), "show fsync"), "on");
});

test("after kill -9 of supervisor and server, the next start recovers", async () => {
  const first = await runInChild(directory);
  await ask(first.url, "create table kept as select 1");
  await ask(first.url, "checkpoint"); // this server writes its log late
  const found = identify(first.pid);
  assert.ok(found);
  await kill(first);
  process.kill(first.pid, "SIGKILL");
  const server = await start({ dataDir: directory });
  assert.equal(server.adopted, false);
  assert.equal(await ask(server.url("postgres"), "select count(*)::int from kept"), 1);
});

test("a lock whose pid now belongs to another process is stale", async () => {
  writeFileSync(join(directory, "lock"), "1 1\n");
  const server = await start({ dataDir: directory });
  assert.equal(await ask(server.url("postgres"), "select 1"), 1);
});

test("an initdb that was interrupted is begun anew", async () => {
  mkdirSync(join(directory, "cluster.new"));
  writeFileSync(join(directory, "cluster.new/PG_VERSION"), "15\n");
  const server = await start({ dataDir: directory });
  assert.equal(await ask(server.url("postgres"), "select 1"), 1);
});

test("a server that ends by itself is told", async () => {
  const told = Promise.withResolvers<string>();
  const server = await start({ dataDir: directory, onExit: told.resolve });
  process.kill(server.pid, "SIGQUIT");
  assert.match(await told.promise, /ended by itself/);
});

suite("as another user", { skip: reasonToSkipUser() }, () => {
  test("an ordinary user runs it as itself", async () => {
    chownSync(directory, ordinary.uid, ordinary.gid);
    const running = await runInChild(directory, ordinary);
    assert.equal(statSync(join(directory, "cluster")).uid, ordinary.uid);
    assert.equal(await ask(running.url, "select 1"), 1);
    const gone = once(running.child, "exit");
    running.child.kill("SIGTERM");
    await gone;
    assert.equal(identify(running.pid), undefined);
  });

  test("kill -9 and take-over work for an ordinary user", async () => {
    chownSync(directory, ordinary.uid, ordinary.gid);
    const first = await runInChild(directory, ordinary);
    await kill(first);
    const second = await runInChild(directory, ordinary);
    assert.deepEqual([second.adopted, second.pid], [true, first.pid]);
  });
});

suite("as root", { skip: asRoot ? false : "needs root: it is about dropping to another user" }, () => {
  test("the server runs as another user, and cannot be reached below a closed directory", async () => {
    const server = await start({ dataDir: directory });
    assert.notEqual(statSync(`/proc/${server.pid}`).uid, 0);
    const closed = join(directory, "closed");
    mkdirSync(closed, { mode: 0o700 });
    await assert.rejects(
      startPostgres({ dataDir: join(closed, "data") }),
      /closed is closed to it: choose a data directory outside it/,
    );
  });

  test("programs below a closed directory are copied once to where the user reaches them", async () => {
    const closed = join(directory, "home");
    mkdirSync(closed, { mode: 0o700 });
    const source = { directory: join(closed, "native"), version: "15.0-test" };
    await cp(installed().directory, source.directory, { recursive: true, verbatimSymlinks: true });
    rmSync(join(source.directory, "lib/libpq.so.5")); // as when install scripts are off
    const binaries = await serverBinaries(directory, ordinary, source);
    assert.equal(binaries, join(directory, "postgresql-15.0-test"));
    const { stdout } = await promisify(execFile)(join(binaries, "bin/postgres"), ["--version"], {
      uid: ordinary.uid,
      gid: ordinary.gid,
    });
    assert.match(stdout, /PostgreSQL\) 15/);
    accessSync(join(binaries, "lib/libpq.so.5"), constants.R_OK);
    const { ino } = statSync(binaries);
    await serverBinaries(directory, ordinary, source);
    assert.equal(statSync(binaries).ino, ino);
  });
});

function reasonToSkipUser(): string | false {
  if (!asRoot) return false;
  const closed = [dirname(process.execPath), import.meta.dirname]
    .map((path) => firstClosedDirectory(path, ordinary))
    .find(Boolean);
  return closed ? `the checkout is not readable for ${ordinary.name}: ${closed} is closed` : false;
}

after(() => until(() => cleanup.length === 0, { what: "all servers to be stopped" }));
