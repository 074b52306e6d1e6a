import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type TestRegion, testRegion } from "../testing/region.ts";

let t: TestRegion;
before(async () => {
  t = await testRegion();
  await t.db.pool.query(
    `insert into node (system_id, hostname, node_type, owner_id) values
      ('free01', 'free', 0, null), ('mine01', 'mine', 0, $1), ('other1', 'others', 0, $2), ('rack01', 'rack', 2, null)`,
    [t.user.id, t.other.id],
  );
});
after(() => t?.close());

const create = (form: Record<string, string>) => t.request(t.admin, "POST", "/tags/", { form });
const update = (name: string, form: Record<string, string | string[]>, who = t.admin) =>
  t.request(who, "POST", `/tags/${name}/`, { query: { op: "update_nodes" }, form });
const having = async (name: string, op: string, who = t.admin) =>
  ((await t.request(who, "GET", `/tags/${name}/`, { query: { op } })).json as { hostname: string }[])
    .map((m) => m.hostname)
    .sort();

test("a tag is made, read, listed and deleted", async () => {
  const made = await create({
    name: "virtual",
    comment: "VMs",
    kernel_opts: "nomodeset",
  });
  assert.equal(made.status, 200, made.text);
  const tag = {
    name: "virtual",
    definition: "",
    comment: "VMs",
    kernel_opts: "nomodeset",
    resource_uri: "/MAAS/api/2.0/tags/virtual/",
  };
  assert.deepEqual(made.json, tag);
  assert.deepEqual((await t.request(t.user, "GET", tag.resource_uri)).json, tag);
  assert.deepEqual((await t.request(t.user, "GET", "/tags/")).json, [tag]);
  assert.equal((await t.request(t.admin, "DELETE", tag.resource_uri)).status, 204);
  for (const method of ["GET", "DELETE"])
    assert.equal((await t.request(t.admin, method, tag.resource_uri)).status, 404);
});

test("names are checked and taken once; empty texts are empty, not null", async () => {
  for (const name of ["", "a b", "ä", "a/b"]) {
    const reply = await create({ name });
    assert.equal(reply.status, 400, name);
    assert.deepEqual(Object.keys(reply.json as object), ["name"]);
  }
  const made = (await create({ name: "plain" })).json as Record<string, string>;
  assert.deepEqual([made.definition, made.comment, made.kernel_opts], ["", "", ""]);
  assert.deepEqual(Object.keys((await create({ name: "plain" })).json as object), ["name"]);
});

test("nodes get and lose a tag, and each caller is shown those that they may see", async () => {
  await create({ name: "rack-row-1" });
  const added = await update("rack-row-1", { add: ["free01", "mine01", "other1", "rack01", "nosuch"] });
  assert.deepEqual([added.status, added.json], [200, { added: 4, removed: 0 }]);
  assert.deepEqual(await having("rack-row-1", "machines"), ["free", "mine", "others"]);
  assert.deepEqual(await having("rack-row-1", "machines", t.user), ["free", "mine"]);
  assert.deepEqual(await having("rack-row-1", "nodes"), ["free", "mine", "others", "rack"]);
  assert.deepEqual((await update("rack-row-1", { add: "free01", remove: ["mine01", "other1"] })).json, {
    added: 1,
    removed: 2,
  });
  assert.deepEqual(await having("rack-row-1", "machines"), ["free"]);
  const { rows } = await t.db.pool.query(
    "select entity_id from change where entity = 'machine' and kind = 'update' and entity_id = 'mine01'",
  );
  assert.equal(rows.length, 2, "whoever follows the machine hears of both");
  assert.equal((await update("nosuch", { add: "free01" })).status, 404);
});

test("a JSON body may list the nodes, and a definition that is another by now is a conflict", async () => {
  await t.db.pool.query("insert into tag (name, definition) values ('defined', '//node')");
  const json = { add: ["free01"], remove: [], definition: "//node" };
  const send = (body: object) => t.request(t.admin, "POST", "/tags/defined/?op=update_nodes", { json: body });
  assert.deepEqual((await send(json)).json, { added: 1, removed: 0 });
  assert.equal((await send({ ...json, definition: "//other" })).status, 409);
});

const change = (name: string, form: Record<string, string>, who: typeof t.admin | null = t.admin) =>
  t.request(who, "PUT", `/tags/${name}/`, { form });

test("a tag is renamed on the machines that have it; what is not named stays", async () => {
  await create({ name: "before", comment: "kept", kernel_opts: "quiet" });
  await update("before", { add: ["free01"] });
  const renamed = await change("before", { name: "after" });
  assert.equal(renamed.status, 200, renamed.text);
  const { comment, kernel_opts } = renamed.json as Record<string, string>;
  assert.deepEqual([comment, kernel_opts], ["kept", "quiet"]);
  assert.deepEqual(await having("after", "machines"), ["free"]);
  const machine = (await t.request(t.admin, "GET", "/machines/free01/")).json as { tag_names: string[] };
  assert.ok(machine.tag_names.includes("after") && !machine.tag_names.includes("before"));
  assert.equal(((await change("after", { kernel_opts: "" })).json as Record<string, string>).kernel_opts, "");
  assert.equal((await change("before", { comment: "x" })).status, 404);
  await create({ name: "taken" });
  assert.deepEqual(Object.keys((await change("after", { name: "taken" })).json as object), ["name"]);
});

test("who may rebuild, and what that does to a tag without a definition: nothing", async () => {
  const rebuild = (name: string, who: typeof t.admin | null = t.admin) =>
    t.request(who, "POST", `/tags/${name}/`, { query: { op: "rebuild" } });
  assert.deepEqual((await rebuild("after")).json, { rebuilding: "after" });
  assert.deepEqual(await having("after", "machines"), ["free"]);
  assert.equal((await rebuild("nosuch")).status, 404);
  assert.equal((await rebuild("after", t.user)).status, 403);
  assert.equal((await rebuild("after", null)).status, 401);
});

test("devices and rack controllers of a tag are listed apart; only administrators change tags", async () => {
  await t.db.pool.query(
    `insert into node (system_id, hostname, node_type, owner_id) values ('dev001', 'theirs', 1, $1)`,
    [t.other.id],
  );
  await update("after", { add: ["dev001", "rack01"] });
  for (const who of [t.admin, t.other, t.user]) assert.deepEqual(await having("after", "devices", who), ["theirs"]);
  assert.deepEqual(await having("after", "rack_controllers", t.user), ["rack"]);
  for (const op of ["devices", "rack_controllers"]) {
    assert.equal((await t.request(t.user, "GET", "/tags/nosuch/", { query: { op } })).status, 404);
    assert.equal((await t.request(null, "GET", "/tags/after/", { query: { op } })).status, 401);
  }
  assert.equal((await change("after", { name: "mine" }, t.user)).status, 403);
  assert.equal((await change("after", { name: "mine" }, null)).status, 401);
});
