import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { DomainError } from "../errors.ts";
import { bootDisk } from "./boot-disk.ts";
import { renderCurtinStorage } from "./curtin.ts";
import { EFI_BYTES, GIB, MIB, usableBytes } from "./geometry.ts";
import { applyLayout } from "./layout.ts";
import type { LayoutParams } from "./layouts/sizes.ts";
import type { Device, Filesystem, StorageModel } from "./model.ts";
import { parseSize } from "./size.ts";
import { disk, machine, uuids } from "./storage-fixture.ts";

const sda = disk(7, "sda", 8 * GIB, { model: "QEMU HARDDISK", serial: "DISK0" });
const vdb = disk(9, "vdb", 20 * GIB, { idPath: "/dev/disk/by-id/virtio-B" });

const on = (devices: Device[], change: Partial<StorageModel> = {}) => machine(devices, change);
const one = (change: Partial<StorageModel> = {}) => machine([sda], change);
const indexOf = (model: StorageModel, f: Filesystem) =>
  f.on.kind === "partition" ? model.partitions.find((p) => f.on.kind === "partition" && p.id === f.on.id)?.index : null;

const flat = (m: StorageModel, params: LayoutParams = {}) => applyLayout("flat", m, uuids(), params);

function fieldOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof DomainError && error.fields) return Object.keys(error.fields).join(",");
    throw error;
  }
  return "no error";
}

suite("flat layout", () => {
  test("BIOS: bios_grub is number 1, root is number 2 and takes the rest, inside the disk", () => {
    const model = flat(one());
    assert.deepEqual(
      model.partitions.map((p) => [p.index, p.bootable]),
      [[2, false]],
    );
    const size = model.partitions[0]?.sizeBytes ?? 0;
    assert.equal(size, usableBytes(sda.sizeBytes, one()));
    assert.equal(size % (4 * MIB), 0);
    assert.ok(5 * MIB + size <= sda.sizeBytes - MIB);
    assert.ok(sda.sizeBytes - size < 14 * MIB);
  });

  test("UEFI: 512 MiB fat32 ESP first, then root", () => {
    const model = flat(one({ biosBootMethod: "uefi" }));
    assert.deepEqual(
      model.filesystems.map((f) => [indexOf(model, f), f.fstype, f.label, f.mountPoint]),
      [
        [1, "fat32", "efi", "/boot/efi"],
        [2, "ext4", "root", "/"],
      ],
    );
    assert.equal(model.partitions[0]?.sizeBytes, EFI_BYTES);
  });

  test("arm64 without UEFI gets /boot, and so does who asks for it", () => {
    const paths = (m: StorageModel, p?: LayoutParams) => flat(m, p).filesystems.map((f) => f.mountPoint);
    assert.deepEqual(paths(one({ architecture: "arm64/generic", biosBootMethod: "powernv" })), ["/boot", "/"]);
    assert.deepEqual(paths(one({ biosBootMethod: "uefi" }), { bootSize: "1G" }), ["/boot/efi", "/boot", "/"]);
    assert.deepEqual(paths(one({ architecture: "arm64/generic", biosBootMethod: "uefi" })), ["/boot/efi", "/"]);
  });

  test("boot and root sizes are rounded down to 4 MiB; percentages are of the disk less 512 MiB", () => {
    const model = flat(one(), { bootSize: "600M", rootSize: "50%" });
    const [boot, root] = model.partitions;
    assert.equal(boot?.sizeBytes, 143 * 4 * MIB);
    assert.equal(root?.sizeBytes, Math.floor(((8 * GIB - EFI_BYTES) * 0.5) / (4 * MIB)) * 4 * MIB);
    assert.deepEqual([boot?.bootable, root?.bootable], [true, false]);
  });

  test("root_device moves root to a table of its own; EFI stays on the boot disk", () => {
    const model = flat(on([sda, vdb], { biosBootMethod: "uefi" }), { rootDevice: 9 });
    assert.deepEqual(
      model.partitions.map((p) => [p.deviceId, p.index]),
      [
        [7, 1],
        [9, 1],
      ],
    );
    assert.deepEqual(
      model.devices.filter((d) => d.table === "gpt").map((d) => d.id),
      [7, 9],
    );
  });

  test("the boot disk is the configured one, else the lowest id of at least 512 MiB", () => {
    const tiny = { ...sda, id: 1, name: "sdz", sizeBytes: 256 * MIB };
    assert.equal(bootDisk(flat(on([vdb, sda, tiny])))?.id, 7);
    assert.equal(bootDisk(flat(on([vdb, sda], { bootDiskId: 9 })))?.id, 9);
  });

  test("refuses by field", () => {
    const uefi = one({ biosBootMethod: "uefi" });
    const cases: [string, () => unknown][] = [
      ["storage_layout", () => applyLayout("zigzag", one(), uuids())],
      ["storage_layout", () => applyLayout("toString", one(), uuids())],
      ["storage_layout", () => flat(on([]))],
      ["storage_layout", () => flat(on([{ ...sda, sizeBytes: 256 * MIB }]))],
      ["storage_layout", () => flat(on([{ ...sda, sizeBytes: 512 * MIB }], { biosBootMethod: "uefi" }))],
      ["root_device", () => flat(one(), { rootDevice: 1234 })],
      ["boot_size", () => flat(uefi, { bootSize: "511M" })],
      ["boot_size", () => flat(uefi, { bootSize: "7G" })],
      ["boot_size", () => flat(uefi, { bootSize: "much" })],
      ["root_size", () => flat(uefi, { rootSize: "1G" })],
      ["root_size", () => flat(uefi, { rootSize: "8G" })],
      ["root_size", () => flat(uefi, { rootSize: "120%" })],
      ["root_size", () => flat(uefi, { rootSize: String(7 * GIB), bootSize: String(GIB) })],
      [
        "root_size",
        () => flat(on([{ ...sda, sizeBytes: 100 * MIB, id: 3 }, vdb], { bootDiskId: 3 }), { rootSize: "4G" }),
      ],
    ];
    for (const [field, run] of cases) assert.equal(fieldOf(run), field, run.toString());
  });
});

test("blank has nothing and renders no item", () => {
  const model = applyLayout("blank", one(), uuids());
  assert.deepEqual(renderCurtinStorage(model), { version: 1, config: [] });
});

test("sizes are powers of 1000", () => {
  assert.equal(parseSize("size", "10G", 0), 10_000_000_000);
  assert.equal(parseSize("size", 4096, 0), 4096);
  assert.equal(parseSize("size", "1.5M", 0), 1_500_000);
  assert.equal(parseSize("size", "25%", 1000), 250);
  assert.equal(
    fieldOf(() => parseSize("size", "-1", 0)),
    "size",
  );
  assert.equal(
    fieldOf(() => parseSize("size", "99999E", 0)),
    "size",
  );
});

suite("curtin storage", () => {
  test("BIOS plan, item by item", () => {
    const { config } = renderCurtinStorage(flat(on([vdb, sda])));
    assert.deepEqual(config, [
      {
        id: "sda",
        type: "disk",
        name: "sda",
        ptable: "gpt",
        model: "QEMU HARDDISK",
        serial: "DISK0",
        wipe: "superblock",
        grub_device: true,
      },
      {
        id: "sda-part1",
        type: "partition",
        name: "sda-part1",
        device: "sda",
        number: 1,
        size: "1048576B",
        offset: "4194304B",
        flag: "bios_grub",
      },
      {
        id: "sda-part2",
        type: "partition",
        name: "sda-part2",
        device: "sda",
        number: 2,
        size: `${usableBytes(8 * GIB, one())}B`,
        uuid: "00000000-0000-4000-8000-000000000001",
        wipe: "superblock",
      },
      {
        id: "sda-part2_format",
        type: "format",
        volume: "sda-part2",
        fstype: "ext4",
        uuid: "00000000-0000-4000-8000-000000000002",
        label: "root",
      },
      { id: "sda-part2_mount", type: "mount", device: "sda-part2_format", path: "/" },
    ]);
  });

  test("UEFI: mounts in path order, the first partition carries the offset, a disk without serial goes by path", () => {
    const { config } = renderCurtinStorage(flat(on([vdb], { biosBootMethod: "uefi" }), { bootSize: "1G" }));
    const mounts = config.flatMap((item) => (item.type === "mount" ? [item.path] : []));
    assert.deepEqual(mounts, ["/", "/boot", "/boot/efi"]);
    const offsets = config.flatMap((item) => (item.type === "partition" ? [item.offset] : []));
    assert.deepEqual(offsets, ["4194304B", undefined, undefined]);
    assert.equal(config[0]?.type === "disk" && config[0].path, "/dev/disk/by-id/virtio-B");
  });
});
