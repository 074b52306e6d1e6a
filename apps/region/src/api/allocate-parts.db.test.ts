/** Allocating by disks and interfaces: which machine it is, and which of its parts meet what was asked. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type AddedMachine, addMachine, statusOf } from "../testing/machines.ts";
import { type TestRegion, testRegion } from "../testing/region.ts";
import type { Values } from "../testing/request.ts";

let t: TestRegion;
/** A cheap machine with one disk, and a dear one with more of everything. */
let small: AddedMachine;
let large: AddedMachine & { root: number; data: number; part: number; nic: number };
before(async () => {
  t = await testRegion();
  small = await addMachine(t, "ready", { cpu_count: 1, memory_mib: 1024 });
  await addDisk(small.id, "sda", 10);
  const m = await addMachine(t, "ready", { cpu_count: 8, memory_mib: 8192 });
  const root = await addDisk(m.id, "sda", 100, ["ssd"]);
  const data = await addDisk(m.id, "sdb", 500);
  const { kysely } = t.db;
  const uuid = "6c1cbb6c-5fc5-4a3c-8d87-2f6a4b9b1a11";
  const parts = await kysely
    .insertInto("partition")
    .values([
      { block_device_id: root, index: 1, uuid, size_bytes: 90_000_000_000 },
      {
        block_device_id: data,
        index: 1,
        uuid: uuid.replace("6c1c", "7d2d"),
        size_bytes: 400_000_000_000,
        tags: ["scratch"],
      },
    ])
    .returning("id")
    .execute();
  const filesystem = { node_id: m.id, fstype: "ext4", uuid, mount_point: "/", partition_id: parts[0]?.id ?? 0 };
  await kysely.insertInto("filesystem").values(filesystem).execute();
  const subnet = await kysely
    .insertInto("subnet")
    .values({ name: "servers", cidr: "10.7.0.0/24", vlan_id: 1 })
    .returning("id")
    .executeTakeFirstOrThrow();
  const nic = await kysely.selectFrom("interface").select("id").where("node_id", "=", m.id).executeTakeFirstOrThrow();
  await kysely.updateTable("interface").set({ link_speed: 10000 }).where("id", "=", nic.id).execute();
  await kysely.insertInto("ip_address").values({ alloc_type: 0, interface_id: nic.id, subnet_id: subnet.id }).execute();
  large = { ...m, root, data, part: parts[1]?.id ?? 0, nic: nic.id };
});
after(() => t?.close());

async function addDisk(nodeId: number, name: string, gb: number, tags: string[] = []): Promise<number> {
  const disk = { node_id: nodeId, name, size_bytes: gb * 1000 ** 3, block_size_bytes: 512, tags };
  const row = await t.db.kysely.insertInto("block_device").values(disk).returning("id").executeTakeFirstOrThrow();
  return row.id;
}

type Json = Record<string, unknown>;
const allocate = (form: Values, who = t.user) =>
  t.request(who, "POST", "machines/", { query: { op: "allocate" }, form: { dry_run: "true", ...form } });
const list = async (query: Values) =>
  ((await t.request(t.user, "GET", "machines/", { query })).json as { system_id: string }[]).map((m) => m.system_id);

test("the cheapest machine whose disks will do, with the disks under their labels", async () => {
  assert.equal(((await allocate({})).json as Json).system_id, small.systemId);
  const reply = await allocate({ storage: "root:50(ssd),data:300,1(partition)" });
  assert.equal(reply.status, 200, reply.text);
  const m = reply.json as Json;
  assert.equal(m.system_id, large.systemId);
  assert.deepEqual(m.constraints_by_type, { storage: { root: [large.root], data: [large.data] } });
  assert.deepEqual(m.constraint_map, { [large.root]: "root", [large.data]: "data" });
  assert.equal((await allocate({ storage: "root:300" })).status, 409, "the root disk is the small one");
  assert.equal((await allocate({ storage: "a:1,b:1,c:1" })).status, 409, "no disk serves twice");
});

test("interfaces and partitions, both at once; verbose says it by machine too", async () => {
  const form = { interfaces: "lan:subnet=servers,link_speed=10000", storage: "root:1,scratch:1(partition,scratch)" };
  const m = (await allocate({ ...form, verbose: "true" })).json as Json;
  const storage = { root: [large.root], scratch: [large.part] };
  const interfaces = { lan: [large.nic] };
  assert.deepEqual(m.constraints_by_type, {
    storage,
    interfaces,
    verbose_storage: { [large.systemId]: storage },
    verbose_interfaces: { [large.systemId]: interfaces },
  });
  assert.deepEqual(((await allocate({ mem: 1 })).json as Json).constraints_by_type, {}, "nothing that was not asked");
});

test("lists are narrowed by the same", async () => {
  assert.deepEqual(await list({ storage: "300", not_id: small.systemId }), []);
  assert.deepEqual(await list({ storage: "root:5,data:300" }), [large.systemId]);
  assert.deepEqual(await list({ interfaces: "x:mode=unconfigured" }), [small.systemId]);
});

test("subnets and VLANs by every specifier, of which several in one word must hold of one; spaces by name and id", async () => {
  const { kysely } = t.db;
  const fabric = await kysely.insertInto("fabric").values({ name: "row-a" }).returning("id").executeTakeFirstOrThrow();
  const space = await kysely.insertInto("space").values({ name: "dmz" }).returning("id").executeTakeFirstOrThrow();
  const vlan = { vid: 20, name: "web", fabric_id: fabric.id, space_id: space.id };
  const { id } = await kysely.insertInto("vlan").values(vlan).returning("id").executeTakeFirstOrThrow();
  await kysely.updateTable("subnet").set({ vlan_id: id }).where("name", "=", "servers").execute();
  const others = (await list({ not_fabrics: "row-a" })).length;
  const inSubnet = ["10.7.0.0/24", "fabric:row-a,vid:20", `fabric:${fabric.id}`, `space:${space.id}`, "vlan:20"];
  for (const subnets of inSubnet) {
    assert.deepEqual(await list({ subnets }), [large.systemId], subnets);
    assert.deepEqual(await list({ not_subnets: subnets }), [small.systemId], subnets);
  }
  assert.deepEqual(await list({ subnets: "fabric:row-a,vid:0" }), []);
  assert.equal((await list({ not_subnets: "fabric:row-a,vid:0" })).length, others);
  for (const value of ["dmz", String(space.id)])
    assert.deepEqual(await list({ interfaces: `x:space=${value}` }), [large.systemId], value);
  await kysely.updateTable("interface").set({ vlan_id: id }).where("id", "=", large.nic).execute();
  for (const vlans of [String(id), "web", "vid:20,space:dmz", `fabric:row-a,vid:20`])
    assert.deepEqual(await list({ vlans }), [large.systemId], vlans);
  for (const bad of [{ vlans: "vid:x" }, { vlans: "row:1" }, { subnets: "ip:1" }, { subnets: "cidr:x" }])
    assert.equal((await allocate(bad)).status, 400, JSON.stringify(bad));
});

test("an interface that is only up is unconfigured", async () => {
  const { kysely } = t.db;
  const nic = await kysely
    .selectFrom("interface")
    .select("id")
    .where("node_id", "=", small.id)
    .executeTakeFirstOrThrow();
  await kysely.insertInto("ip_address").values({ alloc_type: 1, interface_id: nic.id }).execute();
  assert.deepEqual(await list({ interfaces: "x:mode=unconfigured" }), [small.systemId]);
  await kysely.updateTable("ip_address").set({ alloc_type: 5 }).where("interface_id", "=", nic.id).execute();
  assert.deepEqual(await list({ interfaces: "x:mode=unconfigured" }), []);
});

test("what makes no sense is 400 by its name", async () => {
  for (const [name, value] of [
    ["storage", "big"],
    ["interfaces", "eth0"],
    ["interfaces", "x:colour=red"],
  ] as const) {
    const reply = await allocate({ [name]: value });
    assert.deepEqual([reply.status, Object.keys(reply.json as object)], [400, [name]], value);
    assert.equal((await t.request(t.user, "GET", "machines/", { query: { [name]: value } })).status, 400);
  }
});

test("callers at the same time never get the same machine", async () => {
  const replies = await Promise.all(
    [t.user, t.other, t.admin].map((who) => allocate({ storage: "root:50", dry_run: "false" }, who)),
  );
  assert.deepEqual(
    replies.map((r) => r.status).sort((a, b) => a - b),
    [200, 409, 409],
  );
  assert.equal(await statusOf(t, large.systemId), "allocated");
});
