/** clone, set_zone, clear_default_gateways: over the real API. */
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { type AddedMachine, addMachine, machineRow } from "../testing/machines.ts";
import { type TestRegion, type TestUser, testRegion } from "../testing/region.ts";
import type { Values } from "../testing/request.ts";

let t: TestRegion;
let subnet: number;
before(async () => {
  t = await testRegion();
  const row = await t.db.kysely
    .insertInto("subnet")
    .values({ name: "lan", vlan_id: 1, cidr: "10.4.0.0/24", gateway_ip: "10.4.0.1" })
    .returning("id")
    .executeTakeFirstOrThrow();
  subnet = row.id;
});
after(() => t?.close());

const many = (who: TestUser | null, op: string, form: Values, path = "machines/") =>
  t.request(who, "POST", path, { query: { op }, form });
const fields = (reply: { json: unknown }) => reply.json as Record<string, string[]>;
const GB = 10 ** 9;

async function withDisk(m: AddedMachine, sizeBytes = 20 * GB): Promise<AddedMachine> {
  await t.db.kysely
    .insertInto("block_device")
    .values({ node_id: m.id, name: "sda", size_bytes: sizeBytes, block_size_bytes: 512 })
    .execute();
  return m;
}
const nicOf = (m: AddedMachine) =>
  t.db.kysely
    .selectFrom("interface")
    .selectAll()
    .where("node_id", "=", m.id)
    .where("name", "=", "eth0")
    .executeTakeFirstOrThrow();
const linksOf = async (m: AddedMachine) =>
  (
    await t.db.pool.query<{ name: string; alloc_type: number; ip: string | null }>(
      "select i.name, a.alloc_type, host(a.ip) as ip from ip_address a join interface i on i.id = a.interface_id where i.node_id = $1 order by a.id",
      [m.id],
    )
  ).rows.map((r) => [r.name, r.alloc_type, r.ip]);
const filesystemsOf = async (m: AddedMachine) =>
  (await t.db.kysely.selectFrom("filesystem").selectAll().where("node_id", "=", m.id).orderBy("id").execute()).map(
    (f) => [f.fstype, f.mount_point],
  );

/** A machine with a bond over its interface, a static address on it, and the flat layout. */
async function original(): Promise<AddedMachine> {
  const m = await withDisk(await addMachine(t, "ready"));
  const { kysely } = t.db;
  const nic = await nicOf(m);
  await t.db.pool.query("update interface set params = '{\"mtu\": 9000}' where id = $1", [nic.id]);
  const bond = await kysely
    .insertInto("interface")
    .values({ node_id: m.id, name: "bond0", type: "bond", vlan_id: 1, mac: nic.mac })
    .returning("id")
    .executeTakeFirstOrThrow();
  await kysely.insertInto("interface_parent").values({ child_id: bond.id, parent_id: nic.id }).execute();
  await kysely
    .insertInto("ip_address")
    .values([
      { interface_id: bond.id, alloc_type: 1, subnet_id: subnet, ip: `10.4.0.${100 + m.id}` },
      { interface_id: nic.id, alloc_type: 6, subnet_id: subnet, ip: "10.4.0.77" },
    ])
    .execute();
  const restored = await many(t.admin, "restore_storage_configuration", {}, `machines/${m.systemId}/`);
  assert.equal(restored.status, 200, restored.text);
  return m;
}

suite("clone", () => {
  test("network and storage of one machine on others, each with an address of its own", async () => {
    const source = await original();
    const first = await withDisk(await addMachine(t, "ready"));
    const second = await withDisk(await addMachine(t, "failed_testing"), 30 * GB);
    const reply = await many(t.admin, "clone", {
      source: source.systemId,
      destinations: [first.systemId, second.systemId],
      interfaces: true,
      storage: true,
    });
    assert.deepEqual([reply.status, reply.text], [204, ""]);
    const addresses = new Set<unknown>();
    for (const m of [source, first, second]) {
      assert.deepEqual(await filesystemsOf(m), await filesystemsOf(source));
      const [link] = await linksOf(m);
      assert.deepEqual(link?.slice(0, 2), ["bond0", 1]);
      addresses.add(link?.[2]);
      const nic = await nicOf(m);
      assert.deepEqual([nic.params, nic.mac], [{ mtu: 9000 }, m.mac]);
    }
    assert.ok((await filesystemsOf(source)).some(([, mountPoint]) => mountPoint === "/"));
    assert.equal(addresses.size, 3);
    const again = await many(t.admin, "clone", {
      source: source.systemId,
      destinations: `${first.systemId},${second.systemId}`,
      interfaces: true,
    });
    assert.equal(again.status, 204, again.text);
    assert.equal((await linksOf(first)).length, 1, "what was there before is gone");
  });

  test("what cannot be is said of each machine, and nothing is half done", async () => {
    const source = await original();
    const good = await withDisk(await addMachine(t, "ready"));
    const small = await withDisk(await addMachine(t, "ready"), 10 * GB);
    const used = await withDisk(await addMachine(t, "deployed", { owner_id: t.user.id }));
    const reply = await many(t.admin, "clone", {
      source: source.systemId,
      destinations: [good.systemId, small.systemId, used.systemId, "zzzzzz"],
      storage: true,
    });
    assert.equal(reply.status, 400);
    const said = fields(reply).destinations ?? [];
    for (const words of [/smaller than sda/, /Deployed/, /no machine zzzzzz/])
      assert.ok(
        said.some((line) => words.test(line)),
        `${String(words)}: ${reply.text}`,
      );
    assert.equal(said.length, 3);
    assert.deepEqual(await filesystemsOf(good), []);
  });

  test("what makes no sense is named by its field; a plain user clones nothing to machines", async () => {
    const source = await original();
    const m = await withDisk(await addMachine(t, "ready"));
    const form = { source: source.systemId, destinations: m.systemId, storage: true };
    const cases: [TestUser, Values, string][] = [
      [t.admin, { ...form, source: "" }, "source"],
      [t.admin, { ...form, source: "zzzzzz" }, "source"],
      [t.admin, { ...form, destinations: "" }, "destinations"],
      [t.admin, { ...form, destinations: [m.systemId, source.systemId] }, "destinations"],
      [t.admin, { ...form, storage: false }, "__all__"],
      [t.user, form, "destinations"],
    ];
    for (const [who, values, field] of cases) {
      const reply = await many(who, "clone", values);
      assert.equal(reply.status, 400, reply.text);
      assert.ok(field in fields(reply), reply.text);
    }
    assert.equal((await many(null, "clone", form)).status, 401);
    const others = await addMachine(t, "allocated", { owner_id: t.other.id });
    assert.ok("source" in fields(await many(t.user, "clone", { ...form, source: others.systemId })));
  });

  test("a subnet that is full is said, and nothing is taken", async () => {
    const tiny = await t.db.kysely
      .insertInto("subnet")
      .values({ name: "tiny", vlan_id: 1, cidr: "10.5.0.0/30", gateway_ip: "10.5.0.1" })
      .returning("id")
      .executeTakeFirstOrThrow();
    const source = await addMachine(t, "ready");
    const link = { interface_id: (await nicOf(source)).id, alloc_type: 1, subnet_id: tiny.id, ip: "10.5.0.2" };
    await t.db.kysely.insertInto("ip_address").values(link).execute();
    const m = await addMachine(t, "ready");
    const reply = await many(t.admin, "clone", { source: source.systemId, destinations: m.systemId, interfaces: true });
    assert.equal(reply.status, 400, reply.text);
    assert.match(fields(reply).destinations?.[0] ?? "", /no free address is left in 10\.5\.0\.0\/30/);
    assert.deepEqual(await linksOf(m), []);
  });
});

suite("set_storage_layout", () => {
  const layOut = (m: AddedMachine, form: Values) =>
    many(t.admin, "set_storage_layout", form, `machines/${m.systemId}/`);

  test("flat with its sizes, then blank: what was planned before is gone", async () => {
    const m = await withDisk(await addMachine(t, "ready"), 40 * GB);
    const flat = await layOut(m, { storage_layout: "flat", boot_size: "1G", root_size: "20G" });
    assert.equal(flat.status, 200, flat.text);
    assert.deepEqual(
      (await filesystemsOf(m)).map(([, mountPoint]) => mountPoint),
      ["/boot", "/"],
    );
    assert.equal((await layOut(m, { storage_layout: "blank" })).status, 200);
    assert.deepEqual(await filesystemsOf(m), []);
  });

  test("what cannot be is refused by its field, and leaves the disks as they were", async () => {
    const m = await withDisk(await addMachine(t, "ready"), 40 * GB);
    assert.equal((await layOut(m, { storage_layout: "flat" })).status, 200);
    const before = await filesystemsOf(m);
    const cases: [Values, string][] = [
      [{}, "storage_layout"],
      [{ storage_layout: "round" }, "storage_layout"],
      [{ storage_layout: "flat", root_device: 999999 }, "root_device"],
      [{ storage_layout: "flat", root_size: "1T" }, "root_size"],
      [{ storage_layout: "flat", boot_size: "soon" }, "boot_size"],
      [{ storage_layout: "lvm", vg_name: "a b" }, "vg_name"],
      [{ storage_layout: "lvm", lv_name: "a b" }, "lv_name"],
    ];
    for (const [form, field] of cases) {
      const reply = await layOut(m, form);
      assert.equal(reply.status, 400, reply.text);
      assert.ok(field in fields(reply), reply.text);
    }
    assert.deepEqual(await filesystemsOf(m), before);
    const diskless = await layOut(await addMachine(t, "ready"), { storage_layout: "flat" });
    assert.equal(diskless.status, 400, diskless.text);
  });
});

suite("set_zone", () => {
  test("all are moved, or none", async () => {
    await t.db.kysely.insertInto("zone").values({ name: "north" }).execute();
    const [a, b] = [await addMachine(t, "new"), await addMachine(t, "deployed", { locked: true })];
    const before = (await machineRow(t, a.systemId)).zone_id;
    const move = (who: TestUser | null, form: Values, path?: string) => many(who, "set_zone", form, path);
    for (const path of ["machines/", "nodes/"]) {
      for (const [form, field] of [
        [{ zone: "nowhere", nodes: a.systemId }, "zone"],
        [{ zone: "north", nodes: "zzzzzz" }, "nodes"],
        [{ zone: "north" }, "nodes"],
      ] as const)
        assert.deepEqual(Object.keys(fields(await move(t.admin, form, path))), [field], path);
      const plain = await move(t.user, { zone: "north", nodes: a.systemId }, path);
      assert.match((fields(plain).nodes ?? []).join(" "), /may not admin/);
    }
    const refused = await move(t.admin, { zone: "north", nodes: [a.systemId, b.systemId, "zzzzzz"] });
    assert.equal(refused.status, 400);
    assert.match((fields(refused).nodes ?? []).join(" "), /locked.*zzzzzz/);
    assert.ok("zone" in fields(await move(t.admin, { zone: "nowhere", nodes: a.systemId })));
    assert.equal((await move(t.user, { zone: "north", nodes: a.systemId })).status, 400, "administrators only");
    assert.equal((await move(null, { zone: "north", nodes: a.systemId })).status, 401);
    assert.equal((await machineRow(t, a.systemId)).zone_id, before);
    const moved = await move(t.admin, { zone: "north", nodes: a.systemId });
    assert.deepEqual([moved.status, moved.json], [200, null]);
    assert.notEqual((await machineRow(t, a.systemId)).zone_id, before);
    const back = await move(t.admin, { zone: "default", nodes: a.systemId }, "nodes/");
    assert.equal(back.status, 200, back.text);
    const rack = await t.db.kysely
      .insertInto("node")
      .values({ system_id: "rackzz", hostname: "rack", node_type: 2, status: 6 })
      .returning("system_id")
      .executeTakeFirstOrThrow();
    assert.equal((await move(t.admin, { zone: "north", nodes: rack.system_id })).status, 400, "no machine");
    assert.equal((await move(t.admin, { zone: "north", nodes: rack.system_id }, "nodes/")).status, 200);
    const told = await t.db.kysely.selectFrom("change").select("entity").where("entity_id", "=", "rackzz").execute();
    assert.deepEqual(told, [{ entity: "rack" }]);
    assert.equal((await machineRow(t, a.systemId)).zone_id, before);
  });
});

test("chosen default gateways are forgotten", async () => {
  const m = await addMachine(t, "ready");
  const link = await t.db.kysely
    .insertInto("ip_address")
    .values({ interface_id: (await nicOf(m)).id, alloc_type: 1, subnet_id: subnet, ip: "10.4.0.9" })
    .returning("id")
    .executeTakeFirstOrThrow();
  await t.db.kysely.updateTable("node").set({ gateway_link_v4_id: link.id }).where("id", "=", m.id).execute();
  const clear = (who: TestUser) => many(who, "clear_default_gateways", {}, `machines/${m.systemId}/`);
  assert.equal((await clear(t.user)).status, 403);
  assert.equal((await clear(t.admin)).status, 200);
  assert.equal((await machineRow(t, m.systemId)).gateway_link_v4_id, null);
});
