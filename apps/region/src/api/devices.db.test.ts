/** Devices with their interfaces, and addresses that users reserve for themselves. */
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { type Caller, caller, type Json, refused } from "../testing/api-calls.ts";
import { testRegion, type TestRegion } from "../testing/region.ts";

let t: TestRegion;
let admin: Caller;
let user: Caller;
let other: Caller;
before(async () => {
  t = await testRegion();
  admin = caller(t, t.admin);
  user = caller(t, t.user);
  other = caller(t, t.other);
  await t.db.pool.query("insert into domain (name) values ('lab.example'); insert into zone (name) values ('east')");
});
after(() => t?.close());

beforeEach(async () => {
  await t.db.pool.query(`
    delete from dns_resource; delete from ip_address; delete from interface; delete from ip_range; delete from subnet; delete from node;
    insert into node (id, system_id, hostname, node_type, status) overriding system value values (910, 'mach01', 'otter', 0, 4);
    insert into interface (id, node_id, name, mac, vlan_id) values (91, 910, 'eth0', '02:00:00:00:00:91', 1)`);
});

test("a device is made, read, changed and deleted by its owner; others see it and change nothing", async () => {
  const made = await user.made("/devices/", {
    hostname: "printer.lab.example",
    mac_addresses: ["02:00:00:00:00:01", "02-00-00-00-00-02"],
    description: "hall",
  });
  assert.deepEqual(
    [made.fqdn, made.owner, made.parent, made.node_type, made.node_type_name, made.description],
    ["printer.lab.example", "user", null, 1, "Device", "hall"],
  );
  assert.deepEqual(
    made.interface_set.map((nic: Json) => [nic.name, nic.mac_address, nic.vlan.id, nic.links[0].mode]),
    [
      ["eth0", "02:00:00:00:00:01", 1, "link_up"],
      ["eth1", "02:00:00:00:00:02", 1, "link_up"],
    ],
  );
  const path = `/devices/${made.system_id}/`;
  assert.deepEqual((await user.get(path)).json, made);
  assert.deepEqual((await other.get(path)).json, made);
  assert.deepEqual((await other.get("/devices/")).json, [made]);
  assert.equal((await t.request(null, "GET", path)).status, 401);
  assert.deepEqual(
    (await user.get("/machines/")).json.map((m: Json) => m.system_id),
    ["mach01"],
    "no machine",
  );
  assert.equal((await other.put(path, { hostname: "mine" })).status, 403);
  assert.equal((await other.delete(path)).status, 403);
  const changed = (
    await user.put(path, { hostname: "copier", domain: "maas", zone: "east", description: "", parent: "mach01" })
  ).json;
  assert.deepEqual(
    [changed.fqdn, changed.zone.name, changed.description, changed.parent],
    ["copier.maas", "east", "", "mach01"],
  );
  assert.equal((await user.put(path, { parent: "" })).json.parent, null);
  assert.deepEqual(await refused(user.put(path, { parent: "none" })), ["parent"]);
  assert.deepEqual(await refused(user.put(path, { parent: made.system_id })), ["parent"]);
  assert.deepEqual(await refused(user.put(path, { hostname: "otter" })), ["hostname"]);
  assert.deepEqual(await refused(user.put(path, { zone: "west" })), ["zone"]);
  assert.equal((await user.delete(path)).status, 204);
  assert.equal((await user.get(path)).status, 404);
});

test("a device cannot be made of MAC addresses that are none, or somebody's; it goes with its parent", async () => {
  assert.deepEqual(await refused(user.post("/devices/", {})), ["mac_addresses"]);
  assert.deepEqual(await refused(user.post("/devices/", { mac_addresses: "x" })), ["mac_addresses"]);
  assert.deepEqual(await refused(user.post("/devices/", { mac_addresses: "02:00:00:00:00:91" })), ["mac_addresses"]);
  const part = await user.made("/devices/", { mac_addresses: "02:00:00:00:00:01", parent: "mach01" });
  assert.match(part.hostname, /^[a-z]+-[a-z]+$/);
  assert.equal((await user.get(`/devices/?hostname=${part.hostname}`)).json.length, 1);
  assert.equal((await user.get("/devices/?hostname=none")).json.length, 0);
  assert.equal((await user.get("/devices/?colour=red")).status, 400);
  assert.equal((await admin.delete("/machines/mach01/")).status, 204);
  assert.equal((await user.get(`/devices/${part.system_id}/`)).status, 404);
});

test("a device is a part of what its owner sees; when that goes, the change record and the audit log name every part", async () => {
  const machine = (owner: string) =>
    t.db.pool.query(`update node set owner_id = (select id from app_user where username = '${owner}') where id = 910`);
  await machine("other");
  const fields = { mac_addresses: "02:00:00:00:00:01", parent: "mach01" };
  assert.deepEqual(await refused(user.post("/devices/", fields)), ["parent"]);
  const own = await user.made("/devices/", { mac_addresses: "02:00:00:00:00:01" });
  assert.deepEqual(await refused(user.put(`/devices/${own.system_id}/`, { parent: "mach01" })), ["parent"]);
  await machine("user");
  const part = await user.made("/devices/", { mac_addresses: "02:00:00:00:00:02", parent: "mach01" });
  const inner = await user.made("/devices/", { mac_addresses: "02:00:00:00:00:03", parent: part.system_id });
  await t.db.pool.query("delete from change");
  assert.equal((await admin.delete("/machines/mach01/")).status, 204);
  const { rows } = await t.db.pool.query("select entity, entity_id from change where kind = 'delete' order by id");
  assert.deepEqual(
    rows.map((row) => [row.entity, row.entity_id]),
    [
      ["device", part.system_id],
      ["device", inner.system_id],
      ["machine", "mach01"],
    ],
  );
  const said = await t.db.pool.query(
    "select description from event where description like 'Deleted, with otter%' and description ~ $1",
    [`${part.system_id}|${inner.system_id}`],
  );
  assert.equal(said.rows.length, 2);
  assert.equal((await user.get(`/devices/${own.system_id}/`)).status, 200);
});

test("its interfaces are its owner's to configure, addresses come with them, and an administrator restores them", async () => {
  const lan = await admin.made("/subnets/", { cidr: "10.0.0.0/24" });
  const { system_id } = await user.made("/devices/", { mac_addresses: "02:00:00:00:00:01" });
  const nics = `/nodes/${system_id}/interfaces/`;
  const linked = await user.made(`${nics}eth0/?op=link_subnet`, { mode: "static", subnet: lan.id });
  assert.equal(linked.links[0].ip_address, "10.0.0.1");
  assert.equal((await other.post(`${nics}eth0/?op=link_subnet`, { mode: "dhcp" })).status, 403);
  assert.deepEqual((await user.get(`/devices/${system_id}/`)).json.ip_addresses, ["10.0.0.1"]);
  const made = await user.made(`${nics}?op=create_physical`, {
    mac_address: "02:00:00:00:00:02",
    ip_assignment: "static",
    ip_address: "10.0.0.9",
  });
  assert.deepEqual([made.name, made.links[0].ip_address], ["eth1", "10.0.0.9"]);
  const dynamic = (await user.put(`${nics}eth1/`, { ip_assignment: "dynamic" })).json;
  assert.deepEqual(
    dynamic.links.map((l: Json) => l.mode),
    ["dhcp"],
  );
  assert.equal((await user.put(`${nics}eth1/`, { ip_assignment: "static", ip_address: "10.0.0.1" })).status, 409);
  const restore = `/devices/${system_id}/?op=restore_networking_configuration`;
  assert.equal((await user.post(restore)).status, 403);
  assert.deepEqual((await admin.made(restore)).ip_addresses, []);
  assert.equal((await admin.made(`/devices/${system_id}/?op=restore_default_configuration`)).interface_set.length, 2);
  assert.equal((await admin.post("/devices/mach01/?op=restore_networking_configuration")).status, 404);
});

test("annotations are the owner's; zones, power parameters and details are what they are for devices", async () => {
  const { system_id } = await user.made("/devices/", { mac_addresses: "02:00:00:00:00:01" });
  const path = `/devices/${system_id}/`;
  await user.made(`${path}?op=set_workload_annotations`, { rack: "7", row: "b" });
  const annotated = await user.made(`${path}?op=set_owner_data`, { row: "" });
  assert.deepEqual([annotated.owner_data, annotated.workload_annotations], [{ rack: "7" }, { rack: "7" }]);
  for (const op of ["set_owner_data", "set_workload_annotations"]) {
    const { status, json } = await admin.post(`${path}?op=${op}`, { x: "y" });
    assert.deepEqual([status, /only its owner annotates a device/.test(json)], [409, true], op);
    assert.equal((await other.post(`${path}?op=${op}`, { x: "y" })).status, 403);
  }
  assert.deepEqual((await other.get(path)).json.workload_annotations, { rack: "7" });
  assert.deepEqual(await refused(user.post("/devices/?op=set_zone", { zone: "east", nodes: system_id })), ["nodes"]);
  assert.deepEqual(await refused(admin.post("/devices/?op=set_zone", { zone: "west", nodes: system_id })), ["zone"]);
  assert.deepEqual(await refused(admin.post("/devices/?op=set_zone", { zone: "east", nodes: [system_id, "none"] })), [
    "nodes",
  ]);
  assert.equal((await user.get(path)).json.zone.name, "default");
  assert.equal((await admin.post("/devices/?op=set_zone", { zone: "east", nodes: system_id })).status, 200);
  assert.equal((await user.get(path)).json.zone.name, "east");
  assert.deepEqual((await admin.get(`${path}?op=power_parameters`)).json, {});
  assert.equal((await user.get(`${path}?op=power_parameters`)).status, 403);
  assert.equal((await user.get(`${path}?op=details`)).status, 200);
  assert.equal((await other.get(`${path}?op=details`)).status, 200);
});

test("a user reserves addresses, named or free, sees them, and gives them back", async () => {
  const lan = await admin.made("/subnets/", { cidr: "10.0.0.0/29", gateway_ip: "10.0.0.1" });
  const free = await user.made("/ipaddresses/?op=reserve", { subnet: "cidr:10.0.0.0/29" });
  assert.deepEqual(
    [free.ip, free.alloc_type, free.alloc_type_name, free.owner.username, free.subnet.id, free.interface_set],
    ["10.0.0.2", 4, "User reserved", "user", lan.id, []],
  );
  const named = await user.made("/ipaddresses/?op=reserve", {
    ip: "10.0.0.6",
    hostname: "db.lab.example",
    mac: "02:00:00:00:00:77",
  });
  assert.deepEqual([named.interface_set[0].mac_address, named.interface_set[0].system_id], ["02:00:00:00:00:77", null]);
  const summary = (await user.get(`/subnets/${lan.id}/?op=ip_addresses`)).json;
  assert.deepEqual(
    summary[1].dns_records.map((r: Json) => `${r.name}.${r.domain}`),
    ["db.lab.example"],
  );
  assert.deepEqual(
    (await user.get("/ipaddresses/")).json.map((a: Json) => a.ip),
    ["10.0.0.2", "10.0.0.6"],
  );
  assert.deepEqual(
    (await user.get("/ipaddresses/?ip=10.0.0.6")).json.map((a: Json) => a.ip),
    ["10.0.0.6"],
  );
  assert.deepEqual((await other.get("/ipaddresses/")).json, []);
  assert.equal((await admin.get("/ipaddresses/?owner=user")).json.length, 2);
  assert.equal((await admin.get("/ipaddresses/?all=true")).json.length, 2);
  for (const query of ["all=true", "owner=user"]) assert.equal((await user.get(`/ipaddresses/?${query}`)).status, 403);
  assert.deepEqual(await refused(user.get("/ipaddresses/?ip=x")), ["ip"]);
  const release = (who: Caller, fields: Record<string, string>) => who.post("/ipaddresses/?op=release", fields);
  assert.equal((await release(other, { ip: "10.0.0.2" })).status, 400);
  assert.equal((await release(other, { ip: "10.0.0.2", force: "true" })).status, 403);
  assert.equal((await release(user, { ip: "10.0.0.2" })).status, 204);
  assert.equal((await release(user, { ip: "10.0.0.2" })).status, 400);
  assert.equal((await release(admin, { ip: "10.0.0.6", force: "true" })).status, 204);
  assert.deepEqual((await user.get("/ipaddresses/")).json, []);
  const waiting = await user.made("/ipaddresses/?op=reserve", { ip: "10.0.0.5", mac: "02:00:00:00:00:78" });
  const come = await user.made("/devices/", { mac_addresses: "02:00:00:00:00:78" });
  assert.deepEqual(
    [come.ip_addresses, come.interface_set[0].links[0].mode],
    [[waiting.ip], "static"],
    "whoever comes with it has it",
  );
  // The MAC address is anybody's again.
  await user.made("/devices/", { mac_addresses: "02:00:00:00:00:77" });
});

test("a user names addresses by names of their own: no administrator's, no node's, and nobody by an alias", async () => {
  await admin.made("/subnets/", { cidr: "10.0.0.0/24" });
  await admin.made("/dnsresources/", { fqdn: "www.maas", ip_addresses: "10.0.0.9" });
  await admin.made("/dnsresourcerecords/", { fqdn: "mail.maas", rrtype: "mx", rrdata: "10 www.maas" });
  await admin.made("/dnsresourcerecords/", { fqdn: "alias.maas", rrtype: "cname", rrdata: "www.maas" });
  const reserve = (who: Caller, hostname: string) =>
    who.post("/ipaddresses/?op=reserve", { subnet: "cidr:10.0.0.0/24", hostname });
  for (const hostname of ["www", "WWW.maas", "mail", "otter"])
    assert.equal((await reserve(user, hostname)).status, 403, hostname);
  const ips = async () => (await user.get("/dnsresources/?fqdn=www.maas")).json[0].ip_addresses.map((a: Json) => a.ip);
  assert.deepEqual(await ips(), ["10.0.0.9"]);
  for (const who of [user, admin]) assert.deepEqual(await refused(reserve(who, "alias")), ["hostname"]);
  assert.equal((await reserve(user, "mine")).status, 200);
  assert.equal((await reserve(user, "mine")).status, 200, "a second address");
  assert.equal((await reserve(other, "mine")).status, 403);
  assert.equal((await reserve(admin, "www")).status, 200);
  assert.equal((await ips()).length, 2);

  await admin.made("/dnsresourcerecords/", { fqdn: "www.maas", rrtype: "txt", rrdata: "stays" });
  const named = async (fqdn: string) => (await user.get(`/dnsresources/?fqdn=${fqdn}`)).json as Json[];
  for (const fqdn of ["mine.maas", "www.maas"])
    for (const { ip } of (await named(fqdn))[0].ip_addresses) {
      assert.equal((await named(fqdn)).length, 1);
      assert.equal((await admin.post("/ipaddresses/?op=release", { ip, force: "true" })).status, 204);
    }
  assert.deepEqual(await named("mine.maas"), [], "it goes with its last address");
  assert.equal((await named("www.maas")).length, 1, "it has a record");
  assert.match((await user.post("/ipaddresses/?op=release", { ip: "10.0.0.9" })).json, /does not exist/);
});

test("what cannot be reserved says why", async () => {
  await admin.made("/subnets/", { cidr: "10.0.0.0/29" });
  await admin.made("/ipranges/", { type: "dynamic", start_ip: "10.0.0.4", end_ip: "10.0.0.6" });
  const reserve = (fields: Record<string, string>) => user.post("/ipaddresses/?op=reserve", fields);
  assert.deepEqual(await refused(reserve({})), ["subnet"]);
  assert.deepEqual(await refused(reserve({ ip: "x" })), ["ip"]);
  assert.deepEqual(await refused(reserve({ ip: "172.16.0.1" })), ["subnet"]);
  assert.deepEqual(await refused(reserve({ ip: "10.0.0.1", mac: "02:00:00:00:00:91" })), ["mac"]);
  assert.equal((await reserve({ ip: "10.0.0.5" })).status, 403);
  assert.equal((await reserve({ subnet: "cidr:10.0.0.0/29", ip: "10.1.0.5" })).status, 404);
  assert.equal((await reserve({ ip: "10.0.0.1", hostname: "x.unknown" })).status, 404);
  assert.equal((await reserve({ ip: "10.0.0.1" })).status, 200);
  assert.equal((await reserve({ ip: "10.0.0.1" })).status, 409);
  const lots = await Promise.all([1, 2, 3, 4, 5].map(() => reserve({ subnet: "cidr:10.0.0.0/29" })));
  assert.deepEqual(
    lots.map((r) => r.status).toSorted((a, b) => a - b),
    [200, 200, 503, 503, 503],
  );
});

test("an interface's address is released by force, and an observed one too", async () => {
  const lan = await admin.made("/subnets/", { cidr: "10.0.0.0/24" });
  await admin.made("/nodes/mach01/interfaces/eth0/?op=link_subnet", {
    mode: "static",
    subnet: lan.id,
    ip_address: "10.0.0.9",
  });
  await t.db.pool.query(
    "insert into ip_address (alloc_type, ip, subnet_id, interface_id) values (6, '10.0.0.10', $1, 91)",
    [lan.id],
  );
  const release = (fields: Record<string, string>) =>
    admin.post("/ipaddresses/?op=release", { force: "true", ...fields });
  assert.equal((await release({ ip: "10.0.0.10" })).status, 400);
  assert.equal((await release({ ip: "10.0.0.10", discovered: "true" })).status, 204);
  assert.equal((await release({ ip: "10.0.0.9" })).status, 204);
  const nic = (await admin.get("/nodes/mach01/interfaces/eth0/")).json;
  assert.deepEqual([nic.discovered, nic.links.map((l: Json) => l.mode)], [null, ["link_up"]]);
});
