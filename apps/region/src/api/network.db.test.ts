import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { testRegion, type TestRegion, type TestUser } from "../testing/region.ts";

let t: TestRegion;
before(async () => {
  t = await testRegion();
});
after(() => t?.close());

beforeEach(async () => {
  t.racks.disconnect(900);
  await t.db.pool.query(`
    delete from ip_address; delete from ip_range; delete from subnet; delete from node; delete from vlan where id > 1; delete from fabric where id > 0;
    update vlan set dhcp_on = false, relay_vlan_id = null, vid = 0, space_id = null, mtu = 1500;
    insert into node (id, system_id, hostname, node_type) overriding system value values (900, 'rack01', 'one', 2), (901, 'rack02', 'two', 4)`);
});

// oxlint-disable-next-line typescript/no-explicit-any
type Json = any;
async function call(
  who: TestUser | null,
  method: string,
  path: string,
  fields?: Record<string, string | number | string[]>,
): Promise<{ status: number; json: Json }> {
  const response = await t.request(who, method, path, fields ? { form: fields } : {});
  const text = response.text;
  return { status: response.status, json: text.startsWith("{") || text.startsWith("[") ? JSON.parse(text) : text };
}
/** The message that belongs to no single field. */
const whole = async (reply: Promise<Json>): Promise<string> => (await reply)[WHOLE][0];
const WHOLE = "__all__";
const as = (who: TestUser | null) => ({
  get: (path: string) => call(who, "GET", path),
  post: (path: string, fields: Record<string, string | number | string[]>) => call(who, "POST", path, fields),
  put: (path: string, fields: Record<string, string | number | string[]>) => call(who, "PUT", path, fields),
  delete: (path: string) => call(who, "DELETE", path),
});
const subnet = async (fields: Record<string, string | number | string[]>): Promise<Json> => {
  const made = await as(t.admin).post("/subnets/", fields);
  assert.equal(made.status, 200, JSON.stringify(made.json));
  return made.json;
};

test("a fabric comes with an untagged VLAN and is found by id and by name", async () => {
  const admin = as(t.admin);
  const made = await admin.post("/fabrics/", { name: "row-a", class_type: "10g" });
  assert.equal(made.status, 200);
  assert.equal(made.json.vlans.length, 1);
  assert.equal(made.json.vlans[0].vid, 0);
  assert.equal(made.json.resource_uri, `/MAAS/api/2.0/fabrics/${made.json.id}/`);
  assert.deepEqual((await as(t.user).get("/fabrics/row-a/")).json, made.json);
  assert.deepEqual((await as(t.user).get(`/fabrics/${made.json.id}/`)).json, made.json);
  assert.equal((await admin.put("/fabrics/row-a/", { name: "row-b" })).json.name, "row-b");
  const unnamed = await admin.post("/fabrics/", {});
  assert.equal((await admin.get(`/fabrics/fabric-${unnamed.json.id}/`)).json.id, unnamed.json.id);
  assert.deepEqual((await admin.post("/fabrics/", { name: "row-b" })).json, {
    name: ["There is a fabric 'row-b' already."],
  });
  assert.equal((await admin.post("/fabrics/", { name: "fabric-77" })).status, 400);
  assert.equal((await as(t.user).post("/fabrics/", { name: "x" })).status, 403);
  assert.equal((await admin.get("/fabrics/none/")).status, 404);
});

test("a VLAN is reached by fabric and tag and by its id; a tag is there once", async () => {
  const admin = as(t.admin);
  const made = await admin.post("/fabrics/0/vlans/", { vid: 12, name: "storage", mtu: 9000 });
  assert.equal(made.status, 200);
  assert.deepEqual((await admin.get("/fabrics/0/vlans/12/")).json, made.json);
  assert.deepEqual((await admin.get(`/vlans/${made.json.id}/`)).json, made.json);
  assert.equal(made.json.mtu, 9000);
  assert.deepEqual(
    (await admin.get("/fabrics/fabric-0/vlans/")).json.map((v: Json) => v.vid),
    [0, 12],
  );
  assert.deepEqual(Object.keys((await admin.post("/fabrics/0/vlans/", { vid: 12 })).json), ["vid"]);
  assert.deepEqual(Object.keys((await admin.post("/fabrics/0/vlans/", { vid: 5000 })).json), ["vid"]);
  assert.equal((await admin.put(`/vlans/${made.json.id}/`, { vid: 13, name: "" })).json.name, "13");
  assert.equal((await admin.get("/fabrics/0/vlans/12/")).status, 404);
  assert.equal((await as(t.user).put("/fabrics/0/vlans/13/", { mtu: 1400 })).status, 403);
});

test("DHCP needs a dynamic range and a rack; then it is on, and the last range stays", async () => {
  const admin = as(t.admin);
  const s = await subnet({ cidr: "10.20.0.0/24" });
  const vlan = `/fabrics/0/vlans/0/`;
  assert.match(
    (await admin.put(vlan, { dhcp_on: "true", primary_rack: "rack01" })).json.dhcp_on[0],
    /dynamic IP range/,
  );
  const range = await admin.post("/ipranges/", { type: "dynamic", start_ip: "10.20.0.100", end_ip: "10.20.0.150" });
  assert.equal(range.json.subnet.id, s.id);
  assert.match((await admin.put(vlan, { dhcp_on: "true" })).json.dhcp_on[0], /primary rack/);
  assert.deepEqual(Object.keys((await admin.put(vlan, { dhcp_on: "true", primary_rack: "nobody" })).json), [
    "primary_rack",
  ]);
  const on = await admin.put(vlan, { dhcp_on: "true", primary_rack: "rack01" });
  assert.equal(on.status, 200);
  assert.equal(on.json.dhcp_on, true);
  assert.equal(on.json.primary_rack, "rack01");
  const refused = await admin.delete(`/ipranges/${range.json.id}/`);
  assert.equal(refused.status, 400);
  assert.match(JSON.stringify(refused.json), /last dynamic range/);
  assert.deepEqual(Object.keys((await admin.put(`/ipranges/${range.json.id}/`, { type: "reserved" })).json), ["type"]);
  assert.deepEqual(Object.keys((await admin.put(vlan, { primary_rack: "" })).json), ["dhcp_on"]);
  assert.deepEqual(Object.keys((await admin.put(vlan, { relay_vlan: on.json.id })).json), ["relay_vlan"]);
  assert.equal((await admin.put(vlan, { dhcp_on: "false" })).json.dhcp_on, false);
  assert.equal((await admin.delete(`/ipranges/${range.json.id}/`)).status, 204);
  const { rows } = await t.db.pool.query(
    "select entity, kind from change where entity in ('vlan', 'ip_range') order by id desc limit 2",
  );
  assert.deepEqual(rows, [
    { entity: "ip_range", kind: "delete" },
    { entity: "vlan", kind: "update" },
  ]);
});

test("a rack is primary or secondary; the secondary steps up; relays end in one step", async () => {
  const admin = as(t.admin);
  const a = (await admin.post("/fabrics/0/vlans/", { vid: 30 })).json;
  const b = (await admin.post("/fabrics/0/vlans/", { vid: 31, relay_vlan: a.id })).json;
  assert.equal(b.relay_vlan.id, a.id);
  const c = await admin.post("/fabrics/0/vlans/", { vid: 32, relay_vlan: b.id });
  assert.deepEqual(Object.keys(c.json), ["relay_vlan"]);
  assert.deepEqual(Object.keys((await admin.put(`/vlans/${a.id}/`, { relay_vlan: a.id })).json), ["relay_vlan"]);
  assert.equal((await admin.put(`/vlans/${b.id}/`, { relay_vlan: "" })).json.relay_vlan, null);
  t.racks.connect({ nodeId: 900, systemId: "rack01" });
  assert.equal(
    (await admin.put(`/vlans/${a.id}/`, { primary_rack: "rack01", secondary_rack: "rack02" })).json.secondary_rack,
    "rack02",
  );
  assert.deepEqual(Object.keys((await admin.put(`/vlans/${a.id}/`, { secondary_rack: "rack01" })).json), [
    "secondary_rack",
  ]);
  const promoted = (await admin.put(`/vlans/${a.id}/`, { primary_rack: "" })).json;
  assert.deepEqual([promoted.primary_rack, promoted.secondary_rack], ["rack02", null]);
  assert.match(
    (await admin.put(`/vlans/${a.id}/`, { secondary_rack: "rack01" })).json.secondary_rack[0],
    /not connected/,
  );
});

test("a subnet is stored as its network, found by id, name and CIDR, and takes its VLAN from fabric and tag", async () => {
  const admin = as(t.admin);
  const f = (await admin.post("/fabrics/", { name: "other" })).json;
  const v = (await admin.post(`/fabrics/${f.id}/vlans/`, { vid: 7 })).json;
  const s = await subnet({
    cidr: "10.30.0.9/24",
    fabric: "other",
    vid: 7,
    gateway_ip: "10.30.0.1",
    dns_servers: "10.30.0.2 9.9.9.9",
  });
  assert.equal(s.cidr, "10.30.0.0/24");
  assert.equal(s.name, "10.30.0.0/24");
  assert.equal(s.vlan.id, v.id);
  assert.deepEqual(s.dns_servers, ["10.30.0.2", "9.9.9.9"]);
  for (const word of [s.id, "cidr:10.30.0.0/24", "10.30.0.0/24", "ip:10.30.0.77"])
    assert.deepEqual((await admin.get(`/subnets/${encodeURIComponent(word)}/`)).json, s, String(word));
  const moved = (await admin.put(`/subnets/${s.id}/`, { name: "lab", vlan: 1, gateway_ip: "", managed: "false" })).json;
  assert.deepEqual([moved.name, moved.vlan.vid, moved.gateway_ip, moved.managed], ["lab", 0, null, false]);
  assert.equal((await admin.get("/subnets/lab/")).json.id, s.id);
  assert.equal((await as(t.user).get("/subnets/")).json.length, 1);
  assert.equal((await as(t.user).put("/subnets/lab/", { name: "x" })).status, 403);
});

test("what a subnet cannot be is said by field", async () => {
  const admin = as(t.admin);
  await subnet({ cidr: "10.30.0.0/24" });
  const refusals: [Record<string, string | number>, string][] = [
    [{ cidr: "10.30.0.0/24" }, "cidr"],
    [{ cidr: "10.30.0.0" }, "cidr"],
    [{ cidr: "10.31.0.0/24", gateway_ip: "10.30.0.1" }, "gateway_ip"],
    [{ cidr: "10.31.0.0/24", gateway_ip: "x" }, "gateway_ip"],
    [{ cidr: "10.31.0.0/24", dns_servers: "dns.example" }, "dns_servers"],
    [{ cidr: "10.31.0.0/24", vlan: 4711 }, "vlan"],
    [{ cidr: "10.31.0.0/24", vid: 99 }, "vid"],
  ];
  for (const [fields, field] of refusals) {
    const { status, json } = await admin.post("/subnets/", fields);
    assert.equal(status, 400, JSON.stringify(fields));
    assert.deepEqual(Object.keys(json), [field]);
  }
  assert.equal((await subnet({ cidr: "2001:db8::/64", gateway_ip: "fe80::1" })).gateway_ip, "fe80::1");
  await admin.post("/ipranges/", { type: "reserved", start_ip: "10.30.0.200", end_ip: "10.30.0.210" });
  assert.match(
    (await admin.put("/subnets/cidr:10.30.0.0%2F24/", { cidr: "10.30.0.0/25" })).json.cidr[0],
    /10\.30\.0\.200/,
  );
});

test("ranges stay in their subnet and off each other; dynamic ones off everything that is used", async () => {
  const admin = as(t.admin);
  const s = await subnet({ cidr: "10.40.0.0/24", gateway_ip: "10.40.0.1", dns_servers: "10.40.0.53" });
  await t.db.pool.query(
    "insert into ip_address (alloc_type, ip, subnet_id) values (1, '10.40.0.60', $1), (6, '10.40.0.70', $1)",
    [s.id],
  );
  const post = async (type: string, start: string, end: string) =>
    (await admin.post("/ipranges/", { type, start_ip: `10.40.0.${start}`, end_ip: `10.40.0.${end}` })).json;
  assert.match(await whole(post("dynamic", "1", "20")), /gateway 10\.40\.0\.1/);
  assert.match(await whole(post("dynamic", "50", "55")), /DNS server 10\.40\.0\.53/);
  assert.match(await whole(post("dynamic", "58", "65")), /10\.40\.0\.60/);
  assert.match(await whole(post("dynamic", "240", "255")), /broadcast/);
  assert.match(await whole(post("dynamic", "0", "0")), /network address/);
  assert.match((await post("dynamic", "90", "80")).end_ip[0], /before the start/);
  assert.ok((await post("dynamic", "66", "80")).id);
  assert.match(await whole(post("reserved", "80", "81")), /Overlaps the dynamic range 10\.40\.0\.66 to 10\.40\.0\.80/);
  const reserved = await post("reserved", "1", "60");
  assert.equal(reserved.user.username, "admin");
  assert.match(
    (await admin.post("/ipranges/", { type: "reserved", start_ip: "10.40.0.90", end_ip: "10.40.1.9" })).json.end_ip[0],
    /not inside/,
  );
  assert.deepEqual(
    Object.keys(
      (await admin.post("/ipranges/", { type: "reserved", start_ip: "172.16.0.1", end_ip: "172.16.0.2" })).json,
    ),
    ["subnet"],
  );
  assert.deepEqual(
    Object.keys((await admin.post("/ipranges/", { start_ip: "10.40.0.90", end_ip: "10.40.0.91" })).json),
    ["type"],
  );
  assert.match(
    (await admin.put("/subnets/ip:10.40.0.5/", { gateway_ip: "10.40.0.70" })).json.gateway_ip[0],
    /dynamic range/,
  );
  assert.equal(
    (await admin.put(`/ipranges/${reserved.id}/`, { end_ip: "10.40.0.61", comment: "switches" })).json.end_ip,
    "10.40.0.61",
  );
});

test("users reserve ranges and touch only their own; dynamic ones are the administrators'", async () => {
  await subnet({ cidr: "10.50.0.0/24" });
  const fields = (type: string) => ({ type, start_ip: "10.50.0.10", end_ip: "10.50.0.20" });
  assert.equal((await as(t.user).post("/ipranges/", fields("dynamic"))).status, 403);
  const own = await as(t.user).post("/ipranges/", fields("reserved"));
  assert.equal(own.status, 200);
  const path = `/ipranges/${own.json.id}/`;
  assert.equal((await as(t.other).put(path, { comment: "mine now" })).status, 403);
  assert.equal((await as(t.other).delete(path)).status, 403);
  assert.equal((await as(t.user).put(path, { type: "dynamic" })).status, 403);
  assert.equal((await as(t.other).get(path)).json.start_ip, "10.50.0.10");
  assert.equal((await as(t.user).delete(path)).status, 204);
  assert.equal((await as(t.user).get(path)).status, 404);
  assert.equal((await as(null).get("/ipranges/")).status, 401);
});

test("a range moves to another subnet where it fits, and to another user by an administrator's word", async () => {
  await subnet({ cidr: "10.51.0.0/24" });
  await subnet({ cidr: "10.52.0.0/24" });
  const made = await as(t.user).post("/ipranges/", { type: "reserved", start_ip: "10.51.0.10", end_ip: "10.51.0.20" });
  const path = `/ipranges/${made.json.id}/`;
  const misfit = await as(t.user).put(path, { subnet: "cidr:10.52.0.0/24" });
  assert.deepEqual([misfit.status, Object.keys(misfit.json)], [400, ["start_ip"]]);
  const there = { subnet: "cidr:10.52.0.0/24", start_ip: "10.52.0.10", end_ip: "10.52.0.20" };
  assert.equal((await as(t.user).put(path, there)).json.subnet.cidr, "10.52.0.0/24");
  assert.equal((await as(t.user).put(path, { user: "other" })).status, 403);
  assert.deepEqual(Object.keys((await as(t.admin).put(path, { user: "nobody" })).json), ["user"]);
  assert.equal((await as(t.admin).put(path, { user: "other" })).json.user.username, "other");
  assert.equal((await as(t.user).delete(path)).status, 403);
  assert.equal((await as(t.other).delete(path)).status, 204);
});

test("a rack that was here before its subnet has its address in it, and on its VLAN", async () => {
  await t.db.pool.query(
    "insert into interface (id, node_id, name, mac) values (77, 900, 'eth1', '02:00:00:00:00:77'); insert into ip_address (alloc_type, ip, interface_id) values (6, '10.60.0.1', 77)",
  );
  const s = await subnet({ cidr: "10.60.0.0/24" });
  const { rows } = await t.db.pool.query(
    "select a.alloc_type, a.subnet_id, i.vlan_id from ip_address a join interface i on i.id = a.interface_id",
  );
  assert.deepEqual(rows, [{ alloc_type: 1, subnet_id: s.id, vlan_id: s.vlan.id }]);
});

test("interfaces of a node, by id and by name", async () => {
  await t.db.pool.query(`insert into node (id, system_id, hostname) overriding system value values (910, 'mach01', 'otter');
    insert into interface (id, node_id, name, mac, vlan_id) values (78, 910, 'eth0', '02:00:00:00:00:78', 1)`);
  const list = (await as(t.user).get("/nodes/mach01/interfaces/")).json;
  assert.equal(list.length, 1);
  assert.equal(list[0].mac_address, "02:00:00:00:00:78");
  assert.deepEqual((await as(t.user).get("/nodes/mach01/interfaces/eth0/")).json, list[0]);
  assert.deepEqual((await as(t.user).get("/nodes/mach01/interfaces/78/")).json, list[0]);
  assert.equal((await as(t.user).get("/nodes/mach01/interfaces/eth9/")).status, 404);
  assert.equal((await as(t.user).get("/nodes/none/interfaces/")).status, 404);
  await t.db.pool.query("update node set owner_id = $1 where id = 910", [t.other.id]);
  assert.equal((await as(t.user).get("/nodes/mach01/interfaces/")).status, 403);
});

test("an administrator corrects a link; one without a cable has no speed", async () => {
  await t.db.pool.query(`insert into node (id, system_id, hostname) overriding system value values (911, 'mach02', 'heron');
    insert into interface (id, node_id, name, mac, vlan_id, link_connected, link_speed)
    values (79, 911, 'eth0', '02:00:00:00:00:79', 1, true, 100)`);
  const path = "/nodes/mach02/interfaces/eth0/";
  const link = ({ link_connected, link_speed, interface_speed }: Json) => [link_connected, link_speed, interface_speed];
  assert.equal((await as(t.user).put(path, { link_connected: "false" })).status, 403);
  assert.deepEqual(link((await as(t.admin).put(path, { link_connected: "false" })).json), [false, 0, 0]);
  const refused = await as(t.admin).put(path, { link_speed: 1000 });
  assert.equal(refused.status, 400);
  assert.ok(refused.json.link_speed);
  const repaired = { link_connected: "true", link_speed: 1000, interface_speed: 10000 };
  assert.deepEqual(link((await as(t.admin).put(path, repaired)).json), [true, 1000, 10000]);
  assert.equal((await as(t.admin).put(path, { link_speed: -1 })).status, 400);
  assert.deepEqual(link((await as(t.user).get(path)).json), [true, 1000, 10000]);
});

test("rack controllers: all, by name, whether they are connected; and the power types", async () => {
  t.racks.connect({ nodeId: 900, systemId: "rack01" });
  const all = (await as(t.admin).get("/rackcontrollers/")).json;
  assert.deepEqual(
    all.map((r: Json) => [r.system_id, r.node_type_name, r.service_set[0].status]),
    [
      ["rack01", "Rack controller", "running"],
      ["rack02", "Region and rack controller", "dead"],
    ],
  );
  assert.equal((await as(t.admin).get("/rackcontrollers/?hostname=two")).json[0].system_id, "rack02");
  assert.equal(
    (await as(t.admin).get("/rackcontrollers/rack01/")).json.resource_uri,
    "/MAAS/api/2.0/rackcontrollers/rack01/",
  );
  assert.equal((await as(t.admin).get("/rackcontrollers/mach01/")).status, 404);
  const found = async (query: string) =>
    (await as(t.user).get(`/rackcontrollers/?${query}`)).json.map((r: Json) => r.system_id);
  assert.deepEqual(await found("zone=default&not_hostname=two&not_pod=x"), ["rack01"]);
  assert.deepEqual(await found("devices=vendor_id%3D8086"), []);
  assert.equal((await as(t.user).get("/rackcontrollers/?colour=red")).status, 400);
  assert.equal((await as(t.user).get("/rackcontrollers/?op=describe_power_types")).status, 403);
  const types = (await as(t.admin).get("/rackcontrollers/?op=describe_power_types")).json;
  assert.deepEqual(
    types.map((p: Json) => p.name),
    ["ucsm", "ipmi", "manual", "virsh", "webhook"],
  );
  assert.equal(types[0].fields.find((f: Json) => f.name === "power_pass").secret, true);
});
