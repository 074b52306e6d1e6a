/** The commands of the region's own host, and every way to log in, against a real region. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { until } from "@rackwright/testkit/until";
import type { Home } from "./test-support/maas.ts";
import { launcher, newHome } from "./test-support/maas.ts";
import { ADMIN_PASSWORD, type RealRegion, startRealRegion } from "./test-support/region.ts";

let region: RealRegion;
let home: Home;
let env: Record<string, string>;
before(async () => {
  region = await startRealRegion();
  home = await newHome();
  env = { RACKWRIGHT_DATA: region.data };
});
after(async () => {
  await home?.[Symbol.asyncDispose]();
  await region?.[Symbol.asyncDispose]();
});

const host = (args: string[], more: Record<string, string> = {}, stdin = "") =>
  home.maas(args, { env: { ...env, ...more }, stdin });
const ok = async (args: string[], more: Record<string, string> = {}, stdin = "") => {
  const ran = await host(args, more, stdin);
  assert.equal(ran.code, 0, `${args.join(" ")}: ${ran.err}`);
  return ran.out;
};
const file = async (name: string, text: string) => {
  const path = join(home.path, name);
  await writeFile(path, text, { mode: 0o600 });
  return path;
};

test("login by key, by password from a file, the environment, a pipe and a terminal; list, refresh, logout", async () => {
  await ok(["login", "key", region.url, region.key]);
  await ok(["login", "stdin", region.url, "-"], {}, `${region.key}\n`);
  const password = await file("password", `${ADMIN_PASSWORD}\nanother line\n`);
  assert.match(await ok(["login", "file", region.url, "--username", "admin", "--password-file", password]), /'file'/);
  await ok(["login", "env", region.url, "--username=admin"], { RACKWRIGHT_PASSWORD: ADMIN_PASSWORD });
  await ok(["login", "pipe", region.url, "--username", "admin"], {}, `${ADMIN_PASSWORD}\n`);
  const typed = await home.maasOnTerminal(
    ["login", "typed", region.url, "--username", "admin"],
    [{ after: "Password: ", type: `${ADMIN_PASSWORD}\r` }],
  );
  assert.equal(typed.code, 0, typed.out);
  assert.ok(!typed.out.includes(ADMIN_PASSWORD));

  const lines = (await ok(["list"])).trim().split("\n");
  assert.deepEqual(
    lines.map((line) => line.split(" ")[0]),
    ["env", "file", "key", "pipe", "stdin", "typed"],
  );
  const keys = new Map(lines.map((line) => [line.split(" ")[0], line.split(" ")[2]]));
  assert.equal(keys.get("stdin"), region.key);
  assert.equal(keys.get("file"), keys.get("env"), "one key for this host, not one for each log in");
  assert.equal(keys.get("file"), keys.get("typed"));
  for (const name of ["key", "file"])
    assert.equal((JSON.parse(await ok([name, "users", "whoami"])) as { username: string }).username, "admin");
  assert.equal((await stat(join(home.path, ".maascli.db"))).mode & 0o777, 0o600);
  assert.equal(await ok(["refresh"]), "");
  for (const name of keys.keys()) assert.equal(await ok(["logout", name ?? ""]), "");
  assert.equal(await ok(["list"]), "");
});

test("a wrong password is exit code 1, and nothing is stored", async () => {
  const wrong = await host(["login", "wrong", region.url, "--username", "admin"], { RACKWRIGHT_PASSWORD: "guessed" });
  assert.deepEqual([wrong.code, wrong.out], [1, ""]);
  assert.match(wrong.err, /no log in as admin .*name or password are wrong/);
  assert.equal((await host(["login", "p", region.url, region.key, "--username", "admin"])).code, 2);
  assert.equal((await host(["login", "p", region.url, "--password-file", "/nowhere"])).code, 2);
  const missing = await host(["login", "p", region.url, "--username", "a", "--password-file", "/no/such"]);
  assert.match(missing.err, /\/no\/such cannot be read \(ENOENT\)/);
  const elsewhere = await host(["login", "p", region.url.replace("MAAS/", ""), "--username", "a"], {}, "x\n");
  assert.equal(elsewhere.code, 1);
  assert.match(elsewhere.err, /usually ends in \/MAAS/);
  assert.equal(await ok(["list"]), "");
});

test("apikey: show, generate, with a name, list, rename, delete", async () => {
  const shown = (await ok(["apikey", "--username", "admin"])).trim();
  assert.match(shown, /^[^:]+:[^:]+:[^:]+$/);
  const made = (await ok(["api-key", "--generate", "--username", "admin", "laptop"])).trim();
  assert.notEqual(made, shown);
  await ok(["login", "admin", region.url, made]);
  const names = async () =>
    (JSON.parse(await ok(["admin", "account", "list-authorisation-tokens"])) as { name: string; token: string }[])
      .filter(({ token }) => token === made)
      .map(({ name }) => name);
  assert.deepEqual(await names(), ["laptop"]);
  const listed = (await ok(["apikey", "--username", "admin", "--with-names"])).trim().split("\n");
  assert.ok(listed.includes(`${made} laptop`), listed.join("\n"));
  assert.ok(listed.some((each) => each.startsWith(`${shown} `)));
  assert.equal(await ok(["apikey", "--username", "admin", "--update", made, "desk"]), "");
  assert.deepEqual(await names(), ["desk"]);
  assert.equal(await ok(["apikey", "--username", "admin", "--delete", "-"], {}, `${made}\n`), "");
  const after = await host(["admin", "account", "list-authorisation-tokens"]);
  assert.deepEqual([after.code, after.out], [2, "Authorization Error: Invalid API key."]);
});

test("createadmin, changepassword, init: those people can log in, and with the new password alone", async () => {
  await ok(["createadmin", "--username", "ada", "--email", "ada@example.com"], { RACKWRIGHT_ADMIN_PASSWORD: "one" });
  const logIn = async (username: string, password: string) =>
    (await host(["login", "p", region.url, "--username", username], { RACKWRIGHT_PASSWORD: password })).code;
  assert.equal(await logIn("ada", "one"), 0);
  assert.equal(await ok(["changepassword", "ada", "--password-file", await file("new", "two\n")]), "");
  assert.deepEqual([await logIn("ada", "one"), await logIn("ada", "two")], [1, 0]);
  const differ = await home.maasOnTerminal(
    ["changepassword", "ada", "--data", region.data],
    [
      { after: "Password: ", type: "three\r" },
      { after: "Again: ", type: "four\r" },
    ],
  );
  assert.match(differ.out, /the two passwords differ: nothing was done/);
  assert.equal(await logIn("ada", "two"), 0);
  const source = ["createadmin", "--username", "eve", "--email", "e@example.com", "--ssh-import", "nonsense"];
  assert.match((await host(source, { RACKWRIGHT_ADMIN_PASSWORD: "x" })).err, /lp:NAME .* gh:NAME/);

  assert.equal(await ok(["init", "region+rack", "--skip-admin"]), "");
  const admin = ["--admin-username", "grace", "--admin-email", "grace@example.com"];
  assert.match(
    await ok(["init", "region", ...admin, "--admin-password-file", await file("third", "three\n")]),
    /^Administrator grace was made\. Log in: maas login grace/,
  );
  assert.equal(await logIn("grace", "three"), 0);
  const questions = (name: string, password: string) => [
    { after: "User name: ", type: `${name}\n` },
    { after: "E-mail address: ", type: `${name}@example.com\n` },
    { after: "Password: ", type: `${password}\r` },
    { after: "Again: ", type: `${password}\r` },
  ];
  const created = await home.maasOnTerminal(["createadmin", "--data", region.data], questions("hedy", "five"));
  assert.equal(created.code, 0, created.out);
  assert.equal(await logIn("hedy", "five"), 0);
  const asked = await home.maasOnTerminal(["init", "--data", region.data], questions("joan", "four"));
  assert.equal(asked.code, 0, asked.out);
  assert.ok(!asked.out.includes("four"));
  assert.equal(await logIn("joan", "four"), 0);
});

test("config shows the installation and turns the log; secrets only when they are asked for", async () => {
  const shown = await ok(["config"]);
  assert.match(shown, /^version: .*\ndata_dir: .*\n(.*\n)*database_migration: \d{4}-.*\n$/);
  assert.doesNotMatch(shown, /secret|pass/);
  const facts = JSON.parse(await ok(["config", "--parsable", "--show-secret", "--show-database-password"])) as Record<
    string,
    unknown
  >;
  assert.equal(facts["secret"], (await readFile(join(region.data, "rack-secret"), "utf8")).trim());
  assert.equal(facts["database_pass"], (await readFile(join(region.data, "postgres", "password"), "utf8")).trim());
  assert.equal(await ok(["config", "--disable-debugging"]), "");
  assert.match(await ok(["config", "--show"]), /^log_level: info$/m);
  assert.match(await ok(["config", "--enable-debugging", "--show"]), /^log_level: debug$/m);
});

test("changes and a machine's timeline are followed while they happen, and shown as a table", async () => {
  await ok(["login", "admin", region.url, region.key]);
  const made = await ok([
    ..."admin machines create hostname=followed architecture=amd64 power_type=manual".split(" "),
    "mac_addresses=02:00:00:00:08:01",
  ]);
  const { system_id: id } = JSON.parse(made) as { system_id: string };
  const follow = (...words: string[]) => {
    const child = spawn(launcher, ["admin", ...words, "--follow"], {
      env: { PATH: process.env["PATH"], HOME: home.path },
      stdio: ["ignore", "pipe", "inherit"],
    });
    let shown = "";
    child.stdout.on("data", (chunk: Buffer) => (shown += chunk.toString()));
    const saw = (what: RegExp) =>
      until(() => what.test(shown), { what: `${words.join(" ")} to show ${what}: ${shown}`, timeoutMs: 60_000 });
    return { child, saw };
  };
  const changes = follow("changes", "read", "after=0:0", "entity=tag,machine");
  const timeline = follow("machine", "timeline", id);
  try {
    await changes.saw(new RegExp(`create machine ${id}`));
    await timeline.saw(/Commissioning/);
    await ok(["admin", "tags", "create", "name=seen"]);
    await ok(["admin", "machine", "abort", id]);
    await changes.saw(/create tag /);
    await timeline.saw(/[Aa]bort/);
  } finally {
    for (const { child } of [changes, timeline]) {
      child.kill("SIGINT");
      await once(child, "exit");
    }
  }
  const table = await ok(["admin", "machines", "read", "--columns", "hostname,status_name,pool.name"]);
  assert.equal(table, "HOSTNAME  STATUS NAME  POOL.NAME\nfollowed  New          default\n");
});

test("what the product has not is refused with the reason, or is as it is", async () => {
  const refused: [string, RegExp][] = [
    ["config --enable-tls", /serves no TLS .*proxy/],
    ["config --database-uri postgres://h/d", /RACKWRIGHT_DATABASE_URI=.* script\/up/],
    ["config --maas-url http://h/MAAS", /script\/up --host and --port/],
    ["configauth --rbac-url http://h", /this region's own/],
    ["configauth --candid-agent-file f", /this region's own/],
    ["config-tls enable key.pem cert.pem", /TLS was not enabled: .*proxy/],
    ["configtls enable key.pem cert.pem --port 5443", /TLS was not enabled/],
    ["config-vault configure http://vault a b c d --mount m", /Vault was not set up/],
    ["config-vault migrate", /secret\.key/],
    ["msm enrol http://manager token", /a product of its own/],
    ["init rack --maas-url http://h/MAAS", /--maas-url is not taken: .*script\/rack --region/],
    ["init rack", /script\/rack --region URL --secret-file FILE/],
    ["init nonsense", /nonsense is no mode/],
  ];
  for (const [line, why] of refused) {
    const ran = await host(line.split(" "));
    assert.deepEqual([ran.code, ran.out], [2, ""], line);
    assert.match(ran.err, why, line);
  }
  const answered: [string, RegExp][] = [
    ["config-tls disable", /^$/],
    ["config-vault status", /^status: disabled\n$/],
    ["msm status", /^Not enrolled\.\n$/],
    ["configauth", /^Users: .*passwords and API keys/],
    ["configauth --json", /^\{"external_auth_url":""/],
    ["migrate", /has all \d+ migrations; the newest is \d{4}-/],
    ["migrate --check", /^$/],
    ["status", /"database": "ok"/],
  ];
  for (const [line, said] of answered) assert.match(await ok(line.split(" ")), said, line);
});

test("without a region on this host each of them says so, and how one is started", async () => {
  const nowhere = { RACKWRIGHT_DATA: home.path };
  const lines = ["status", "config", "migrate", "configauth", "apikey --username a", "changepassword a"];
  for (const line of lines) {
    const ran = await host(line.split(" "), nowhere, "password\n");
    assert.equal(ran.code, 2, line);
    assert.match(ran.err, /there is no .*admin\.sock: run this on the region's host/, line);
  }
  assert.match((await host(["init", "region", "--skip-admin"], nowhere)).err, /started with script\/up --no-rack;/);
});

test("-h of every command is exit code 0 and names all its options", async () => {
  const { builtins } = await import("./builtins.ts");
  for (const { name, load } of builtins) {
    const { spec } = await load();
    for (const words of [
      [name, "-h"],
      [name, "--help"],
      ["help", name],
    ]) {
      const out = await ok(words);
      assert.ok(out.startsWith(`usage: maas ${name} [-h]`), out);
      for (const option of Object.keys(spec.options)) assert.ok(out.includes(`--${option}`), `${name} ${option}`);
    }
  }
});

test("no secret is among the arguments of a process that waits for it, or in the region's log", async () => {
  const child = spawn(launcher, ["login", "waits", region.url, "--username", "admin"], {
    env: { PATH: process.env["PATH"], HOME: home.path, RACKWRIGHT_DATA: region.data },
  });
  try {
    const commandLine = async () => readFile(`/proc/${child.pid}/cmdline`, "utf8");
    // The launcher has become the program itself: one process, no shell that keeps words.
    await until(async () => (await commandLine()).includes("apps/cli/src/main.ts"), {
      what: "the program to run",
      timeoutMs: 20_000,
    });
    assert.ok(!(await commandLine()).includes(ADMIN_PASSWORD));
    assert.ok(child.stdin.write(`${ADMIN_PASSWORD}\n`));
    const [code] = await once(child, "close");
    assert.equal(code, 0);
  } finally {
    child.kill("SIGKILL");
  }
  const [, , secret = "none"] = region.key.split(":");
  const log = region.log();
  assert.ok(log.length > 0);
  for (const word of [ADMIN_PASSWORD, secret]) assert.ok(!log.includes(word), "the log holds a secret");
});
