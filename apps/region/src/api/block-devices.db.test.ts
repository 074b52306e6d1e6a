import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type TestRegion, testRegion } from "../testing/region.ts";

let t: TestRegion;
let ids: number[];
before(async () => {
  t = await testRegion();
  const { kysely } = t.db;
  const node = { system_id: "abcdef", hostname: "n1", status: 10, owner_id: t.user.id };
  const { id } = await kysely.insertInto("node").values(node).returning("id").executeTakeFirstOrThrow();
  const disks = ["sda", "sdb"].map((name) => ({ node_id: id, name, size_bytes: 8e9, block_size_bytes: 512 }));
  const rows = await kysely
    .insertInto("block_device")
    .values(disks.map((disk, i) => (i === 0 ? { ...disk, partition_table_type: "gpt" } : disk)))
    .returning("id")
    .execute();
  ids = rows.map((row) => row.id);
  const part = { block_device_id: ids[0] ?? 0, index: 2, uuid: "p", size_bytes: 4e9 };
  const partition = await kysely.insertInto("partition").values(part).returning("id").executeTakeFirstOrThrow();
  const root = { node_id: id, partition_id: partition.id, fstype: "ext4", uuid: "f", label: "root" };
  await kysely
    .insertInto("filesystem")
    .values([
      { ...root, mount_point: "/" },
      { ...root, mount_point: "/mine", acquired: true },
    ])
    .execute();
});
after(() => t?.close());

test("the block devices of a machine, as its holder has laid them out", async () => {
  const reply = await t.request(t.user, "GET", "/nodes/abcdef/blockdevices/");
  assert.equal(reply.status, 200, reply.text);
  // oxlint-disable-next-line typescript/no-explicit-any
  const [sda, sdb] = reply.json as any[];
  assert.deepEqual([sda.id, sda.name, sdb.id, sdb.name], [ids[0], "sda", ids[1], "sdb"]);
  assert.equal(sda.partitions[0].filesystem.mount_point, "/mine");
  assert.deepEqual([sda.available_size, sda.used_for], [4e9, "GPT partitioned with 1 partition"]);
  assert.equal(sda.resource_uri, `/MAAS/api/2.0/nodes/abcdef/blockdevices/${ids[0]}/`);
  for (const word of ["sdb", String(ids[1])]) {
    const one = await t.request(t.user, "GET", `/nodes/abcdef/blockdevices/${word}/`);
    assert.deepEqual([one.status, one.json], [200, sdb], word);
  }
});

test("who may not see the machine does not see its disks", async () => {
  for (const path of ["/nodes/abcdef/blockdevices/", `/nodes/abcdef/blockdevices/sda/`]) {
    assert.equal((await t.request(t.other, "GET", path)).status, 403, path);
    assert.equal((await t.request(null, "GET", path)).status, 401, path);
    assert.equal((await t.request(t.admin, "GET", path)).status, 200, path);
  }
  for (const path of [
    "/nodes/abcdef/blockdevices/sdx/",
    "/nodes/absent/blockdevices/",
    "/nodes/abcdef/blockdevices/999999999999999999999/",
  ]) {
    assert.equal((await t.request(t.admin, "GET", path)).status, 404, path);
  }
});
