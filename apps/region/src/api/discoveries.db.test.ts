/** Strangers that our DHCP served: seen, listed by what is known of them, forgotten. */
import assert from "node:assert/strict";
import { before, beforeEach, test } from "node:test";
import { DomainError } from "@rackwright/domain/errors";
import { recordNeighbours } from "../app/discovery-scan.ts";
import { recordLease } from "../app/leases.ts";
import { type Caller, caller, type Json, refused, regionWithCallers } from "../testing/api-calls.ts";

const { t, admin, user } = await regionWithCallers();
before(async () => {
  await t.db.pool.query(`
    insert into node (id, system_id, hostname, node_type) overriding system value values (900, 'rack01', 'one', 2), (910, 'mach01', 'otter', 0);
    insert into vlan (id, fabric_id, vid, primary_rack_id) values (50, 0, 5, 900);
    insert into subnet (id, name, cidr, vlan_id) values (7, 'a', '10.7.0.0/24', 50);
    insert into interface (id, node_id, name, mac, vlan_id) values (90, 900, 'eth5', '02:00:00:00:00:90', 50), (91, 910, 'eth0', '02:00:00:00:00:91', 50);
    insert into ip_address (alloc_type, ip, subnet_id, interface_id) values (1, '10.7.0.1', 7, 90), (1, '10.7.0.9', 7, 91)`);
});
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

const scan = (fields: Record<string, string | string[]>) => user.post("/discovery/?op=scan", fields);
const names = (racks: Json) => racks.map((rack: Json) => rack.hostname);

test("a scan is begun by the racks that are on the network; what they find is in the list", async (c) => {
  await t.db.pool.query(`
    insert into node (id, system_id, hostname, node_type) overriding system value values (901, 'rack02', 'two', 2), (902, 'rack03', 'three', 2);
    insert into interface (id, node_id, name, mac) values (92, 901, 'eth0', '02:00:00:00:00:92'), (93, 902, 'eth0', '02:00:00:00:00:93');
    insert into ip_address (alloc_type, ip, subnet_id, interface_id) values (1, '10.7.0.2', 7, 92), (6, '10.8.0.1', null, 93)`);
  c.after(() => t.db.pool.query("delete from node where id in (901, 902)"));
  const asked: Json[] = [];
  t.racks.answer("scanNetworks", (params, by) => {
    asked.push({ by, ...params });
    return { interfaces: ["eth5"] };
  });
  t.racks.connect({ nodeId: 900 });
  c.after(() => t.racks.disconnect(900));
  const { status, json } = await scan({ cidr: "10.7.0.0/24", always_use_ping: "true", threads: "4" });
  assert.equal(status, 200, JSON.stringify(json));
  assert.deepEqual(asked, [{ by: 900, cidrs: ["10.7.0.0/24"], alwaysUsePing: true, slow: false, threads: 4 }]);
  assert.equal(json.result, "Scanning is in progress on one; not on all that are there.");
  assert.deepEqual([json.scan_attempted_on, json.scan_started_on, json.failed_to_connect_to].map(names), [
    ["one", "two"],
    ["one"],
    ["two"],
  ]);
  assert.deepEqual([json.scan_failed_on, json.rpc_call_timed_out_on, json.failures], [[], [], []]);
  await scan({ force: "true", slow: "true" });
  assert.deepEqual(asked[1], { by: 900, cidrs: [], alwaysUsePing: false, slow: true, threads: null });

  const found = { interface: "eth5", ip: "10.7.0.77", mac: "02:00:00:00:00:77" };
  const report = (more = {}) => recordNeighbours(t.region, { nodeId: 900 }, [{ ...found, ...more }]);
  await report();
  await report({ interface: "nosuch", ip: "10.7.0.78" });
  const [only, ...others] = (await user.get("/discovery/")).json;
  assert.deepEqual(others, []);
  assert.deepEqual([only.ip, only.mac_address, only.vid, only.fabric_name], ["10.7.0.77", found.mac, 5, "fabric-0"]);
  assert.deepEqual(only.observer, { system_id: "rack01", hostname: "one", interface_id: 90, interface_name: "eth5" });
  t.clock.advance(5_000);
  await report();
  assert.ok((await user.get("/discovery/")).json[0].last_seen > only.last_seen);
  await admin.post("/maas/?op=set_config", { name: "network_discovery", value: "disabled" });
  await report({ ip: "10.7.0.79" });
  assert.deepEqual(await addresses(), ["10.7.0.77"]);
  assert.equal((await scan({ force: "true" })).status, 400);
});

test("a scan that makes no sense is refused; racks that fail are named with the reason", async (c) => {
  assert.deepEqual(await refused(scan({})), ["force"]);
  for (const cidr of ["nonsense", "10.0.0.0", "10.0.0.0/33", "10.0.0.0/15", "fd00::/64"])
    assert.deepEqual(await refused(scan({ cidr })), ["cidr"], cidr);
  assert.deepEqual(await refused(scan({ cidr: ["10.7.0.0/24", "x"] })), ["cidr"]);
  assert.deepEqual(await refused(scan({ force: "true", threads: "0" })), ["threads"]);
  assert.equal((await caller(t, null).post("/discovery/?op=scan", { force: "true" })).status, 401);
  const nowhere = (await scan({ cidr: "10.99.0.0/24" })).json;
  assert.deepEqual(
    [nowhere.result, nowhere.scan_attempted_on],
    ["No rack controller has an address on what was to be scanned.", []],
  );
  t.racks.connect({ nodeId: 900 });
  c.after(() => t.racks.disconnect(900));
  for (const [code, list] of [
    ["conflict", "scan_failed_on"],
    ["rack_timeout", "rpc_call_timed_out_on"],
    ["rack_unavailable", "failed_to_connect_to"],
  ] as const) {
    t.racks.answer("scanNetworks", () => {
      throw new DomainError(code, "no");
    });
    const { json } = await scan({ cidr: "10.7.0.0/24" });
    assert.deepEqual([names(json[list]), json.scan_started_on], [["one"], []], code);
    assert.deepEqual(json.failures, code === "rack_timeout" ? [] : [{ type: code, message: "no" }]);
  }
});
