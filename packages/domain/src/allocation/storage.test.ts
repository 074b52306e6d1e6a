import assert from "node:assert/strict";
import { test } from "node:test";
import { matchStorage, parseStorage, type StorageItem } from "./storage.ts";

const GB = 1000 ** 3;
const disk = (id: number, gb: number, more: Partial<StorageItem> = {}): StorageItem => ({
  id,
  kind: "disk",
  sizeBytes: gb * GB,
  tags: [],
  holdsRoot: false,
  ...more,
});
const ids = (text: string, items: StorageItem[]) => matchStorage(parseStorage(text), items)?.map(({ id }) => id);

test("labels, sizes and tags are read; commas between tags part no entries", () => {
  assert.deepEqual(parseStorage("root:100(ssd,rotary),20.5, data:5(partition)"), [
    { label: "root", minBytes: 100 * GB, tags: ["ssd", "rotary"], partition: false },
    { label: "", minBytes: 20.5 * GB, tags: [], partition: false },
    { label: "data", minBytes: 5 * GB, tags: [], partition: true },
  ]);
  for (const text of ["root:", "big", "a:10(ssd", "a:10)", "a:b:10", "a:-1", "a:1,a:2", ","])
    assert.throws(() => parseStorage(text), RangeError, text);
});

test("each want gets a device of its own, and none too small or without its tags", () => {
  const disks = [disk(1, 500), disk(2, 100, { tags: ["ssd"] }), disk(3, 100)];
  assert.deepEqual(ids("a:100,b:100,c:100", disks)?.sort(), [1, 2, 3]);
  assert.equal(ids("a:100,b:100,c:100,d:1", disks), undefined);
  assert.deepEqual(ids("a:50(ssd),b:50", disks), [2, 3]);
  assert.equal(ids("a:200(ssd)", disks), undefined);
});

test("an early want gives way to a later one that has no other choice", () => {
  const disks = [disk(1, 100, { tags: ["ssd"] }), disk(2, 200)];
  assert.deepEqual(ids("any:50,fast:50(ssd)", disks), [2, 1]);
});

test("the first want is the disk that holds the root file system, where one does", () => {
  const disks = [disk(1, 100), disk(2, 200, { holdsRoot: true })];
  assert.deepEqual(ids("root:50", disks), [2]);
  assert.deepEqual(ids("root:50,data:50", disks), [2, 1]);
  assert.equal(ids("root:250", [...disks, disk(3, 300)]), undefined);
});

test("the tag partition asks for partitions, and disks are none", () => {
  const items = [disk(1, 100), disk(7, 60, { kind: "partition" })];
  assert.deepEqual(ids("a:50(partition)", items), [7]);
  assert.equal(ids("a:80(partition)", items), undefined);
});
