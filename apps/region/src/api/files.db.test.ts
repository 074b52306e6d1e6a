import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type TestRegion, testRegion } from "../testing/region.ts";

let t: TestRegion;
before(async () => {
  t = await testRegion();
});
after(() => t?.close());

const bytes = Buffer.from([0, 255, 10, 13, 0, 1]);
const store = (filename: string, content: Uint8Array = bytes, op = "") =>
  t.request(t.user, "POST", "/files/", {
    query: op === "" ? {} : { op },
    multipart: { filename, file: { filename: "x", content } },
  });
const list = async (query = {}) => (await t.request(t.user, "GET", "/files/", { query })).json as Stored[];
interface Stored {
  filename: string;
  anon_resource_uri: string;
  resource_uri: string;
  content?: string;
}

test("a file is stored, replaced, listed, read by name and by key, and deleted", async () => {
  const made = await store("provider-state");
  assert.equal(made.status, 201, made.text);
  assert.equal(made.text, "");
  const [first] = await list();
  assert.equal((await store("provider-state", Buffer.from("second"), "add")).status, 201);
  const [second] = await list();
  assert.deepEqual(second, first);
  assert.deepEqual(Object.keys(second ?? {}).sort(), ["anon_resource_uri", "filename", "resource_uri"]);

  const read = await t.request(t.user, "GET", "/files/provider-state/");
  assert.equal(Buffer.from((read.json as Stored).content ?? "", "base64").toString(), "second");
  const got = await t.request(t.user, "GET", "/files/", { query: { op: "get", filename: "provider-state" } });
  assert.equal(got.text, "second");
  const key = new URL(second?.anon_resource_uri ?? "", t.url).searchParams.get("key") ?? "";
  const anonymous = await t.request(null, "GET", "/files/", { query: { op: "get_by_key", key } });
  assert.equal(anonymous.status, 200);
  assert.equal(anonymous.text, "second");
  assert.equal(anonymous.headers["content-type"], "application/octet-stream");

  const remove = () => t.request(t.user, "DELETE", "/files/", { query: { filename: "provider-state" } });
  assert.equal((await remove()).status, 204);
  assert.equal((await remove()).status, 404);
  assert.equal((await t.request(null, "GET", "/files/", { query: { op: "get_by_key", key } })).status, 404);
});

test("bytes come back as they were, slashes and all in their name; an empty file too", async () => {
  await store("a/b c");
  await store("a/empty", new Uint8Array());
  await store("b");
  assert.deepEqual(
    (await list({ prefix: "a/", op: "list" })).map((f) => f.filename),
    ["a/b c", "a/empty"],
  );
  const got = await t.request(t.user, "GET", "/files/", { query: { op: "get", filename: "a/b c" } });
  assert.deepEqual(got.bytes, bytes);
  const path = (await list({ prefix: "a/b" }))[0]?.resource_uri.replace("/MAAS/api/2.0", "") ?? "";
  assert.equal((await t.request(t.user, "GET", path)).status, 200);
  assert.equal((await t.request(t.user, "DELETE", path)).status, 204);
  assert.equal((await t.request(t.user, "GET", path)).status, 404);
});

test("what is missing is named", async () => {
  const fields = async (method: string, options: object) => {
    const reply = await t.request(t.user, method, "/files/", options);
    assert.equal(reply.status, 400, reply.text);
    return Object.keys(reply.json as object);
  };
  assert.deepEqual(await fields("POST", { form: { filename: "x" } }), ["file"]);
  assert.deepEqual(await fields("POST", { form: { file: "x" } }), ["filename"]);
  assert.deepEqual(await fields("DELETE", {}), ["filename"]);
  assert.deepEqual(await fields("GET", { query: { op: "get" } }), ["filename"]);
  assert.deepEqual(await fields("GET", { query: { op: "get_by_key" } }), ["key"]);
  assert.equal((await store("large", new Uint8Array(17 * 2 ** 20))).status, 413);
});

test("files are their owner's alone, and nobody lists them without credentials", async () => {
  await store("secret");
  for (const who of [t.other, t.admin]) {
    assert.deepEqual((await t.request(who, "GET", "/files/")).json, []);
    assert.equal((await t.request(who, "GET", "/files/secret/")).status, 404);
    assert.equal((await t.request(who, "GET", "/files/", { query: { op: "get", filename: "secret" } })).status, 404);
    assert.equal((await t.request(who, "DELETE", "/files/secret/")).status, 404);
  }
  for (const [method, path, op] of [
    ["GET", "/files/", ""],
    ["GET", "/files/", "get"],
    ["POST", "/files/", ""],
    ["DELETE", "/files/", ""],
    ["GET", "/files/secret/", ""],
    ["DELETE", "/files/secret/", ""],
  ] as const)
    assert.equal((await t.request(null, method, path, { query: op ? { op } : {} })).status, 401, `${method} ${path}`);
  assert.equal((await t.request(null, "GET", "/files/", { query: { op: "get_by_key", key: "no" } })).status, 404);
});

test("what a user has in all is limited, replacing a file among it; others have their own room", async () => {
  await store("big-0");
  await t.region.db.pool.query(
    `insert into stored_file (owner_id, filename, key, content)
     select f.owner_id, 'big-' || n, 'big-' || n, convert_to(repeat('x', 16 * 1024 * 1024), 'UTF8')
     from stored_file f, generate_series(1, 16) n where f.filename = 'big-0'`,
  );
  const full = await store("one-more");
  assert.equal(full.status, 413, full.text);
  assert.match(full.text, /'one-more' has no room: .*268435456 bytes in all: delete some first/);
  assert.equal((await store("big-1")).status, 201, "a smaller one in place of another");
  assert.equal((await store("one-more")).status, 201);
  const admins = await t.request(t.admin, "POST", "/files/", {
    multipart: { filename: "mine", file: { filename: "x", content: bytes } },
  });
  assert.equal(admins.status, 201);
  await t.region.db.pool.query("delete from stored_file");
});
