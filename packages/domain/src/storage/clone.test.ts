import assert from "node:assert/strict";
import { test } from "node:test";
import { bootDisk } from "./boot-disk.ts";
import { cloneStorage } from "./clone.ts";
import { onDevice, StorageEdit } from "./edit.ts";
import { GIB } from "./geometry.ts";
import { applyLayout } from "./layout.ts";
import type { Device, StorageModel } from "./model.ts";
import { disk as aDisk, machine, uuids } from "./storage-fixture.ts";

const disk = (id: number, gib: number, tags: string[] = []) =>
  aDisk(id, `sd${String.fromCharCode(96 + (id % 26))}`, gib * GIB, { tags });
const bios = (...disks: Device[]) => machine(disks);
const uuid = uuids();
/** A machine with the flat layout on its first disk, and a file system on the whole of its last. */
function source(of: StorageModel): StorageModel {
  const edit = new StorageEdit(applyLayout("flat", of, uuid), uuid);
  const last = of.devices.at(-1);
  if (of.devices.length > 1 && last) edit.addFilesystem({ on: onDevice(last), fstype: "ext4", mountPoint: "/srv" });
  return edit.result();
}
/** The disk that each filesystem lies on. */
const places = (model: StorageModel) =>
  model.filesystems.map(({ on }) =>
    on.kind === "partition" ? model.partitions.find((p) => p.id === on.id)?.deviceId : on.kind === "device" && on.id,
  );
const problemOf = (result: object) => ("problem" in result ? String(result.problem) : undefined);

test("partitions and file systems stand on the matching disks, with uuids of their own", () => {
  const from = source(bios(disk(1, 100), disk(2, 500)));
  const to = cloneStorage(from, bios(disk(11, 100), disk(12, 500)), uuid);
  assert.ok(!("problem" in to), problemOf(to));
  assert.equal(bootDisk(to)?.id, 11);
  assert.deepEqual(
    to.devices.map((d) => [d.id, d.table]),
    [
      [11, "gpt"],
      [12, null],
    ],
  );
  assert.deepEqual(
    to.partitions.map((p) => [p.deviceId, p.index, p.sizeBytes]),
    from.partitions.map((p) => [11, p.index, p.sizeBytes]),
  );
  assert.deepEqual(
    to.filesystems.map((f, i) => [places(to)[i], f.mountPoint]),
    [
      [11, "/"],
      [12, "/srv"],
    ],
  );
  const uuids = [...to.partitions, ...to.filesystems, ...from.partitions, ...from.filesystems].map((x) => x.uuid);
  assert.equal(new Set(uuids).size, uuids.length);
});

test("the disk to start from goes to the disk to start from; then equal size and tags, larger with equal tags, larger", () => {
  const from = source(bios(disk(1, 100), disk(2, 500, ["ssd"]), disk(3, 500)));
  const to = cloneStorage(from, bios(disk(11, 200), disk(12, 600), disk(13, 500, ["ssd"])), uuid);
  assert.ok(!("problem" in to), problemOf(to));
  assert.deepEqual(places(to), [11, 12]);
  const tagged = cloneStorage(
    source(bios(disk(1, 10), disk(2, 500, ["ssd"]))),
    bios(disk(11, 10), disk(12, 600)),
    uuid,
  );
  assert.ok(!("problem" in tagged), "tags that nobody has give way to size");
});

test("what does not fit is named", () => {
  const from = source(bios(disk(1, 100), disk(2, 500)));
  const cases: [StorageModel, RegExp][] = [
    [{ ...bios(disk(11, 100), disk(12, 500)), architecture: "arm64/generic" }, /architecture arm64, the source amd64/],
    [{ ...bios(disk(11, 100), disk(12, 500)), biosBootMethod: "uefi" }, /boots by uefi, the source by pxe/],
    [bios(disk(11, 100)), /1 disks, the source 2/],
    [bios(disk(11, 100), disk(12, 500), disk(13, 500)), /3 disks, the source 2/],
    [bios(disk(11, 50), disk(12, 500)), /starts from sdk, which is smaller than sda/],
    [bios(disk(11, 100), disk(12, 400)), /large enough for sdb/],
  ];
  for (const [to, words] of cases) assert.match(problemOf(cloneStorage(from, to, uuid)) ?? "", words);
});
