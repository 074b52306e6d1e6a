/** What becomes of networks that are deleted, spaces, routes, reserved addresses, and the use of subnets. */
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { type Json, refused, regionWithCallers } from "../testing/api-calls.ts";

const { t, admin, user } = await regionWithCallers();

beforeEach(async () => {
  await t.db.pool.query(`
    delete from ip_address; delete from ip_range; delete from subnet; delete from node; delete from vlan where id > 1; delete from fabric where id > 0; delete from space;
    update vlan set dhcp_on = false, relay_vlan_id = null, vid = 0, space_id = null;
    insert into node (id, system_id, hostname, node_type, status) overriding system value values
      (900, 'rack01', 'one', 2, 6), (910, 'mach01', 'otter', 0, 4);
    insert into interface (id, node_id, name, mac, vlan_id) values (90, 900, 'eth0', '02:00:00:00:00:90', 1), (91, 910, 'eth0', '02:00:00:00:00:91', 1)`);
});

const linksOf = async (): Promise<[string, string | undefined][]> =>
  (await admin.get("/nodes/mach01/interfaces/eth0/")).json.links.map((l: Json) => [l.mode, l.ip_address]);

test("a fabric is deleted when nothing is in it; the default one never", async () => {
  const fabric = await admin.made("/fabrics/", { name: "row-a" });
  const s = await admin.made("/subnets/", { cidr: "10.1.0.0/24", fabric: "row-a" });
  for (const word of ["name:row-a", `id:${fabric.id}`, `fabric-${fabric.id}`])
    assert.equal((await user.get(`/fabrics/${word}/`)).status, word.startsWith("fabric-") ? 404 : 200, word);
  assert.deepEqual(await refused(admin.delete("/fabrics/row-a/")), ["__all__"]);
  assert.equal((await user.delete("/fabrics/row-a/")).status, 403);
  await admin.made("/fabrics/", { name: "row-b" });
  for (const name of ["row-b", "a/b", "fabric-99"])
    assert.deepEqual(await refused(admin.put("/fabrics/row-a/", { name })), ["name"], name);
  assert.deepEqual((await user.get(`/fabrics/${fabric.id}/`)).json.name, "row-a");
  assert.equal((await admin.delete(`/subnets/${s.id}/`)).status, 204);
  await t.db.pool.query("update interface set vlan_id = $1 where id = 91", [fabric.vlans[0].id]);
  assert.deepEqual(await refused(admin.delete("/fabrics/row-a/")), ["__all__"]);
  await t.db.pool.query("update interface set vlan_id = 1 where id = 91");
  assert.equal((await admin.delete("/fabrics/row-a/")).status, 204);
  assert.equal((await admin.get("/fabrics/row-a/")).status, 404);
  assert.equal((await admin.get(`/vlans/${fabric.vlans[0].id}/`)).status, 404);
  assert.deepEqual(await refused(admin.delete("/fabrics/0/")), ["__all__"]);
  assert.equal((await admin.delete("/fabrics/none/")).status, 404);
});

test("a VLAN that goes leaves its subnets and interfaces to the default one; VLAN interfaces go with it", async () => {
  const vlan = await admin.made("/fabrics/0/vlans/", { vid: 7 });
  const s = await admin.made("/subnets/", { cidr: "10.7.0.0/24", vlan: "fabric:0,vid:7" });
  assert.equal(s.vlan.id, vlan.id);
  await t.db.pool.query("update interface set vlan_id = $1 where id = 91", [vlan.id]);
  await t.db.pool.query(
    "insert into interface (id, node_id, name, type, vlan_id) values (92, 910, 'eth0.7', 'vlan', $1)",
    [vlan.id],
  );
  assert.equal((await user.delete("/fabrics/0/vlans/7/")).status, 403);
  assert.equal((await admin.delete("/fabrics/0/vlans/7/")).status, 204);
  assert.equal((await admin.get(`/vlans/${vlan.id}/`)).status, 404);
  assert.equal((await admin.get(`/subnets/${s.id}/`)).json.vlan.id, 1);
  const interfaces = (await admin.get("/nodes/mach01/interfaces/")).json;
  assert.deepEqual(
    interfaces.map((i: Json) => [i.name, i.vlan.id]),
    [["eth0", 1]],
  );
  assert.deepEqual(await refused(admin.delete("/fabrics/0/vlans/0/")), ["__all__"]);
});

test("a subnet that DHCP hands out stays; another goes with its links, and controllers keep what they are seen with", async () => {
  const s = await admin.made("/subnets/", { cidr: "10.2.0.0/24" });
  await admin.made("/ipranges/", { type: "dynamic", start_ip: "10.2.0.100", end_ip: "10.2.0.150" });
  await t.db.pool.query(
    "insert into ip_address (alloc_type, ip, subnet_id, interface_id) values (1, '10.2.0.1', $1, 90), (1, '10.2.0.9', $1, 91)",
    [s.id],
  );
  await admin.put("/fabrics/0/vlans/0/", { dhcp_on: "true", primary_rack: "rack01" });
  assert.match((await admin.delete(`/subnets/${s.id}/`)).json["__all__"][0], /DHCP is on/);
  await admin.put("/fabrics/0/vlans/0/", { dhcp_on: "false" });
  assert.equal((await user.delete(`/subnets/${s.id}/`)).status, 403);
  assert.equal((await admin.delete("/subnets/cidr:10.2.0.0%2F24/")).status, 204);
  assert.equal((await admin.get(`/subnets/${s.id}/`)).status, 404);
  assert.deepEqual((await admin.get("/ipranges/")).json, []);
  assert.deepEqual(await linksOf(), [["link_up", undefined]]);
  const rack = (await admin.get("/nodes/rack01/interfaces/eth0/")).json;
  assert.deepEqual(rack.discovered, [{ subnet: null, ip_address: "10.2.0.1" }]);
});

test("subnets and VLANs are found by every specifier; one that means several is refused", async () => {
  await admin.made("/fabrics/", { name: "row-a" });
  await admin.made("/spaces/", { name: "dmz" });
  await admin.made("/fabrics/row-a/vlans/", { vid: 20, name: "web", space: "dmz" });
  const s = await admin.made("/subnets/", { cidr: "10.3.0.0/24", name: "front", vlan: "fabric:row-a,vid:20" });
  for (const word of [
    "front",
    "10.3.0.0%2F24",
    "10.3.0.0/24",
    "name:front",
    "cidr:10.3.0.0%2F24",
    "cidr:10.3.0.0/24",
    `id:${s.id}`,
    "ip:10.3.0.77",
    "space:dmz",
    "vlan:web",
    "fabric:row-a,vid:20",
    "vid:20,space:dmz",
  ])
    assert.equal((await user.get(`/subnets/${word}/`)).json.id, s.id, word);
  const ranges = (await user.get("/subnets/fabric:row-a,cidr:10.3.0.0/24/?op=unreserved_ip_ranges")).json;
  assert.deepEqual(
    ranges.map((r: Json) => r.start),
    ["10.3.0.1"],
  );
  await admin.made("/subnets/", { cidr: "10.4.0.0/24", vlan: "name:web" });
  assert.equal((await admin.delete("/subnets/space:dmz/")).status, 400);
  assert.equal((await user.get("/subnets/fabric:row-a,vid:21/")).status, 404);
  assert.deepEqual(await refused(admin.post("/subnets/", { cidr: "10.5.0.0/24", vlan: "vid:99" })), ["vlan"]);
  assert.deepEqual(await refused(admin.post("/subnets/", { cidr: "10.5.0.0/24", vlan: "vid:0" })), ["vlan"]);
});

test("boot methods are disabled by name or architecture; one that is none is refused, not kept", async () => {
  const disabled_boot_architectures = "pxe, 00:07 0x0010";
  const s = await admin.made("/subnets/", { cidr: "10.9.0.0/24", disabled_boot_architectures });
  assert.deepEqual(s.disabled_boot_architectures, ["pxe", "uefi_amd64_tftp", "uefi_amd64_http"]);
  const change = (words: string) => admin.put(`/subnets/${s.id}/`, { disabled_boot_architectures: words });
  assert.deepEqual(await refused(change("pxe uefi")), ["disabled_boot_architectures"]);
  assert.deepEqual((await change("")).json.disabled_boot_architectures, []);
});

test("spaces: named or not, with their VLANs and subnets; those without one are shown as undefined", async () => {
  const made = await admin.made("/spaces/", { name: "dmz", description: "outside" });
  const unnamed = await admin.made("/spaces/");
  assert.equal(unnamed.name, `space-${unnamed.id}`);
  assert.deepEqual(await refused(admin.post("/spaces/", { name: "dmz" })), ["name"]);
  assert.deepEqual(await refused(admin.post("/spaces/", { name: "undefined" })), ["name"]);
  assert.equal((await user.post("/spaces/", { name: "x" })).status, 403);
  const vlan = await admin.made("/fabrics/0/vlans/", { vid: 30, space: "dmz" });
  const s = await admin.made("/subnets/", { cidr: "10.30.0.0/24", vlan: vlan.id });
  assert.equal(s.space, "dmz");
  const read = (await user.get(`/spaces/${made.id}/`)).json;
  assert.deepEqual([read.vlans[0].id, read.subnets[0].id, read.description], [vlan.id, s.id, "outside"]);
  const all = (await user.get("/spaces/")).json;
  assert.deepEqual(
    all.map((x: Json) => x.name),
    ["dmz", unnamed.name, "undefined"],
  );
  assert.deepEqual([all[2].id, all[2].resource_uri], [-1, "/MAAS/api/2.0/spaces/undefined/"]);
  assert.equal((await user.get("/spaces/undefined/")).json.vlans[0].id, 1);
  assert.equal((await admin.put("/spaces/undefined/", { name: "x" })).status, 400);
  assert.equal((await admin.delete("/spaces/-1/")).status, 400);
  assert.equal((await admin.put("/spaces/dmz/", { name: "edge" })).json.name, "edge");
  assert.equal((await user.get(`/vlans/${vlan.id}/`)).json.space, "edge");
  assert.equal((await user.delete("/spaces/edge/")).status, 403);
  assert.equal((await admin.delete("/spaces/edge/")).status, 204);
  assert.equal((await user.get(`/vlans/${vlan.id}/`)).json.space, "undefined");
  assert.equal((await admin.delete("/spaces/edge/")).status, 404);
});

test("static routes between subnets, each once; they go with their subnets", async () => {
  const source = await admin.made("/subnets/", { cidr: "10.10.0.0/24" });
  const destination = await admin.made("/subnets/", { cidr: "10.11.0.0/24" });
  const fields = { source: "cidr:10.10.0.0/24", destination: destination.id, gateway_ip: "10.10.0.254" };
  const made = await admin.made("/static-routes/", fields);
  assert.deepEqual([made.source.id, made.destination.id, made.metric], [source.id, destination.id, 0]);
  assert.deepEqual(await refused(admin.post("/static-routes/", fields)), ["__all__"]);
  assert.deepEqual(await refused(admin.post("/static-routes/", { ...fields, gateway_ip: "10.11.0.1" })), [
    "gateway_ip",
  ]);
  assert.deepEqual(await refused(admin.post("/static-routes/", { ...fields, destination: source.id })), [
    "destination",
  ]);
  assert.deepEqual(await refused(admin.post("/static-routes/", { source: source.id })), ["destination", "gateway_ip"]);
  assert.equal((await user.post("/static-routes/", fields)).status, 403);
  const path = `/static-routes/${made.id}/`;
  assert.equal((await admin.put(path, { metric: 7 })).json.metric, 7);
  assert.equal((await user.put(path, { metric: 8 })).status, 403);
  assert.deepEqual(await refused(admin.put(path, { gateway_ip: "10.11.0.1" })), ["gateway_ip"]);
  assert.deepEqual(await refused(admin.put(path, { destination: source.id })), ["destination"]);
  assert.deepEqual(await refused(admin.put(path, { metric: -1 })), ["metric"]);
  assert.equal((await user.get(path)).json.metric, 7);
  assert.deepEqual((await user.get("/static-routes/")).json, [(await user.get(path)).json]);
  assert.equal((await admin.get("/static-routes/9999/")).status, 404);
  // Nobody else gets the gateway's address.
  const used = (await user.get(`/subnets/${source.id}/?op=reserved_ip_ranges`)).json;
  assert.deepEqual(used, [{ start: "10.10.0.254", end: "10.10.0.254", num_addresses: 1, purpose: ["gateway-ip"] }]);
  await admin.delete(`/subnets/${destination.id}/`);
  assert.equal((await user.get(path)).status, 404);
  const other = await admin.made("/subnets/", { cidr: "10.12.0.0/24" });
  const again = await admin.made("/static-routes/", { ...fields, destination: other.id });
  assert.equal((await user.delete(`/static-routes/${again.id}/`)).status, 403);
  assert.equal((await admin.delete(`/static-routes/${again.id}/`)).status, 204);
  assert.deepEqual((await user.get("/static-routes/")).json, []);
});

test("reserved IPs: one per MAC address and subnet, out of dynamic ranges, and nothing of them changes but the comment", async () => {
  const s = await admin.made("/subnets/", { cidr: "10.20.0.0/24", gateway_ip: "10.20.0.1" });
  await admin.made("/ipranges/", { type: "dynamic", start_ip: "10.20.0.100", end_ip: "10.20.0.150" });
  const fields = { ip: "10.20.0.7", mac_address: "02-00-00-00-00-07", comment: "printer" };
  const made = await admin.made("/reservedips/", fields);
  assert.deepEqual(
    [made.ip, made.mac_address, made.comment, made.subnet.id],
    ["10.20.0.7", "02:00:00:00:00:07", "printer", s.id],
  );
  const mac = { mac_address: "02:00:00:00:00:08" };
  for (const [ip, field] of [
    ["10.20.0.7", "ip"],
    ["10.20.0.120", "ip"],
    ["10.20.0.1", "ip"],
    ["10.20.0.255", "ip"],
    ["172.16.0.1", "subnet"],
    ["nonsense", "ip"],
  ] as const)
    assert.deepEqual(await refused(admin.post("/reservedips/", { ip, ...mac })), [field], ip);
  assert.deepEqual(await refused(admin.post("/reservedips/", { ip: "10.20.0.8", mac_address: "02:00:00:00:00:07" })), [
    "mac_address",
  ]);
  assert.deepEqual(await refused(admin.post("/reservedips/", { ip: "10.20.0.8", mac_address: "x" })), ["mac_address"]);
  assert.equal((await user.post("/reservedips/", fields)).status, 403);
  // Not in a dynamic range from then on.
  assert.match(
    (await admin.post("/ipranges/", { type: "dynamic", start_ip: "10.20.0.5", end_ip: "10.20.0.9" })).json[
      "__all__"
    ][0],
    /10\.20\.0\.7/,
  );
  const path = `/reservedips/${made.id}/`;
  assert.equal((await admin.put(path, { comment: "copier", ip: "10.20.0.7" })).json.comment, "copier");
  assert.deepEqual(await refused(admin.put(path, { ip: "10.20.0.8", mac_address: "02:00:00:00:00:09" })), [
    "ip",
    "mac_address",
  ]);
  assert.equal((await user.put(path, { comment: "x" })).status, 403);
  assert.deepEqual((await user.get("/reservedips/")).json, [(await user.get(path)).json]);
  assert.equal((await user.delete(path)).status, 403);
  assert.equal((await admin.delete(path)).status, 204);
  assert.equal((await user.get(path)).status, 404);
});

test("the use of a subnet: ranges in use and free, figures, and who has which address", async () => {
  const s = await admin.made("/subnets/", { cidr: "10.40.0.0/24", gateway_ip: "10.40.0.1" });
  await admin.made("/ipranges/", { type: "dynamic", start_ip: "10.40.0.100", end_ip: "10.40.0.199" });
  await t.db.pool.query(
    "insert into ip_address (alloc_type, ip, subnet_id, interface_id) values (1, '10.40.0.2', $1, 91)",
    [s.id],
  );
  await t.db.pool.query("update node set owner_id = $1 where id = 910", [t.other.id]);
  const get = async (query: string) => (await user.get(`/subnets/${s.id}/?op=${query}`)).json;
  assert.deepEqual(await get("reserved_ip_ranges"), [
    { start: "10.40.0.1", end: "10.40.0.1", num_addresses: 1, purpose: ["gateway-ip"] },
    { start: "10.40.0.2", end: "10.40.0.2", num_addresses: 1, purpose: ["assigned-ip"] },
    { start: "10.40.0.100", end: "10.40.0.199", num_addresses: 100, purpose: ["dynamic"] },
  ]);
  assert.deepEqual(await get("unreserved_ip_ranges"), [
    { start: "10.40.0.3", end: "10.40.0.99", num_addresses: 97 },
    { start: "10.40.0.200", end: "10.40.0.254", num_addresses: 55 },
  ]);
  const statistics = await get("statistics");
  assert.deepEqual(
    [statistics.num_available, statistics.largest_available, statistics.total_addresses, statistics.usage_string],
    [152, 97, 254, "40%"],
  );
  assert.equal(statistics.ranges, undefined);
  const more = await get("statistics&include_ranges=true&include_suggestions=true");
  assert.deepEqual(more.ranges.at(-1), {
    start: "10.40.0.200",
    end: "10.40.0.254",
    num_addresses: 55,
    purpose: ["unused"],
  });
  assert.deepEqual([more.suggested_gateway, more.suggested_dynamic_range], [null, null]);
  const [address] = await get("ip_addresses");
  assert.deepEqual([address.ip, address.alloc_type, address.user], ["10.40.0.2", 1, "other"]);
  assert.equal(address.node_summary.fqdn, "otter.maas");
  assert.equal(address.node_summary.via, "eth0");
  const [bare] = await get("ip_addresses&with_username=false&with_summary=false");
  assert.deepEqual(Object.keys(bare), ["ip", "alloc_type", "created", "updated"]);
  assert.equal((await user.get("/subnets/9999/?op=statistics")).status, 404);
});

test("networks, as API 1.0 had them, are read; all else of them is gone", async () => {
  const s = await admin.made("/subnets/", { cidr: "10.50.0.0/23", name: "hall", gateway_ip: "10.50.0.1" });
  const other = await admin.made("/subnets/", { cidr: "2001:db8::/64" });
  await t.db.pool.query(
    "insert into ip_address (alloc_type, ip, subnet_id, interface_id) values (1, '10.50.0.9', $1, 91)",
    [s.id],
  );
  const path = `/networks/subnet-${s.id}/`;
  assert.deepEqual((await user.get(path)).json, {
    name: `subnet-${s.id}`,
    ip: "10.50.0.0",
    netmask: "255.255.254.0",
    vlan_tag: 0,
    description: "hall",
    default_gateway: "10.50.0.1",
    dns_servers: [],
    resource_uri: `/MAAS/api/2.0${path}`,
  });
  assert.equal((await user.get(`/networks/subnet-${other.id}/`)).json.netmask, "ffff:ffff:ffff:ffff::");
  const names = async (query = "") => (await user.get(`/networks/${query}`)).json.map((n: Json) => n.description);
  assert.deepEqual(await names(), ["hall", "2001:db8::/64"]);
  assert.deepEqual(await names("?node=mach01"), ["hall"]);
  assert.deepEqual(await refused(user.get("/networks/?node=none")), ["node"]);
  const macs = async () => (await user.get(`${path}?op=list_connected_macs`)).json;
  assert.deepEqual(await macs(), [{ mac_address: "02:00:00:00:00:91" }]);
  await t.db.pool.query("update node set owner_id = $1 where id = 910", [t.other.id]);
  assert.deepEqual(await macs(), []);
  assert.equal((await user.get("/networks/subnet-9999/")).status, 404);
  for (const gone of [
    admin.post("/networks/"),
    admin.put(path),
    admin.delete(path),
    admin.post(`${path}?op=connect_macs`),
    admin.post(`${path}?op=disconnect_macs`),
  ])
    assert.equal((await gone).status, 410);
  assert.equal((await user.delete(path)).status, 403);
});
