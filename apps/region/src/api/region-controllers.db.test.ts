/** Region controllers: made by running, known again, told apart, changed, deleted. */
import assert from "node:assert/strict";
import { cpus, hostname, totalmem } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { transaction } from "@rackwright/db/connect";
import { lockRack } from "@rackwright/db/racks";
import { RegionController } from "@rackwright/contract/objects/machine";
import { cleanHostname } from "@rackwright/domain/machine/names";
import { deserialize } from "bson";
import { type PresenceOptions, type RegionPresence, startPresence } from "../controllers/presence.ts";
import { type Caller, caller, type Json, refused } from "../testing/api-calls.ts";
import { type TestRegion, testRegion } from "../testing/region.ts";

let t: TestRegion;
let admin: Caller;
let user: Caller;
const running = new Set<RegionPresence>();

async function start(name: string, more: Partial<PresenceOptions> = {}): Promise<RegionPresence> {
  const { db, directory } = t;
  const options = { db, dataDir: join(directory, name), version: "0.9", port: 5240, log: t.region.log };
  const presence = await startPresence({ ...options, ...more });
  running.add(presence);
  return presence;
}
const stop = async (presence: RegionPresence) => {
  running.delete(presence);
  await presence.stop();
};

before(async () => {
  t = await testRegion();
  [admin, user] = [caller(t, t.admin), caller(t, t.user)];
});
after(async () => {
  await Promise.all([...running].map(stop));
  await t?.close();
});

const list = async (query = "") => (await user.get(`/regioncontrollers/${query}`)).json as Json[];

test("a region that runs is listed with its version and interfaces, and is the same one after a restart", async () => {
  const first = await start("a");
  const [only, ...others] = await list();
  assert.deepEqual(others, []);
  assert.deepEqual(new Set(Object.keys(only)), new Set(Object.keys(RegionController.shape)));
  assert.equal(only.system_id, first.node.systemId);
  assert.deepEqual([only.node_type, only.version, only.hostname], [3, "0.9", cleanHostname(hostname())]);
  assert.match(only.architecture, /^\w+\/generic$/);
  assert.deepEqual([only.cpu_count, only.memory], [cpus().length, Math.round(totalmem() / 2 ** 20)]);
  assert.equal("service_set" in only, false);
  assert.equal(only.resource_uri, `/MAAS/api/2.0/regioncontrollers/${only.system_id}/`);
  // As after kill -9: nothing was said at the end.
  const again = await start("a", { version: "1.0", hostname: "renamed" });
  assert.deepEqual(again.node, first.node);
  const [same, ...more] = await list();
  assert.deepEqual(more, []);
  assert.deepEqual([same.version, same.hostname], ["1.0", only.hostname]);
  assert.equal((await user.get("/rackcontrollers/")).json.length, 0);
  await Promise.all([stop(first), stop(again)]);
});

test("several regions of one host, started at once, are one each", async () => {
  const [a, b, c] = await Promise.all([start("a"), start("b"), start("c")]);
  const ids = [a, b, c].map((p) => p.node.systemId);
  assert.equal(new Set(ids).size, 3);
  const all = await list();
  assert.deepEqual(new Set(all.map((r) => r.system_id)), new Set(ids));
  assert.equal(new Set(all.map((r) => r.hostname)).size, 3);
  assert.deepEqual(
    (await list(`?id=${b.node.systemId}`)).map((r) => r.system_id),
    [b.node.systemId],
  );
  assert.equal((await user.get("/regioncontrollers/?nonsense=1")).status, 400);
  await Promise.all([stop(b), stop(c)]);
});

test("a rack in the region's process is the same node, with both services; either role can be taken from it", async () => {
  const presence = await start("d");
  const { systemId, nodeId } = presence.node;
  const rack = { rackId: "7f2a0b9e-6a63-4c0e-9d7d-000000000001", hostname: "whatever", inRegion: true };
  const enrol = (regionNodeId: number) => transaction(t.db, (tx) => lockRack(tx, { ...rack, regionNodeId }));
  assert.deepEqual(await enrol(nodeId), { nodeId, systemId });
  const asRack = (await user.get(`/rackcontrollers/${systemId}/`)).json;
  assert.equal(asRack.node_type, 4);
  assert.deepEqual(
    asRack.service_set.map((s: Json) => [s.name, s.status]),
    [
      ["rackd", "dead"],
      ["http", "dead"],
      ["tftp", "unknown"],
      ["regiond", "running"],
    ],
  );
  assert.equal((await user.get(`/regioncontrollers/${systemId}/`)).json.node_type, 4);
  assert.equal((await admin.delete(`/rackcontrollers/${systemId}/`)).status, 204);
  assert.equal((await user.get(`/rackcontrollers/${systemId}/`)).status, 404);
  assert.equal((await user.get(`/regioncontrollers/${systemId}/`)).json.node_type, 3);
  await enrol(nodeId);
  await stop(presence);
  assert.equal((await admin.delete(`/regioncontrollers/${systemId}/`)).status, 204);
  assert.equal((await user.get(`/regioncontrollers/${systemId}/`)).status, 404);
  assert.equal((await user.get(`/rackcontrollers/${systemId}/`)).json.node_type, 2);
  await t.db.pool.query("delete from node where id = $1", [nodeId]);
});

test("one that runs is deleted by force alone, and comes back as a new one", async () => {
  const presence = await start("e");
  const before = presence.node.systemId;
  const path = `/regioncontrollers/${before}/`;
  assert.equal((await user.delete(path)).status, 403);
  const kept = await admin.delete(path);
  assert.equal(kept.status, 400);
  assert.match(kept.json, /is running/);
  assert.equal((await admin.delete(`${path}?force=true`)).status, 204);
  assert.equal((await admin.delete(path)).status, 404);
  await presence.listening(5240);
  assert.notEqual(presence.node.systemId, before);
  assert.equal((await user.get(`/regioncontrollers/${presence.node.systemId}/`)).status, 200);
  await stop(presence);
  assert.equal((await admin.delete(`/regioncontrollers/${presence.node.systemId}/`)).status, 204);
});

test("zone, domain, description and power are an administrator's to change; passwords his to read", async () => {
  const [{ system_id }] = await list();
  const path = `/regioncontrollers/${system_id}/`;
  await admin.post("/zones/", { name: "row-a" });
  const power = {
    power_type: "ipmi",
    power_parameters_power_address: "10.0.0.9",
    power_parameters_power_pass: "Hid-1",
  };
  assert.equal((await user.put(path, { description: "x" })).status, 403);
  const after = await admin.put(path, { description: "the one", zone: "row-a", domain: "maas", ...power });
  assert.equal(after.status, 200, JSON.stringify(after.json));
  assert.deepEqual([after.json.description, after.json.zone.name, after.json.power_type], ["the one", "row-a", "ipmi"]);
  assert.deepEqual(await refused(admin.put(path, { zone: "nowhere" })), ["zone"]);
  assert.deepEqual(await refused(admin.put(path, { power_type: "magic" })), ["power_type"]);
  assert.equal((await admin.put("/regioncontrollers/nosuch/", {})).status, 404);
  const read = await admin.get(`${path}?op=power_parameters`);
  assert.equal(read.json.power_pass, "Hid-1");
  assert.equal((await user.get(`${path}?op=power_parameters`)).status, 403);
  const details = await t.request(t.user, "GET", path, { query: { op: "details" } });
  assert.deepEqual(deserialize(details.bytes), { lshw: null, lldp: null });
  assert.equal(
    (await admin.post("/regioncontrollers/?op=set_zone", { zone: "default", nodes: system_id })).status,
    200,
  );
  assert.equal((await user.get(path)).json.zone.name, "default");
  assert.equal((await user.post("/regioncontrollers/?op=set_zone", { zone: "row-a", nodes: system_id })).status, 400);
});

test("tags find them", async () => {
  const [{ system_id }] = await list();
  await admin.post("/tags/", { name: "core" });
  await admin.post("/tags/core/?op=update_nodes", { add: system_id });
  const tagged = (await user.get("/tags/core/?op=region_controllers")).json;
  assert.deepEqual(
    tagged.map((r: Json) => [r.system_id, r.tag_names]),
    [[system_id, ["core"]]],
  );
  assert.equal((await user.get("/tags/nosuch/?op=region_controllers")).status, 404);
});

test("whether a MAC address is known is answered without credentials", async () => {
  const anybody = caller(t, null);
  for (const op of ["is_registered", "is_action_in_progress"]) {
    assert.equal((await anybody.get(`/regioncontrollers/?op=${op}&mac_address=52:54:00:77:77:77`)).json, false);
    assert.equal((await anybody.get(`/regioncontrollers/?op=${op}&mac_address=x`)).status, 400);
  }
});

test("regions tell each other which image files they hold", async () => {
  const [{ system_id }] = await list();
  const set = await t.db.pool.query(`
    with r as (insert into boot_resource (rtype, name, architecture) values (0, 'os/one', 'amd64/generic') returning id),
      s as (insert into boot_resource_set (resource_id, version, label) select id, '1', 'x' from r returning id)
    insert into boot_resource_file (set_id, filename, filetype, sha256, size_bytes, complete)
      select id, 'squashfs', 'squashfs', repeat('a', 64), 10, true from s returning id`);
  const id = set.rows[0].id as number;
  const item = `/images-sync-progress/${id}/${system_id}/`;
  assert.deepEqual((await admin.get(item)).json, { size: 0 });
  assert.equal((await user.get(item)).status, 403);
  assert.equal((await admin.put(item, { size: 4 })).status, 200);
  assert.deepEqual((await admin.get(item)).json, { size: 4 });
  assert.deepEqual((await admin.get("/images-sync-progress/")).json[id].sources, []);
  assert.equal((await admin.post("/images-sync-progress/", { system_id, ids: [String(id)], size: 10 })).status, 200);
  const [address] = (await list())[0].ip_addresses;
  const file = (await admin.get("/images-sync-progress/")).json[id];
  assert.deepEqual([file.sha256, file.size], ["a".repeat(64), 10]);
  if (address) assert.ok(file.sources[0].endsWith(`:5240/MAAS/rack/images/${"a".repeat(64)}`), file.sources[0]);
  assert.deepEqual((await admin.get("/images-sync-progress/?sources=false")).json[id].sources, []);
  for (const path of [
    `/images-sync-progress/${id}/nosuch/`,
    `/images-sync-progress/999999/${system_id}/`,
    `/images-sync-progress/x/${system_id}/`,
  ]) {
    assert.equal((await admin.get(path)).status, 404);
    assert.equal((await admin.put(path, { size: 1 })).status, 404);
  }
  assert.equal((await admin.post("/images-sync-progress/", { system_id: "nosuch", ids: [String(id)] })).status, 404);
  assert.deepEqual(await refused(admin.post("/images-sync-progress/", { system_id, ids: ["x"] })), ["ids"]);
});
