import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { hashPassword } from "../auth/password.ts";
import { type TestRegion, testRegion, type TestUser } from "../testing/region.ts";

let t: TestRegion;
let ada: TestUser;
before(async () => {
  t = await testRegion();
  ada = await t.addUser("ada", { passwordHash: await hashPassword("analytical engine") });
});
after(() => t?.close());

const path = "/MAAS/accounts/authenticate/";
const logIn = (form: Record<string, string>) => t.request(null, "POST", path, { form });
const right = { username: "ada", password: "analytical engine" };

test("a name and its password give an API key: one that is there, or a new one of the wanted name", async () => {
  const first = await logIn(right);
  assert.equal(first.status, 200, first.text);
  assert.deepEqual(first.json, {
    consumer_key: ada.token.consumerKey,
    name: "MAAS consumer",
    token_key: ada.token.tokenKey,
    token_secret: ada.token.tokenSecret,
  });
  const named = (await logIn({ ...right, consumer: "laptop" })).json as { token_key: string; name: string };
  assert.notEqual(named.token_key, ada.token.tokenKey);
  assert.equal(named.name, "laptop");
  assert.deepEqual((await logIn({ ...right, consumer: "laptop" })).json, named);
});

test("other methods are no way in", async () => {
  const reply = await t.request(null, "GET", path);
  assert.deepEqual([reply.status, reply.text, reply.headers.allow], [405, "", "POST"]);
});

test("a wrong password, an unknown name, a user without a password and one who is not active are all 403 and empty", async () => {
  const off = await t.addUser("idle", { passwordHash: await hashPassword("x") });
  await t.db.pool.query("update app_user set is_active = false where id = $1", [off.id]);
  for (const form of [
    { ...right, password: "no" },
    { username: "nobody", password: "no" },
    { username: "user", password: "" },
    { username: "idle", password: "x" },
    {},
  ]) {
    const reply = await logIn(form);
    assert.deepEqual([reply.status, reply.text], [403, ""]);
  }
});

test("guessing is refused unread after a few failures, and the right password is taken after the pause", async () => {
  let refused = 0;
  for (let i = 0; i < 8; i++) refused += (await logIn({ ...right, password: `guess ${i}` })).status === 429 ? 1 : 0;
  assert.ok(refused >= 3, `${refused} of 8 guesses were refused unread`);
  const blocked = await logIn(right);
  assert.equal(blocked.status, 429);
  assert.ok(Number(blocked.headers["retry-after"]) >= 1);
  t.clock.advance(60 * 60_000);
  assert.equal((await logIn(right)).status, 200);
});
