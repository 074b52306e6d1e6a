/** RAIDs, volume groups, bcaches, cache sets and datastores over the real API. */
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { type TestRegion, testRegion } from "../testing/region.ts";
import { type DiskMachine, GIB, machineWithDisks, MIB } from "../testing/storage.ts";

let t: TestRegion;
before(async () => {
  t = await testRegion();
});
after(() => t?.close());

const KIB128 = 128 * 1024;
const names = (devices: { name?: string; path: string }[]) => devices.map((d) => d.name ?? d.path.split("/").at(-1));

async function refused(m: DiskMachine, path: string, form: Record<string, unknown>, field: string): Promise<void> {
  const reply = await m.ask(path.includes("raid/") ? "PUT" : "POST", path, form as never);
  assert.deepEqual([reply.status, Object.keys(reply.json)], [400, [field]], `${JSON.stringify(form)} ${reply.text}`);
}

suite("raid", () => {
  test("levels and their sizes", async () => {
    const m = await machineWithDisks(t, 40, 10, 12, 14, 16, 18);
    const four = ["sdb", "sdc", "sdd", "sde"];
    const cases: [string, string[], string[], number][] = [
      ["raid-0", ["sdb", "sdc"], [], 22 * GIB - 2 * KIB128],
      ["raid-1", ["sdc", "sdd"], ["sdb"], 10 * GIB - KIB128],
      ["raid-5", ["sdb", "sdc", "sdd"], ["sdf"], 20 * GIB - KIB128],
      ["raid-6", four, [], 20 * GIB - KIB128],
      ["raid-10", ["sdb", "sdc", "sdd"], [], 15 * GIB - KIB128],
      ["raid-10", four, ["sdf"], 20 * GIB - KIB128],
    ];
    for (const [level, block_devices, spare_devices, size] of cases) {
      const made = await m.ask("POST", "raids/", { level, block_devices, spare_devices });
      assert.equal(made.status, 200, made.text);
      assert.deepEqual([made.json.name, made.json.level, made.json.size], ["md0", level, size]);
      assert.deepEqual([names(made.json.devices), names(made.json.spare_devices)], [block_devices, spare_devices]);
      assert.deepEqual(
        [made.json.virtual_device.name, made.json.virtual_device.size, made.json.virtual_device.type],
        ["md0", size, "virtual"],
      );
      assert.equal((await m.ask("DELETE", `raid/${made.json.id}/`)).status, 204);
      assert.equal((await m.ask("GET", `raid/${made.json.id}/`)).status, 404);
    }
    assert.deepEqual((await m.ask("GET", "raids/")).json, []);
  });

  test("what cannot be is refused by its field", async () => {
    const m = await machineWithDisks(t, 40, 10, 10, 10, 10);
    await refused(m, "raids/", { level: "raid-7", block_devices: ["sdb", "sdc"] }, "level");
    await refused(m, "raids/", { level: "raid-1" }, "block_devices");
    await refused(m, "raids/", { level: "raid-1", block_devices: ["sdb"] }, "block_devices");
    await refused(m, "raids/", { level: "raid-5", block_devices: ["sdb", "sdc"] }, "block_devices");
    await refused(m, "raids/", { level: "raid-6", block_devices: ["sdb", "sdc", "sdd"] }, "block_devices");
    await refused(m, "raids/", { level: "raid-10", block_devices: ["sdb", "sdc"] }, "block_devices");
    await refused(
      m,
      "raids/",
      { level: "raid-0", block_devices: ["sdb", "sdc"], spare_devices: "sdd" },
      "spare_devices",
    );
    await refused(m, "raids/", { level: "raid-1", block_devices: ["sdb", "sdb"] }, "block_devices");
    await refused(m, "raids/", { level: "raid-1", block_devices: ["sdb", "sdx"] }, "block_devices");
    await refused(m, "raids/", { level: "raid-1", block_devices: ["sdb", "sdc"], name: "sda" }, "name");
    await m.ask("POST", "blockdevices/sdb/?op=format", { fstype: "ext4" });
    await refused(m, "raids/", { level: "raid-1", block_devices: ["sdb", "sdc"] }, "block_devices");
  });

  test("members join and leave, the size follows, and members are used for nothing else", async () => {
    const m = await machineWithDisks(t, 40, 10, 10, 8, 10);
    await m.ask("POST", "raids/", { name: "data", level: "raid-1", block_devices: ["sdb", "sdc"] });
    const changed = await m.ask("PUT", "raid/data/", {
      name: "md9",
      add_block_devices: "sdd",
      add_spare_devices: "sde",
    });
    assert.equal(changed.status, 200, changed.text);
    assert.deepEqual(
      [changed.json.name, changed.json.size, names(changed.json.spare_devices)],
      ["md9", 8 * GIB - KIB128, ["sde"]],
    );
    const sde = await m.ask("GET", "blockdevices/sde/");
    assert.deepEqual([sde.json.used_for, sde.json.filesystem.fstype], ["Spare RAID-1 device for md9", "raid-spare"]);
    for (const op of ["format", "mount", "unformat"])
      assert.equal(
        (await m.ask("POST", `blockdevices/sde/?op=${op}`, { fstype: "ext4", mount_point: "/x" })).status,
        400,
      );
    assert.equal((await m.ask("DELETE", "blockdevices/sde/")).status, 400);
    assert.equal((await m.ask("POST", "blockdevices/sde/?op=set_boot_disk")).status, 400);
    await refused(m, "raid/md9/", { remove_block_devices: "sde" }, "remove_block_devices");
    await refused(m, "raid/md9/", { remove_block_devices: ["sdb", "sdc"] }, "remove_block_devices");
    const back = await m.ask("PUT", "raid/md9/", { remove_block_devices: "sdd", remove_spare_devices: "sde" });
    assert.deepEqual([back.json.size, back.json.spare_devices], [10 * GIB - KIB128, []]);
  });

  test("another machine's members are its own, whatever this one's disks become", async () => {
    const [m, other] = [await machineWithDisks(t, 40, 10, 10), await machineWithDisks(t, 40, 10, 10)];
    for (const one of [m, other]) {
      const members = [String(one.disks.sdb), String(one.disks.sdc)];
      const made = await one.ask("POST", "raids/", { level: "raid-1", block_devices: members });
      assert.equal(made.status, 200, made.text);
    }
    const before = (await other.ask("GET", "raids/")).json;
    const path = `/machines/${m.systemId}/`;
    const restored = await t.request(t.admin, "POST", path, { query: { op: "restore_storage_configuration" } });
    assert.equal(restored.status, 200, restored.text);
    assert.deepEqual((await m.ask("GET", "raids/")).json, []);
    assert.deepEqual((await other.ask("GET", "raids/")).json, before);
    assert.equal(before[0].devices.length, 2);
  });

  test("with the boot disk, whole disks become partitions; partitions and a filesystem on the RAID", async () => {
    const m = await machineWithDisks(t, 10, 10);
    const made = await m.ask("POST", "raids/", { level: "raid-1", block_devices: ["sda", "sdb"] });
    assert.deepEqual(names(made.json.devices), ["sda-part1", "sdb-part1"], made.text);
    const part = await m.ask("POST", "blockdevices/md0/partitions/", { size: "4G" });
    assert.equal(part.status, 200, part.text);
    await m.ask("POST", `blockdevices/md0/partition/${part.json.id}?op=format`, { fstype: "xfs" });
    const mounted = await m.ask("POST", `blockdevices/md0/partition/${part.json.id}?op=mount`, { mount_point: "/" });
    assert.equal(mounted.json.filesystem.mount_point, "/");
    const machine = await t.request(t.admin, "GET", `/machines/${m.systemId}/`);
    // oxlint-disable-next-line typescript/no-explicit-any
    const { raids, virtualblockdevice_set } = machine.json as any;
    assert.deepEqual(
      [raids, virtualblockdevice_set[0].name],
      [[{ system_id: m.systemId, id: made.json.id, __incomplete__: true }], "md0"],
    );
    const sda = (await m.ask("GET", "blockdevices/sda/partitions/")).json[0];
    assert.equal((await m.ask("DELETE", `blockdevices/sda/partition/${sda.id}`)).status, 400);
    assert.equal((await m.ask("DELETE", "raid/md0/")).status, 204);
    assert.equal((await m.ask("DELETE", `blockdevices/sda/partition/${sda.id}`)).status, 204);
  });
});

suite("lvm", () => {
  test("a group, volumes in it, renamed, shrunk to what they need, deleted", async () => {
    const m = await machineWithDisks(t, 40, 10, 10);
    const made = await m.ask("POST", "volume-groups/", { name: "vg0", block_devices: ["sdb", "sdc"] });
    assert.equal(made.status, 200, made.text);
    const size = 20 * GIB - 8 * MIB;
    assert.deepEqual([made.json.size, made.json.available_size, made.json.human_size], [size, size, "21.5 GB"]);
    const path = `volume-group/${made.json.id}/`;
    const lv = await m.ask("POST", `${path}?op=create_logical_volume`, { name: "data", size: String(6 * GIB + 1) });
    assert.deepEqual([lv.status, lv.json.name, lv.json.size, lv.json.block_size], [200, "vg0-data", 6 * GIB, 4096]);
    assert.equal((await m.ask("POST", `${path}?op=create_logical_volume`, { name: "data" })).status, 400);
    assert.equal((await m.ask("POST", `${path}?op=create_logical_volume`, { name: "big", size: "1T" })).status, 400);
    assert.equal((await m.ask("POST", `${path}?op=create_logical_volume`, { size: "1G" })).status, 400);
    assert.equal((await m.ask("POST", "blockdevices/vg0-data/partitions/")).status, 400, "a volume is not partitioned");
    const renamed = await m.ask("PUT", path, { name: "tank" });
    assert.deepEqual(names(renamed.json.logical_volumes), ["tank-data"]);
    assert.equal((await m.ask("DELETE", path)).status, 400);
    const resized = await m.ask("PUT", "blockdevices/tank-data/", { size: String(12 * GIB) });
    assert.equal(resized.json.size, 12 * GIB, resized.text);
    assert.equal((await m.ask("PUT", path, { remove_block_devices: "sdc" })).status, 400, "too small for its volumes");
    assert.equal((await m.ask("POST", `${path}?op=delete_logical_volume`, {})).status, 400);
    assert.equal((await m.ask("POST", `${path}?op=delete_logical_volume`, { id: 99999 })).status, 404);
    assert.equal((await m.ask("POST", `${path}?op=delete_logical_volume`, { id: lv.json.id })).status, 204);
    const smaller = await m.ask("PUT", path, { remove_block_devices: "sdc" });
    assert.deepEqual([names(smaller.json.devices), smaller.json.size], [["sdb"], 10 * GIB - 4 * MIB]);
    assert.equal((await m.ask("PUT", path, { remove_block_devices: "sdb" })).status, 400, "none would be left");
    assert.equal((await m.ask("DELETE", `volume-groups/${made.json.id}/`)).status, 204);
    assert.equal((await m.ask("GET", "blockdevices/sdb/")).json.filesystem, null);
  });

  test("on a RAID; what carries something larger is not deleted below it", async () => {
    const m = await machineWithDisks(t, 40, 10, 10);
    await m.ask("POST", "raids/", { level: "raid-1", block_devices: ["sdb", "sdc"] });
    const made = await m.ask("POST", "volume-groups/", { name: "vg0", block_devices: "md0" });
    assert.equal(made.status, 200, made.text);
    assert.equal((await m.ask("DELETE", "raid/md0/")).status, 400);
    assert.equal((await m.ask("DELETE", "blockdevices/md0/")).status, 400);
    assert.equal((await m.ask("POST", "volume-groups/", { name: "vg0", partitions: "x" })).status, 400);
    assert.equal((await m.ask("POST", "volume-groups/", { name: "vg1" })).status, 400);
  });
});

suite("bcache", () => {
  test("a cache set serves several; modes, members, and what is in use stays", async () => {
    const m = await machineWithDisks(t, 40, 10, 20, 30);
    const set = await m.ask("POST", "bcache-cache-sets/", { cache_device: "sdb" });
    assert.deepEqual([set.status, set.json.name, set.json.cache_device.name], [200, "cache0", "sdb"], set.text);
    const form = { cache_set: "cache0", cache_mode: "writeback" };
    const one = await m.ask("POST", "bcaches/", { ...form, backing_device: "sdc" });
    assert.equal(one.status, 200, one.text);
    assert.deepEqual(
      [one.json.name, one.json.size, one.json.cache_set.id, one.json.backing_device.name, one.json.cache_mode],
      ["bcache0", 20 * GIB, set.json.id, "sdc", "writeback"],
    );
    assert.equal((await m.ask("POST", "bcaches/", { ...form, backing_device: "sdd" })).json.name, "bcache1");
    assert.equal((await m.ask("DELETE", `bcache-cache-set/${set.json.id}/`)).status, 400);
    assert.equal((await m.ask("POST", "blockdevices/bcache0/partitions/")).status, 400);
    const changed = await m.ask("PUT", `bcache/${one.json.id}/`, { name: "fast", cache_mode: "writearound" });
    assert.deepEqual([changed.json.virtual_device.name, changed.json.cache_mode], ["fast", "writearound"]);
    assert.equal((await m.ask("POST", "blockdevices/fast/?op=format", { fstype: "ext4" })).status, 200);
    for (const word of ["fast", "bcache1"]) assert.equal((await m.ask("DELETE", `bcache/${word}/`)).status, 204);
    const moved = await m.ask("PUT", "bcache-cache-set/cache0/", { cache_device: "sdc" });
    assert.equal(moved.json.cache_device.name, "sdc", moved.text);
    assert.equal((await m.ask("DELETE", `bcache-cache-set/${set.json.id}/`)).status, 204);
    assert.deepEqual((await m.ask("GET", "bcache-cache-sets/")).json, []);
    assert.deepEqual((await m.ask("GET", "bcaches/")).json, []);
  });

  test("what cannot be is refused by its field", async () => {
    const m = await machineWithDisks(t, 40, 10, 20);
    await refused(m, "bcache-cache-sets/", {}, "cache_device");
    await refused(m, "bcache-cache-sets/", { cache_device: "sdb", cache_partition: "1" }, "cache_partition");
    await m.ask("POST", "bcache-cache-sets/", { cache_device: "sdb" });
    const form = { cache_set: "cache0", cache_mode: "writeback", backing_device: "sdc" };
    await refused(m, "bcaches/", { ...form, cache_set: "cache7" }, "cache_set");
    await refused(m, "bcaches/", { ...form, cache_mode: "fast" }, "cache_mode");
    await refused(m, "bcaches/", { ...form, backing_device: "" }, "backing_device");
    await refused(m, "bcaches/", { ...form, backing_device: "sdb" }, "backing_device");
    const { id } = (await m.ask("POST", "volume-groups/", { name: "vg", block_devices: "sdc" })).json;
    await m.ask("POST", `volume-group/${id}/?op=create_logical_volume`, { name: "lv" });
    await refused(m, "bcaches/", { ...form, backing_device: "vg-lv" }, "backing_device");
  });

  test("what it cannot become is refused by its field, and it stays what it is", async () => {
    const m = await machineWithDisks(t, 40, 10, 20);
    const set = (await m.ask("POST", "bcache-cache-sets/", { cache_device: "sdb" })).json;
    const form = { name: "data", cache_set: "cache0", cache_mode: "writeback", backing_device: "sdc" };
    const made = (await m.ask("POST", "bcaches/", form)).json;
    for (const [path, change] of [
      [`bcache/${made.id}/`, { cache_mode: "fast" }],
      [`bcache/${made.id}/`, { cache_set: "cache7" }],
      [`bcache/${made.id}/`, { backing_device: "sdb" }],
      [`bcache/${made.id}/`, { name: "sda" }],
      [`bcache-cache-set/${set.id}/`, { cache_device: "sdc" }],
      [`bcache-cache-set/${set.id}/`, { cache_device: "sdx" }],
    ] as const) {
      const reply = await m.ask("PUT", path, change);
      assert.deepEqual([reply.status, Object.keys(reply.json)], [400, Object.keys(change)], reply.text);
    }
    assert.deepEqual((await m.ask("GET", `bcache/${made.id}/`)).json, made);
    assert.deepEqual((await m.ask("GET", `bcache-cache-set/${set.id}/`)).json.cache_device.name, "sdb");
  });
});

test("datastores", async () => {
  const m = await machineWithDisks(t, 40, 10, 20);
  const made = await m.ask("POST", "vmfs-datastores/", { name: "store", block_devices: "sdb" });
  assert.equal(made.status, 200, made.text);
  assert.deepEqual(
    [made.json.size, made.json.filesystem],
    [10 * GIB, { fstype: "vmfs6", mount_point: "/vmfs/volumes/store" }],
  );
  const path = `vmfs-datastore/${made.json.id}/`;
  const more = await m.ask("PUT", path, { name: "big", add_block_devices: "sdc" });
  assert.deepEqual([more.json.name, more.json.size, names(more.json.devices)], ["big", 30 * GIB, ["sdb", "sdc"]]);
  assert.equal((await m.ask("PUT", path, { remove_block_devices: ["sdb", "sdc"] })).status, 400);
  assert.equal((await m.ask("POST", "vmfs-datastores/", { name: "x" })).status, 400);
  assert.equal((await m.ask("GET", "vmfs-datastores/")).json.length, 1);
  assert.equal((await m.ask("DELETE", path)).status, 204);
  assert.equal((await m.ask("GET", path)).status, 404);
});

test("groups are an administrator's, while the machine is Ready", async () => {
  const m = await machineWithDisks(t, 40, 10, 20, 20, 20, 20);
  await m.ask("POST", "raids/", { level: "raid-1", block_devices: ["sdb", "sdc"] });
  await m.ask("POST", "volume-groups/", { name: "vg", block_devices: "md0" });
  await m.ask("POST", "bcache-cache-sets/", { cache_device: "sdd" });
  await m.ask("POST", "bcaches/", { cache_set: "cache0", cache_mode: "writeback", backing_device: "sde" });
  await m.ask("POST", "vmfs-datastores/", { name: "store", block_devices: "sdf" });
  const created = ["raids", "volume-groups", "bcache-cache-sets", "bcaches", "vmfs-datastores"];
  const ones = ["raid/md0", "volume-group/vg", "bcache-cache-set/cache0", "bcache/bcache0", "vmfs-datastore/store"];
  const create = { name: "x", level: "raid-1", cache_set: "cache0", cache_mode: "writeback" };
  const calls: [string, string, Record<string, string>][] = [
    ...created.map((path): [string, string, Record<string, string>] => ["POST", `${path}/`, create]),
    ...ones.flatMap((path): [string, string, Record<string, string>][] => [
      ["PUT", `${path}/`, { name: "y" }],
      ["DELETE", `${path}/`, {}],
    ]),
    ["POST", "volume-group/vg/?op=create_logical_volume", { name: "lv" }],
    ["POST", "volume-group/vg/?op=delete_logical_volume", { id: "1" }],
  ];
  await m.become("allocated", t.user);
  for (const [method, path, form] of calls) {
    assert.equal((await m.ask(method, path, form, null)).status, 401, path);
    assert.equal((await m.ask(method, path, form, t.user)).status, 403, path);
    assert.equal((await m.ask(method, path, form)).status, 409, path);
  }
  for (const path of [...created, ...ones]) {
    assert.equal((await m.ask("GET", `${path}/`, undefined, t.user)).status, 200, path);
    assert.equal((await m.ask("GET", `${path}/`, undefined, t.other)).status, 403, path);
  }
});

test("the layout custom is what a commissioning script said; without one it is refused", async () => {
  const m = await machineWithDisks(t, 20);
  const layOut = () =>
    t.request(t.admin, "POST", `/machines/${m.systemId}/`, {
      query: { op: "set_storage_layout" },
      form: { storage_layout: "custom" },
    });
  const refusedReply = await layOut();
  assert.deepEqual([refusedReply.status, Object.keys(refusedReply.json as object)], [400, ["storage_layout"]]);
  const layout = { sda: { type: "disk", partitions: [{ name: "sda1", fs: "ext4" }] } };
  const said = JSON.stringify({ "storage-extra": { layout, mounts: { "/": { device: "sda1" } } } });
  await t.db.pool.query(
    `with s as (insert into script_set (node_id, result_type) values ($1, 0) returning id)
     insert into script_result (set_id, name, status, stdout) select id, '50-maas-01-commissioning', 2, $2 from s`,
    [m.id, Buffer.from(said)],
  );
  const done = await layOut();
  assert.equal(done.status, 200, done.text);
  assert.equal((await m.ask("GET", "blockdevices/sda/partitions/")).json[0].filesystem.mount_point, "/");
});
