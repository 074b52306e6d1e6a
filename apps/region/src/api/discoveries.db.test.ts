/** Strangers that our DHCP served: seen, listed by what is known of them, forgotten. */
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { recordLease } from "../app/leases.ts";
import { type Caller, caller, type Json, refused } from "../testing/api-calls.ts";
import { testRegion, type TestRegion } from "../testing/region.ts";

let t: TestRegion;
let admin: Caller;
let user: Caller;
before(async () => {
  t = await testRegion();
  admin = caller(t, t.admin);
  user = caller(t, t.user);
  await t.db.pool.query(`
    insert into node (id, system_id, hostname, node_type) overriding system value values (900, 'rack01', 'one', 2), (910, 'mach01', 'otter', 0);
    insert into vlan (id, fabric_id, vid, primary_rack_id) values (50, 0, 5, 900);
    insert into subnet (id, name, cidr, vlan_id) values (7, 'a', '10.7.0.0/24', 50);
    insert into interface (id, node_id, name, mac, vlan_id) values (90, 900, 'eth5', '02:00:00:00:00:90', 50), (91, 910, 'eth0', '02:00:00:00:00:91', 50);
    insert into ip_address (alloc_type, ip, subnet_id, interface_id) values (1, '10.7.0.1', 7, 90), (1, '10.7.0.9', 7, 91)`);
});
after(() => t?.close());
beforeEach(() =>
  t.db.pool.query("delete from neighbour; delete from mdns_name; delete from config where name = 'network_discovery'"),
);

const leased = (ip: string, mac: string, hostname: string | null = null) =>
  recordLease(t.region, {
    action: "commit",
    lease: { ip, mac, subnetId: 7, hostname, leaseSeconds: 600, expiresAt: new Date(), state: "active" },
  });
const addresses = async (op = "") =>
  (await user.get(`/discovery/${op && `?op=${op}`}`)).json.map((d: Json) => d.ip).toSorted();

test("a stranger with a lease of ours is seen by the rack that serves its VLAN; a machine of ours is none", async () => {
  await leased("10.7.0.100", "02:00:00:00:00:aa", "toaster");
  await leased("10.7.0.101", "02:00:00:00:00:91");
  const [only, ...others] = (await user.get("/discovery/")).json;
  assert.deepEqual(others, []);
  assert.deepEqual(
    [only.ip, only.mac_address, only.hostname, only.vid, only.fabric_name],
    ["10.7.0.100", "02:00:00:00:00:aa", "toaster", 5, "fabric-0"],
  );
  assert.deepEqual(only.observer, { system_id: "rack01", hostname: "one", interface_id: 90, interface_name: "eth5" });
  assert.equal(Buffer.from(only.discovery_id, "base64").toString(), "10.7.0.100,02:00:00:00:00:aa");
  assert.deepEqual((await user.get(`/discovery/${only.discovery_id}/`)).json, only);
  assert.equal((await user.get("/discovery/bm9uZQ==/")).status, 404);
  t.clock.advance(60_000);
  await leased("10.7.0.100", "02:00:00:00:00:aa");
  const [again] = (await user.get("/discovery/")).json;
  assert.ok(again.last_seen > only.last_seen);
  assert.equal(again.hostname, "toaster");
});

test("switched off, nothing is seen", async () => {
  await admin.post("/maas/?op=set_config", { name: "network_discovery", value: "disabled" });
  await leased("10.7.0.100", "02:00:00:00:00:aa");
  assert.deepEqual(await addresses(), []);
});

test("lists by what nobody has", async () => {
  await t.db.pool.query(`
    insert into neighbour (ip, mac, observer_id) values ('10.7.0.100', '02:00:00:00:00:aa', 90), ('10.7.0.9', '02:00:00:00:00:bb', 90), ('10.7.0.102', '02:00:00:00:00:91', 90);
    insert into mdns_name (ip, hostname, observer_id) values ('10.7.0.100', 'printer.local', 90)`);
  assert.deepEqual(await addresses(), ["10.7.0.100", "10.7.0.102", "10.7.0.9"]);
  assert.deepEqual(await addresses("by_unknown_ip"), ["10.7.0.100", "10.7.0.102"]);
  assert.deepEqual(await addresses("by_unknown_mac"), ["10.7.0.100", "10.7.0.9"]);
  assert.deepEqual(await addresses("by_unknown_ip_and_mac"), ["10.7.0.100"]);
  const named = (await user.get("/discovery/?op=by_unknown_ip_and_mac")).json[0];
  assert.equal(named.hostname, "printer.local");
  assert.equal((await user.post("/discovery/?op=clear", { all: "true" })).status, 403);
  assert.deepEqual(await refused(admin.post("/discovery/?op=clear")), ["all"]);
  assert.equal((await admin.post("/discovery/?op=clear", { mdns: "true" })).status, 204);
  assert.equal((await user.get(`/discovery/${named.discovery_id}/`)).json.hostname, null);
  const pair = { ip: "10.7.0.100", mac: "02:00:00:00:00:aa" };
  const clear = (who: Caller, fields: Record<string, string>) => who.post("/discovery/?op=clear_by_mac_and_ip", fields);
  assert.equal((await clear(user, pair)).status, 403);
  assert.deepEqual(await refused(clear(admin, { ip: "10.7.0.100" })), ["mac"]);
  assert.deepEqual(await refused(clear(admin, { ...pair, ip: "x" })), ["ip"]);
  assert.equal((await clear(admin, pair)).status, 204);
  assert.equal((await clear(admin, pair)).status, 410);
  assert.deepEqual(await addresses(), ["10.7.0.102", "10.7.0.9"]);
  assert.equal((await admin.post("/discovery/?op=clear", { neighbours: "true" })).status, 204);
  assert.deepEqual(await addresses(), []);
});
