import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type TestRegion, type TestUser, testRegion } from "../testing/region.ts";

let t: TestRegion;
before(async () => {
  t = await testRegion();
});
after(() => t?.close());

interface Notification {
  id: number;
  message: string;
  user: { username: string } | null;
  category: string;
  dismissable: boolean;
  resource_uri: string;
}

const create = (form: Record<string, string>) => t.request(t.admin, "POST", "/notifications/", { form });
const made = async (form: Record<string, string>) => {
  const reply = await create(form);
  assert.equal(reply.status, 200, reply.text);
  return reply.json as Notification;
};
const seen = async (who: TestUser) =>
  ((await t.request(who, "GET", "/notifications/")).json as Notification[]).map((n) => n.message);
const dismiss = (who: TestUser | null, id: number) =>
  t.request(who, "POST", `/notifications/${id}/`, { query: { op: "dismiss" } });

test("each user sees what is for them, and puts it away for themselves alone", async () => {
  const all = await made({ message: "all", users: "true" });
  const admins = await made({ message: "admins", admins: "true" });
  const one = await made({ message: "one", user: "user", category: "warning" });
  assert.equal(one.user?.username, "user");
  assert.deepEqual(await seen(t.user), ["all", "one"]);
  assert.deepEqual(await seen(t.other), ["all"]);
  assert.deepEqual(await seen(t.admin), ["all", "admins"]);
  assert.equal((await t.request(t.other, "GET", `/notifications/${one.id}/`)).status, 403);
  assert.equal((await t.request(t.admin, "GET", `/notifications/${one.id}/`)).status, 200);
  assert.equal((await t.request(t.user, "GET", `/notifications/${admins.id}/`)).status, 403);

  for (let twice = 0; twice < 2; twice++) {
    const reply = await dismiss(t.user, all.id);
    assert.equal(reply.status, 200);
    assert.equal(reply.json, null);
  }
  assert.deepEqual(await seen(t.user), ["one"]);
  assert.deepEqual(await seen(t.other), ["all"]);
  assert.equal((await dismiss(t.other, one.id)).status, 403);
  // It is not for this administrator either.
  assert.equal((await dismiss(t.admin, one.id)).status, 403);
  assert.equal((await dismiss(t.user, 999999)).status, 404);
});

test("one that is not dismissable stays, until it is changed or deleted", async () => {
  const n = await made({ message: "stays", users: "1", dismissable: "false" });
  const refused = await dismiss(t.user, n.id);
  assert.equal(refused.status, 400);
  assert.match(refused.text, /cannot be dismissed/);
  const path = `/notifications/${n.id}/`;
  const changed = await t.request(t.admin, "PUT", path, { form: { dismissable: "true", message: "goes" } });
  assert.deepEqual(changed.json, { ...n, dismissable: true, message: "goes" });
  assert.equal((await dismiss(t.user, n.id)).status, 200);
  assert.equal((await t.request(t.admin, "DELETE", path)).status, 204);
  assert.equal((await t.request(t.admin, "GET", path)).status, 404);
  assert.equal((await t.request(t.admin, "DELETE", path)).status, 404);
});

test("fields that make no sense are named", async () => {
  await made({ message: "first", ident: "the-one" });
  const refused = async (form: Record<string, string>) => {
    const reply = await create(form);
    assert.equal(reply.status, 400, reply.text);
    return Object.keys(reply.json as object).join();
  };
  assert.equal(await refused({}), "message");
  assert.equal(await refused({ message: "m", category: "loud" }), "category");
  assert.equal(await refused({ message: "m", context: "[]" }), "context");
  for (const context of [
    String.raw`{"a":"\u0000"}`,
    String.raw`{"\ud800":1}`,
    `{"a":${"[".repeat(200)}${"]".repeat(200)}}`,
  ])
    assert.equal(await refused({ message: "m", context }), "context");
  assert.equal(await refused({ message: "{who} did it" }), "context");
  assert.equal(await refused({ message: "m", user: "nobody" }), "user");
  assert.equal(await refused({ message: "m", ident: "the-one" }), "ident");
  const two = await made({ message: "{who} did it", context: '{"who": "she"}', ident: "two" });
  const path = `/notifications/${two.id}/`;
  assert.equal((await t.request(t.admin, "PUT", path, { form: { ident: "the-one" } })).status, 400);
});

test("only administrators write them; nobody reads without credentials", async () => {
  const { id } = await made({ message: "hello", users: "1" });
  const path = `/notifications/${id}/`;
  for (const [method, at] of [
    ["POST", "/notifications/"],
    ["PUT", path],
    ["DELETE", path],
  ] as const) {
    assert.equal((await t.request(t.user, method, at, { form: { message: "x" } })).status, 403);
    assert.equal((await t.request(null, method, at, { form: { message: "x" } })).status, 401);
  }
  for (const at of ["/notifications/", path]) assert.equal((await t.request(null, "GET", at)).status, 401);
  assert.equal((await dismiss(null, id)).status, 401);
});
