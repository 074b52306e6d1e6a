import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { addMachine } from "../testing/machines.ts";
import { type TestRegion, testRegion } from "../testing/region.ts";

let t: TestRegion;
before(async () => {
  t = await testRegion();
});
after(() => t?.close());

const grace = { username: "grace", email: "grace@example.com", password: "hopper, of the navy", is_superuser: "1" };

test("whoami has exactly the five keys", async () => {
  const reply = await t.request(t.admin, "GET", "/users/", { query: { op: "whoami" } });
  assert.deepEqual(reply.json, {
    is_superuser: true,
    username: "admin",
    email: "admin@example.com",
    is_local: true,
    resource_uri: "/MAAS/api/2.0/users/admin/",
  });
});

test("an administrator makes a user, who then logs in with the password", async () => {
  const made = await t.request(t.admin, "POST", "/users/", { form: grace });
  assert.equal(made.status, 200, made.text);
  assert.equal((made.json as { is_superuser: boolean }).is_superuser, true);
  assert.doesNotMatch(made.text, /hopper/);
  const all = (await t.request(t.user, "GET", "/users/")).json as { username: string }[];
  assert.deepEqual(
    all.map((u) => u.username),
    ["admin", "grace", "other", "user"],
  );
  const { rows } = await t.db.pool.query<{ password_hash: string }>(
    "select password_hash from app_user where username = 'grace'",
  );
  assert.match(rows[0]?.password_hash ?? "", /^scrypt\$32768\$/);
  const events = await t.db.pool.query<{ description: string; username: string; level: number }>(
    "select * from event where level = 0",
  );
  assert.deepEqual(
    events.rows.map((e) => [e.username, e.description]),
    [["admin", "Created administrator 'grace'."]],
  );
});

test("every field that is missing or wrong is named, and nothing is made", async () => {
  const refused = async (form: Record<string, string>) => {
    const reply = await t.request(t.admin, "POST", "/users/", { form });
    assert.equal(reply.status, 400, reply.text);
    return Object.keys(reply.json as object).sort();
  };
  assert.deepEqual(await refused({}), ["email", "is_superuser", "password", "username"]);
  const { is_superuser: _, ...without } = grace;
  assert.deepEqual(await refused({ ...without, username: "other1" }), ["is_superuser"]);
  assert.deepEqual(await refused({ ...grace, username: "a b", email: "no", is_superuser: "maybe" }), [
    "email",
    "is_superuser",
    "username",
  ]);
  assert.deepEqual(await refused({ ...grace, email: "another@example.com" }), ["username"]);
});

test("of many at once who want one name, one gets it, and the others hear so by its field", async () => {
  const form = { ...grace, username: "wanted" };
  const replies = await Promise.all(
    Array.from({ length: 8 }, (_, i) =>
      t.request(t.admin, "POST", "/users/", { form: { ...form, email: `wanted${i}@example.com` } }),
    ),
  );
  const refused = replies.filter(({ status }) => status !== 200);
  assert.equal(refused.length, 7);
  for (const { status, json } of refused) assert.deepEqual([status, Object.keys(json as object)], [400, ["username"]]);
  const all = (await t.request(t.user, "GET", "/users/")).json as { username: string }[];
  assert.equal(all.filter(({ username }) => username === "wanted").length, 1);
});

test("nobody else makes users", async () => {
  const form = { ...grace, username: "eve" };
  assert.equal((await t.request(t.user, "POST", "/users/", { form })).status, 403);
  assert.equal((await t.request(null, "POST", "/users/", { form })).status, 401);
});

test("a user who is not active is turned away", async () => {
  const off = await t.addUser("off");
  await t.db.pool.query("update app_user set is_active = false where username = 'off'");
  assert.equal((await t.request(off, "GET", "/users/")).status, 403);
});

const gone = async (username: string) => (await t.request(t.admin, "GET", `/users/${username}/`)).status === 404;

test("a user is read by anybody who is logged in, without the password's hash", async () => {
  const reply = await t.request(t.user, "GET", "/users/grace/");
  assert.equal(reply.status, 200);
  assert.deepEqual(Object.keys(reply.json as object).sort(), [
    "email",
    "is_local",
    "is_superuser",
    "resource_uri",
    "username",
  ]);
  assert.equal((await t.request(t.user, "GET", "/users/nobody/")).status, 404);
  assert.equal((await t.request(null, "GET", "/users/grace/")).status, 401);
});

test("a user is deleted with the keys, and not twice", async () => {
  const leaver = await t.addUser("leaver");
  assert.equal((await t.request(t.user, "DELETE", "/users/leaver/")).status, 403);
  assert.equal((await t.request(null, "DELETE", "/users/leaver/")).status, 401);
  assert.equal((await t.request(leaver, "GET", "/users/")).status, 200);
  assert.equal((await t.request(t.admin, "DELETE", "/users/leaver/")).status, 204);
  assert.equal((await t.request(leaver, "GET", "/users/")).status, 401);
  assert.ok(await gone("leaver"));
  assert.equal((await t.request(t.admin, "DELETE", "/users/leaver/")).status, 204);
});

test("nobody deletes the user that asks", async () => {
  assert.equal((await t.request(t.admin, "DELETE", "/users/admin/")).status, 400);
  assert.equal(await gone("admin"), false);
});

test("who owns something stays, until somebody is named who gets it", async () => {
  const { id } = await t.addUser("owner");
  const machine = await addMachine(t, "allocated", { owner_id: id });
  const refused = await t.request(t.admin, "DELETE", "/users/owner/");
  assert.equal(refused.status, 400);
  assert.match(refused.text, /1 node\(s\).*transfer_resources_to/);
  const to = (name: string) =>
    t.request(t.admin, "DELETE", "/users/owner/", { query: { transfer_resources_to: name } });
  assert.equal((await to("nobody")).status, 404);
  assert.equal((await to("owner")).status, 400);
  assert.equal((await to("other")).status, 204);
  assert.ok(await gone("owner"));
  const read = await t.request(t.other, "GET", `/machines/${machine.systemId}/`);
  assert.equal((read.json as { owner: string }).owner, "other");
});
