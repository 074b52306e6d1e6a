import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { addMachine } from "../testing/machines.ts";
import { type TestRegion, testRegion } from "../testing/region.ts";

let t: TestRegion;
before(async () => {
  t = await testRegion();
});
after(() => t?.close());

type Place = { id: number; name: string; description: string; resource_uri: string };

const put = (path: string, form: Record<string, string>) => t.request(t.admin, "PUT", path, { form });

test("a zone is made, renamed and read by its new name", async () => {
  const form = { name: "row a", description: "next to the door" };
  const made = await t.request(t.admin, "POST", "/zones/", { form });
  assert.equal(made.status, 200, made.text);
  assert.equal((made.json as Place).resource_uri, "/MAAS/api/2.0/zones/row%20a/");
  const changed = await put("/zones/row%20a/", { name: "row-b" });
  assert.equal((changed.json as Place).description, "next to the door");
  assert.equal((await t.request(t.user, "GET", "/zones/row%20a/")).status, 404);
  const read = await t.request(t.user, "GET", "/zones/row-b/");
  assert.deepEqual(read.json, { ...(made.json as Place), name: "row-b", resource_uri: "/MAAS/api/2.0/zones/row-b/" });
});

test("names that are taken, missing or no names are refused with the field", async () => {
  for (const name of ["default", "", "-x", "a/b", "x".repeat(257)])
    for (const path of ["/zones/", "/resourcepools/"]) {
      const reply = await t.request(t.admin, "POST", path, { form: { name } });
      assert.equal(reply.status, 400, `${path} ${name}`);
      assert.deepEqual(Object.keys(reply.json as object), ["name"]);
    }
  await t.request(t.admin, "POST", "/zones/", { form: { name: "taken" } });
  await t.request(t.admin, "POST", "/zones/", { form: { name: "wants" } });
  assert.equal((await put("/zones/wants/", { name: "taken" })).status, 400);
});

test("the default zone keeps its name and stays; its description may change", async () => {
  assert.equal((await put("/zones/default/", { name: "other" })).status, 400);
  assert.equal((await t.request(t.admin, "DELETE", "/zones/default/")).status, 400);
  assert.equal(((await put("/zones/default/", { description: "all" })).json as Place).description, "all");
});

test("nodes of a deleted zone are in the default zone; deleting twice is no error", async () => {
  const { id } = (await t.request(t.admin, "POST", "/zones/", { form: { name: "going" } })).json as Place;
  const machine = await addMachine(t, "ready", { zone_id: id });
  assert.equal((await t.request(t.admin, "DELETE", "/zones/going/")).status, 204);
  const read = (await t.request(t.admin, "GET", `/machines/${machine.systemId}/`)).json as { zone: Place };
  assert.equal(read.zone.name, "default");
  assert.equal((await t.request(t.admin, "DELETE", "/zones/going/")).status, 204);
  const { rows } = await t.db.pool.query<{ entity: string }>(
    "select entity from change where entity_id = $1 and kind = 'update'",
    [machine.systemId],
  );
  assert.deepEqual(rows, [{ entity: "machine" }]);
});

test("a pool goes when it is empty, the default one never", async () => {
  const made = (await t.request(t.admin, "POST", "/resourcepools/", { form: { name: "lab" } })).json as Place;
  assert.equal(made.resource_uri, `/MAAS/api/2.0/resourcepool/${made.id}/`);
  const path = `/resourcepool/${made.id}/`;
  const machine = await addMachine(t, "ready", { pool_id: made.id });
  const refused = await t.request(t.admin, "DELETE", path);
  assert.equal(refused.status, 400);
  assert.match(refused.text, /'lab' has 1 machine/);
  await t.db.pool.query("update node set pool_id = 0 where id = $1", [machine.id]);
  assert.equal(((await put(path, { name: "lab2", description: "d" })).json as Place).name, "lab2");
  assert.equal((await t.request(t.user, "GET", path)).status, 200);
  assert.equal((await put(path, { name: "default" })).status, 400);
  assert.equal((await t.request(t.admin, "DELETE", path)).status, 204);
  assert.equal((await t.request(t.admin, "GET", path)).status, 404);
  assert.equal((await t.request(t.admin, "DELETE", path)).status, 404);
  assert.equal((await t.request(t.admin, "DELETE", "/resourcepool/0/")).status, 400);
  assert.equal((await t.request(t.admin, "GET", "/resourcepool/nonsense/")).status, 404);
});

test("a pool is found by its name too, and Juju's path lists pools", async () => {
  const made = (await t.request(t.admin, "POST", "/resourcepools/", { form: { name: "by name" } })).json as Place;
  const path = "/resourcepool/by%20name/";
  assert.deepEqual((await t.request(t.user, "GET", path)).json, made);
  assert.equal(((await put(path, { description: "d" })).json as Place).description, "d");
  const [listed, asJuju] = await Promise.all(
    ["/resourcepools/", "/pools/"].map(async (list) => (await t.request(t.user, "GET", list)).json),
  );
  assert.deepEqual(asJuju, listed);
  assert.equal((await t.request(t.admin, "DELETE", "/resourcepool/default/")).status, 400);
  assert.equal((await t.request(t.admin, "DELETE", path)).status, 204);
  assert.equal((await t.request(t.admin, "GET", `/resourcepool/${made.id}/`)).status, 404);
});

test("only administrators change zones and pools; nobody reads them without credentials", async () => {
  const doors: [string, string][] = [
    ["POST", "/zones/"],
    ["PUT", "/zones/default/"],
    ["DELETE", "/zones/default/"],
    ["POST", "/resourcepools/"],
    ["PUT", "/resourcepool/0/"],
    ["DELETE", "/resourcepool/0/"],
  ];
  for (const [method, path] of doors) {
    assert.equal((await t.request(t.user, method, path, { form: { name: "mine" } })).status, 403, `${method} ${path}`);
    assert.equal((await t.request(null, method, path, { form: { name: "mine" } })).status, 401, `${method} ${path}`);
  }
  for (const path of ["/zones/default/", "/resourcepool/0/"])
    assert.equal((await t.request(null, "GET", path)).status, 401);
});
