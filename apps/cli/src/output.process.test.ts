/** --output, --columns, hints for people, and lists that go on. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { type ApiServer, KEY, startApiServer } from "./test-support/api-server.ts";
import { type Home, launcher, newHome } from "./test-support/maas.ts";

async function loggedIn(body: (bench: { api: ApiServer; home: Home }) => Promise<void>): Promise<void> {
  await using api = await startApiServer();
  await using home = await newHome();
  assert.equal((await home.maas(["login", "admin", api.url, KEY])).code, 0);
  await body({ api, home });
}

const MACHINES = '[\n    {"system_id": "abc123", "hostname": "one", "tags": ["a", "b"]}\n]';

test("a pipe gets the server's bytes unless a format is asked for, whatever a person has chosen for terminals", () =>
  loggedIn(async ({ api, home }) => {
    api.answers["GET /MAAS/api/2.0/machines/"] = { body: MACHINES };
    const read = async (...more: string[]) =>
      (await home.maas(["admin", "machines", "read", ...more], { env: { RACKWRIGHT_OUTPUT: "table" } })).out;
    assert.equal(await read(), MACHINES);
    assert.equal(await read("--output", "json"), `${JSON.stringify(JSON.parse(MACHINES), null, 2)}\n`);
    assert.equal(await read("--output=yaml"), "- system_id: abc123\n  hostname: one\n  tags:\n    - a\n    - b\n");
    assert.equal(await read("--output", "table"), "SYSTEM ID  HOSTNAME\nabc123     one\n");
    assert.equal(await read("--columns", "tags,hostname"), "TAGS  HOSTNAME\na,b   one\n");
    api.answers["POST /MAAS/api/2.0/account/prefs/sshkeys/?op=import"] = { body: '[{"id": 1}]' };
    const imported = await home.maas(["admin", "sshkeys", "import", "gh:ada", "--output=yaml"]);
    assert.equal(imported.out, "- id: 1\n");
  }));

test("on a terminal the announcement and the body, unless a format is asked for or chosen", () =>
  loggedIn(async ({ api, home }) => {
    api.answers["GET /MAAS/api/2.0/machines/"] = { body: MACHINES };
    const shown = async (args: string[], env = {}) =>
      (await home.maasOnTerminal(["admin", "machines", "read", ...args], [], env)).out.replaceAll("\r\n", "\n");
    assert.equal(await shown([]), `Success.\nMachine-readable output follows:\n${MACHINES}\n`);
    assert.equal(await shown(["--output", "table"]), "SYSTEM ID  HOSTNAME\nabc123     one\n");
    assert.equal(await shown([], { RACKWRIGHT_OUTPUT: "table" }), "SYSTEM ID  HOSTNAME\nabc123     one\n");
    assert.match(await shown([], { RACKWRIGHT_OUTPUT: "tabel" }), /RACKWRIGHT_OUTPUT tabel .*did you mean table\?/);
  }));

test("errors and what is no JSON are printed as they are in every format", () =>
  loggedIn(async ({ api, home }) => {
    api.answers["GET /MAAS/api/2.0/machines/"] = { status: 409, body: '{"a": ["b"]}' };
    const failed = await home.maas(["admin", "machines", "read", "--output", "table"]);
    assert.deepEqual([failed.code, failed.out], [2, '{"a": ["b"]}']);
    api.answers["GET /MAAS/api/2.0/machines/"] = { type: "text/plain", body: "OK" };
    assert.equal((await home.maas(["admin", "machines", "read", "--output", "yaml"])).out, "OK");
  }));

test("slips in options are exit code 2 with what was meant; in parameters, people are told", () =>
  loggedIn(async ({ api, home }) => {
    const wrong: [args: string[], said: RegExp][] = [
      [["--outptu", "yaml"], /unknown option --outptu; did you mean --output\?/],
      [["--output", "ymal"], /--output ymal is no format: json, yaml, table; did you mean yaml\?/],
      [["--output"], /--output needs a value: FORMAT/],
      [["--debug=1"], /unknown option --debug=1/],
      [["--columns", ","], /--columns names no column/],
    ];
    api.asked.length = 0;
    for (const [args, said] of wrong) {
      const { code, err } = await home.maas(["admin", "machines", "read", ...args]);
      assert.equal(code, 2, err);
      assert.match(err, said);
    }
    assert.equal(api.asked.length, 0);
    const slip = ["admin", "machine", "deploy", "abc123", "distro_serie=jammy"];
    const told = await home.maasOnTerminal(slip);
    assert.match(told.out, /documents no parameter distro_serie; did you mean distro_series\?/);
    assert.deepEqual(await home.maas(slip).then(({ code, err }) => [code, err]), [0, ""]);
  }));

test("changes read --follow prints a line for each change, from the place of the last one", () =>
  loggedIn(async ({ api, home }) => {
    const path = "GET /MAAS/api/2.0/changes/?entity=machine";
    const change = (id: string, kind: string) => ({
      id,
      at: "2026-06-01T10:00:00Z",
      kind,
      entity: "machine",
      entity_id: "abc123",
      payload: kind === "update" ? { status: "a\u009bb" } : {},
    });
    const page = (next: string, ...changes: object[]) => ({ body: JSON.stringify({ changes, next }) });
    api.answers[path] = page("1:1");
    api.answers[`${path}&after=1%3A1`] = page("1:3", change("1:2", "create"), change("1:3", "update"));
    api.answers[`${path}&after=1%3A3`] = page("1:3");
    const child = spawn(launcher, ["admin", "changes", "read", "entity=machine", "--follow"], {
      env: { ...process.env, HOME: home.path },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const ended = once(child, "exit");
    const shown: string[] = [];
    for await (const line of createInterface(child.stdout)) if (shown.push(line) === 2) break;
    child.kill("SIGINT");
    assert.deepEqual(await ended, [1, null]);
    assert.deepEqual(shown, [
      "2026-06-01 10:00:00 create machine abc123",
      '2026-06-01 10:00:00 update machine abc123 {"status":"a b"}',
    ]);
  }));

test("changes stream hands events on as they come", () =>
  loggedIn(async ({ api, home }) => {
    api.answers["GET /MAAS/api/2.0/changes/?op=stream"] = {
      type: "text/event-stream",
      body: "id: 1:2\nevent: change\ndata: {}\n\n",
      isOpen: true,
    };
    const child = spawn(launcher, ["admin", "changes", "stream"], {
      env: { ...process.env, HOME: home.path },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const ended = once(child, "exit");
    const [first] = (await Promise.race([once(child.stdout, "data"), ended])) as [Buffer];
    assert.equal(first.toString(), "id: 1:2\nevent: change\ndata: {}\n\n");
    child.kill("SIGINT");
    assert.deepEqual(await ended, [1, null]);
    api.answers["GET /MAAS/api/2.0/changes/?op=stream"] = { status: 409, type: "text/plain", body: "too many" };
    assert.deepEqual(await home.maas(["admin", "changes", "stream"]).then(({ code, out }) => [code, out]), [
      2,
      "too many",
    ]);
  }));
