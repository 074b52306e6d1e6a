import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type TestRegion, testRegion } from "../testing/region.ts";

let t: TestRegion;
before(async () => {
  t = await testRegion();
});
after(() => t?.close());

const ED25519 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAEz8uIHa5GvaQk44GSlEJWSHcUA+TDevEpuniYSP2Bu";
const ECDSA =
  "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBBGHXTuc+6mTK4mMPb4NnP662niB7BjW3TUTesnmmTKWCGaXYO2o9hlqQ6iCBY99ZDdkBTw4dd8C6ztj2YF/AX8=";
const path = "/account/prefs/sshkeys/";
type Key = { id: number; key: string; keysource: string; resource_uri: string };
const add = (key: string, who = t.user) => t.request(who, "POST", path, { form: { key } });

test("a key is added with its comment, read, listed and deleted", async () => {
  const made = await add(`${ED25519} ada@laptop\n`);
  assert.equal(made.status, 201, made.text);
  const key = made.json as Key;
  assert.equal(key.key, `${ED25519} ada@laptop`);
  assert.deepEqual([key.keysource, key.resource_uri], ["", `/MAAS/api/2.0${path}${key.id}/`]);
  assert.deepEqual((await t.request(t.user, "GET", key.resource_uri)).json, key);
  assert.deepEqual((await t.request(t.user, "GET", path)).json, [key]);
  assert.deepEqual((await t.request(t.other, "GET", path)).json, [], "others have their own");
  const gone = await t.request(t.user, "DELETE", key.resource_uri);
  assert.deepEqual([gone.status, gone.text], [204, ""]);
  assert.equal((await t.request(t.user, "GET", key.resource_uri)).status, 404);
  assert.equal((await t.request(t.user, "DELETE", key.resource_uri)).status, 404);
  assert.equal((await t.request(t.user, "DELETE", `${path}none/`)).status, 404);
});

test("the same key is refused under another comment, and taken by another user", async () => {
  assert.equal((await add(`${ECDSA} one`)).status, 201);
  const again = await add(`${ECDSA} two`);
  assert.equal(again.status, 400);
  assert.deepEqual(Object.keys(again.json as object), ["key"]);
  assert.equal((await add(ECDSA, t.other)).status, 201);
});

test("another user's key is neither read nor deleted, not by an administrator either", async () => {
  const key = (await add(ED25519, t.other)).json as Key;
  assert.equal((await t.request(t.user, "DELETE", key.resource_uri)).status, 403);
  assert.equal((await t.request(t.user, "GET", key.resource_uri)).status, 403);
  assert.equal((await t.request(t.admin, "DELETE", key.resource_uri)).status, 403);
  assert.equal((await t.request(t.admin, "GET", key.resource_uri)).status, 200);
});

test("what is no key is refused by name, and no event carries a key", async () => {
  for (const text of ["", "ssh-rsa AAAA", "-----BEGIN OPENSSH PRIVATE KEY-----", `${ED25519} a\n${ECDSA} b`]) {
    const reply = await add(text);
    assert.equal(reply.status, 400, text);
    assert.deepEqual(Object.keys(reply.json as object), ["key"]);
  }
  const { rows } = await t.db.pool.query<{ description: string }>("select description from event where level = 0");
  assert.ok(rows.some((r) => /^Added SSH key id=\d+ \(ssh-ed25519\)\.$/.test(r.description)));
  assert.ok(rows.every((r) => !r.description.includes("AAAA")));
});

test("an administrator adds keys for another user; nobody else does", async () => {
  const give = (who: typeof t.user, user: string) =>
    t.request(who, "POST", path, { form: { key: `${ED25519} for-${user}`, user } });
  const keys = async (who: typeof t.user) => ((await t.request(who, "GET", path)).json as Key[]).map((k) => k.key);
  const ada = await t.addUser("ada");
  assert.equal((await give(t.user, "ada")).status, 403);
  assert.equal((await give(t.user, "nobody")).status, 403, "nor does it say who there is");
  const unknown = await give(t.admin, "nobody");
  assert.deepEqual([unknown.status, Object.keys(unknown.json as object)], [400, ["user"]]);
  assert.equal((await give(t.admin, "ada")).status, 201);
  assert.deepEqual(await keys(ada), [`${ED25519} for-ada`]);
  assert.deepEqual(await keys(t.admin), []);
  assert.equal((await give(t.admin, "ada")).status, 400, "she has it already");
});
