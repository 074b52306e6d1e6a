import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { DomainError } from "../errors.ts";
import { renderCurtinStorage } from "./curtin.ts";
import { GIB, MIB } from "./geometry.ts";
import { applyLayout } from "./layout.ts";
import type { LayoutParams } from "./layouts/sizes.ts";
import { physicalDisks, type StorageModel } from "./model.ts";
import { disk, machine, uuids } from "./storage-fixture.ts";

const sda = disk(1, "sda", 40 * GIB);
const sdb = disk(2, "sdb", 10 * GIB, { tags: ["ssd"] });
const sdc = disk(3, "sdc", 8 * GIB, { tags: ["ssd"] });

const lay = (name: string, of: StorageModel, params: LayoutParams = {}) => applyLayout(name, of, uuids(), params);
const refused = (field: string, words: RegExp, run: () => unknown) =>
  assert.throws(run, (error: unknown) => {
    assert.ok(error instanceof DomainError);
    assert.match(error.fields?.[field]?.join() ?? "", words, error.message);
    return true;
  });
const types = (model: StorageModel) => renderCurtinStorage(model).config.map((item) => `${item.type} ${item.id}`);
const device = (model: StorageModel, name: string) => model.devices.find((d) => d.name === name);

suite("lvm", () => {
  test("the root partition is the physical volume; the volume takes all of it but one extent", () => {
    const model = lay("lvm", machine([sda]));
    assert.deepEqual(types(model), [
      "disk sda",
      "partition sda-part1",
      "partition sda-part2",
      "lvm_volgroup vgroot",
      "lvm_partition vgroot-lvroot",
      "format vgroot-lvroot_format",
      "mount vgroot-lvroot_mount",
    ]);
    const root = model.partitions[0]?.sizeBytes ?? 0;
    assert.equal(device(model, "vgroot-lvroot")?.sizeBytes, root - 4 * MIB);
    assert.equal(device(model, "vgroot-lvroot")?.blockSizeBytes, 4096);
  });

  test("names and sizes: lv_size is a share of root_size, rounded to extents", () => {
    const params = { vgName: "vg", lvName: "lv", rootSize: "20G", lvSize: "50%" };
    const model = lay("lvm", machine([sda], { biosBootMethod: "uefi" }), params);
    assert.equal(device(model, "vg-lv")?.sizeBytes, Math.floor(10_000_000_000 / (4 * MIB)) * 4 * MIB);
    refused("lv_size", /too small/, () => lay("lvm", machine([sda]), { lvSize: "2G" }));
    refused("vg_name", /'a b' is no name/, () => lay("lvm", machine([sda]), { vgName: "a b" }));
    refused("vg_name", /called 'sda' already/, () => lay("lvm", machine([sda]), { vgName: "sda" }));
    refused("lv_name", /'a b' is no name/, () => lay("lvm", machine([sda]), { lvName: "a b" }));
    refused("lv_size", /too large/, () => lay("lvm", machine([sda]), { rootSize: "10G", lvSize: "11G" }));
  });
});

suite("bcache", () => {
  test("the smallest solid-state disk that it does not start from; /boot of 1 GiB", () => {
    const model = lay("bcache", machine([sda, sdb, sdc]));
    assert.deepEqual(types(model), [
      "disk sda",
      "disk sdc",
      "partition sda-part1",
      "partition sda-part2",
      "partition sda-part3",
      "partition sdc-part1",
      "partition sdc-part2",
      "bcache bcache0",
      "format sda-part2_format",
      "format bcache0_format",
      "mount bcache0_mount",
      "mount sda-part2_mount",
    ]);
    assert.equal(model.partitions[0]?.sizeBytes, GIB);
    const item = renderCurtinStorage(model).config.find((each) => each.type === "bcache");
    assert.deepEqual(item, {
      id: "bcache0",
      type: "bcache",
      name: "bcache0",
      backing_device: "sda-part3",
      cache_device: "sdc-part2",
      cache_mode: "writethrough",
    });
  });

  test("cache_device, cache_no_part, cache_size, cache_mode", () => {
    const bare = lay("bcache", machine([sda, sdb, sdc]), { cacheDevice: 2, cacheNoPart: true, cacheMode: "writeback" });
    const item = renderCurtinStorage(bare).config.find((each) => each.type === "bcache");
    assert.deepEqual([item?.cache_device, item?.cache_mode], ["sdb", "writeback"]);
    const sized = lay("bcache", machine([sda, sdb]), { cacheSize: "1G" });
    assert.equal(sized.partitions.find((p) => p.deviceId === 2)?.sizeBytes, 238 * 4 * MIB);
    refused("cache_size", /either/, () => lay("bcache", machine([sda, sdb]), { cacheSize: "1G", cacheNoPart: true }));
    refused("cache_size", /4 MiB/, () => lay("bcache", machine([sda, sdb]), { cacheSize: "1M" }));
    refused("cache_mode", /writearound/, () => lay("bcache", machine([sda, sdb]), { cacheMode: "fast" }));
    refused("cache_device", /no physical disk/, () => lay("bcache", machine([sda, sdb]), { cacheDevice: 77 }));
    refused("cache_device", /itself/, () => lay("bcache", machine([sda, sdb]), { cacheDevice: 1 }));
    refused("storage_layout", /tagged 'ssd'/, () => lay("bcache", machine([sda])));
  });
});

suite("vmfs", () => {
  test("partitions by number and size, and a datastore on the rest", () => {
    const six = lay("vmfs6", machine([sda]));
    assert.deepEqual(
      six.partitions.filter((p) => p.index !== 3).map((p) => [p.index, p.sizeBytes / MIB]),
      [
        [1, 3],
        [2, 4096],
        [5, 249],
        [6, 249],
        [7, 109],
        [8, 285],
        [9, 2560],
      ],
    );
    assert.equal(six.groups[0]?.name, "datastore1");
    const seven = lay("vmfs7", machine([sda]));
    assert.deepEqual(
      seven.partitions.map((p) => p.index),
      [1, 5, 6, 7, 8],
    );
    assert.equal(types(seven).filter((item) => item.startsWith("partition")).length, 5, "no bios_grub");
    assert.deepEqual(types(seven).at(-1), "vmfs6 datastore1");
  });

  test("too small a disk is refused; root_device takes the whole layout", () => {
    refused("storage_layout", /sdc has 8.0 GiB/, () => lay("vmfs6", machine([sdc])));
    refused("storage_layout", /needs more than/, () => lay("vmfs7", machine([disk(1, "sda", 32 * GIB)])));
    const model = lay("vmfs6", machine([sda, disk(5, "sde", 20 * GIB)]), { rootDevice: 5 });
    assert.deepEqual([...new Set(model.partitions.map((p) => p.deviceId))], [5]);
  });
});

test("a layout takes the place of the one before, whatever that was", () => {
  let model = machine([sda, sdb, sdc]);
  for (const name of ["lvm", "bcache", "vmfs7", "flat"]) model = lay(name, model);
  assert.deepEqual([model.groups, model.cacheSets, model.filesystems.length], [[], [], 1]);
  model = lay("blank", model);
  assert.deepEqual(
    [model.partitions, model.filesystems, physicalDisks(model).map((d) => d.table)],
    [[], [], [null, null, null]],
  );
});

suite("custom", () => {
  const apply = (custom: unknown) => lay("custom", machine([sda, sdb, sdc]), { custom });
  const layout = {
    data: { type: "lvm", members: ["md0"], volumes: [{ name: "srv", size: "1G", fs: "xfs" }] },
    md0: { type: "raid", level: 1, members: ["sda2", "sdb"] },
    fast: { type: "bcache", "cache-device": "sdc", "backing-device": "sda3", "cache-mode": "writeback", fs: "btrfs" },
    tmp: { type: "special", fs: "tmpfs" },
    sdc: { type: "disk" },
    sdb: { type: "disk" },
    sda: {
      type: "disk",
      ptable: "gpt",
      boot: true,
      partitions: [
        { name: "sda1", fs: "ext4", size: "5G", bootable: true },
        { name: "sda2", size: "9G" },
        { name: "sda3" },
      ],
    },
  };
  const mounts = {
    "/": { device: "sda1", options: "noatime" },
    "/srv": { device: "srv" },
    "/fast": { device: "fast" },
    "/tmp": { device: "tmp" },
  };

  test("in whatever order it names things", () => {
    const model = apply({ layout, mounts });
    assert.deepEqual(
      model.filesystems.filter((f) => f.mountPoint !== null).map((f) => [f.fstype, f.mountPoint, f.mountOptions]),
      [
        ["ext4", "/", "noatime"],
        ["btrfs", "/fast", null],
        ["xfs", "/srv", null],
        ["tmpfs", "/tmp", null],
      ],
    );
    assert.equal(model.bootDiskId, 1);
    assert.deepEqual(model.groups.map((g) => g.name).sort(), ["data", "fast", "md0"]);
  });

  test("what cannot be is said in one field", () => {
    refused("storage_layout", /commissioning brought none/, () => apply(undefined));
    refused("storage_layout", /no disk 'sdz'/, () => apply({ layout: { sdz: { type: "disk" } } }));
    refused("storage_layout", /type "zpool"/, () => apply({ layout: { z: { type: "zpool" } } }));
    const loop = { a: { type: "lvm", members: ["b"] }, b: { type: "lvm", members: ["a"] } };
    refused("storage_layout", /'a' is made of b/, () => apply({ layout: loop }));
    refused("storage_layout", /on 'sdq'/, () => apply({ layout, mounts: { "/": { device: "sdq" } } }));
    const huge = { sda: { type: "disk", partitions: [{ name: "p", size: "9T" }] } };
    refused("storage_layout", /sda has/, () => apply({ layout: huge }));
  });
});
