/** Allocating where no machine matches: one is made on a VM host, lent, and gone after its release. */
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { DomainError } from "@rackwright/domain/errors";
import { removeUnwanted } from "../app/vm-discard.ts";
import { observePower } from "../app/machine-facts.ts";
import { type Caller, caller, type Fields, type Json, type Reply } from "../testing/api-calls.ts";
import { addImage, addMachine } from "../testing/machines.ts";
import { testRegion, type TestRegion } from "../testing/region.ts";
import { addVmHost, type FakeVmHost } from "../testing/vm-hosts.ts";

let t: TestRegion;
let host: FakeVmHost;
let admin: Caller;
let user: Caller;
let rackId: number;
let subnet: number;
let count = 0;
before(async () => {
  t = await testRegion();
  await addImage(t);
  admin = caller(t, t.admin);
  user = caller(t, t.user);
  rackId = (await addMachine(t, "new", { node_type: 2 })).id;
  subnet = (await admin.made("/subnets/", { cidr: "10.8.0.0/24", vlan: 1 })).id;
});
beforeEach(async () => {
  await t.db.pool.query("delete from virtual_machine");
  await t.db.pool.query("delete from node where node_type = 0");
  await t.db.pool.query("delete from vm_host");
  host = addVmHost(t, rackId);
});
after(() => t?.close());

const create = (fields: Fields = {}): Promise<Json> =>
  admin.made("/vm-hosts/", {
    type: "virsh",
    power_address: `qemu+ssh://root@host-${++count}.example.com/system`,
    ...fields,
  });
const allocate = (fields: Fields = {}, by = user): Promise<Reply> => by.post("/machines/?op=allocate", fields);
const lent = async (fields: Fields = {}): Promise<Json> => {
  const { status, json } = await allocate(fields);
  assert.equal(status, 200, JSON.stringify(json));
  return json;
};
const used = async (id: number) => (await admin.get(`/vm-hosts/${id}/`)).json.used;
const rows = async () =>
  (await t.db.pool.query("select node_id, dynamic, composing_since, unwanted_since from virtual_machine")).rows;

test("any user is lent a machine that is made as it was asked for, ready to be deployed", async () => {
  const { id } = await create({ name: "maker" });
  const made = await lent({
    name: "fresh",
    cpu_count: "2.5",
    mem: 4096,
    arch: "amd64",
    storage: "root:10(fast),data:20",
    not_tags: "gpu",
    zone: "default",
    pool: "default",
  });
  const [order] = host.composed;
  assert.deepEqual(
    [order?.name, order?.cores, order?.memoryMib, order?.disks, order?.interfaces[0]?.attach],
    [
      "fresh",
      3,
      4096,
      [
        { sizeBytes: 10e9, pool: "fast" },
        { sizeBytes: 20e9, pool: "local" },
      ],
      { kind: "network", to: "maas" },
    ],
  );
  assert.deepEqual(
    [made.hostname, made.status_name, made.owner, made.cpu_count, made.memory, made.pod?.name],
    ["fresh", "Allocated", t.user.username, 3, 4096, "maker"],
  );
  const ids = made.physicalblockdevice_set.map((disk: Json) => disk.id);
  assert.deepEqual(
    made.physicalblockdevice_set.map((disk: Json) => [disk.name, disk.size, disk.tags]),
    [
      ["vda", 10e9, ["fast"]],
      ["vdb", 20e9, []],
    ],
  );
  assert.match(made.physicalblockdevice_set[0].id_path, /^\/dev\/disk\/by-id\/virtio-[0-9a-f]{12}-0$/);
  assert.deepEqual(made.constraints_by_type, { storage: { root: [ids[0]], data: [ids[1]] } });
  assert.deepEqual(
    made.interface_set.map((nic: Json) => [
      nic.mac_address,
      nic.links.map((link: Json) => [link.mode, link.subnet?.id]),
    ]),
    [[order?.interfaces[0]?.mac, [["auto", subnet]]]],
  );
  assert.deepEqual(await used(id), { cores: 3, memory: 4096, local_storage: 30e9 });
  t.clock.advance(1000);
  await admin.made(`/vm-hosts/${id}/?op=refresh`);
  assert.equal((await admin.get("/machines/")).json.length, 1, "it is known to be ours");
  assert.equal((await user.made(`/machines/${made.system_id}/?op=deploy`)).status_name, "Deploying");
});

test("what is there is lent first, and a Ready machine of a host is not another one's", async () => {
  await create();
  const there = await addMachine(t, "ready", { cpu_count: 1, memory_mib: 1024 });
  assert.equal((await lent()).system_id, there.systemId);
  assert.notEqual((await lent()).system_id, there.systemId);
  assert.equal(host.composed.length, 1);
});

test("it is gone after its release, from here at once and from its host as soon as that answers", async () => {
  const { id } = await create();
  const made = await lent();
  const { node_id } = (await rows())[0];
  assert.equal((await user.made(`/machines/${made.system_id}/?op=release`)).status_name, "Releasing");
  await observePower(t.region, Number(node_id), "off");
  assert.equal((await admin.get(`/machines/${made.system_id}/`)).status, 404);
  assert.notEqual((await used(id)).memory, 0, "it still is on its host");
  t.racks.answer("vmHostDecompose", () => {
    throw new DomainError("power_failed", "away");
  });
  assert.equal(await removeUnwanted(t.region), 0);
  t.clock.advance(1000);
  await admin.made(`/vm-hosts/${id}/?op=refresh`);
  assert.deepEqual((await admin.get("/machines/")).json, [], "it does not come back");
  t.racks.answer("vmHostDecompose", ({ uuid }) => {
    host.decomposed.push(uuid);
    return null;
  });
  assert.equal(await removeUnwanted(t.region), 1);
  assert.deepEqual(host.decomposed, [host.composed[0]?.uuid]);
  assert.deepEqual(await rows(), []);
  assert.equal((await used(id)).memory, 0);
});

test("one that was made by compose stays when it is released", async () => {
  const { id } = await create();
  const { system_id } = await admin.made(`/vm-hosts/${id}/?op=compose`, { skip_commissioning: "true" });
  await t.db.pool.query("update node set status = 4, power_state = 'off' where system_id = $1", [system_id]);
  assert.equal((await lent()).system_id, system_id);
  await user.made(`/machines/${system_id}/?op=release`);
  assert.equal((await admin.get(`/machines/${system_id}/`)).status, 200);
  assert.equal((await rows())[0].unwanted_since, null);
});

test("what no new machine could be, where none may be, and a trial run have nothing made", async () => {
  await create({ name: "only" });
  await admin.made("/zones/", { name: "elsewhere" });
  await admin.made("/resourcepools/", { name: "others" });
  await admin.made("/tags/", { name: "gpu" });
  const taken = await addMachine(t, "new");
  for (const fields of [
    { system_id: "abcdef" },
    { tags: "gpu" },
    { fabric_classes: "10g" },
    { link_speed: 1000 },
    { devices: "vendor_id=8086" },
    { subnets: "cidr:10.8.0.0/24" },
    { vlans: "1" },
    { zone: "elsewhere" },
    { not_in_zone: "default" },
    { pool: "others" },
    { not_in_pool: "default" },
    { pod: "another" },
    { not_pod: "only" },
    { pod_type: "lxd" },
    { not_pod_type: "virsh" },
    { arch: "arm64" },
    { not_arch: "amd64" },
    { cpu_speed: 9000 },
    { cpu_count: 9 },
    { mem: 99_999 },
    { storage: "root:10(ssd)" },
    { storage: "root:10(partition)" },
    { storage: "root:101" },
    { interfaces: "eth0:name=eth0" },
    { interfaces: "eth0:vid=0" },
    { name: taken.hostname },
    { name: "a.nowhere.example" },
    { dry_run: "true" },
  ] as Fields[])
    assert.equal((await allocate(fields)).status, 409, JSON.stringify(fields));
  const { json } = await allocate({ mem: 99_999 });
  assert.match(json, /matches constraints: mem=99999.*None was made: .*VM host only has 16384 MiB of memory left/);
  assert.deepEqual(host.composed, []);
  assert.deepEqual(await rows(), []);
  assert.equal((await allocate({ pod_type: "VIRSH", pod: "only" })).status, 200);
});

test("the host with the most left makes it, one without room is passed over", async () => {
  await create({ name: "little" });
  await create({ name: "much", memory_over_commit_ratio: 2, cpu_over_commit_ratio: 1 });
  assert.equal((await lent({ cpu_count: 7 })).pod.name, "much");
  assert.equal((await lent({ cpu_count: 2 })).pod.name, "little", "much memory, and one core");
  assert.equal((await lent({ mem: 15_000, not_pod: "little" })).pod.name, "much");
});

test("two at once do not get what is there for one", async () => {
  const { id } = await create();
  const replies = await Promise.all([1, 2, 3].map(() => allocate({ mem: 10_000 })));
  assert.deepEqual(replies.map(({ status }) => String(status)).sort(), ["200", "409", "409"]);
  assert.equal((await used(id)).memory, 10_000);
  assert.equal(host.composed.length, 1);
});

test("a host that fails is named, another one is asked, and nothing is left of it", async () => {
  const { id } = await create({ name: "broken" });
  t.racks.answer("vmHostCompose", () => {
    throw new DomainError("power_failed", "the disk is full");
  });
  const failed = await allocate();
  assert.deepEqual([failed.status, /VM host broken: the disk is full/.test(failed.json)], [503, true], failed.json);
  assert.deepEqual(await rows(), []);
  t.racks.disconnect(rackId);
  const alone = await allocate();
  assert.deepEqual(
    [alone.status, /No rack controller is connected to reach VM host broken/.test(alone.json)],
    [503, true],
  );
  assert.deepEqual(await rows(), []);
  host = addVmHost(t, rackId);
  await create({ name: "sound", memory_over_commit_ratio: 0.5 });
  let asked = 0;
  t.racks.answer("vmHostCompose", ({ machine }) => {
    if (asked++ === 0) throw new DomainError("power_failed", "the disk is full");
    host.composed.push(machine);
    return null;
  });
  assert.equal((await lent()).pod.name, "sound");
  assert.equal((await used(id)).memory, 0);
});

test("what a host did not answer to, or a crash cut short, is nobody's machine: it is removed", async () => {
  const { id } = await create({ name: "slow" });
  t.racks.answer("vmHostCompose", ({ machine }) => {
    // It makes it all the same.
    host.facts.machines.push({
      ...machine,
      running: false,
      interfaces: machine.interfaces.map(({ mac }) => ({ mac, attachedTo: "maas" })),
    });
    throw new DomainError("rack_timeout", "vmHostCompose was not answered within 180 s");
  });
  const reply = await allocate();
  assert.deepEqual([reply.status, /VM host slow/.test(reply.json)], [503, true], reply.json);
  assert.notEqual((await used(id)).memory, 0, "it may be there");
  await admin.made(`/vm-hosts/${id}/?op=refresh`);
  assert.equal((await rows())[0].unwanted_since, null, "it may still be being made");
  t.clock.advance(11 * 60_000);
  await admin.made(`/vm-hosts/${id}/?op=refresh`);
  assert.notEqual((await rows())[0].unwanted_since, null);
  assert.deepEqual((await admin.get("/machines/")).json, []);
  assert.equal(await removeUnwanted(t.region), 1);
  assert.deepEqual([host.decomposed.length, await rows()], [1, []]);
});

test("what was made and cannot be lent any more goes away again", async () => {
  const { id } = await create({ name: "raced" });
  t.racks.answer("vmHostCompose", async ({ machine }) => {
    host.composed.push(machine);
    await t.db.pool.query("update virtual_machine set unwanted_since = now() where uuid = $1", [machine.uuid]);
    return null;
  });
  const reply = await allocate();
  assert.deepEqual([reply.status, /VM host raced was taken away/.test(reply.json)], [409, true], reply.json);
  assert.deepEqual((await admin.get("/machines/")).json, []);
  assert.equal(await removeUnwanted(t.region), 1);
  assert.equal((await used(id)).memory, 0);
});

test("with interfaces it is on the networks of its host's, with an address of their subnets", async () => {
  const fabric = await admin.made("/fabrics/", { name: "row-b" });
  const vlan = fabric.vlans[0];
  const far = await admin.made("/subnets/", { cidr: "10.9.0.0/24", vlan: vlan.id });
  const hypervisor = await addMachine(t, "deployed");
  const { kysely } = t.db;
  const nic = await kysely
    .insertInto("interface")
    .values({ node_id: hypervisor.id, name: "br7", type: "bridge", mac: "52:54:00:aa:00:01", vlan_id: vlan.id })
    .returning("id")
    .executeTakeFirstOrThrow();
  await kysely
    .insertInto("ip_address")
    .values({ interface_id: nic.id, alloc_type: 1, subnet_id: far.id, ip: "10.9.0.7" })
    .execute();
  await create({ name: "wired", power_address: "qemu+ssh://root@10.9.0.7/system" });
  const made = await lent({ interfaces: "first:subnet_cidr=10.9.0.0/24;second:fabric=row-b" });
  assert.deepEqual(
    host.composed[0]?.interfaces.map(({ attach }) => attach),
    [
      { kind: "bridge", to: "br7" },
      { kind: "bridge", to: "br7" },
    ],
  );
  assert.deepEqual(
    made.interface_set.map((one: Json) => [one.vlan.id, one.links.map((link: Json) => [link.mode, link.subnet?.id])]),
    [
      [vlan.id, [["auto", far.id]]],
      [vlan.id, [["auto", far.id]]],
    ],
  );
  assert.deepEqual(Object.keys(made.constraints_by_type.interfaces), ["first", "second"]);
  assert.equal((await allocate({ interfaces: "first:subnet_cidr=10.8.0.0/24" })).status, 409);
  assert.equal(host.composed.length, 1);
});
