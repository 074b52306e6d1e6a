/** What an action did is seen by reading, through the API: of those whose tests beside them look into the database, or at the reply. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type MachineStatus, statusCode } from "@rackwright/domain/machine/status";
import { type Caller, caller, type Fields, type Json } from "../testing/api-calls.ts";
import { type AddedMachine, addImage, addMachine } from "../testing/machines.ts";
import { type TestRegion, testRegion } from "../testing/region.ts";

let t: TestRegion;
let admin: Caller;
let user: Caller;
before(async () => {
  t = await testRegion();
  await addImage(t);
  admin = caller(t, t.admin);
  user = caller(t, t.user);
  await admin.made("/zones/", { name: "north" });
});
after(() => t?.close());

const of = ({ systemId }: AddedMachine, op?: string) => `/machines/${systemId}/${op === undefined ? "" : `?op=${op}`}`;
const read = async (m: AddedMachine, who: Caller = user): Promise<Json> => (await who.get(of(m))).json;
const owned = (status: MachineStatus, columns = {}) => addMachine(t, status, { owner_id: t.user.id, ...columns });

const tmpfs = { fstype: "tmpfs", mount_point: "/scratch" };
/** Operation, what with, the machine before it, and what the machine's owner reads before and after. */
const cases: [string, Fields, () => Promise<AddedMachine>, Json, Json][] = [
  ["lock", {}, () => owned("deployed"), { locked: false }, { locked: true }],
  ["unlock", {}, () => owned("deployed", { locked: true }), { locked: true }, { locked: false }],
  ["mark_broken", {}, () => owned("allocated"), { status_name: "Allocated" }, { status_name: "Broken", owner: null }],
  ["mark_fixed", {}, () => addMachine(t, "broken"), { status_name: "Broken" }, { status_name: "Ready" }],
  [
    "override_failed_testing",
    {},
    () => addMachine(t, "failed_testing"),
    { status_name: "Failed testing" },
    { status_name: "Ready" },
  ],
  ["rescue_mode", {}, () => owned("deployed"), { status_name: "Deployed" }, { status_name: "Entering rescue mode" }],
  [
    "exit_rescue_mode",
    {},
    () => owned("rescue_mode", { previous_status: statusCode.deployed }),
    { status_name: "Rescue mode" },
    { status_name: "Deployed" },
  ],
  ["set_owner_data", { a: "1" }, () => owned("deployed"), { owner_data: {} }, { owner_data: { a: "1" } }],
  [
    "set_workload_annotations",
    { a: "1" },
    () => owned("deployed"),
    { workload_annotations: {} },
    { workload_annotations: { a: "1" } },
  ],
];

for (const [op, form, machine, was, is] of cases)
  test(`${op} is read back from the machine`, async () => {
    const m = await machine();
    const shown = async () => {
      const one = await read(m);
      return Object.fromEntries(Object.keys(is).map((name) => [name, one[name]]));
    };
    const before = await shown();
    assert.deepEqual({ ...before, ...was }, before);
    const who = op.startsWith("set_") || op.includes("lock") || op === "mark_broken" ? user : admin;
    await who.made(of(m, op), form);
    assert.deepEqual(await shown(), is);
  });

test("what is mounted in memory, and the start of a deployed machine, are read back", async () => {
  const m = await addMachine(t, "ready");
  const mounts = async () => (await read(m)).special_filesystems.map((one: Json) => one.mount_point);
  await admin.made(of(m, "mount_special"), tmpfs);
  assert.deepEqual(await mounts(), ["/scratch"]);
  await admin.made(of(m, "unmount_special"), { mount_point: "/scratch" });
  assert.deepEqual(await mounts(), []);
  const off = await owned("deployed", { power_type: "webhook", power_state: "off" });
  await user.made(of(off, "power_on"), { comment: "up again" });
  const { events } = (await user.get(`/events/?op=query&level=DEBUG&id=${off.systemId}`)).json;
  assert.ok(
    events.some((one: Json) => /up again/.test(one.description)),
    JSON.stringify(events),
  );
});

test("machines and nodes that are moved are read in their new zone", async () => {
  const m = await addMachine(t, "ready");
  for (const [list, zone] of [
    ["machines", "north"],
    ["nodes", "default"],
  ] as const) {
    assert.equal((await admin.post(`/${list}/?op=set_zone`, { nodes: m.systemId, zone })).status, 200);
    assert.equal((await read(m)).zone.name, zone);
  }
});

test("gateways and links that are taken away are away, and restoring brings the default ones back", async () => {
  const m = await addMachine(t, "ready");
  const subnet = await admin.made("/subnets/", { cidr: "10.70.0.0/24", gateway_ip: "10.70.0.1", vlan: 1 });
  const nics = `/nodes/${m.systemId}/interfaces/`;
  const shown = async (): Promise<Json> =>
    (await user.get(nics)).json.map((nic: Json) => [nic.name, nic.links.map((link: Json) => link.mode)]);
  const link = { mode: "static", subnet: subnet.id, ip_address: "10.70.0.9" };
  const linked = await admin.made(`${nics}eth0/?op=link_subnet`, link);
  await admin.made(`${nics}eth0/?op=set_default_gateway`, { link_id: linked.links[0].id });
  assert.deepEqual((await read(m)).default_gateways.ipv4, { gateway_ip: "10.70.0.1", link_id: linked.links[0].id });
  await admin.made(of(m, "clear_default_gateways"));
  assert.equal((await read(m)).default_gateways.ipv4.link_id, null);
  await admin.made(`${nics}eth0/?op=disconnect`);
  assert.deepEqual(await shown(), [["eth0", []]]);
  for (const op of ["restore_networking_configuration", "restore_default_configuration"]) {
    await admin.made(`${nics}?op=create_bridge`, { name: "br0", parent: "eth0" });
    assert.deepEqual(
      (await shown()).map(([name]: [string]) => name),
      ["eth0", "br0"],
      op,
    );
    await admin.made(of(m, op));
    assert.deepEqual(await shown(), [["eth0", ["dhcp"]]], op);
  }
});

test("a clone has the disks and interfaces of what it was made from", async () => {
  const [source, copy] = [await addMachine(t, "ready"), await addMachine(t, "ready")];
  for (const { systemId } of [source, copy])
    await admin.made(`/nodes/${systemId}/blockdevices/`, {
      name: "sda",
      id_path: `/dev/disk/by-id/${systemId}`,
      size: 20e9,
      block_size: 512,
    });
  await admin.made(of(source, "set_storage_layout"), { storage_layout: "lvm" });
  await admin.made(`/nodes/${source.systemId}/interfaces/?op=create_bridge`, { name: "br0", parent: "eth0" });
  const shown = async ({ systemId }: AddedMachine) => ({
    groups: (await user.get(`/nodes/${systemId}/volume-groups/`)).json.map((one: Json) => [one.name, one.human_size]),
    nics: (await user.get(`/nodes/${systemId}/interfaces/`)).json.map((one: Json) => [one.name, one.parents]),
  });
  const wanted = await shown(source);
  assert.notDeepEqual(await shown(copy), wanted);
  const form = { source: source.systemId, destinations: copy.systemId, storage: "true", interfaces: "true" };
  assert.equal((await admin.post("/machines/?op=clone", form)).status, 204);
  assert.deepEqual(await shown(copy), wanted);
});

test("snippets, VLANs, spaces, zones and serial numbers are read as they were left", async () => {
  const path = (await admin.made("/dhcp-snippets/", { name: "time", value: "option ntp-servers 10.0.0.1;" }))
    .resource_uri;
  await admin.put(path, { value: "option ntp-servers 10.0.0.2;" });
  await admin.made(`${path}?op=revert`, { to: -1 });
  assert.equal((await user.get(path)).json.value, "option ntp-servers 10.0.0.1;");

  const space = await admin.made("/spaces/", { name: "dmz" });
  const vlan = await admin.made("/fabrics/0/vlans/", { vid: 70 });
  const door = "/fabrics/0/vlans/70/";
  assert.equal((await admin.put(door, { name: "seventy", mtu: 9000, space: space.id })).status, 200);
  for (const one of [door, `/vlans/${vlan.id}/`]) {
    const { name, mtu, space: of } = (await user.get(one)).json;
    assert.deepEqual([name, mtu, of], ["seventy", 9000, "dmz"], one);
  }
  assert.equal((await admin.put(space.resource_uri, { name: "edge", description: "outside" })).status, 200);
  const edge = (await user.get(`/spaces/${space.id}/`)).json;
  assert.deepEqual([edge.name, edge.description, edge.vlans[0].id], ["edge", "outside", vlan.id]);
  assert.equal((await admin.delete(space.resource_uri)).status, 204);
  assert.equal((await user.get(space.resource_uri)).status, 404);
  assert.equal((await admin.delete(door)).status, 204);
  assert.equal((await user.get(`/vlans/${vlan.id}/`)).status, 404);

  const m = await addMachine(t, "ready");
  await admin.made("/zones/", { name: "going" });
  await admin.post("/machines/?op=set_zone", { nodes: m.systemId, zone: "going" });
  assert.equal((await admin.delete("/zones/going/")).status, 204);
  assert.equal((await user.get("/zones/going/")).status, 404);
  assert.equal((await read(m)).zone.name, "default");

  assert.equal((await admin.post("/domains/?op=set_serial", { serial: 4711 })).status, 200);
  const { events } = (await admin.get("/events/?op=query&level=AUDIT")).json;
  assert.ok(events.some((one: Json) => /serial number of all zones to 4711/.test(one.description)));
});
