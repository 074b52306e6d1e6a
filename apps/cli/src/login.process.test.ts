import assert from "node:assert/strict";
import { readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { KEY, startApiServer } from "./test-support/api-server.ts";
import { newHome } from "./test-support/maas.ts";

test("login checks the key, stores the profile for its owner alone, and says so; list and logout", async () => {
  await using api = await startApiServer();
  await using home = await newHome();
  const login = await home.maas(["login", "admin", api.url, KEY]);
  assert.deepEqual([login.code, login.err], [0, ""]);
  assert.match(login.out, /^You are now logged in to the MAAS server at http:.*'admin'/);
  assert.deepEqual(
    api.asked.map((it) => `${it.method} ${it.url} ${it.headers.authorization ? "signed" : "unsigned"}`),
    ["GET /MAAS/api/2.0/users/?op=whoami signed", "GET /MAAS/api/2.0/describe/ unsigned"],
  );
  const header = api.asked[0]?.headers.authorization ?? "";
  assert.match(
    header,
    /^OAuth oauth_nonce="\w+", oauth_timestamp="\d+", oauth_version="1.0", oauth_signature_method="PLAINTEXT"/,
  );
  assert.match(header, /oauth_consumer_key="consumer", oauth_token="token", oauth_signature="%26secret"$/);

  const file = join(home.path, ".maascli.db");
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  const database = new DatabaseSync(file, { readOnly: true });
  const row = database.prepare("SELECT id, name, data FROM profiles").get();
  database.close();
  const data = JSON.parse(String(row?.["data"])) as Record<string, unknown>;
  assert.deepEqual(Object.keys(data).sort(), ["cacerts", "credentials", "description", "name", "url"]);
  assert.deepEqual([data["credentials"], data["url"]], [KEY.split(":"), `${api.url}/api/2.0/`]);

  assert.equal((await home.maas(["list"])).out, `admin ${api.url}/api/2.0/ ${KEY}\n`);
  for (const word of ["logouit", "logout"])
    assert.deepEqual(await home.maas([word, "admin"]), { code: 0, out: "", err: "", bytes: Buffer.of() });
  assert.equal((await home.maas(["list"])).out, "");
});

test("keys that are none, or not accepted, are refused with exit code 1 and nothing is stored", async () => {
  await using api = await startApiServer();
  await using home = await newHome();
  for (const key of [":consumer:token:secret", "consumer:token:secret:", "consumer:token", "consumer::secret", "x"]) {
    const { code, err, out } = await home.maas(["login", "admin", api.url, key]);
    assert.deepEqual([code, out], [1, ""], key);
    assert.match(err, /no API key: it has three parts/);
  }
  assert.equal(api.asked.length, 0);
  const wrong = await home.maas(["login", "admin", api.url, "consumer:token:guessed"]);
  assert.equal(wrong.code, 1);
  assert.match(wrong.err, /rejected your API key/);
  api.answers["GET /MAAS/api/2.0/users/?op=whoami"] = { status: 500 };
  const odd = await home.maas(["login", "admin", api.url, KEY]);
  assert.equal(odd.code, 1);
  assert.match(odd.err, /unexpected response .* 500/);
  assert.equal((await home.maas(["list"])).out, "");
});

test("the key comes from standard input with -, or is typed unseen at a terminal; empty is anonymous", async () => {
  await using api = await startApiServer();
  await using home = await newHome();
  assert.equal((await home.maas(["login", "piped", api.url, "-"], { stdin: `${KEY}\n` })).code, 0);
  const typed = await home.maasOnTerminal(["login", "typed", api.url], [{ after: "API key", type: `x\u007f${KEY}\r` }]);
  assert.equal(typed.code, 0, typed.out);
  assert.ok(!typed.out.includes("secret"), "the key is not shown");
  assert.equal((await home.maas(["login", "anon", api.url], { stdin: "\n" })).code, 0);
  const root = `${api.url}/api/2.0/`;
  assert.equal((await home.maas(["list"])).out, `anon ${root}\npiped ${root} ${KEY}\ntyped ${root} ${KEY}\n`);
  assert.equal((await home.maas(["login", "none", api.url, "-"], { stdin: "" })).code, 1);

  const help = await home.maas(["anon", "--help"]);
  const commands = [...help.out.matchAll(/^ {4}(\S+)/gm)].map((match) => match[1]);
  assert.deepEqual(commands, ["machines", "version"], "what answers anybody");
  await home.maas(["anon", "version", "read"]);
  assert.equal(api.asked.at(-1)?.headers.authorization, undefined);
});

test("a missing URL, a profile that is a command, and two ways to trust", async () => {
  await using home = await newHome();
  const noUrl = await home.maas(["login", "admin"]);
  assert.equal(noUrl.code, 2);
  assert.match(noUrl.err, /^usage: maas login .*url missing/s);
  const onlyKey = await home.maas(["login", "admin", "a:b"]);
  assert.equal(onlyKey.code, 1);
  assert.match(onlyKey.err, /a:b is no URL/);
  assert.equal((await home.maas(["login", "list", "http://h/MAAS", KEY])).code, 2);
  assert.equal((await home.maas(["login", "a", "http://h/MAAS", KEY, "-k", "--cacerts", "f"])).code, 2);
});

test("a server that describes nothing", async () => {
  await using api = await startApiServer();
  await using home = await newHome();
  api.describeType = "text/html";
  const { code, err } = await home.maas(["login", "admin", api.url, KEY]);
  assert.equal(code, 1);
  assert.match(err, /expected application\/json, got text\/html/);
  api.answers["GET /MAAS/api/2.0/describe/"] = { status: 404 };
  assert.match((await home.maas(["login", "admin", api.url, KEY])).err, /404 Not Found.*usually ends in \/MAAS/);
});

test("refresh fetches every description, also when one server is away", async () => {
  await using api = await startApiServer();
  await using home = await newHome();
  {
    await using gone = await startApiServer();
    await home.maas(["login", "a", gone.url, KEY]);
  }
  await home.maas(["login", "b", api.url, KEY]);
  api.hash = "b".repeat(40);
  const { code, err, out } = await home.maas(["refresh"]);
  assert.deepEqual([code, out], [2, ""]);
  assert.match(err, /ECONNREFUSED/);
  const database = await readFile(join(home.path, ".maascli.db"));
  assert.ok(database.includes("b".repeat(40)), "b was refreshed");
});

test("a profile file that others may read is closed; one that is no database is an explained error", async () => {
  await using home = await newHome();
  const file = join(home.path, ".maascli.db");
  await writeFile(file, "", { mode: 0o644 });
  assert.equal((await home.maas(["list"])).code, 0);
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  await writeFile(file, "no database at all, but long enough to be looked at closely".repeat(20));
  const { code, err } = await home.maas(["list"]);
  assert.equal(code, 2);
  assert.match(err, /move the file away and log in again/);
  assert.equal((await home.maas(["--help"])).code, 0);
});

test("the launcher works through a symlink, from any folder, and names a Node that is too old", async () => {
  await using home = await newHome();
  const { launcher } = await import("./test-support/maas.ts");
  const { execFile } = await import("node:child_process");
  const link = join(home.path, "maas");
  await symlink(launcher, link);
  const run = (file: string, env: Record<string, string>) =>
    new Promise<{ code: unknown; out: string; err: string }>((resolve) => {
      execFile(file, ["--help"], { cwd: "/", env: { HOME: home.path, ...env } }, (error, out, err) =>
        resolve({ code: error?.code ?? 0, out, err }),
      );
    });
  const path = process.env["PATH"] ?? "";
  assert.match((await run(link, { PATH: path })).out, /^usage: maas/);

  const copy = join(home.path, "copied-maas");
  await writeFile(copy, await readFile(launcher), { mode: 0o755 });
  const oldNode = join(home.path, "node");
  await writeFile(oldNode, "#!/bin/sh\necho v20.1.0\n", { mode: 0o755 });
  const old = await run(copy, { PATH: `${home.path}:/usr/bin:/bin` });
  assert.equal(old.code, 2);
  assert.match(old.err, /Node.js 24 or newer is needed; .* is v20.1.0/);
});

test("--version says which program this is, without a profile or a server", async () => {
  await using home = await newHome();
  const { version } = JSON.parse(await readFile(new URL("../package.json", import.meta.url), "utf8")) as {
    version: string;
  };
  assert.deepEqual(await home.maas(["--version"]), {
    code: 0,
    out: `maas ${version}\n`,
    err: "",
    bytes: Buffer.from(`maas ${version}\n`),
  });
  assert.match((await home.maas(["--help"])).out, /--version/);
});
