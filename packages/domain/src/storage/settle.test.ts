import assert from "node:assert/strict";
import { test } from "node:test";
import { createBcache, createCacheSet, updateCacheSet } from "./bcache.ts";
import { StorageEdit } from "./edit.ts";
import { createRaid, updateRaid } from "./raid.ts";
import { settle } from "./settle.ts";
import { disk, machine, uuids } from "./storage-fixture.ts";

const GB = 1e9;
const none = { members: {}, spares: {} };
const four = () =>
  new StorageEdit(machine(["sda", "sdb", "sdc", "sdd"].map((name, i) => disk(i + 1, name, 10 * GB))), uuids());

test("a bcache is not its own cache", () => {
  const edit = four();
  const set = createCacheSet(edit, { cacheDevice: "sdb" });
  createBcache(edit, { cacheSet: "cache0", backingDevice: "sdc", cacheMode: "writeback" });
  settle(edit);
  updateCacheSet(edit, set, { cacheDevice: "bcache0" });
  assert.throws(() => settle(edit), /bcache0 would lie on itself/);
});

test("a RAID does not lie on a bcache whose cache is on it", () => {
  const edit = four();
  const level = "raid-1";
  const group = createRaid(edit, { level, members: { blockDevices: ["sdb", "sdc"] }, spares: {} });
  createCacheSet(edit, { cacheDevice: "md0" });
  createBcache(edit, { cacheSet: "cache0", backingDevice: "sdd", cacheMode: "writeback" });
  settle(edit);
  updateRaid(edit, group, { add: { ...none, members: { blockDevices: ["bcache0"] } }, remove: none });
  assert.throws(() => settle(edit), /would lie on itself/);
});
