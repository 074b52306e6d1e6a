import assert from "node:assert/strict";
import { once } from "node:events";
import { chownSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { type AddressInfo, createConnection, createServer } from "node:net";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { connectDatabase } from "@rackwright/db/connect";
import { firstClosedDirectory } from "@rackwright/db/postgres/os-user";
import { ensureDatabase } from "@rackwright/db/postgres/ensure-database";
import { startPostgres } from "@rackwright/db/postgres/start";
import { until } from "@rackwright/testkit/until";
import { call, LOOPBACK, processesOn, PROJECT, type Ready, UP, upRoom } from "./up-process.ts";

const asRoot = process.getuid?.() === 0;
const nobody = { name: "nobody", uid: 65534, gid: 65534 };

const logIn = ({ url, username }: Pick<Ready, "url" | "username">, password: string) =>
  fetch(`${url}accounts/authenticate/`, { method: "POST", body: new URLSearchParams({ username, password }) });

async function stopped(up: Ready): Promise<void> {
  up.child.kill("SIGTERM");
  assert.equal(await up.ended, 0, up.stderr());
}

test("a first start makes everything, says so in one line, and ends without a trace; a second finds it all", async (t) => {
  await using room = upRoom();
  const first = await room.up(["--admin", "alice"]);
  assert.equal(first.username, "alice");
  assert.equal(first.password, undefined);
  assert.match(first.url, /^http:\/\/127\.0\.0\.1:[1-9]\d*\/MAAS\/$/);
  const residentKib = Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${first.pid}/status`, "utf8"))?.[1]);
  t.diagnostic(`first start: ready after ${first.readyMs} ms, ${Math.round(residentKib / 1024)} MiB resident`);
  assert.ok(residentKib * 1024 < 250e6, `${residentKib} KiB resident`);

  const page = await fetch(first.url);
  assert.match(page.headers.get("content-type") ?? "", /^text\/html/);
  assert.match(await page.text(), /<h1/);
  assert.equal(((await call(first, "users/?op=whoami")) as { username: string }).username, "alice");
  const racks = (await call(first, "rackcontrollers/")) as unknown[];
  assert.equal(racks.length, 1, "its own rack");
  await call(first, "tags/", { name: "kept" });
  assert.equal(statSync(join(room.data, "run/region.sock")).mode & 0o777, 0o600);

  await stopped(first);
  assert.equal(first.stdout().split("\n").length, 2, "one line and its end");
  assert.deepEqual(processesOn(room.dir), []);

  const second = await room.up([], { env: {} });
  t.diagnostic(`second start: ready after ${second.readyMs} ms`);
  assert.deepEqual([second.username, second.api_key, second.password], ["alice", first.api_key, undefined]);
  const tags = (await call(second, "tags/")) as { name: string }[];
  assert.ok(tags.some((tag) => tag.name === "kept"));
  assert.equal(((await call(second, "rackcontrollers/")) as unknown[]).length, 1, "the same rack, not a new one");
  await stopped(second);
});

test("a second process on the same data is refused, and the first one is unharmed", async () => {
  await using room = upRoom();
  const first = await room.up();
  const second = room.run([...UP, "--data", room.data, ...LOOPBACK, "--port", "0"]);
  assert.equal(await second.ended, 1);
  assert.match(second.stderr(), new RegExp(`script/up: ${room.data} is in use by process ${first.pid}: stop`));
  assert.equal(second.stdout(), "");
  await call(first, "users/?op=whoami");
});

test("after kill -9 the next start takes PostgreSQL over; nothing is lost", async () => {
  await using room = upRoom();
  const first = await room.up();
  await call(first, "tags/", { name: "kept" });
  const postgres = room.postgresPid();
  const queues = await queueNames(room.data);
  assert.ok(queues.includes("power"), queues.join());
  first.child.kill("SIGKILL");
  await first.ended;
  assert.deepEqual(await queueNames(room.data), queues);
  const second = await room.up();
  assert.equal(room.postgresPid(), postgres);
  assert.equal(second.api_key, first.api_key);
  assert.ok(((await call(second, "tags/")) as { name: string }[]).some((tag) => tag.name === "kept"));
  await stopped(second);
  assert.deepEqual(processesOn(room.dir), []);
});

async function queueNames(data: string): Promise<string[]> {
  const password = readFileSync(join(data, "postgres/password"), "utf8").trim();
  const connection = { host: join(data, "postgres/socket"), user: "rackwright", password, database: "rackwright" };
  const db = connectDatabase({ connection, max: 1 });
  try {
    const { rows } = await db.pool.query<{ name: string }>("select name from pgboss.queue order by name");
    return rows.map((row) => row.name);
  } finally {
    await db.close();
  }
}

test("it ends with a reason when PostgreSQL dies under it", async () => {
  await using room = upRoom();
  const up = await room.up();
  process.kill(room.postgresPid(), "SIGKILL");
  assert.equal(await up.ended, 1);
  assert.match(
    up.stderr(),
    /^script\/up: PostgreSQL \(pid \d+\) ended by itself; the reason is in .*postgresql\.log$/m,
  );
  assert.deepEqual(processesOn(room.dir), []);
  await room.up();
});

test("Ctrl-C in the middle of a start ends it without a trace, and the next start goes through", async () => {
  await using room = upRoom();
  const base = [...UP, "--data", room.data, ...LOOPBACK, "--port", "0"];
  for (const moment of ["creating the PostgreSQL cluster", "started PostgreSQL"]) {
    const up = room.run(base);
    await until(() => up.stderr().includes(moment), { timeoutMs: 20_000, what: moment });
    up.child.kill("SIGINT");
    assert.equal(await up.ended, 0, up.stderr());
    assert.equal(up.stdout(), "");
    assert.deepEqual(processesOn(room.dir), []);
  }
  await room.up();
});

test("a start that waits for its database in vain ends when it is asked to", async () => {
  await using room = upRoom();
  const server = await startPostgres({ dataDir: join(room.dir, "theirs"), durable: false });
  // As when PostgreSQL dies in this very moment of a start: it is tried again and again to listen for notifications.
  const between = createServer((client) => {
    client.on("error", () => {});
    client.once("data", (hello: Buffer) => {
      if (hello.includes("rackwright listen")) return void client.destroy();
      const upstream = createConnection(join(server.socketDir, `.s.PGSQL.${server.port}`));
      upstream.on("error", () => client.destroy());
      upstream.write(hello);
      client.pipe(upstream).pipe(client);
    });
  });
  try {
    await ensureDatabase(server.connection("postgres"), "ours");
    mkdirSync(join(room.dir, "between"));
    between.listen(join(room.dir, "between", `.s.PGSQL.${server.port}`));
    const [theirs, ours] = [server.socketDir, join(room.dir, "between")].map(encodeURIComponent);
    const env = { RACKWRIGHT_DATABASE_URI: server.url("ours").replace(theirs ?? "", ours ?? "") };
    const up = room.run([...UP, "--data", room.data, ...LOOPBACK, "--port", "0"], { env });
    const what = "it to try to listen";
    await until(() => up.stderr().includes("cannot listen for database"), { timeoutMs: 20_000, what });
    up.child.kill("SIGTERM");
    const late = sleep(20_000, "it is still there", { ref: false });
    assert.equal(await Promise.race([up.ended, late]), 0, up.stderr());
  } finally {
    between.close();
    await server.stop();
  }
});

test("a password is asked for on a terminal, and not shown there", { skip: noTerminal() }, async () => {
  await using room = upRoom();
  // exec: a shell that stays between would answer Ctrl-C with 130 of its own.
  const line = ["exec", ...UP, "--data", room.data, ...LOOPBACK, "--port", "0"].join(" ");
  const up = room.run(["script", "-qefc", line, "/dev/null"], { stdin: "pipe" });
  await until(() => up.stdout().includes("Password for the first administrator, admin"), { timeoutMs: 20_000 });
  up.child.stdin?.write("typex\u007fd secret\r");
  const url = await until(() => /is ready at (\S+)/.exec(up.stdout())?.[1], { timeoutMs: 20_000 });
  assert.ok(!up.stdout().includes("secret"));
  assert.equal((await logIn({ url, username: "admin" }, "typed secret")).status, 200);
  up.child.stdin?.write("\u0003"); // Ctrl-C, to all that run in this terminal
  assert.equal(await up.ended, 0, up.stdout());
  assert.deepEqual(processesOn(room.dir), []);
});

function noTerminal(): string | false {
  return existsSync("/usr/bin/script") ? false : "needs script(1), of the package bsdutils";
}

test("a password is made up when none is given, shown once, and good for logging in", async () => {
  await using room = upRoom();
  const up = await room.up([], { env: {} });
  assert.equal(up.username, "admin");
  assert.match(up.password ?? "", /^\w{16}$/);
  assert.ok(!up.stderr().includes(up.password ?? ""));
  assert.equal((await logIn(up, up.password ?? "")).status, 200);
  assert.equal((await logIn(up, "another")).status, 403);
  await stopped(up);
  const again = await room.up([], { env: {} });
  assert.equal(again.password, undefined);
});

test("the password may lie in a file", async () => {
  await using room = upRoom();
  const file = join(room.dir, "password");
  writeFileSync(file, "from a file\n");
  const up = await room.up(["--admin-password-file", file], { env: {} });
  assert.equal(up.password, undefined);
  assert.equal((await logIn(up, "from a file")).status, 200);
});

test("what cannot be is refused before anything is made", async () => {
  await using room = upRoom();
  const cases: [string[], RegExp][] = [
    [["--nonsense"], /^script\/up: .*--nonsense/],
    [["--port", "http"], /^script\/up: --port http is no port/],
    [["--database-uri", "mysql://u:secret@db/x"], /^script\/up: --database-uri is no address/],
    [["--database-uri", "postgresql://127.0.0.1:1/x"], /^script\/up: .*x on 127\.0\.0\.1 port 1, cannot be used: /],
  ];
  for (const [args, message] of cases) {
    const run = room.run([...UP, "--data", room.data, ...LOOPBACK, ...args]);
    assert.equal(await run.ended, 1);
    assert.match(run.stderr(), message);
    assert.equal(run.stdout(), "");
    assert.ok(!run.stderr().includes("secret"));
  }
});

test("a port that is taken is named, with the option that changes it; nothing is left running", async () => {
  await using room = upRoom();
  const other = createServer().listen(0, "127.0.0.1");
  try {
    await once(other, "listening");
    const { port } = other.address() as AddressInfo;
    const base = [...UP, "--data", room.data, "--host", "127.0.0.1", "--no-dhcp"];
    const api = room.run([...base, "--port", String(port), "--rack-http-port", "0"]);
    assert.equal(await api.ended, 1);
    assert.match(api.stderr(), new RegExp(`^script/up: The API cannot .* port ${port}: another .*--port$`, "m"));
    assert.deepEqual(processesOn(room.dir), []);
    const rack = room.run([...base, "--port", "0", "--rack-http-port", String(port)]);
    assert.equal(await rack.ended, 1);
    assert.match(rack.stderr(), new RegExp(`^script/up: HTTP boot .* port ${port}: another .*--rack-http-port`, "m"));
    assert.deepEqual(processesOn(room.dir), []);
  } finally {
    other.close();
  }
});

test("a database of somebody else's is used, and left running", async () => {
  await using room = upRoom();
  const server = await startPostgres({ dataDir: join(room.dir, "theirs"), durable: false });
  try {
    await ensureDatabase(server.connection("postgres"), "ours");
    const first = await room.up([], { env: { RACKWRIGHT_DATABASE_URI: server.url("ours") } });
    await stopped(first);
    const second = await room.up(["--database-uri", server.url("ours")], { env: {} });
    assert.equal(second.api_key, first.api_key);
    assert.throws(() => room.postgresPid(), { code: "ENOENT" });
    await stopped(second);
    process.kill(server.pid, 0);
  } finally {
    await server.stop();
  }
});

const closed = [PROJECT, dirname(process.execPath)].map((path) => firstClosedDirectory(path, nobody)).find(Boolean);
const unable = !asRoot
  ? "needs root, to become somebody else"
  : closed !== undefined && `user nobody cannot read the checkout: ${closed} is closed`;

test("an ordinary user runs script/up, with file names from where it is called", { skip: unable }, async () => {
  await using room = upRoom();
  mkdirSync(room.data);
  chownSync(room.data, nobody.uid, nobody.gid);
  const become = ["setpriv", `--reuid=${nobody.uid}`, `--regid=${nobody.gid}`, "--clear-groups", "--"];
  const env = { RACKWRIGHT_ADMIN_PASSWORD: "a password", HOME: "/nonexistent" };
  // The last --data counts, and is meant from the directory it is called from.
  const up = await room.up(["--data", "data"], { command: [...become, join(PROJECT, "script/up")], env });
  assert.equal(statSync(join(room.data, "postgres/cluster")).uid, nobody.uid);
  assert.equal(statSync(`/proc/${up.pid}`).uid, nobody.uid);
  await call(up, "users/?op=whoami");
  await until(() => processesOn(room.dir).length > 1);
  await stopped(up);
  assert.deepEqual(processesOn(room.dir), []);
});
