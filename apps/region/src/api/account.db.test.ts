import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type TestRegion, testRegion } from "../testing/region.ts";

let t: TestRegion;
before(async () => {
  t = await testRegion();
});
after(() => t?.close());

const path = "/account/";
type Made = { token_key: string; token_secret: string; consumer_key: string; name: string };
type Listed = { name: string; token: string }[];

async function make(form: Record<string, string> = {}): Promise<Made> {
  const reply = await t.request(t.user, "POST", path, { query: { op: "create_authorisation_token" }, form });
  assert.equal(reply.status, 200, reply.text);
  return reply.json as Made;
}
const list = async (who = t.user) =>
  (await t.request(who, "GET", path, { query: { op: "list_authorisation_tokens" } })).json as Listed;
const rename = (form: Record<string, string>, who = t.user) =>
  t.request(who, "POST", path, { query: { op: "update_token_name" }, form });
const remove = (form: Record<string, string>, who = t.user) =>
  t.request(who, "POST", path, { query: { op: "delete_authorisation_token" }, form });
const whole = (k: Made) => `${k.consumer_key}:${k.token_key}:${k.token_secret}`;
const asToken = (k: Made) => ({
  consumerKey: k.consumer_key,
  tokenKey: k.token_key,
  tokenSecret: k.token_secret,
  name: k.name,
});

test("a new key has its parts in the order and of the lengths that the manual shows, and is listed whole", async () => {
  const key = await make();
  assert.deepEqual(Object.keys(key), ["token_key", "token_secret", "consumer_key", "name"]);
  assert.deepEqual([key.token_key.length, key.token_secret.length, key.consumer_key.length], [18, 32, 18]);
  assert.equal(key.name, "MAAS consumer");
  assert.deepEqual((await list()).at(-1), { name: "MAAS consumer", token: whole(key) });
  assert.equal((await t.request(asToken(key), "GET", "/users/", { query: { op: "whoami" } })).status, 200);
});

test("the spellings of old manuals make and list keys too", async () => {
  const before = (await list()).length;
  for (const op of ["create_authorization_token", "create_authorisation_tokens", "create-authorization-tokens"])
    assert.equal((await t.request(t.user, "POST", path, { query: { op } })).status, 200, op);
  for (const op of ["list_authorization_tokens", "list_authorisation_token", "list_authorization_token"])
    assert.equal(((await t.request(t.user, "GET", path, { query: { op } })).json as Listed).length, before + 3, op);
});

test("a key is renamed by its middle part or as a whole, with one comma behind it, and goes on working", async () => {
  const key = await make({ name: "first" });
  for (const [token, name] of [
    [key.token_key, "second"],
    [`${key.token_key},`, "third"],
    [whole(key), "fourth"],
    [`${whole(key)},`, "zork"],
  ] as const) {
    const reply = await rename({ token, name });
    assert.deepEqual([reply.status, reply.text], [202, "Accepted"]);
    assert.equal((await list()).find((k) => k.token === whole(key))?.name, name);
  }
  const alias = await t.request(t.user, "POST", path, {
    query: { op: "udpate_token_name" },
    form: { token: key.token_key, name: "z" },
  });
  assert.equal(alias.status, 202);
  assert.equal((await t.request(asToken(key), "GET", "/machines/")).status, 200);
});

test("what is missing or unknown is said, and a foreign key is unknown", async () => {
  const key = await make();
  for (const [reply, status, words] of [
    [await rename({ token: key.token_key }), 400, /name/],
    [await rename({ name: "x" }), 400, /token/],
    [await rename({ token: "a:b", name: "x" }), 400, /token key/],
    [await rename({ token: "none", name: "x" }), 404, /no such API key/],
    [await rename({ token: key.token_key, name: "x" }, t.other), 404, /no such API key/],
    [await remove({}), 400, /token_key/],
    [await remove({ token_key: "none" }), 404, /no such API key/],
    [await remove({ token_key: key.token_key }, t.other), 404, /no such API key/],
  ] as const) {
    assert.equal(reply.status, status, reply.text);
    assert.match(reply.text, words);
  }
  assert.ok((await list()).some((k) => k.token === whole(key)));
  assert.ok((await list(t.other)).every((k) => k.token === t.other.key));
});

test("a deleted key is refused at once with the words that people search for", async () => {
  const key = await make();
  const gone = await remove({ token_key: whole(key) });
  assert.deepEqual([gone.status, gone.text], [204, ""]);
  assert.ok(!(await list()).some((k) => k.token === whole(key)));
  const refused = await t.request(asToken(key), "GET", path, { query: { op: "list_authorisation_tokens" } });
  assert.deepEqual([refused.status, refused.text], [401, "Authorization Error: Invalid API key."]);
  assert.equal(refused.headers["www-authenticate"], 'OAuth realm="OAuth"');
});

test("keys leave audit events without a secret in them", async () => {
  const key = await make({ name: "audited" });
  await remove({ token_key: key.token_key });
  const { rows } = await t.db.pool.query<{ level: number; description: string }>(
    "select level, description from event",
  );
  const said = rows.filter((r) => r.level === 0).map((r) => r.description);
  assert.ok(said.includes("Created token 'audited' of 'user'."), said.join("\n"));
  assert.ok(said.includes("Deleted a token of 'user'."));
  for (const text of said)
    for (const part of [key.token_key, key.token_secret, key.consumer_key]) assert.ok(!text.includes(part));
});
