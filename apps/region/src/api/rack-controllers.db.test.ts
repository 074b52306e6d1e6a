import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { addMachine } from "../testing/machines.ts";
import { type TestRegion, testRegion } from "../testing/region.ts";

let t: TestRegion;
before(async () => {
  t = await testRegion();
  await t.db.pool.query("insert into node (system_id, hostname, node_type) values ('rack01', 'rack', 2)");
});
after(() => t?.close());

const ask = (who: typeof t.admin | null, path: string, op: string, query = {}) =>
  t.request(who, "GET", path, { query: { op, ...query } });

test("a rack controller is moved to another zone by administrators, and nothing else is by this door", async () => {
  await t.request(t.admin, "POST", "/zones/", { form: { name: "row-a" } });
  const machine = await addMachine(t, "ready");
  const move = (who: typeof t.admin | null, nodes: string) =>
    t.request(who, "POST", "/rackcontrollers/", { query: { op: "set_zone" }, form: { zone: "row-a", nodes } });
  assert.equal((await move(null, "rack01")).status, 401);
  assert.equal((await move(t.user, "rack01")).status, 400);
  assert.equal((await move(t.admin, machine.systemId)).status, 400);
  assert.equal((await move(t.admin, "rack01")).status, 200);
  const read = (await t.request(t.user, "GET", "/rackcontrollers/rack01/")).json as { zone: { name: string } };
  assert.equal(read.zone.name, "row-a");
});

test("power parameters of racks are an administrator's, details anybody's with credentials", async () => {
  const item = "/rackcontrollers/rack01/";
  assert.deepEqual((await ask(t.admin, "/rackcontrollers/", "power_parameters")).json, { rack01: {} });
  assert.deepEqual((await ask(t.admin, item, "power_parameters")).json, {});
  for (const path of ["/rackcontrollers/", item]) {
    assert.equal((await ask(t.user, path, "power_parameters")).status, 403);
    assert.equal((await ask(null, path, "power_parameters")).status, 401);
  }
  const details = await ask(t.user, item, "details");
  assert.equal(details.headers["content-type"], "application/bson");
  assert.equal((await ask(null, item, "details")).status, 401);
  for (const op of ["details", "power_parameters"])
    assert.equal((await ask(t.admin, "/rackcontrollers/nosuch/", op)).status, 404);
});

test("whether a MAC address is known is answered without credentials", async () => {
  const { mac } = await addMachine(t, "deployed");
  const known = (mac_address: string) => ask(null, "/rackcontrollers/", "is_registered", { mac_address });
  assert.equal((await known(mac)).json, true);
  assert.equal((await known("52:54:00:77:77:77")).json, false);
  assert.equal((await known("nonsense")).status, 400);
  assert.equal((await ask(null, "/rackcontrollers/", "is_action_in_progress", { mac_address: mac })).status, 200);
});
