import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { statusCode } from "@rackwright/domain/machine/status";
import { addMachine } from "../testing/machines.ts";
import { partsOf } from "../testing/one-of-each.ts";
import { type TestRegion, testRegion } from "../testing/region.ts";

let t: TestRegion;
before(async () => {
  t = await testRegion();
  await t.db.pool.query(
    `insert into node (system_id, hostname, node_type, owner_id) values
      ('dev001', 'printer', 1, $1), ('rack01', 'rack', 2, null)`,
    [t.user.id],
  );
});
after(() => t?.close());

const get = (who: typeof t.admin | null, id: string, op?: string) =>
  t.request(who, "GET", `/nodes/${id}/`, { query: op === undefined ? {} : { op } });

test("nodes of every kind are read, each by whoever may see it", async () => {
  const machine = await addMachine(t, "allocated", { owner_id: t.user.id });
  for (const [id, hostname] of [
    [machine.systemId, machine.hostname],
    ["dev001", "printer"],
    ["rack01", "rack"],
  ] as const)
    for (const who of [t.user, t.admin])
      assert.equal(((await get(who, id)).json as { hostname: string }).hostname, hostname);
  for (const op of [undefined, "details"]) {
    assert.equal((await get(t.other, machine.systemId, op)).status, 403, op);
    assert.equal((await get(t.other, "dev001", op)).status, 200, op);
  }
  for (const op of [undefined, "details", "power_parameters"]) {
    assert.equal((await get(t.admin, "nosuch", op)).status, 404);
    assert.equal((await get(null, machine.systemId, op)).status, 401);
  }
  const details = await get(t.user, machine.systemId, "details");
  assert.equal(details.headers["content-type"], "application/bson");
  assert.deepEqual((await get(t.user, "rack01", "details")).bytes, details.bytes);
});

test("of a machine of somebody else's nothing is read, not by its parts either", async () => {
  const machine = await addMachine(t, "ready");
  const paths = await partsOf(t, machine);
  const owner = { status: statusCode.allocated, owner_id: t.user.id };
  await t.db.kysely.updateTable("node").set(owner).where("id", "=", machine.id).execute();
  const node = `/nodes/${machine.systemId}/`;
  const parts = Object.entries({
    interfaces: paths.Interface,
    devices: paths.NodeDevice,
    results: paths.NodeScriptResult,
    blockdevices: paths.BlockDevice,
  });
  const { device_id, id } = paths.Partition ?? {};
  const doors = [
    ...parts.flatMap(([name, values]) => [`${node}${name}/`, `${node}${name}/${values?.id}/`]),
    `${node}results/${paths.NodeScriptResult?.id}/?op=download`,
    `${node}blockdevices/${device_id}/partitions/`,
    `${node}blockdevices/${device_id}/partition/${id}`,
  ];
  for (const path of doors) {
    const refused = await t.request(t.other, "GET", path);
    assert.equal(refused.status, 403, path);
    assert.match(refused.text, /^You may not view machine-\d+\.$|^m\d+ is not yours to see\.$/);
    for (const who of [t.user, t.admin]) assert.equal((await t.request(who, "GET", path)).status, 200, path);
  }
});

test("power parameters are an administrator's", async () => {
  const machine = await addMachine(t, "ready");
  const set = await t.request(t.admin, "PUT", `/machines/${machine.systemId}/`, {
    form: {
      power_type: "webhook",
      power_parameters_skip_check: "true",
      power_parameters_power_on_uri: "http://bmc.example/on",
    },
  });
  assert.equal(set.status, 200, set.text);
  const power = await get(t.admin, machine.systemId, "power_parameters");
  assert.match(power.text, /bmc\.example/);
  assert.equal((await get(t.user, machine.systemId, "power_parameters")).status, 403);
});

test("machines and devices are deleted by administrators; controllers are not nodes to delete", async () => {
  const machine = await addMachine(t, "ready");
  for (const id of [machine.systemId, "dev001"]) {
    const remove = (who: typeof t.admin | null) => t.request(who, "DELETE", `/nodes/${id}/`);
    assert.equal((await remove(t.user)).status, 403);
    assert.equal((await remove(null)).status, 401);
    assert.equal((await remove(t.admin)).status, 204);
    assert.equal((await get(t.admin, id)).status, 404);
    assert.equal((await remove(t.admin)).status, 404);
  }
  assert.equal((await t.request(t.admin, "DELETE", "/nodes/rack01/")).status, 400);
  assert.equal((await get(t.admin, "rack01")).status, 200);
});

test("each node is shown as its own kind, devices first and controllers last", async () => {
  const machine = await addMachine(t, "ready");
  await t.db.pool.query("delete from node where system_id <> $1", [machine.systemId]);
  await t.db.pool.query(
    `insert into node (system_id, hostname, node_type, parent_id) values
      ('region', 'core', 3, null), ('both00', 'all', 4, null), ('rack02', 'row', 2, null), ('dev002', 'lamp', 1, $1)`,
    [machine.id],
  );
  await t.request(t.admin, "POST", "/tags/", { form: { name: "all" } });
  const add = ["dev002", machine.systemId, "both00", "rack02", "region"];
  await t.request(t.admin, "POST", "/tags/all/", { query: { op: "update_nodes" }, form: { add } });
  type Shown = { system_id: string; resource_uri: string; parent?: string; service_set?: unknown };
  const all = (await t.request(t.user, "GET", "/nodes/")).json as Shown[];
  const paths = ["devices/dev002", `machines/${machine.systemId}`, "rackcontrollers/both00", "rackcontrollers/rack02"];
  assert.deepEqual(
    all.map((node) => node.resource_uri),
    [...paths, "regioncontrollers/region"].map((path) => `/MAAS/api/2.0/${path}/`),
  );
  assert.deepEqual([all[0]?.parent, "service_set" in (all[2] ?? {})], [machine.systemId, true]);
  for (const node of all) {
    // Each by its own address, and by the one of nodes.
    assert.deepEqual((await t.request(t.user, "GET", node.resource_uri)).json, node);
    assert.deepEqual((await get(t.user, node.system_id)).json, node);
  }
  const tagged = (await t.request(t.user, "GET", "/tags/all/", { query: { op: "nodes" } })).json as Shown[];
  assert.deepEqual(new Set(tagged.map((node) => node.resource_uri)), new Set(all.map((node) => node.resource_uri)));
  assert.equal((await t.request(t.user, "GET", "/nodes/", { query: { nonsense: "1" } })).status, 400);
});
