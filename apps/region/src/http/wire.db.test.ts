/** What clients rely on beneath the resources: where `op` may stand, types, statuses and words of replies. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { api20 } from "@rackwright/contract/versions";
import { parse } from "yaml";
import { type TestRegion, testRegion } from "../testing/region.ts";

let t: TestRegion;
before(async () => {
  t = await testRegion();
});
after(() => t?.close());

const API = "/MAAS/api/2.0";
const username = (reply: { json: unknown }) => (reply.json as { username?: string }).username;

test("op is found in the query, in a form, in JSON and in the path", async () => {
  assert.equal(username(await t.request(t.user, "GET", "/users/", { query: { op: "whoami" } })), "user");
  assert.equal(username(await t.request(t.user, "GET", "/users/op-whoami")), "user");
  assert.equal(username(await t.request(t.user, "GET", "/users/op-whoami/")), "user");
  for (const body of [
    { form: { op: "create_authorisation_token", name: "form" } },
    { json: { op: "create_authorisation_token", name: "json" } },
    { multipart: { op: "create_authorisation_token", name: "multipart" } },
  ])
    assert.equal((await t.request(t.user, "POST", "/account/", body)).status, 200, JSON.stringify(body));
});

test("an empty op means none, as Go clients send it", async () => {
  const reply = await t.request(t.user, "GET", "/users/?op=");
  assert.ok(Array.isArray(reply.json));
});

test("an op that there is not, and a method without op, are 400 in the words that clients know", async () => {
  const unknown = await t.request(t.user, "GET", "/machines/", { query: { op: "dance" } });
  assert.deepEqual([unknown.status, unknown.text], [400, "Unrecognised signature: method=GET op=dance"]);
  const other = await t.request(t.user, "POST", "/users/", { query: { op: "whoami" } });
  assert.deepEqual([other.status, other.text], [400, "Unrecognised signature: method=POST op=whoami"]);
  assert.match(unknown.headers["content-type"] ?? "", /^text\/plain/);
  const none = await t.request(t.user, "POST", "/account/");
  assert.deepEqual([none.status, none.text], [400, "Unrecognised signature: method=POST op=None"]);
});

test("a method that a resource has nothing for is 405 with those that it has", async () => {
  const reply = await t.request(t.user, "PUT", "/users/");
  assert.equal(reply.status, 405);
  assert.equal(reply.headers.allow, "GET, POST");
});

test("every reply has a Content-Type and the hash, 204 too", async () => {
  const made = (await t.request(t.user, "POST", "/account/", { query: { op: "create_authorisation_token" } })).json;
  const form = { token_key: (made as { token_key: string }).token_key };
  const gone = await t.request(t.user, "POST", "/account/", { query: { op: "delete_authorisation_token" }, form });
  assert.equal(gone.status, 204);
  assert.match(gone.headers["content-type"] ?? "", /^text\/plain/);
  const ok = await t.request(t.user, "GET", "/users/");
  assert.equal(ok.headers["content-type"], "application/json; charset=utf-8");
  assert.match(ok.text, /^\[\n {4}\{\n {8}"is_superuser": true/, "indented by four blanks");
  for (const reply of [
    gone,
    ok,
    await t.request(null, "GET", "/machines/"),
    await t.request(t.user, "GET", "/fabrics/999/"),
  ]) {
    assert.equal(reply.headers["x-maas-api-hash"], api20.hash);
    assert.equal(reply.headers.vary, "Authorization");
    assert.ok(reply.headers["content-type"]);
  }
});

test("describe is exactly application/json, open to everybody, and carries the hash and the asker's address", async () => {
  const reply = await t.request(null, "GET", "/describe/");
  assert.equal(reply.status, 200);
  assert.equal(reply.headers["content-type"], "application/json");
  const { hash, resources } = reply.json as {
    hash: string;
    resources: { name: string; auth: { path: string; uri: string } }[];
  };
  assert.equal(hash, api20.hash);
  const machines = resources.find((r) => r.name === "MachinesHandler");
  assert.equal(machines?.auth.path, `${API}/machines/`);
  assert.equal(machines?.auth.uri, `${t.url}${API}/machines/`);
});

test("double slashes are one", async () => {
  assert.equal((await t.request(t.user, "GET", "/MAAS//api/2.0//users//?op=whoami")).status, 200);
  assert.equal((await t.request(t.user, "GET", "//users/")).status, 200);
});

test("what there is not is 404 in words", async () => {
  for (const path of ["/no-such-thing/", "/machines"]) {
    const reply = await t.request(t.user, "GET", path);
    assert.equal(reply.status, 404, path);
    assert.match(reply.text, /^Unknown API endpoint: \/MAAS\/api\/2\.0\//);
    assert.match(reply.headers["content-type"] ?? "", /^text\/plain/);
  }
  assert.equal((await t.request(null, "GET", "/MAAS/nothing")).status, 404);
  const malformed = await t.request(t.user, "GET", "/users/%ZZ/");
  assert.equal(malformed.status, 400);
  assert.match(malformed.headers["content-type"] ?? "", /^text\/plain/);
});

test("HEAD answers as GET, without a body", async () => {
  const reply = await t.request(t.user, "HEAD", "/users/");
  assert.deepEqual([reply.status, reply.text], [200, ""]);
  assert.equal(reply.headers["content-type"], "application/json; charset=utf-8");
  assert.equal((await t.request(null, "HEAD", "/users/")).status, 401);
});

test("refused fields are a JSON object of messages, everything else is text", async () => {
  const fields = await t.request(t.admin, "POST", "/users/", { form: { username: "x" } });
  assert.equal(fields.status, 400);
  assert.equal(fields.headers["content-type"], "application/json; charset=utf-8");
  assert.ok(Object.values(fields.json as object).every(Array.isArray));
});

test("a body that is malformed is the sender's fault, and said so", async () => {
  const bad = async (type: string, body: string | Uint8Array) =>
    t.request(t.user, "POST", "/account/?op=create_authorisation_token", { body, headers: { "content-type": type } });
  for (const [type, body, status] of [
    ["application/json", "{", 400],
    ["application/json", "[1]", 400],
    ["application/x-www-form-urlencoded", Buffer.from([0x61, 0x3d, 0xff]), 400],
    ["multipart/form-data", "no boundary", 400],
    ["application/xml", "<a/>", 415],
    // Refused before anything of ours sees them.
    ["nonsense", "a=1", 415],
    [";;;", "a=1", 415],
    ["application/json", '{"name": "a\\u0000b"}', 400],
  ] as const) {
    const reply = await bad(type, body);
    assert.equal(reply.status, status, `${type} ${String(body)}: ${reply.text}`);
    assert.ok(reply.text.length > 10);
  }
});

test("a body over the limit is answered with 413, not cut off", async () => {
  const long = "x".repeat(3 << 20);
  for (const options of [
    { form: { hostname: long } },
    { json: { hostname: long } },
    { multipart: { hostname: long } },
  ]) {
    const reply = await t.request(null, "POST", "/machines/", options);
    assert.equal(reply.status, 413, Object.keys(options)[0]);
    assert.match(reply.text, /larger than 1048576 bytes/);
  }
});

test("the documentation is a page for everybody, of both versions, without scripts", async () => {
  for (const [path, has] of [
    ["/MAAS/api/docs/", "Machines.allocate"],
    ["/MAAS/api/docs/1.0/", "Nodes.acquire"],
  ] as const) {
    const reply = await fetch(t.url + path);
    assert.deepEqual([reply.status, reply.headers.get("content-type")], [200, "text/html; charset=utf-8"]);
    assert.match(reply.headers.get("content-security-policy") ?? "", /default-src 'none'/);
    assert.ok((await reply.text()).includes(`id="${has}"`));
  }
  for (const path of ["/MAAS/api/", "/MAAS/api/docs"]) {
    const reply = await fetch(t.url + path, { redirect: "manual" });
    assert.deepEqual([reply.status, reply.headers.get("location")], [302, "/MAAS/api/docs/"]);
  }
  assert.match(await (await fetch(`${t.url}/MAAS/`)).text(), /href="\/MAAS\/api\/docs\/"/);
});

test("openapi.yaml is OpenAPI 3.1 in YAML, with the address of whoever asks, whatever that is", async () => {
  for (const host of ["maas.example.com:5240", 'a"b: c']) {
    const reply = await t.request(null, "GET", "/openapi.yaml", { headers: { host } });
    assert.deepEqual([reply.status, reply.headers["content-type"]], [200, "application/openapi+yaml"]);
    const document = parse(reply.text) as { openapi: string; servers: object[]; paths: object };
    assert.deepEqual(parse(reply.text, { version: "1.1" }), document, "PyYAML among others reads YAML 1.1");
    assert.match(document.openapi, /^3\.1/);
    assert.deepEqual(document.servers, [{ url: `http://${host}/MAAS/api/2.0` }]);
    assert.ok("/machines/op-allocate" in document.paths);
  }
});
