/** Interfaces of machines: made, changed, linked and deleted; what each status and each caller may. */
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { renderNetplan } from "@rackwright/domain/network/netplan";
import { loadMachineNetwork } from "../app/machine-network.ts";
import { type Caller, caller, type Json, refused } from "../testing/api-calls.ts";
import { addImage } from "../testing/machines.ts";
import { testRegion, type TestRegion } from "../testing/region.ts";

let t: TestRegion;
let admin: Caller;
let user: Caller;
let lan: Json;
before(async () => {
  t = await testRegion();
  admin = caller(t, t.admin);
  user = caller(t, t.user);
});
after(() => t?.close());

const NEW = 0;
const READY = 4;
const DEPLOYED = 6;
const ALLOCATED = 10;
const path = "/nodes/mach01/interfaces/";

beforeEach(async () => {
  await t.db.pool.query(`
    delete from reserved_ip; delete from ip_address; delete from ip_range; delete from subnet; delete from node; delete from vlan where id > 1; delete from fabric where id > 0;
    insert into node (id, system_id, hostname, node_type, status) overriding system value values
      (900, 'rack01', 'one', 2, 6), (910, 'mach01', 'otter', 0, ${READY}), (911, 'mach02', 'heron', 0, ${READY});
    insert into interface (id, node_id, name, mac, vlan_id) values
      (90, 900, 'eth0', '02:00:00:00:00:90', 1),
      (91, 910, 'eth0', '02:00:00:00:00:91', 1), (92, 910, 'eth1', '02:00:00:00:00:92', 1), (93, 911, 'eth0', '02:00:00:00:00:93', 1)`);
  lan = await admin.made("/subnets/", { cidr: "10.0.0.0/24", gateway_ip: "10.0.0.1" });
});

const status = (code: number) => t.db.pool.query("update node set status = $1 where id = 910", [code]);
const read = async (word: string | number): Promise<Json> => (await admin.get(`${path}${word}/`)).json;
const links = (nic: Json): string[] => nic.links.map((l: Json) => [l.mode, l.ip_address].filter(Boolean).join(" "));
const op = (word: string | number, name: string) => `${path}${word}/?op=${name}`;

test("a physical interface: named by itself, up, on no VLAN unless told, and its MAC address nobody else's", async () => {
  const made = await admin.made(`${path}?op=create_physical`, { mac_address: "02-00-00-00-00-a1", tags: "fast,pci" });
  assert.deepEqual(
    [made.name, made.type, made.mac_address, made.vlan, made.tags, links(made)],
    ["eth2", "physical", "02:00:00:00:00:a1", null, ["fast", "pci"], ["link_up"]],
  );
  const create = (fields: Record<string, string>) => admin.post(`${path}?op=create_physical`, fields);
  assert.deepEqual(await refused(create({ mac_address: "02:00:00:00:00:93" })), ["mac_address"]);
  assert.deepEqual(await refused(create({ mac_address: "x" })), ["mac_address"]);
  assert.deepEqual(await refused(create({})), ["mac_address"]);
  assert.deepEqual(await refused(create({ mac_address: "02:00:00:00:00:a2", name: "eth0" })), ["name"]);
  assert.deepEqual(await refused(create({ mac_address: "02:00:00:00:00:a2", vlan: "77" })), ["vlan"]);
  assert.deepEqual(
    await refused(create({ mac_address: "02:00:00:00:00:a2", link_connected: "false", link_speed: "1" })),
    ["link_speed"],
  );
  assert.equal((await user.post(`${path}?op=create_physical`, { mac_address: "02:00:00:00:00:a3" })).status, 403);
  assert.equal(
    (await admin.post("/nodes/rack01/interfaces/?op=create_physical", { mac_address: "02:00:00:00:00:a3" })).status,
    403,
  );
  assert.equal(
    (await admin.post("/nodes/none/interfaces/?op=create_physical", { mac_address: "02:00:00:00:00:a3" })).status,
    404,
  );
  await status(DEPLOYED);
  assert.equal((await create({ mac_address: "02:00:00:00:00:a3" })).status, 409);
});

test("a bond over two interfaces, a VLAN on it, a bridge on that: and so they come out in netplan", async () => {
  await admin.made("/fabrics/0/vlans/", { vid: 20 });
  const tagged = await admin.made("/subnets/", {
    cidr: "10.20.0.0/24",
    vlan: "fabric:0,vid:20",
    gateway_ip: "10.20.0.1",
  });
  const remote = await admin.made("/subnets/", { cidr: "10.99.0.0/24" });
  await admin.made("/static-routes/", {
    source: tagged.id,
    destination: remote.id,
    gateway_ip: "10.20.0.2",
    metric: 3,
  });
  const bond = await admin.made(`${path}?op=create_bond`, {
    name: "bond0",
    parents: ["91", "92"],
    bond_mode: "802.3ad",
    mtu: "9000",
  });
  assert.deepEqual([bond.parents, bond.mac_address, bond.vlan.id], [["eth0", "eth1"], "02:00:00:00:00:91", 1]);
  assert.equal(bond.params.bond_mode, "802.3ad");
  assert.equal(bond.params.bond_miimon, 100);
  const parent = await read("eth0");
  assert.deepEqual([parent.children, parent.links, parent.params.mtu], [["bond0"], [], 9000]);
  const vlan = await admin.made(`${path}?op=create_vlan`, { vlan: "fabric:0,vid:20", parent: bond.id });
  assert.deepEqual([vlan.name, vlan.type, vlan.mac_address, vlan.vlan.vid], ["bond0.20", "vlan", bond.mac_address, 20]);
  const bridge = await admin.made(`${path}?op=create_bridge`, { name: "br0", parent: vlan.id, bridge_stp: "true" });
  assert.deepEqual(
    [bridge.parents, bridge.params],
    [["bond0.20"], { bridge_type: "standard", bridge_stp: true, bridge_fd: 15 }],
  );
  await admin.made(op("br0", "link_subnet"), {
    mode: "STATIC",
    subnet: tagged.id,
    ip_address: "10.20.0.7",
    default_gateway: "true",
  });
  await admin.made(op("bond0", "link_subnet"), { mode: "static", subnet: lan.id });
  const plan = renderNetplan(await loadMachineNetwork(t.db.kysely, 910));
  assert.deepEqual(plan.bonds?.bond0?.interfaces, ["eth0", "eth1"]);
  assert.equal(plan.bonds?.bond0?.parameters?.["lacp-rate"], "fast");
  assert.deepEqual(plan.bonds?.bond0?.addresses, ["10.0.0.2/24"]);
  assert.deepEqual([plan.vlans?.["bond0.20"]?.id, plan.vlans?.["bond0.20"]?.link], [20, "bond0"]);
  assert.deepEqual(plan.bridges?.br0?.interfaces, ["bond0.20"]);
  assert.deepEqual(plan.bridges?.br0?.addresses, ["10.20.0.7/24"]);
  // The gateway that the user chose, though the bond has one of lower id; and the route of the subnet.
  assert.deepEqual(plan.bridges?.br0?.routes, [
    { to: "default", via: "10.20.0.1" },
    { to: "10.99.0.0/24", via: "10.20.0.2", metric: 3 },
  ]);
  assert.equal(plan.bonds?.bond0?.routes, undefined);
  assert.equal((await admin.delete(`${path}bond0/`)).status, 204);
  const left = (await admin.get(path)).json;
  assert.deepEqual(
    left.map((nic: Json) => [nic.name, ...links(nic)]),
    [
      ["eth0", "link_up"],
      ["eth1", "link_up"],
    ],
  );
});

test("what cannot be made of these interfaces is refused", async () => {
  await admin.made("/fabrics/0/vlans/", { vid: 20 });
  const post = (name: string, fields: Record<string, string | string[]>) => admin.post(`${path}?op=${name}`, fields);
  assert.deepEqual(await refused(post("create_bond", { name: "b0" })), ["parents"]);
  assert.deepEqual(await refused(post("create_bond", { name: "b0", parents: ["93"] })), ["parents"]);
  assert.deepEqual(await refused(post("create_bond", { name: "sixteen-letters1", parents: ["91"] })), ["name"]);
  assert.deepEqual(await refused(post("create_bond", { name: "b0", parents: "91", bond_mode: "fast" })), ["bond_mode"]);
  assert.deepEqual(
    await refused(post("create_bond", { name: "b0", parents: "91", mac_address: "02:00:00:00:00:93" })),
    ["mac_address"],
  );
  assert.deepEqual(await refused(post("create_vlan", { parent: "91", vlan: "1" })), ["vlan"]);
  assert.deepEqual(await refused(post("create_vlan", { parent: "91" })), ["vlan"]);
  assert.deepEqual(await refused(post("create_vlan", { vlan: "vid:20" })), ["parent"]);
  assert.deepEqual(await refused(post("create_bridge", { name: "br1", parents: ["91", "92"] })), ["parent"]);
  assert.deepEqual(await refused(post("create_physical", { mac_address: "02:00:00:00:00:a9", parents: ["91"] })), [
    "parents",
  ]);
  assert.deepEqual(
    await refused(post("create_physical", { mac_address: "02:00:00:00:00:a9", ip_assignment: "dynamic" })),
    ["ip_assignment"],
  );
  await admin.made(`${path}?op=create_vlan`, { parent: "eth0", vlan: "vid:20" });
  assert.deepEqual(await refused(post("create_vlan", { parent: "91", vlan: "vid:20" })), ["vlan"]);
  assert.deepEqual(await refused(post("create_bond", { name: "b0", parents: "91" })), ["parents"]);
  await admin.made(`${path}?op=create_bridge`, { name: "br0", parent: "eth0" });
  assert.deepEqual(await refused(post("create_bridge", { name: "br1", parent: "br0" })), ["parent"]);
  assert.deepEqual(await refused(post("create_bridge", { name: "br1", parent: "eth0" })), ["parent"]);
  assert.equal((await user.post(`${path}?op=create_bond`, { name: "b0", parents: "92" })).status, 403);
});

test("links: each mode, what it puts in place of others, and what is refused", async () => {
  const link = (fields: Record<string, string | number>) => admin.post(op("eth0", "link_subnet"), fields);
  const auto = await admin.made(op("eth0", "link_subnet"), { mode: "AUTO", subnet: lan.id });
  assert.deepEqual([links(auto), auto.links[0].subnet.id], [["auto"], lan.id]);
  assert.deepEqual(links((await link({ mode: "static", subnet: lan.id, ip_address: "10.0.0.9" })).json), [
    "auto",
    "static 10.0.0.9",
  ]);
  assert.equal((await link({ mode: "static", subnet: lan.id, ip_address: "10.0.0.9" })).status, 409);
  assert.deepEqual(await refused(link({ mode: "static", subnet: lan.id, ip_address: "10.0.1.9" })), ["ip_address"]);
  assert.deepEqual(await refused(link({ mode: "auto", subnet: lan.id, ip_address: "10.0.0.8" })), ["ip_address"]);
  assert.deepEqual(await refused(link({ mode: "auto" })), ["subnet"]);
  assert.deepEqual(await refused(link({ mode: "auto", subnet: "999" })), ["subnet"]);
  assert.deepEqual(await refused(link({ mode: "sticky" })), ["mode"]);
  assert.deepEqual(await refused(link({})), ["mode"]);
  assert.deepEqual(await refused(link({ mode: "link_up" })), ["mode"]);
  await admin.made("/ipranges/", { type: "dynamic", start_ip: "10.0.0.100", end_ip: "10.0.0.199" });
  assert.equal((await link({ mode: "static", subnet: lan.id, ip_address: "10.0.0.150" })).status, 403);
  assert.deepEqual(links((await link({ mode: "dhcp" })).json), ["auto", "static 10.0.0.9", "dhcp"]);
  assert.deepEqual(await refused(link({ mode: "dhcp" })), ["mode"]);
  assert.deepEqual(links((await link({ mode: "link_up", force: "true" })).json), ["link_up"]);
  assert.deepEqual(links((await link({ mode: "dhcp", subnet: lan.id })).json), ["dhcp"]);
  const fixed = (await link({ mode: "static", subnet: lan.id })).json;
  assert.deepEqual(links(fixed), ["static 10.0.0.200"], "the lowest of the smallest free range");
  assert.deepEqual(await refused(admin.post(op("eth0", "unlink_subnet"), { id: 999_999 })), ["id"]);
  assert.deepEqual(links(await admin.made(op("eth0", "unlink_subnet"), { id: fixed.links[0].id })), ["link_up"]);
  for (const name of ["link_subnet", "unlink_subnet", "disconnect", "set_default_gateway"])
    assert.equal((await user.post(op("eth0", name), { mode: "dhcp", id: 1 })).status, 403, name);
  await status(DEPLOYED);
  for (const name of ["link_subnet", "unlink_subnet", "disconnect", "set_default_gateway"])
    assert.equal((await admin.post(op("eth0", name), { mode: "dhcp", id: 1 })).status, 409, name);
});

test("a subnet of another VLAN moves the interface only by force, or when it is nowhere", async () => {
  const fabric = await admin.made("/fabrics/", { name: "row-a" });
  const there = await admin.made("/subnets/", { cidr: "10.5.0.0/24", fabric: "row-a" });
  const link = (fields: Record<string, string | number>) => admin.post(op("eth0", "link_subnet"), fields);
  assert.deepEqual(await refused(link({ mode: "auto", subnet: there.id })), ["subnet"]);
  await admin.made(op("eth0", "link_subnet"), { mode: "auto", subnet: lan.id });
  const moved = await admin.made(op("eth0", "link_subnet"), { mode: "auto", subnet: there.id, force: "true" });
  assert.deepEqual([moved.vlan.fabric, links(moved)], ["row-a", ["auto"]]);
  await admin.delete(`/subnets/${there.id}/`);
  const off = await admin.made(op("eth0", "disconnect"));
  assert.deepEqual([off.vlan, off.links], [null, []]);
  assert.equal((await admin.get(`/fabrics/${fabric.id}/`)).status, 200, "somebody made it");
  const back = await admin.made(op("eth0", "link_subnet"), { mode: "auto", subnet: lan.id });
  assert.equal(back.vlan.id, 1);
});

test("a fabric that came by itself goes with the last interface, and the audit log says so; what somebody set up stays", async () => {
  const put = async (sql: string) => {
    const { rows } = await t.db.pool.query("insert into fabric default values returning id");
    const id: number = rows[0].id;
    await t.db.pool.query(`
      insert into vlan (fabric_id, vid, name) values (${id}, 0, 'untagged');
      ${sql.replaceAll("$id", String(id))};
      update interface set vlan_id = (select id from vlan where fabric_id = ${id} and vid = 0) where id = 91`);
    await admin.made(op("eth0", "disconnect"));
    return id;
  };
  const told = async (id: number) =>
    (await t.db.pool.query(`select username from event where description like 'Deleted fabric ''fabric-${id}''%'`))
      .rows;
  const gone = await put("select");
  assert.equal((await admin.get(`/fabrics/${gone}/`)).status, 404);
  assert.deepEqual(await told(gone), [{ username: "admin" }]);
  for (const sql of [
    "update fabric set description = 'hall 3' where id = $id",
    "update fabric set name = 'row-b' where id = $id",
    "insert into vlan (fabric_id, vid) values ($id, 20)",
  ]) {
    const kept = await put(sql);
    assert.equal((await admin.get(`/fabrics/${kept}/`)).status, 200, sql);
    assert.deepEqual(await told(kept), []);
  }
});

test("a reserved IP is what its MAC address gets, and no other", async () => {
  await admin.made("/reservedips/", { ip: "10.0.0.50", mac_address: "02:00:00:00:00:91" });
  const link = (word: string, fields: Record<string, string | number>) =>
    admin.post(op(word, "link_subnet"), { mode: "static", subnet: lan.id, ...fields });
  assert.equal((await link("eth1", { ip_address: "10.0.0.50" })).status, 409);
  assert.equal((await link("eth0", { ip_address: "10.0.0.51" })).status, 409);
  assert.deepEqual(links((await link("eth0", {})).json), ["static 10.0.0.50"]);
  assert.deepEqual(links((await link("eth1", {})).json), ["static 10.0.0.2"]);
});

test("the default gateway is that of the link that is named", async () => {
  const other = await admin.made("/subnets/", { cidr: "10.6.0.0/24", gateway_ip: "10.6.0.1" });
  const gateway = (fields: Record<string, number> = {}) => admin.post(op("eth1", "set_default_gateway"), fields);
  assert.equal((await gateway()).status, 400);
  await admin.made(op("eth0", "link_subnet"), { mode: "static", subnet: lan.id });
  await admin.made(op("eth1", "link_subnet"), { mode: "static", subnet: lan.id });
  const both = await admin.made(op("eth1", "link_subnet"), { mode: "static", subnet: other.id });
  assert.deepEqual(await refused(gateway()), ["link_id"]);
  assert.deepEqual(await refused(gateway({ link_id: 1 })), ["link_id"]);
  assert.equal((await gateway({ link_id: both.links[1].id })).status, 200);
  const routes = async () => {
    const { ethernets } = renderNetplan(await loadMachineNetwork(t.db.kysely, 910));
    return Object.entries(ethernets ?? {}).flatMap(([name, d]) => (d.routes ?? []).map((r) => `${name} ${r.via}`));
  };
  assert.deepEqual(await routes(), ["eth1 10.6.0.1"]);
  const gateways = async () => (await admin.get("/machines/mach01/")).json.default_gateways.ipv4;
  assert.deepEqual(await gateways(), { gateway_ip: "10.6.0.1", link_id: both.links[1].id });
  await admin.made(op("eth1", "unlink_subnet"), { id: both.links[1].id });
  assert.deepEqual(await routes(), ["eth0 10.0.0.1"]);
  assert.deepEqual(await gateways(), { gateway_ip: "10.0.0.1", link_id: null });
  await admin.made(op("eth0", "link_subnet"), { mode: "dhcp", force: "true" });
  const auto = await admin.made(op("eth1", "link_subnet"), { mode: "auto", subnet: lan.id, force: "true" });
  assert.deepEqual(await gateways(), { gateway_ip: "10.0.0.1", link_id: null }, "before it has an address");
  await admin.made(op("eth1", "set_default_gateway"), { link_id: auto.links[0].id });
  assert.deepEqual(await gateways(), { gateway_ip: "10.0.0.1", link_id: auto.links[0].id });
  assert.deepEqual(await routes(), []);
});

test("changes: of what each kind has, with what follows from them", async () => {
  const bond = await admin.made(`${path}?op=create_bond`, { name: "bond0", parents: ["91", "92"] });
  const put = (word: string | number, fields: Record<string, string | string[]>) =>
    admin.put(`${path}${word}/`, fields);
  assert.equal((await put("eth0", { mac_address: "02:00:00:00:00:a1" })).json.mac_address, "02:00:00:00:00:a1");
  assert.equal((await read("bond0")).mac_address, "02:00:00:00:00:a1", "what carried the old one carries the new one");
  const smaller = (await put(bond.id, { parents: ["92"], name: "bond1", bond_mode: "active-backup", tags: "up" })).json;
  assert.deepEqual(
    [smaller.name, smaller.parents, smaller.mac_address, smaller.params.bond_mode, smaller.tags],
    ["bond1", ["eth1"], "02:00:00:00:00:92", "active-backup", ["up"]],
  );
  assert.deepEqual(links(await read("eth0")), ["link_up"]);
  assert.deepEqual(await refused(put("eth0", { parents: ["92"] })), ["parents"]);
  assert.deepEqual(await refused(put("eth0", { name: "bond1" })), ["name"]);
  assert.deepEqual(await refused(put("eth0", { mac_address: "02:00:00:00:00:93" })), ["mac_address"]);
  assert.deepEqual(await refused(put("bond1", { mtu: "100" })), ["mtu"]);
  await admin.made(op("eth0", "link_subnet"), { mode: "auto", subnet: lan.id });
  await admin.made("/fabrics/0/vlans/", { vid: 30 });
  const elsewhere = (await put("eth0", { vlan: "vid:30", accept_ra: "false", mtu: "1400" })).json;
  assert.deepEqual(
    [elsewhere.vlan.vid, links(elsewhere), elsewhere.params],
    [30, ["link_up"], { mtu: 1400, "accept-ra": false }],
  );
  const asVlan = (await put("eth0", { mtu: "" })).json;
  assert.deepEqual([asVlan.params, asVlan.effective_mtu], [{ "accept-ra": false }, 1500], "empty takes it away");
  assert.equal((await put("eth0", { vlan: "" })).json.vlan, null);
  assert.deepEqual((await put("eth0", { enabled: "false" })).json.links, []);
  assert.deepEqual(links((await put("eth0", { enabled: "true" })).json), ["link_up"]);
  const vlan = await admin.made(`${path}?op=create_vlan`, { vlan: "vid:30", parent: "bond1" });
  await admin.made("/fabrics/0/vlans/", { vid: 31 });
  assert.equal((await put(vlan.id, { vlan: "vid:31" })).json.name, "bond1.31");
  assert.equal((await user.put(`${path}eth0/`, { name: "x" })).status, 403);
});

test("of a deployed machine only what is known of its cards changes; of a controller its place and its link", async () => {
  await status(DEPLOYED);
  const nic = (
    await admin.put(`${path}eth0/`, { name: "ens3", vlan: "", tags: "x", link_speed: "100", interface_speed: "1000" })
  ).json;
  assert.deepEqual([nic.name, nic.vlan.id, nic.tags, nic.link_speed], ["ens3", 1, [], 100]);
  await status(1);
  assert.equal((await admin.put(`${path}ens3/`, { name: "eth0" })).status, 409);
  const fabric = await admin.made("/fabrics/", { name: "row-a" });
  await t.db.pool.query(
    "insert into ip_address (alloc_type, ip, subnet_id, interface_id) values (1, '10.0.0.3', $1, 90)",
    [lan.id],
  );
  const rack = (fields: Record<string, string | number>) => admin.put("/nodes/rack01/interfaces/eth0/", fields);
  const moved = (await rack({ vlan: fabric.vlans[0].id, name: "renamed" })).json;
  assert.deepEqual([moved.name, moved.vlan.fabric, links(moved)], ["eth0", "row-a", ["static 10.0.0.3"]]);
  assert.equal((await admin.get(`/subnets/${lan.id}/`)).json.vlan.fabric, "row-a");
  assert.equal((await user.put("/nodes/rack01/interfaces/eth0/", { vlan: "1" })).status, 403);
  assert.equal((await admin.delete("/nodes/rack01/interfaces/eth0/")).status, 403);
  assert.equal((await admin.post("/nodes/rack01/interfaces/eth0/?op=link_subnet", { mode: "dhcp" })).status, 403);
});

test("nothing is made over the interfaces of a deployed machine", async () => {
  const vlan = await admin.made("/fabrics/0/vlans/", { vid: 7 });
  await status(DEPLOYED);
  for (const [kind, fields] of Object.entries({
    physical: { mac_address: "02:00:00:00:00:a1" },
    bond: { name: "bond0", parents: ["91", "92"] },
    bridge: { name: "br0", parent: "91" },
    vlan: { parent: "91", vlan: vlan.id },
  })) {
    const reply = await admin.post(`${path}?op=create_${kind}`, fields);
    assert.equal(reply.status, 409, kind);
    assert.match(reply.json, /otter: it is Deployed, and configure_network starts from New, Ready/);
  }
  assert.deepEqual(
    (await admin.get(path)).json.map((nic: Json) => nic.name),
    ["eth0", "eth1"],
  );
});

test("tags go on and off in any status", async () => {
  await status(DEPLOYED);
  assert.deepEqual((await admin.made(op("eth0", "add_tag"), { tag: "uplink" })).tags, ["uplink"]);
  assert.deepEqual((await admin.made(op("eth0", "add_tag"), { tag: "uplink" })).tags, ["uplink"]);
  assert.deepEqual((await admin.made(op("eth0", "remove_tag"), { tag: "uplink" })).tags, []);
  for (const name of ["add_tag", "remove_tag"]) {
    assert.deepEqual(await refused(admin.post(op("eth0", name), {})), ["tag"]);
    assert.equal((await user.post(op("eth0", name), { tag: "x" })).status, 403);
  }
  await admin.made(op("eth0", "add_tag"), { tag: "kept" });
  assert.deepEqual((await read("eth0")).tags, ["kept"]);
  assert.equal((await admin.post(op("eth9", "remove_tag"), { tag: "x" })).status, 404);
});

test("deleting: by status and caller; a bond that loses the parent whose MAC address it has takes another's", async () => {
  const bond = await admin.made(`${path}?op=create_bond`, { name: "bond0", parents: ["91", "92"] });
  assert.equal((await user.delete(`${path}eth0/`)).status, 403);
  await status(DEPLOYED);
  assert.equal((await admin.delete(`${path}eth0/`)).status, 409);
  await status(NEW);
  assert.equal((await admin.delete(`${path}eth0/`)).status, 204);
  const left = await read(bond.id);
  assert.deepEqual([left.parents, left.mac_address], [["eth1"], "02:00:00:00:00:92"]);
  assert.equal((await admin.delete(`${path}eth0/`)).status, 404);
});

test("a bridge on an allocated machine takes over the links, and gives them back with the machine", async () => {
  await admin.made(op("eth0", "link_subnet"), { mode: "static", subnet: lan.id, ip_address: "10.0.0.44" });
  await t.db.pool.query("update node set status = $1, owner_id = $2, power_state = $3 where id = 910", [
    ALLOCATED,
    t.admin.id,
    "off",
  ]);
  const bridge = await admin.made(`${path}?op=create_bridge`, { name: "br-eth0", parent: "eth0" });
  assert.deepEqual(
    [links(bridge), bridge.mac_address, bridge.params.bridge_fd],
    [["static 10.0.0.44"], "02:00:00:00:00:91", 0],
  );
  assert.deepEqual((await read("eth0")).links, []);
  await admin.made("/machines/mach01/?op=release");
  assert.equal((await admin.get(`${path}br-eth0/`)).status, 404);
  assert.deepEqual(links(await read("eth0")), ["static 10.0.0.44"]);
});

test("bridge_all puts a bridge over each configured interface of what is allocated or deployed, until it is released", async () => {
  await addImage(t);
  const far = await admin.made("/subnets/", {
    cidr: "10.21.0.0/24",
    vlan: (await admin.made("/fabrics/0/vlans/", { vid: 21 })).id,
  });
  await admin.made(`${path}?op=create_physical`, { name: "eth2", mac_address: "02:00:00:00:00:a2", vlan: 1 });
  await admin.made(op("eth0", "link_subnet"), { mode: "auto", subnet: lan.id });
  await admin.made(op("eth1", "link_subnet"), { mode: "static", subnet: lan.id, ip_address: "10.0.0.45" });
  const bridge = await admin.made(`${path}?op=create_bridge`, { name: "br1", parent: "eth1" });
  const tagged = await admin.made(`${path}?op=create_vlan`, { parent: "eth0", vlan: far.vlan.id });
  await admin.made(op(tagged.id, "link_subnet"), { mode: "dhcp", subnet: far.id });
  const nics = async (): Promise<Json[]> =>
    (await admin.get(path)).json.map((nic: Json) => [nic.name, nic.parents, links(nic)]);
  const before = await nics();
  await t.db.pool.query("update node set power_state = 'off' where id = 910");
  const machine = { system_id: "mach01", bridge_all: "true" };

  assert.equal((await admin.post("/machines/?op=allocate", { ...machine, dry_run: "true" })).status, 200);
  assert.deepEqual(await nics(), before);
  const got = await admin.made("/machines/?op=allocate", { ...machine, bridge_stp: "true", bridge_fd: 7 });
  assert.deepEqual(
    got.interface_set
      .filter((nic: Json) => nic.name.startsWith("br-"))
      .map((nic: Json) => [nic.name, nic.parents, links(nic), nic.params])
      .toSorted(),
    [
      ["br-eth0", ["eth0"], ["auto"], { bridge_type: "standard", bridge_stp: true, bridge_fd: 7 }],
      ["br-eth0.21", ["eth0.21"], ["dhcp"], { bridge_type: "standard", bridge_stp: true, bridge_fd: 7 }],
    ],
  );
  assert.deepEqual(links(await read("eth0")), []);
  assert.deepEqual(links(await read(bridge.id)), ["link_up"]);
  await admin.made("/machines/mach01/?op=release");
  assert.deepEqual(await nics(), before);

  await status(READY);
  await admin.made(`${path}?op=create_physical`, { name: "br-eth0", mac_address: "02:00:00:00:00:a3" });
  assert.deepEqual(await refused(admin.post("/machines/?op=allocate", machine)), ["bridge_all"]);
  assert.equal((await admin.get("/machines/mach01/")).json.status_name, "Ready");
  await admin.delete(`${path}br-eth0/`);
  await t.db.pool.query(
    "insert into block_device (node_id, name, size_bytes, block_size_bytes) values (910, 'sda', 100000000000, 512)",
  );
  await admin.made("/machines/mach01/?op=set_storage_layout", { storage_layout: "flat" });
  const deployed = await admin.made("/machines/mach01/?op=deploy", { bridge_all: "true", bridge_type: "ovs" });
  const over = deployed.interface_set.find((nic: Json) => nic.name === "br-eth0");
  assert.deepEqual(over.params, { bridge_type: "ovs", bridge_stp: false, bridge_fd: 0 });
  const { bridges } = renderNetplan(await loadMachineNetwork(t.db.kysely, 910));
  assert.deepEqual(bridges?.["br-eth0"]?.addresses, [`${over.links[0].ip_address}/24`]);
});

test("64 callers on a /27: none gets an address twice, and none is lost", async () => {
  const small = await admin.made("/subnets/", { cidr: "10.8.0.0/27" });
  await t.db.pool.query(`
    insert into node (id, system_id, hostname, status) overriding system value select 1000 + n, 'many' || n, 'many-' || n, ${READY} from generate_series(1, 64) n;
    insert into interface (id, node_id, name, mac, vlan_id) select 2000 + n, 1000 + n, 'eth0', ('0a:00:00:00:00:' || lpad(to_hex(n), 2, '0'))::macaddr, 1 from generate_series(1, 64) n`);
  const replies = await Promise.all(
    Array.from({ length: 64 }, (_, n) =>
      admin.post(`/nodes/many${n + 1}/interfaces/eth0/?op=link_subnet`, { mode: "static", subnet: small.id }),
    ),
  );
  const given = replies.filter((r) => r.status === 200).map((r) => r.json.links[0].ip_address as string);
  const wanted = Array.from({ length: 30 }, (_, n) => `10.8.0.${n + 1}`);
  assert.deepEqual(
    given.toSorted((a, b) => Number(a.split(".")[3]) - Number(b.split(".")[3])),
    wanted,
  );
  const others = replies.filter((r) => r.status !== 200);
  assert.deepEqual([...new Set(others.map((r) => r.status))], [503]);
  assert.match(String(others[0]?.json), /No free address is left in subnet 10\.8\.0\.0\/27/);
});

test("what is configured without a cable, and what is linked slower than it can be, is warned of in the machine's events", async () => {
  const warnings = async () => {
    const { rows } = await t.db.pool.query<{ description: string }>(
      "select description from event where node_id = 910 and level = 30 order by id",
    );
    return rows.map((row) => row.description.split(":")[0]);
  };
  await admin.put(`${path}eth1/`, { tags: "spare" });
  await admin.put(`${path}eth1/`, { link_connected: "false" });
  assert.deepEqual(await warnings(), []);
  assert.equal((await admin.post(op("eth1", "link_subnet"), { mode: "auto", subnet: lan.id })).status, 200);
  assert.deepEqual(await warnings(), ["Interface eth1 was configured, and is not connected"]);
  await admin.put(`${path}eth0/`, { link_speed: "100", interface_speed: "1000" });
  await admin.put(`${path}eth0/`, { tags: "slow" });
  await admin.put(`${path}eth0/`, { link_speed: "1000" });
  assert.deepEqual((await warnings()).slice(1), ["Interface eth0 is linked at 100 Mbit/s and can do 1000 Mbit/s"]);
});
