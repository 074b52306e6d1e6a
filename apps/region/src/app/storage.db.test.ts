import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, suite, test } from "node:test";
import { type Tx, transaction } from "@rackwright/db/connect";
import { type TestDatabase, testDatabase } from "@rackwright/db/testing/database";
import { renderCurtinStorage } from "@rackwright/domain/storage/curtin";
import { applyLayout } from "@rackwright/domain/storage/layout";
import { loadStorageModel } from "@rackwright/db/storage";
import { saveStorageModel } from "@rackwright/db/storage-save";
import { StorageEdit } from "@rackwright/domain/storage/edit";
import { type Ctx, systemActor } from "../context.ts";
import { machineForPlan } from "./deploy-plan.ts";
import { acquireFilesystems, applyDefaultLayout, clearStorage, dropAcquiredFilesystems } from "./storage.ts";

const GIB = 1024 ** 3;

suite("storage of a machine", () => {
  let database: TestDatabase;
  let ctx: Ctx;
  before(async () => {
    database = await testDatabase();
    ctx = { region: { db: database.db } as Ctx["region"], actor: systemActor, tokenKey: null };
  });
  after(() => database.close());

  const inTx = <T>(work: (tx: Tx) => Promise<T>) => transaction(database.db, work);
  let count = 0;

  async function machine(boot: "pxe" | "uefi", diskSizes: number[], status = 1): Promise<number> {
    const { kysely } = database.db;
    const hostname = `m${(count += 1)}`;
    const values = { system_id: hostname, hostname, status, architecture: "amd64/generic", bios_boot_method: boot };
    const { id } = await kysely.insertInto("node").values(values).returning("id").executeTakeFirstOrThrow();
    for (const [i, size_bytes] of diskSizes.entries()) {
      const name = `vd${"abc"[i]}`;
      const row = {
        node_id: id,
        name,
        size_bytes,
        block_size_bytes: 512,
        serial: `S${i}`,
        id_path: `/dev/disk/by-id/virtio-S${i}`,
      };
      await kysely.insertInto("block_device").values(row).execute();
    }
    return id;
  }

  const eventsOf = (nodeId: number) =>
    database.db.kysely.selectFrom("event").select(["type", "description"]).where("node_id", "=", nodeId).execute();

  test("the default layout is stored and comes back as it was", async () => {
    const id = await machine("uefi", [8 * GIB, 9 * GIB]);
    await inTx((tx) => applyDefaultLayout(ctx, tx, id));
    const model = await loadStorageModel(database.db.kysely, id, { acquired: false });
    assert.deepEqual(
      model.filesystems.map((f) => [f.on.kind, f.fstype, f.label, f.mountPoint]),
      [
        ["partition", "fat32", "efi", "/boot/efi"],
        ["partition", "ext4", "root", "/"],
      ],
    );
    assert.deepEqual(
      model.devices.map((d) => d.table),
      ["gpt", null],
    );
    await inTx((tx) =>
      saveStorageModel(tx, id, model, new StorageEdit(model, randomUUID).result(), { acquired: false }),
    );
    assert.deepEqual(await loadStorageModel(database.db.kysely, id, { acquired: false }), model);
    assert.deepEqual(await eventsOf(id), []);
  });

  test("any model survives the database", async () => {
    const id = await machine("pxe", [8 * GIB, 9 * GIB, 10 * GIB]);
    const db = database.db.kysely;
    const before = await loadStorageModel(db, id, { acquired: false });
    const lvm = applyLayout("lvm", before, randomUUID, { rootDevice: before.devices[1]?.id ?? 0, bootSize: "1G" });
    const edit = new StorageEdit(lvm, randomUUID);
    const swap = { fstype: "swap", mountPoint: "none", mountOptions: "pri=1" } as const;
    edit.addFilesystem({ on: { kind: "device", id: before.devices[2]?.id ?? 0 }, ...swap });
    edit.addFilesystem({ on: { kind: "nothing" }, fstype: "tmpfs", mountPoint: "/tmp" });
    edit.bootDiskId = before.devices[0]?.id ?? null;
    await inTx((tx) => saveStorageModel(tx, id, before, edit.result(), { acquired: false }));
    const stored = await loadStorageModel(db, id, { acquired: false });
    assert.deepEqual(renderCurtinStorage(stored), renderCurtinStorage(edit.result()));
    assert.equal(stored.bootDiskId, before.devices[0]?.id);
    await inTx((tx) => clearStorage(tx, id));
    const cleared = await loadStorageModel(db, id, { acquired: false });
    assert.deepEqual([cleared.groups, cleared.partitions, cleared.filesystems], [[], [], []]);
    assert.deepEqual(
      cleared.devices.map((d) => d.table),
      [null, null, null],
    );
  });

  test("who holds the machine has filesystems of their own until it is released", async () => {
    const id = await machine("pxe", [8 * GIB]);
    const db = database.db.kysely;
    await inTx((tx) => applyDefaultLayout(ctx, tx, id));
    const original = await loadStorageModel(db, id, { acquired: false });
    // A member of a group is no filesystem that anybody mounts.
    await db.insertInto("filesystem").values({ node_id: id, fstype: "raid", uuid: "r" }).execute();
    await inTx((tx) => acquireFilesystems(tx, id));
    await inTx((tx) => acquireFilesystems(tx, id));
    const lent = await loadStorageModel(db, id, { acquired: true });
    assert.deepEqual(
      lent.filesystems.map((f) => [f.on, f.fstype, f.mountPoint]),
      [[{ kind: "nothing" }, "raid", null], ...original.filesystems.map((f) => [f.on, f.fstype, f.mountPoint])],
    );
    await db.updateTable("filesystem").set({ mount_point: "/srv" }).where("acquired", "=", true).execute();
    await db.deleteFrom("filesystem").where("fstype", "=", "raid").execute();

    const ready = await machineForPlan(db, id);
    assert.equal(ready.storage.filesystems[0]?.mountPoint, "/");
    await db.updateTable("node").set({ status: 10 }).where("id", "=", id).execute();
    assert.equal((await machineForPlan(db, id)).storage.filesystems[0]?.mountPoint, "/srv");

    await inTx((tx) => dropAcquiredFilesystems(tx, id));
    assert.deepEqual((await loadStorageModel(db, id, { acquired: true })).filesystems, []);
    assert.deepEqual(await loadStorageModel(db, id, { acquired: false }), original);
  });

  test("a layout that cannot be applied leaves the disks blank and says why", async () => {
    const small = await machine("pxe", [GIB / 4]);
    await inTx((tx) => applyDefaultLayout(ctx, tx, small));
    assert.match((await eventsOf(small))[0]?.description ?? "", /'flat' was not applied: no disk of at least 512/);
    const none = await machine("pxe", []);
    await inTx((tx) => applyDefaultLayout(ctx, tx, none));
    assert.deepEqual(
      (await eventsOf(none)).map((e) => e.type),
      ["NODE_COMMISSIONING_EVENT"],
    );
    await database.db.kysely
      .insertInto("config")
      .values({ name: "default_storage_layout", value: '"vmfs7"' })
      .execute();
    const other = await machine("pxe", [8 * GIB]);
    await inTx((tx) => applyDefaultLayout(ctx, tx, other));
    assert.match((await eventsOf(other))[0]?.description ?? "", /'vmfs7' was not applied/);
    assert.deepEqual((await loadStorageModel(database.db.kysely, other, { acquired: false })).partitions, []);
  });
});
