import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { DomainError } from "@rackwright/domain/errors";
import { type Caller, caller, refused } from "../testing/api-calls.ts";
import { addImage, addMachine } from "../testing/machines.ts";
import { type TestRegion, testRegion } from "../testing/region.ts";

let t: TestRegion;
before(async () => {
  t = await testRegion();
  await t.db.pool.query("insert into node (system_id, hostname, node_type) values ('rack01', 'rack', 2)");
});
after(() => t?.close());

const webhook = Object.fromEntries(
  ["on", "off", "query"].map((what) => [`power_parameters_power_${what}_uri`, `http://10.0.0.9/${what}`]),
);

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

/** A rack of its own for each test. */
let made = 0;
async function addRack(): Promise<{ id: number; systemId: string; path: string }> {
  const systemId = `rk${++made}000`;
  const { rows } = await t.db.pool.query(
    "insert into node (system_id, hostname, node_type, status) values ($1, $1, 2, 6) returning id",
    [systemId],
  );
  return { id: rows[0].id as number, systemId, path: `/rackcontrollers/${systemId}/` };
}
const admin = () => caller(t, t.admin);
const user = () => caller(t, t.user);

test("a rack controller's zone, description and power are an administrator's to change", async () => {
  const { path } = await addRack();
  const power = {
    power_type: "ipmi",
    power_parameters_power_address: "10.0.0.9",
    power_parameters_power_pass: "Hid-2",
  };
  assert.equal((await user().put(path, { description: "x" })).status, 403);
  const { status, json } = await admin().put(path, { description: "left", zone: "row-a", ...power });
  assert.equal(status, 200, JSON.stringify(json));
  assert.deepEqual([json.description, json.zone.name, json.power_type], ["left", "row-a", "ipmi"]);
  assert.equal((await admin().get(`${path}?op=power_parameters`)).json.power_pass, "Hid-2");
  assert.deepEqual(await refused(admin().put(path, { domain: "nowhere" })), ["domain"]);
  assert.equal((await admin().put("/rackcontrollers/nosuch/", {})).status, 404);
});

test("deleting one gives its VLANs to the second one; one that serves DHCP alone goes by force, and DHCP with it", async () => {
  const [first, second] = [await addRack(), await addRack()];
  t.racks.connect({ nodeId: first.id });
  const { rows } = await t.db.pool.query(
    "insert into vlan (fabric_id, vid, dhcp_on, primary_rack_id, secondary_rack_id) values (0, 77, true, $1, $2) returning id",
    [first.id, second.id],
  );
  const vlan = async () => (await admin().get("/fabrics/0/vlans/77/")).json;
  assert.ok(rows[0].id);
  assert.equal((await user().delete(first.path)).status, 403);
  assert.equal((await admin().delete(first.path)).status, 204);
  assert.deepEqual(
    t.racks.connected().filter((rack) => rack.nodeId === first.id),
    [],
  );
  assert.deepEqual([(await vlan()).primary_rack, (await vlan()).secondary_rack], [second.systemId, null]);
  const alone = await admin().delete(second.path);
  assert.equal(alone.status, 400);
  assert.match(alone.json, /fabric-0, VLAN 77/);
  assert.equal((await vlan()).dhcp_on, true);
  assert.equal((await admin().delete(`${second.path}?force=true`)).status, 204);
  assert.deepEqual([(await vlan()).primary_rack, (await vlan()).dhcp_on], [null, false]);
  assert.equal((await admin().delete(second.path)).status, 404);
});

test("its images are those of which it holds all files; it is told to fetch what it lacks", async () => {
  const rack = await addRack();
  await addImage(t);
  const list = async () => (await admin().get(`${rack.path}?op=list_boot_images`)).json;
  const fetch = (path: string) => admin().post(`${path}?op=import_boot_images`);
  assert.deepEqual(await list(), { images: [], connected: false, status: "unknown" });
  assert.equal((await fetch(rack.path)).status, 503);
  t.racks.connect({ nodeId: rack.id, hostname: "near" });
  let held: string[] = [];
  const wanted: string[][] = [];
  t.racks.answer("listImages", () => ({ sha256: held }));
  t.racks.answer("syncImages", ({ files }) => {
    wanted.push(files.map(({ sha256 }) => sha256));
    return null;
  });
  assert.deepEqual(await list(), { images: [], connected: true, status: "out-of-sync" });
  for (const path of [rack.path, "/rackcontrollers/"]) {
    const reply = await fetch(path);
    assert.deepEqual([reply.status, reply.json], [202, "Import of boot images started on near."]);
    assert.equal((await user().post(`${path}?op=import_boot_images`)).status, 403);
  }
  assert.equal(wanted.length, 2);
  assert.ok((wanted[0]?.length ?? 0) > 0);
  held = wanted[0] ?? [];
  const full = await list();
  assert.equal(full.status, "synced");
  assert.deepEqual(Object.keys(full.images[0]).toSorted(), ["architecture", "name", "subarches"]);
  held = held.slice(1);
  assert.equal((await list()).status, "out-of-sync");
  assert.equal((await user().get(`${rack.path}?op=list_boot_images`)).status, 403);
  assert.equal((await fetch("/rackcontrollers/nosuch/")).status, 404);
  t.racks.disconnect(rack.id);
  assert.equal((await fetch("/rackcontrollers/")).status, 503);
});

test("its power is switched by another rack controller, for administrators", async () => {
  const [one, other] = [await addRack(), await addRack()];
  const post = (who: Caller, op: string, fields = {}) => who.post(`${one.path}?op=${op}`, fields);
  assert.deepEqual(await refused(post(admin(), "power_on")), ["power_type"]);
  await admin().put(one.path, { power_type: "webhook", ...webhook });
  t.racks.connect({ nodeId: one.id });
  const orders: { by: number; action: string }[] = [];
  t.racks.answer("power", ({ action }, by) => {
    orders.push({ by, action });
    return { state: action === "off" ? "off" : "on" };
  });
  for (const op of ["power_off", "power_on"]) {
    const alone = await post(admin(), op);
    assert.deepEqual([alone.status, /No other rack controller is connected/.test(alone.json)], [503, true], op);
  }
  assert.deepEqual((await user().get(`${one.path}?op=query_power_state`)).json, { state: "on" });
  t.racks.connect({ nodeId: other.id });
  for (const op of ["power_off", "power_on"]) assert.equal((await post(user(), op)).status, 403, op);
  const off = await post(admin(), "power_off");
  assert.deepEqual([off.status, off.json.power_state], [200, "off"]);
  assert.equal((await post(admin(), "power_on", { comment: "again" })).json.power_state, "on");
  assert.deepEqual(orders, [
    { by: one.id, action: "query" },
    { by: other.id, action: "off" },
    { by: other.id, action: "on" },
  ]);
  assert.deepEqual(await refused(post(admin(), "power_on", { user_data: "x" })), ["user_data"]);
  assert.deepEqual(await refused(post(admin(), "power_off", { stop_mode: "soft" })), ["stop_mode"]);
  t.racks.answer("power", () => {
    throw new DomainError("power_failed", "the BMC does not answer");
  });
  for (const op of ["power_off", "power_on"])
    assert.deepEqual(await post(admin(), op), { status: 503, json: "the BMC does not answer" });
  const asked = await user().get(`${one.path}?op=query_power_state`);
  assert.deepEqual(asked, { status: 503, json: "the BMC does not answer" });
  assert.equal((await user().get(one.path)).json.power_state, "on", "as it was last seen");
  await admin().put(one.path, { power_type: "manual" });
  assert.deepEqual((await post(admin(), "power_off")).json, null);
  assert.deepEqual((await user().get(`${one.path}?op=query_power_state`)).json, { state: "unknown" });
  for (const { id } of [one, other]) t.racks.disconnect(id);
});

test("what is for machines is refused with the reason", async () => {
  const { path } = await addRack();
  assert.deepEqual(await refused(admin().post(`${path}?op=test`)), ["testing_scripts"]);
  for (const op of ["abort", "override_failed_testing"]) {
    assert.equal((await admin().post(`${path}?op=${op}`)).status, 409);
    assert.equal((await user().post(`${path}?op=${op}`)).status, 403);
    assert.equal((await admin().post(`/rackcontrollers/nosuch/?op=${op}`)).status, 404);
  }
});

test("what a rack's DHCP is told can be read, without passwords; setting it is refused", async () => {
  const { systemId } = await addRack();
  const path = (service: string, id = systemId) => `/agents/${id}/services/${service}/config/`;
  assert.deepEqual((await admin().get(path("dhcp"))).json, { interfaces: [], addresses: [], networks: [] });
  assert.equal((await admin().get(path("ntp"))).json, null);
  assert.equal((await admin().get(path("dhcp", "nosuch"))).status, 404);
  assert.equal((await user().get(path("dhcp"))).status, 403);
  assert.equal((await user().post(path("dhcp"))).status, 405);
});

test("its services are told as the link tells them", async () => {
  const { id, path } = await addRack();
  const services = async () => {
    const { service_set } = (await user().get(path)).json as { service_set: { name: string; status: string }[] };
    return Object.fromEntries(service_set.map(({ name, status }) => [name, status]));
  };
  assert.deepEqual(await services(), { rackd: "dead", http: "dead", tftp: "unknown" });
  t.racks.connect({ nodeId: id, tftp: true });
  assert.deepEqual(await services(), { rackd: "running", http: "running", tftp: "running" });
  t.racks.connect({ nodeId: id, tftp: false });
  assert.equal((await services()).tftp, "off");
  t.racks.disconnect(id);
});
