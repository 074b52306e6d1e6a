import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, stat, writeFile } from "node:fs/promises";
import { createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { createFirstAdmin } from "../app/accounts.ts";
import { type TestRegion, testRegion } from "../testing/region.ts";
import { type AdminSocket, startAdminSocket } from "./socket.ts";

const ED25519 = Buffer.concat([
  Buffer.from([0, 0, 0, 11]),
  Buffer.from("ssh-ed25519"),
  Buffer.from([0, 0, 0, 32]),
  Buffer.alloc(32, 7),
]).toString("base64");

let t: TestRegion;
let admin: AdminSocket;
let path: string;
let published: Server;
before(async () => {
  published = createServer((request, reply) => {
    if (request.url === "/ada") reply.end(`ssh-ed25519 ${ED25519} ada@example\n`);
    else reply.writeHead(404).end();
  });
  await once(published.listen(0, "127.0.0.1"), "listening");
  const { port } = published.address() as AddressInfo;
  t = await testRegion();
  path = join(t.directory, "run", "admin.sock");
  admin = await startAdminSocket(t.region, path, { gh: (name) => `http://127.0.0.1:${port}/${name}` });
});
after(async () => {
  published?.close();
  await admin?.close();
  await t?.close();
});

async function ask(
  method: string,
  at: string,
  body?: object | string,
): Promise<{ status: number; json: Record<string, unknown> }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; json: Record<string, unknown> }>();
  const sent = request({ socketPath: path, method, path: at, agent: false }, (reply) => {
    let text = "";
    reply.setEncoding("utf8").on("data", (piece: string) => (text += piece));
    reply.on("end", () =>
      resolve({ status: reply.statusCode ?? 0, json: JSON.parse(text) as Record<string, unknown> }),
    );
  });
  sent
    .on("error", reject)
    .end(method === "GET" ? undefined : typeof body === "string" ? body : JSON.stringify(body ?? {}));
  return promise;
}

const MAAS = join(import.meta.dirname, "..", "..", "..", "..", "bin", "maas");

/** The command as root types it, with this region's directory. */
async function maas(
  args: string[],
  env: Record<string, string> = {},
): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(MAAS, args, { env: { ...process.env, HOME: t.directory, RACKWRIGHT_DATA: t.directory, ...env } });
  let [out, err] = ["", ""];
  child.stdout.on("data", (piece: Buffer) => (out += piece.toString()));
  child.stderr.on("data", (piece: Buffer) => (err += piece.toString()));
  child.stdin.end();
  const [code] = (await once(child, "close")) as [number | null];
  return { code, out, err };
}

const whoami = async (key: string) => {
  const [consumerKey = "", tokenKey = "", tokenSecret = ""] = key.trim().split(":");
  return t.request({ consumerKey, tokenKey, tokenSecret, name: "" }, "GET", "/users/", { query: { op: "whoami" } });
};

test("the socket is its owner's alone", async () => {
  const { mode } = await stat(path);
  assert.equal((mode & 0o777).toString(8), "600");
});

test("maas apikey prints the newest key, or a new one with --generate; both spellings", async () => {
  const known = await maas(["apikey", "--username", "user"]);
  assert.deepEqual([known.code, known.out], [0, `${t.user.key}\n`], known.err);
  const fresh = await maas(["api-key", "--generate", "--username", "user"]);
  assert.equal(fresh.code, 0, fresh.err);
  assert.match(fresh.out, /^\w{18}:\w{18}:\w{32}\n$/);
  assert.notEqual(fresh.out, known.out);
  assert.equal((await whoami(fresh.out)).status, 200);
  assert.equal((await maas(["apikey", "--username", "user"])).out, fresh.out, "that one is the newest now");
});

test("a user without a key gets one; an unknown user is an error", async () => {
  await t.db.pool.query("delete from oauth_token where user_id = $1", [t.other.id]);
  const made = await maas(["apikey", "--username", "other"]);
  assert.equal(made.code, 0, made.err);
  assert.equal((await whoami(made.out)).status, 200);
  const unknown = await maas(["apikey", "--username", "nobody"]);
  assert.notEqual(unknown.code, 0);
  assert.match(unknown.err, /no user 'nobody'/);
});

test("keys are renamed and deleted", async () => {
  const { key } = (await ask("POST", "/admin/apikey", { username: "user", generate: true, name: "mine" })).json as {
    key: string;
  };
  assert.equal((await maas(["apikey", "--username", "user", "--update", key, "renamed"])).code, 0);
  const list = await t.request(t.user, "GET", "/account/", { query: { op: "list_authorisation_tokens" } });
  assert.ok((list.json as { name: string; token: string }[]).some((k) => k.token === key && k.name === "renamed"));
  assert.equal((await maas(["apikey", "--username", "user", "--delete", key])).code, 0);
  assert.equal((await whoami(key)).status, 401);
  const again = await ask("POST", "/admin/apikey", { username: "user", generate: false, delete: key });
  assert.deepEqual([again.status, Object.keys(again.json)], [404, ["error"]]);
});

test("maas createadmin makes an administrator, once, and does not take a bad name", async () => {
  const env = { RACKWRIGHT_ADMIN_PASSWORD: "correct horse" };
  const make = (name: string) => maas(["createadmin", "--username", name, "--email", "root@example.com"], env);
  const made = await make("root");
  assert.equal(made.code, 0, made.err);
  const logIn = await t.request(null, "POST", "/MAAS/accounts/authenticate/", {
    form: { username: "root", password: "correct horse" },
  });
  assert.equal(logIn.status, 200);
  const again = await make("root");
  assert.notEqual(again.code, 0);
  assert.match(again.err, /username: .*already/);
  assert.match((await make("a b")).err, /username/);
});

test("createadmin --ssh-import takes the published keys, and makes nobody where they cannot be had", async () => {
  const env = { RACKWRIGHT_ADMIN_PASSWORD: "correct horse" };
  const make = (name: string, source: string) =>
    maas(["createadmin", "--username", name, "--email", "a@example.com", "--ssh-import", source], env);
  const failed = await make("ada", "gh:nobody");
  assert.equal(failed.code, 2);
  assert.match(failed.err, /keysource: .*nobody has this name there/);
  assert.notEqual((await maas(["apikey", "--username", "ada"])).code, 0, "nobody was made");
  assert.match((await make("ada", "nonsense")).err, /lp:NAME/);
  const made = await make("ada", "gh:ada");
  assert.deepEqual([made.code, made.out], [0, "1 SSH key of gh:ada was imported.\n"], made.err);
  const rows = await t.db.pool.query(
    "select s.keysource from ssh_key s join app_user u on u.id = s.user_id where u.username = 'ada'",
  );
  assert.deepEqual(rows.rows, [{ keysource: "gh:ada" }]);
});

test("changepassword gives another password, and leaves API keys alone", async () => {
  const logIn = async (password: string) =>
    (await t.request(null, "POST", "/MAAS/accounts/authenticate/", { form: { username: "user", password } })).status;
  const changed = await maas(["changepassword", "user"], { RACKWRIGHT_PASSWORD: "battery staple" });
  assert.deepEqual([changed.code, changed.err], [0, ""]);
  assert.deepEqual([await logIn("battery staple"), await logIn("something else")], [200, 403]);
  assert.equal((await whoami(t.user.key)).status, 200);
  const unknown = await maas(["changepassword", "nobody"], { RACKWRIGHT_PASSWORD: "x" });
  assert.equal(unknown.code, 2);
  assert.match(unknown.err, /no user 'nobody'/);
});

test("the installation's facts, and the log's level", async () => {
  const { json } = await ask("GET", "/admin/config");
  assert.deepEqual(
    [json.version, json.simulated, json.servesDhcp, json.logLevel],
    ["0.1.0-test", false, true, t.region.log.level],
  );
  assert.match((json.database as { newestMigration: string }).newestMigration, /^\d{4}-/);
  const before = t.region.log.level;
  assert.equal((await ask("POST", "/admin/config", { logLevel: "error" })).json.logLevel, "error");
  assert.equal(t.region.log.level, "error");
  t.region.log.level = before;
  assert.equal((await ask("POST", "/admin/config", { logLevel: "loud" })).status, 400);
});

test("maas status shows how the region is", async () => {
  t.racks.connect({ nodeId: 7, systemId: "abc", hostname: "rack" });
  await t.db.pool.query("insert into node (system_id, hostname, status) values ('s1', 'one', 4), ('s2', 'two', 4)");
  const shown = await maas(["status"]);
  assert.equal(shown.code, 0, shown.err);
  const { uptimeSeconds, racks, ...rest } = JSON.parse(shown.out) as Record<string, unknown> & {
    racks: { hostname: string }[];
  };
  assert.equal(typeof uptimeSeconds, "number");
  assert.deepEqual(
    racks.map((r) => r.hostname),
    ["rack"],
  );
  assert.deepEqual(rest, {
    version: "0.1.0-test",
    database: "ok",
    machines: { Ready: 2 },
    images: { images: 0, incomplete: 0 },
  });
});

test("what makes no sense is an error in JSON", async () => {
  for (const [method, at, body, status] of [
    ["GET", "/admin/nothing", {}, 404],
    ["GET", "/constructor", {}, 404],
    ["POST", "/admin/apikey", {}, 400],
    ["POST", "/admin/apikey", { username: 5 }, 400],
    ["POST", "/admin/apikey", { username: "user", update: "x" }, 400],
    ["POST", "/admin/createadmin", { username: "x", email: "no", password: "y" }, 400],
    ["POST", "/admin/createadmin", { username: "x", email: "x@example.com", password: "" }, 400],
    ["POST", "/admin/apikey", "{", 400],
    ["POST", "/admin/apikey", "[]", 400],
    ["POST", "/admin/apikey", `"${"x".repeat(70_000)}"`, 413],
  ] as const) {
    const reply = await ask(method, at, body);
    assert.equal(reply.status, status, JSON.stringify(reply.json));
    assert.equal(typeof reply.json.error, "string");
  }
});

test("a second region is refused, and what a dead one left is replaced", async () => {
  await assert.rejects(startAdminSocket(t.region, path), /another region listens/);
  assert.equal((await ask("GET", "/admin/status")).status, 200, "the first one goes on");

  const stale = join(t.directory, "stale", "admin.sock");
  await mkdir(join(t.directory, "stale"));
  await writeFile(stale, "");
  const second = await startAdminSocket(t.region, stale);
  assert.ok((await stat(stale)).isSocket());
  await second.close();
  await assert.rejects(stat(stale), { code: "ENOENT" });
});

test("the socket of a process that was killed is replaced", async () => {
  const left = join(t.directory, "left.sock");
  const script = `require("node:net").createServer().listen(${JSON.stringify(left)}, () => process.kill(process.pid, "SIGKILL"))`;
  await once(spawn(process.execPath, ["-e", script]), "close");
  assert.ok((await stat(left)).isSocket());
  const third = await startAdminSocket(t.region, left);
  await third.close();
});

test("the first administrator is made once, and the key is the same each time", async () => {
  const first = await createFirstAdmin(t.region, { username: "boss", password: "one" });
  assert.equal(await createFirstAdmin(t.region, { username: "boss", password: "two" }), first);
  const reply = await whoami(first);
  assert.equal((reply.json as { is_superuser: boolean }).is_superuser, true);
  const logIn = (password: string) =>
    t.request(null, "POST", "/MAAS/accounts/authenticate/", { form: { username: "boss", password } });
  assert.equal((await logIn("one")).status, 200);
  assert.equal((await logIn("two")).status, 403, "the password stays");
  await assert.rejects(createFirstAdmin(t.region, { username: "user", password: "x" }), { code: "conflict" });
});
