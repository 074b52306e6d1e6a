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

test("a tag is made with its definition, read, listed and deleted", async () => {
  const made = await create({
    name: "virtual",
    definition: '//node[@id="vm"]',
    comment: "VMs",
    kernel_opts: "nomodeset",
  });
  assert.equal(made.status, 200, made.text);
  const tag = {
    name: "virtual",
    definition: '//node[@id="vm"]',
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
  await create({ name: "defined", definition: "//node" });
  const json = { add: ["free01"], remove: [], definition: "//node" };
  const send = (body: object) => t.request(t.admin, "POST", "/tags/defined/?op=update_nodes", { json: body });
  assert.deepEqual((await send(json)).json, { added: 1, removed: 0 });
  assert.equal((await send({ ...json, definition: "//other" })).status, 409);
});
