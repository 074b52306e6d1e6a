import assert from "node:assert/strict";
import { test } from "node:test";
import { cloneStorage, type StorageSource } from "./clone.ts";
import { GIB } from "./geometry.ts";
import { applyLayout } from "./layout.ts";
import type { LayoutMachine, StorageDisk, StorageModel } from "./model.ts";

const disk = (id: number, gib: number, tags: string[] = []): StorageDisk => ({
  id,
  name: `sd${String.fromCharCode(96 + (id % 26))}`,
  sizeBytes: gib * GIB,
  blockSizeBytes: 512,
  tags,
});
const bios = (...disks: StorageDisk[]): LayoutMachine => ({
  architecture: "amd64/generic",
  biosBootMethod: "pxe",
  disks,
});
let made = 0;
const uuid = () => `uuid-${++made}`;
/** A machine with the flat layout on its first disk, and a file system on the whole of its last. */
function source(machine: LayoutMachine): StorageSource {
  const model = applyLayout("flat", machine, uuid);
  const last = machine.disks.at(-1);
  const whole: StorageModel["filesystems"] =
    machine.disks.length > 1 && last
      ? [{ on: { kind: "disk", diskId: last.id }, fstype: "ext4", uuid: uuid(), label: "", mountPoint: "/srv" }]
      : [];
  return { ...machine, model: { ...model, filesystems: [...model.filesystems, ...whole] } };
}
const problemOf = (result: object) => ("problem" in result ? String(result.problem) : undefined);

test("partitions and file systems stand on the matching disks, with uuids of their own", () => {
  const from = source(bios(disk(1, 100), disk(2, 500)));
  const to = cloneStorage(from, bios(disk(11, 100), disk(12, 500)), uuid);
  assert.ok(!("problem" in to), problemOf(to));
  assert.equal(to.bootDiskId, 11);
  assert.deepEqual(
    to.partitionTables,
    from.model.partitionTables.map((table) => ({ ...table, diskId: 11 })),
  );
  assert.deepEqual(
    to.partitions.map((p) => [p.diskId, p.index, p.sizeBytes]),
    from.model.partitions.map((p) => [11, p.index, p.sizeBytes]),
  );
  assert.deepEqual(
    to.filesystems.map((f) => [f.on.diskId, f.mountPoint]),
    [
      [11, "/"],
      [12, "/srv"],
    ],
  );
  const uuids = [...to.partitions, ...to.filesystems, ...from.model.partitions, ...from.model.filesystems].map(
    (x) => x.uuid,
  );
  assert.equal(new Set(uuids).size, uuids.length);
});

test("the disk to start from goes to the disk to start from; then equal size and tags, larger with equal tags, larger", () => {
  const from = source(bios(disk(1, 100), disk(2, 500, ["ssd"]), disk(3, 500)));
  const to = cloneStorage(from, bios(disk(11, 200), disk(12, 600), disk(13, 500, ["ssd"])), uuid);
  assert.ok(!("problem" in to), problemOf(to));
  assert.deepEqual(
    to.filesystems.map((f) => f.on.diskId),
    [11, 12],
  );
  const tagged = cloneStorage(
    source(bios(disk(1, 10), disk(2, 500, ["ssd"]))),
    bios(disk(11, 10), disk(12, 600)),
    uuid,
  );
  assert.ok(!("problem" in tagged), "tags that nobody has give way to size");
});

test("what does not fit is named", () => {
  const from = source(bios(disk(1, 100), disk(2, 500)));
  const cases: [LayoutMachine, RegExp][] = [
    [{ ...bios(disk(11, 100), disk(12, 500)), architecture: "arm64/generic" }, /architecture arm64, the source amd64/],
    [{ ...bios(disk(11, 100), disk(12, 500)), biosBootMethod: "uefi" }, /boots by uefi, the source by pxe/],
    [bios(disk(11, 100)), /1 disks, the source 2/],
    [bios(disk(11, 100), disk(12, 500), disk(13, 500)), /3 disks, the source 2/],
    [bios(disk(11, 50), disk(12, 500)), /starts from sdk, which is smaller than sda/],
    [bios(disk(11, 100), disk(12, 400)), /large enough for sdb/],
  ];
  for (const [to, words] of cases) assert.match(problemOf(cloneStorage(from, to, uuid)) ?? "", words);
});
