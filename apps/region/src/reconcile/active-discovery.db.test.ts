import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Caller, caller } from "../testing/api-calls.ts";
import { type TestRegion, testRegion } from "../testing/region.ts";
import { discoverActively } from "./active-discovery.ts";

let t: TestRegion;
let admin: Caller;
const scanned: string[][] = [];
before(async () => {
  t = await testRegion();
  admin = caller(t, t.admin);
  await t.db.pool.query(`
    insert into node (id, system_id, hostname, node_type) overriding system value values (900, 'rack01', 'one', 2);
    insert into subnet (id, name, cidr, vlan_id, active_discovery)
      select v.n, v.name, v.cidr::inet, (select min(id) from vlan), v.active
      from (values (7, 'a', '10.7.0.0/24', true), (8, 'b', '10.8.0.0/24', false), (9, 'c', '10.64.0.0/12', true), (10, 'd', 'fd00::/64', true)) as v (n, name, cidr, active);
    insert into interface (id, node_id, name, mac) values (90, 900, 'eth5', '02:00:00:00:00:90');
    insert into ip_address (alloc_type, ip, subnet_id, interface_id) values (1, '10.7.0.1', 7, 90)`);
  t.racks.connect({ nodeId: 900 });
  t.racks.answer("scanNetworks", ({ cidrs }) => {
    scanned.push(cidrs);
    return { interfaces: ["eth5"] };
  });
});
after(() => t?.close());

const set = (name: string, value: string) => admin.post("/maas/?op=set_config", { name, value });

test("subnets that are to be scanned are, once in each interval, by one of all regions", async () => {
  const both = await Promise.all([discoverActively(t.region), discoverActively(t.region)]);
  assert.deepEqual(both.flat(), ["10.7.0.0/24"]);
  assert.deepEqual(scanned, [["10.7.0.0/24"]]);
  await set("active_discovery_interval", "3600");
  t.clock.advance(3_590_000);
  assert.deepEqual(await discoverActively(t.region), []);
  t.clock.advance(20_000);
  assert.deepEqual(await discoverActively(t.region), ["10.7.0.0/24"]);
});

test("switched off, nothing is scanned", async () => {
  t.clock.advance(48 * 3600_000);
  await set("active_discovery_interval", "0");
  assert.deepEqual(await discoverActively(t.region), []);
  await set("active_discovery_interval", "3600");
  await set("network_discovery", "disabled");
  assert.deepEqual(await discoverActively(t.region), []);
  await set("network_discovery", "enabled");
  assert.equal((await discoverActively(t.region)).length, 1);
});
