/**
 * The program that machines run whose system is in use, as the region serves it: run on this very host, which it registers and reports with
 * the scripts that only look. Everything of it lies in a directory that goes with the test.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { totalmem, tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { resultViews } from "@rackwright/db/script-result-views";
import { hardwareSyncFiles } from "@rackwright/domain/deploy/hardware-sync";
import { scriptStatusLabel } from "@rackwright/domain/scripts/status";
import { registerBuiltinScripts } from "../app/scripts.ts";
import { nodeToken } from "../auth/tokens.ts";
import { plaintextHeader } from "../testing/request.ts";
import { machineRow, statusOf } from "../testing/machines.ts";
import { type TestRegion, testRegion } from "../testing/region.ts";

// oxlint-disable-next-line typescript/no-explicit-any
type Json = any;

let t: TestRegion;
let directory: string;
let url: string;
before(async () => {
  t = await testRegion();
  url = `${t.url}/MAAS`;
  await registerBuiltinScripts(t.region, t.region.machineFiles.scriptsDirectory);
  directory = await mkdtemp(join(tmpdir(), "rackwright-running-"));
  await mkdir(join(directory, "tmp"));
  const { text } = await t.request(null, "GET", "/MAAS/maas-run-scripts");
  await writeFile(join(directory, "maas-run-scripts"), text);
  await chmod(join(directory, "maas-run-scripts"), 0o755);
});
after(async () => {
  await t?.close();
  if (directory) await rm(directory, { recursive: true, force: true });
});

interface Ran {
  status: number;
  stdout: string;
  stderr: string;
}

function execute(command: string, args: string[]): Promise<Ran> {
  const options = { cwd: directory, env: { ...process.env, TMPDIR: join(directory, "tmp") }, timeout: 300_000 };
  return new Promise((resolve) => {
    execFile(command, args, options, (error, stdout, stderr) =>
      resolve({ status: error === null ? 0 : Number(error.code ?? -1), stdout, stderr }),
    );
  });
}
const helper = (...args: string[]) => execute("./maas-run-scripts", args);
const machinesNamed = async (name: string) =>
  (await t.db.kysely.selectFrom("node").select("id").where("hostname", "=", name).execute()).length;

/** What nothing may change: packages that are installed, and addresses of the host. */
async function hostState(): Promise<string[]> {
  const states = await Promise.all([
    execute("dpkg-query", ["-W"]),
    execute("ip", ["-o", "link", "show", "lo"]),
    execute("ip", ["-o", "address", "show", "dev", "lo"]),
  ]);
  return states.map(({ status, stdout }) => `${status} ${stdout}`);
}

test("this host is registered with a name alone, and reports what it is made of", async () => {
  const untouched = await hostState();
  const registered = await helper("register-machine", "--hostname", "mymachine", url, t.admin.key);
  assert.equal(registered.status, 0, registered.stderr);
  const systemId = registered.stdout.trim().split("\n").at(-1) ?? "";
  const creds = await readFile(join(directory, "mymachine-creds.yaml"), "utf8");
  assert.match(
    creds,
    /^reporting:\n {2}maas:\n {4}consumer_key: "\w+"\n {4}endpoint: "\S+"\n {4}token_key: "\w+"\n {4}token_secret: "\w+"\n$/,
  );
  assert.ok(creds.includes(`endpoint: "${url}/metadata/status/${systemId}"`));
  assert.equal((await stat(join(directory, "mymachine-creds.yaml"))).mode & 0o777, 0o600);
  const shown = async () => (await t.request(t.admin, "GET", `machines/${systemId}/`)).json as Json;
  const empty = await shown();
  assert.deepEqual([empty.status_name, empty.cpu_count, empty.memory, empty.storage], ["Deployed", 0, 0, 0]);

  const reported = await helper("report-results", "--config", "mymachine-creds.yaml", "--debug");
  assert.equal(reported.status, 0, reported.stderr);
  const full = await shown();
  assert.equal(full.status_name, "Deployed");
  assert.ok(full.cpu_count >= 1, String(full.cpu_count));
  // Of the kernel's memory the report counts what is installed, Node what the kernel was left.
  assert.ok(full.memory >= Math.floor(totalmem() / 2 ** 20 / 2), String(full.memory));
  assert.match(full.architecture, /^(amd64|arm64|ppc64el|s390x|i386)\/generic$/);
  const { commissioning_set_id: setId } = await machineRow(t, systemId);
  const results = await resultViews(t.db.kysely, [setId ?? 0]);
  const outcomes = new Map(results.map((r) => [r.name, scriptStatusLabel[r.status]]));
  assert.equal(outcomes.size, 6);
  // It is not installed for them: a host without it says so.
  const lshw = (await execute("sh", ["-c", "command -v lshw"])).status === 0;
  for (const [name, outcome] of outcomes)
    assert.equal(outcome, name === "maas-lshw" && !lshw ? "Failed" : "Passed", `${name}\n${reported.stderr}`);
  if (!lshw) assert.match(reported.stdout, /failed: maas-lshw/);

  assert.equal((await helper("report-results", "--config", "mymachine-creds.yaml")).status, 0, "again and again");
  assert.equal(await statusOf(t, systemId), "deployed");
  assert.deepEqual(await hostState(), untouched);
  assert.deepEqual(await readdir(join(directory, "tmp")), [], "what was fetched is gone");
  assert.deepEqual((await readdir(directory)).toSorted(), ["maas-run-scripts", "mymachine-creds.yaml", "tmp"]);
  // Its cards are the next machine's.
  assert.equal((await t.request(t.admin, "DELETE", `machines/${systemId}/`)).status, 204);
});

test("a machine that was added by the API: its token, in a file written by hand, opens the same", async () => {
  const created = await t.request(t.admin, "POST", "machines/", {
    form: {
      deployed: "true",
      hostname: "byhand",
      architecture: "amd64",
      mac_addresses: "00:16:3e:df:35:bb",
      power_type: "manual",
    },
  });
  const { system_id: systemId } = created.json as Json;
  const token = (await t.request(t.admin, "GET", `machines/${systemId}/`, { query: { op: "get_token" } })).json as Json;
  const maas = { ...token, endpoint: `${url}/metadata/status/${systemId}` };
  const lines = Object.entries(maas).map(([key, value]) => `    ${key}: ${String(value)}\n`);
  await writeFile(join(directory, "byhand.yaml"), `reporting:\n  maas:\n${lines.join("")}`);
  const reported = await helper("report-results", "--config", "byhand.yaml");
  assert.equal(reported.status, 0, reported.stderr);
  assert.ok((await machineRow(t, systemId)).memory_mib > 0);

  const fetched = await helper("get-machine-token", url, t.admin.key, systemId);
  assert.equal(fetched.status, 0, fetched.stderr);
  assert.ok(fetched.stdout.includes(token.token_secret));

  const node = {
    consumerKey: token.consumer_key,
    tokenKey: token.token_key,
    tokenSecret: token.token_secret,
    name: "",
  };
  const message = { event_type: "start", origin: "test", name: "x", description: "signed" };
  const signed = await fetch(maas.endpoint, {
    method: "POST",
    headers: { authorization: plaintextHeader(node, { timestamp: Math.floor(Date.now() / 1000) }) },
    body: JSON.stringify(message),
  });
  assert.equal(signed.status, 204);

  await t.request(t.admin, "POST", `machines/${systemId}/`, { query: { op: "release" } });
  const late = await helper("report-results", "--config", "byhand.yaml");
  assert.notEqual(late.status, 0);
  assert.match(late.stderr, /^maas-run-scripts: Cannot fetch .*403.*no longer.*\n$/);
});

test("what the timer starts fetches the program from the region and reports by it", async () => {
  const made = await t.request(t.admin, "POST", "machines/", { form: { deployed: "true", enable_hw_sync: "true" } });
  const { system_id: systemId } = made.json as Json;
  const { id } = await machineRow(t, systemId);
  const token = await nodeToken(t.region, id);
  assert.ok(token);
  const files = hardwareSyncFiles(token, url, systemId, 600);
  const content = (path: string) => files.find((file) => file.path === path)?.content ?? "";
  const creds = "/etc/maas/maas-machine-creds.yml";
  // The paths of an installed system are none of this host's.
  await writeFile(join(directory, "creds.yml"), content(creds));
  const program = content("/usr/local/sbin/maas-hardware-sync").replaceAll(creds, join(directory, "creds.yml"));
  await writeFile(join(directory, "maas-hardware-sync"), program);
  const ran = await execute("sh", ["maas-hardware-sync"]);
  assert.equal(ran.status, 0, ran.stderr);
  const { last_sync, sync_silent } = await machineRow(t, systemId);
  assert.ok(last_sync !== null && !sync_silent, ran.stdout);
  assert.deepEqual(await readdir(join(directory, "tmp")), []);
});

test("what is wrong is said in one line, with an exit code that is not 0", async () => {
  const wrong = async (expected: RegExp, args: string[]) => {
    const { status, stdout, stderr } = await helper(...args);
    assert.notEqual(status, 0, stdout);
    assert.match(stderr, expected);
    assert.equal(stderr.trim().split("\n").length, 1, stderr);
  };
  const register = ["register-machine", "--hostname", "wrong"];
  await wrong(/401/, [...register, url, t.admin.key.replace(/.$/, "_")]);
  await wrong(/three parts/, [...register, url, "no-key"]);
  await wrong(/Cannot register wrong.*refused/, [...register, "http://127.0.0.1:9/MAAS", t.admin.key]);
  await wrong(/404|JSON/, [...register, `${t.url}/elsewhere`, t.admin.key]);
  await wrong(/No such file/, ["report-results", "--config", "absent.yaml"]);
  assert.equal(await machinesNamed("wrong"), 0);
  await wrong(/registered as \w+, but.*403.*administrator/, [
    "register-machine",
    "--hostname",
    "plain",
    url,
    t.user.key,
  ]);
});

test("the shell's prompt, copied with the command, registers nothing", async () => {
  const line = `./maas-run-scripts register-machine --hostname slipped > ${url} ${t.admin.key}`;
  const { status } = await execute("sh", ["-c", line]);
  assert.notEqual(status, 0);
  assert.equal(await machinesNamed("slipped"), 0);
  const quoted = await helper("register-machine", ">", url);
  assert.match(quoted.stderr, /shell's prompt/);
});
