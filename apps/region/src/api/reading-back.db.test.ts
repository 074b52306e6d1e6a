/** What was made is read back, one by one and in its list; and what the lists of nodes answer about one address. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { resources } from "@rackwright/contract/table";
import { parse } from "yaml";
import { caller, type Caller, type Json } from "../testing/api-calls.ts";
import { addMachine } from "../testing/machines.ts";
import { type TestRegion, testRegion } from "../testing/region.ts";

let t: TestRegion;
let admin: Caller;
let user: Caller;
before(async () => {
  t = await testRegion();
  admin = caller(t, t.admin);
  user = caller(t, t.user);
});
after(() => t?.close());

/** @param list of all of its kind */
async function readsBack(made: Json, list: string, who: Caller): Promise<void> {
  const { status, json } = await who.get(made.resource_uri);
  assert.equal(status, 200, JSON.stringify(json));
  assert.deepEqual(json, made);
  const { json: all } = await who.get(list);
  assert.deepEqual(
    all.find((one: Json) => one.id === made.id),
    made,
  );
}

test("fabrics, names and boot sources are read as they were made", async () => {
  await readsBack(await admin.made("/fabrics/", { name: "read-back", class_type: "10g" }), "/fabrics/", user);
  const name = await admin.made("/dnsresources/", { fqdn: "read.maas", ip_addresses: "10.1.2.3" });
  await readsBack(name, "/dnsresources/", user);
  const mirror = { url: "http://192.0.2.1/a/", keyring_filename: "/a.gpg" };
  const { status, json: source } = await admin.post("/boot-sources/", mirror);
  assert.equal(status, 201);
  await readsBack(source, "/boot-sources/", admin);
  const selections = `${source.resource_uri}selections/`;
  const chosen = await admin.made(selections, { os: "ubuntu", release: "noble", arches: ["amd64"] });
  await readsBack(chosen, selections, admin);
  assert.equal((await user.get(source.resource_uri)).status, 403);
});

test("the list of nodes has machines and devices, and nobody else's of them", async () => {
  const theirs = await addMachine(t, "allocated", { owner_id: t.other.id });
  const free = await addMachine(t, "ready");
  const device = await user.made("/devices/", { hostname: "listed", mac_addresses: "52:54:01:00:00:01" });
  const listed = async (who: Caller) => (await who.get("/nodes/")).json.map((one: Json) => one.system_id);
  const all = await listed(admin);
  for (const id of [theirs.systemId, free.systemId, device.system_id]) assert.ok(all.includes(id), id);
  const seen = await listed(user);
  assert.ok(seen.includes(free.systemId) && seen.includes(device.system_id));
  assert.ok(!seen.includes(theirs.systemId), "a machine of somebody else");
  assert.deepEqual(
    (await user.get(`/nodes/?id=${free.systemId}`)).json.map((one: Json) => one.system_id),
    [free.systemId],
  );
});

test("whether an address is known, and its node is being worked on, needs no key", async () => {
  const nobody = caller(t, null);
  const busy = await addMachine(t, "commissioning");
  const free = await addMachine(t, "ready");
  const device = await user.made("/devices/", { hostname: "addressed", mac_addresses: "52:54:01:00:00:02" });
  const deviceMac = device.interface_set[0].mac_address as string;
  for (const list of ["/nodes/", "/machines/", "/devices/"]) {
    const ask = async (op: string, mac: string) => (await nobody.get(`${list}?op=${op}&mac_address=${mac}`)).json;
    assert.equal(await ask("is_registered", free.mac), true, list);
    assert.equal(await ask("is_registered", "52:54:01:ff:ff:ff"), false, list);
    assert.equal(await ask("is_action_in_progress", busy.mac), true, list);
    assert.equal(await ask("is_action_in_progress", free.mac), false, list);
    assert.equal(await ask("is_action_in_progress", deviceMac), false, list);
  }
});

test("which address is asked for has to be said, and be one", async () => {
  const nobody = caller(t, null);
  for (const list of ["nodes", "machines", "devices", "rackcontrollers", "regioncontrollers"])
    for (const op of ["is_registered", "is_action_in_progress"])
      for (const more of ["", "&mac_address=", "&mac_address=nonsense"]) {
        const { status, json } = await nobody.get(`/${list}/?op=${op}${more}`);
        assert.deepEqual([status, Object.keys(json)], [400, ["mac_address"]], `${list} ${op} ${more}`);
      }
});

test("power parameters of many machines are for administrators, by id or all", async () => {
  const one = await addMachine(t, "ready");
  const another = await addMachine(t, "ready");
  const settings = { power_address: "10.0.0.9", power_user: "u", power_pass: "secret-word" };
  const form = Object.fromEntries(Object.entries(settings).map(([name, value]) => [`power_parameters_${name}`, value]));
  const set = await admin.put(`/machines/${one.systemId}/`, { power_type: "ipmi", ...form });
  assert.equal(set.status, 200, JSON.stringify(set.json));
  const path = "/machines/?op=power_parameters";
  const { json: chosen } = await admin.get(`${path}&id=${one.systemId}`);
  assert.deepEqual(Object.keys(chosen), [one.systemId]);
  assert.equal(chosen[one.systemId].power_address, settings.power_address);
  assert.equal(chosen[one.systemId].power_pass, settings.power_pass);
  const { json: all } = await admin.get(path);
  assert.ok(all[one.systemId] && all[another.systemId]);
  assert.equal((await user.get(path)).status, 403);
});

test("openapi.yaml is read without a key, and has every path that the table has", async () => {
  const reply = await t.request(null, "GET", "/openapi.yaml");
  assert.deepEqual([reply.status, reply.headers["content-type"]], [200, "application/openapi+yaml"]);
  const { openapi, paths } = parse(reply.text) as { openapi: string; paths: Record<string, unknown> };
  assert.match(openapi, /^3\./);
  // An operation has a path of its own: /account/op-NAME.
  const shown = Object.keys(paths);
  const missing = resources.filter(({ hidden, path }) => !hidden && !shown.some((one) => one.startsWith(path)));
  assert.deepEqual(
    missing.map(({ path }) => path),
    [],
  );
});
