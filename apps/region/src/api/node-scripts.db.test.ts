import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { registerBuiltinScripts } from "../app/scripts.ts";
import { type TestRegion, testRegion } from "../testing/region.ts";
import type { RequestOptions } from "../testing/request.ts";

let t: TestRegion;
before(async () => {
  t = await testRegion();
  t.clock.set(new Date("2026-03-01T10:00:00Z"));
  await registerBuiltinScripts(t.region, t.region.machineFiles.scriptsDirectory);
});
after(() => t?.close());

interface Revision {
  id: number;
  comment: string | null;
  created: string;
  data?: string;
}
interface Shown {
  id: number;
  name: string;
  tags: string[];
  history: Revision[];
  [key: string]: unknown;
}

const example = `#!/bin/bash
#
# --- Start MAAS 1.0 script metadata ---
# name: 50-script-example
# title: Example
# description: Just an example
# script_type: commissioning
# tags: noauto
# --- End MAAS 1.0 script metadata ---
echo hello
`;
const upload = (content: string | Uint8Array, more: Record<string, string> = {}): RequestOptions => ({
  multipart: { ...more, script: { filename: "script", content } },
});
const create = (content: string | Uint8Array, more?: Record<string, string>, who = t.admin) =>
  t.request(who, "POST", "/scripts/", upload(content, more));
async function made(content: string, more?: Record<string, string>): Promise<Shown> {
  const reply = await create(content, more);
  assert.equal(reply.status, 200, reply.text);
  return reply.json as Shown;
}
const read = async (name: string, query = {}) =>
  (await t.request(t.user, "GET", `/scripts/${name}`, { query })).json as Shown;

test("a script's own metadata make the script (S0-010..S0-015)", async () => {
  const shown = await made(example);
  const { id, history, ...rest } = shown;
  assert.deepEqual(rest, {
    name: "50-script-example",
    title: "Example",
    description: "Just an example",
    tags: ["noauto", "node"],
    hardware_type: 0,
    parallel: 0,
    results: {},
    parameters: {},
    packages: {},
    timeout: "0:00:00",
    destructive: false,
    default: false,
    for_hardware: [],
    may_reboot: false,
    recommission: false,
    apply_configured_networking: false,
    type: 0,
    type_name: "Commissioning script",
    hardware_type_name: "Node",
    parallel_name: "Disabled",
    resource_uri: "/MAAS/api/2.0/scripts/50-script-example",
  });
  assert.deepEqual(history, [{ id: history[0]?.id, comment: null, created: "Sun, 01 Mar 2026 10:00:00 -0000" }]);
  assert.deepEqual(await read(String(id)), shown);
});

test("the packages that it needs may be stated beside it, and changed", async () => {
  const form = { name: "needs-jq", script: "#!/bin/sh\n", packages: '{"apt": "jq"}' };
  const made = await t.request(t.admin, "POST", "/scripts/", { form });
  assert.equal(made.status, 200, made.text);
  assert.deepEqual((made.json as { packages: unknown }).packages, { apt: ["jq"] });
  const put = (packages: string) => t.request(t.admin, "PUT", "/scripts/needs-jq", { form: { packages } });
  assert.deepEqual(((await put('{"snap": ["foo"]}')).json as { packages: unknown }).packages, { snap: ["foo"] });
  assert.deepEqual(((await put("{}")).json as { packages: unknown }).packages, {});
});

test("what is missing, wrong, taken or stated twice is refused on its field (S0-110..S0-112)", async () => {
  const cases: [string | Uint8Array, Record<string, string>, string, RegExp][] = [
    ["echo no interpreter", { name: "a" }, "script", /interpreter/],
    ["#!/bin/sh\n", {}, "name", /required/],
    ["#!/bin/sh\n", { name: "50-script-example" }, "name", /already exists/],
    ["#!/bin/sh\n", { name: "123" }, "name", /number/],
    ["#!/bin/sh\n", { name: "NONE" }, "name", /reserved/],
    ["#!/bin/sh\n", { name: "../evil" }, "name", /no name/],
    [example, { name: "other" }, "name", /itself states "50-script-example"/],
    [example, { type: "testing" }, "script_type", /itself states 0/],
    ["#!/bin/sh\n", { name: "a", timeout: "soon" }, "timeout", /no time/],
    ["#!/bin/sh\n", { name: "a", for_hardware: "gpu:1" }, "for_hardware", /names no hardware/],
    ["#!/bin/sh\n", { name: "a", type: "strange" }, "type", /not one of/],
    ["#!/bin/sh\n", { name: "a", packages: "jq" }, "packages", /JSON/],
    ["#!/bin/sh\n", { name: "a", packages: '{"pip": "x"}' }, "packages", /not one of apt, snap, url/],
    [example.replace("# title: Example", "title: Example"), {}, "script", /Line 5/],
    [example.replace("tags: noauto", "parameters: {x: {type: file}}"), {}, "parameters", /Line 8: x: its type/],
    [example.replace(/# --- End.*\n/, ""), {}, "script", /Line 3 begins metadata that do not end/],
  ];
  for (const [content, more, field, message] of cases) {
    const reply = await create(content, more);
    assert.equal(reply.status, 400, reply.text);
    assert.match((reply.json as Record<string, string[]>)[field]?.[0] ?? "", message, reply.text);
  }
  const none = await t.request(t.admin, "POST", "/scripts/", { form: { name: "nothing" } });
  assert.deepEqual([none.status, none.json], [400, { script: ["This field is required."] }]);
  assert.equal((await create("#!/bin/sh\n", { name: "u" }, t.user)).status, 403);
});

test("name, script and type by form; tags and timeout win over the metadata (S0-113, S0-114)", async () => {
  assert.equal((await made("#!/bin/sh\n", { name: "plain-test" }))["type_name"], "Testing script");
  const shown = await made(example.replace("50-script-example", "form-wins"), { tags: "mine", timeout: "00:02:00" });
  assert.deepEqual([shown.tags, shown["timeout"]], [["mine", "node"], "0:02:00"]);
  const disk = await made("#!/bin/sh\n", {
    name: "disk-test",
    hardware_type: "disk",
    destructive: "true",
    tags: "cpu,x",
  });
  assert.deepEqual(disk.tags, ["destructive", "storage", "x"], "tags follow the fields that they speak of");
});

test("lists by type, hardware and words (S0-115..S0-117, S0-109)", async () => {
  const list = async (query: Record<string, string>) => {
    const reply = await t.request(t.user, "GET", "/scripts/", { query });
    assert.equal(reply.status, 200, reply.text);
    return reply.json as Shown[];
  };
  const all = await list({});
  assert.ok(all.some((s) => s.name === "smartctl-validate" && s["default"] === true));
  assert.ok((await list({ type: "testing" })).every((s) => s["type"] === 2));
  assert.ok((await list({ type: "test", filters: "cpu" })).every((s) => s.tags.includes("cpu")));
  assert.deepEqual(
    (await list({ filters: "plain-test,disk-test" })).map((s) => s.name),
    ["disk-test", "plain-test"],
  );
  assert.ok((await list({ hardware_type: "disk" })).every((s) => s["hardware_type"] === 3));
  const [withText] = await list({ filters: "plain-test", include_script: "true" });
  assert.equal(Buffer.from(withText?.history[0]?.data ?? "", "base64").toString(), "#!/bin/sh\n");
  assert.equal((await t.request(t.user, "GET", "/scripts/", { query: { type: "odd" } })).status, 400);
});

test("a new text is a new version; title and comment change too (S0-118..S0-123)", async () => {
  await made("#!/bin/sh\necho 1\n", { name: "versions" });
  const put = (options: RequestOptions) => t.request(t.admin, "PUT", "/scripts/versions", options);
  assert.equal(((await put({ form: { title: "x" } })).json as Shown)["title"], "x");
  await put(upload("#!/bin/sh\necho 2\n", { comment: "second" }));
  const shown = (await put(upload("#!/bin/sh\r\necho 3\r\n", { comment: "third" }))).json as Shown;
  assert.deepEqual(
    shown.history.map((h) => h.comment),
    ["third", "second", null],
  );
  assert.deepEqual(Object.keys(shown.history[0] ?? {}).sort(), ["comment", "created", "id"]);
  const download = (query = {}) =>
    t.request(t.user, "GET", "/scripts/versions", { query: { op: "download", ...query } });
  const newest = await download();
  assert.deepEqual([newest.text, newest.headers["content-type"]], ["#!/bin/sh\necho 3\n", "application/binary"]);
  assert.equal((await download({ revision: shown.history[1]?.id })).text, "#!/bin/sh\necho 2\n");
  assert.equal((await download({ revision: 999_999 })).status, 400);
  assert.equal((await put({ form: { comment: "about nothing" } })).status, 400);
  const metadata = upload(
    example.replace("50-script-example", "versions").replace("tags: noauto", "tags: late\n# timeout: 60"),
  );
  const updated = (await put(metadata)).json as Shown;
  assert.deepEqual(
    [updated["title"], updated.tags, updated["timeout"]],
    ["Example", ["node"], "0:00:00"],
    "tags and timeout count at creation only",
  );
});

test("going back forgets what came after (S0-124..S0-126)", async () => {
  const first = await made("#!/bin/sh\necho 1\n", { name: "back" });
  for (const n of [2, 3, 4]) await t.request(t.admin, "PUT", "/scripts/back", upload(`#!/bin/sh\necho ${n}\n`));
  const revert = (form: Record<string, string | number>) =>
    t.request(t.admin, "POST", "/scripts/back", { query: { op: "revert" }, form });
  const one = (await revert({ to: -1 })).json as Shown;
  assert.equal(one.history.length, 3);
  const text = async () => (await t.request(t.user, "GET", "/scripts/back", { query: { op: "download" } })).text;
  assert.equal(await text(), "#!/bin/sh\necho 3\n");
  assert.equal((await revert({ to: first.history[0]?.id ?? 0 })).status, 200);
  assert.equal(await text(), "#!/bin/sh\necho 1\n");
  assert.equal((await read("back")).history.length, 1);
  for (const form of [{ to: 999_999 }, { to: -1 }, {}])
    assert.equal((await revert(form as Record<string, number>)).status, 400);
});

test("tags come and go (S0-131..S0-134)", async () => {
  await made("#!/bin/sh\n", { name: "tagged" });
  const tag = (op: string, form: Record<string, string>) =>
    t.request(t.admin, "POST", "/scripts/tagged", { query: { op }, form });
  assert.deepEqual(((await tag("add_tag", { tag: "group" })).json as Shown).tags, ["group", "node"]);
  assert.deepEqual(((await tag("add_tag", { tag: "group" })).json as Shown).tags, ["group", "node"]);
  assert.deepEqual(((await tag("remove_tag", { tag: "group" })).json as Shown).tags, ["node"]);
  for (const op of ["add_tag", "remove_tag"])
    assert.deepEqual((await tag(op, {})).json, { tag: ["This field is required."] }, op);
  assert.equal((await tag("remove_tag", {})).status, 400);
  assert.equal((await tag("add_tag", { tag: "a,b" })).status, 400);
});

test("built-in scripts can be read and tagged, and nothing else (S0-108, S0-128)", async () => {
  const request = (method: string, options: RequestOptions = {}) =>
    t.request(t.admin, method, "/scripts/memtester", options);
  assert.match((await request("GET", { query: { op: "download" } })).text, /^#!\/.*[\s\S]*memtester/);
  assert.equal((await request("DELETE")).status, 400);
  assert.equal((await request("PUT", { form: { title: "mine" } })).status, 400);
  assert.equal((await request("PUT", upload("#!/bin/sh\n"))).status, 400);
  assert.equal((await request("POST", { query: { op: "revert" }, form: { to: -1 } })).status, 400);
  const changed = (await request("PUT", { form: { tags: "mine", timeout: "90" } })).json as Shown;
  assert.deepEqual([changed.tags, changed["timeout"]], [["memory", "mine"], "0:01:30"]);
  await registerBuiltinScripts(t.region, t.region.machineFiles.scriptsDirectory);
  const kept = await read("memtester");
  assert.deepEqual(
    [kept.tags, kept["timeout"], kept.history.length],
    [["memory", "mine"], "0:01:30", 1],
    "what the operator chose stays",
  );
});

test("a deleted script is gone (S0-128)", async () => {
  await made("#!/bin/sh\n", { name: "gone" });
  assert.equal((await t.request(t.user, "DELETE", "/scripts/gone")).status, 403);
  assert.equal((await t.request(t.admin, "DELETE", "/scripts/gone")).status, 204);
  assert.equal((await t.request(t.user, "GET", "/scripts/gone")).status, 404);
  assert.equal((await t.request(null, "GET", "/scripts/")).status, 401);
});

test("whoever adds, changes or deletes a script is in the audit log", async () => {
  const name = "50-script-audited";
  await made(example.replace("50-script-example", name));
  await t.request(t.admin, "PUT", `/scripts/${name}`, { form: { title: "Another" } });
  await t.request(t.admin, "POST", `/scripts/${name}`, { query: { op: "add_tag" }, form: { tag: "red" } });
  await t.request(t.admin, "POST", `/scripts/${name}`, { query: { op: "remove_tag" }, form: { tag: "red" } });
  await t.request(t.admin, "DELETE", `/scripts/${name}`);
  const reply = await t.request(t.admin, "GET", "/events/", { query: { op: "query", level: "AUDIT" } });
  const { events } = reply.json as { events: { username: string; description: string }[] };
  assert.deepEqual(
    events.filter((e) => e.description.includes(name)).map((e) => [e.username, e.description]),
    [
      ["admin", `Deleted script '${name}'.`],
      ["admin", `Took tag 'red' off script '${name}'.`],
      ["admin", `Added tag 'red' to script '${name}'.`],
      ["admin", `Changed script '${name}'.`],
      ["admin", `Added script '${name}'.`],
    ],
  );
});
