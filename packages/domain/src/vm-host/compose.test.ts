import assert from "node:assert/strict";
import { test } from "node:test";
import { DomainError } from "../errors.ts";
import { availableResources, type Guest, poolUses } from "./capacity.ts";
import { type ComposableHost, type Composition, planMachine } from "./compose.ts";

const pool = (name: string, totalBytes: number, change = {}) => ({
  id: `id-${name}`,
  name,
  type: "dir",
  path: `/${name}`,
  totalBytes,
  availableBytes: totalBytes,
  ...change,
});
const host = (change: Partial<ComposableHost> = {}): ComposableHost => ({
  name: "h1",
  cores: 4,
  memoryMib: 8192,
  cpuOverCommitRatio: 1,
  memoryOverCommitRatio: 1,
  storagePools: [pool("local", 100e9), pool("fast", 20e9, { type: "logical" })],
  defaultPool: null,
  capabilities: ["composable"],
  architectures: ["amd64/generic"],
  cpuSpeedMhz: 2500,
  ...change,
});
const wanted = (change: Partial<Composition> = {}): Composition => ({
  cores: 1,
  pinnedCores: [],
  memoryMib: 2048,
  cpuSpeedMhz: undefined,
  architecture: undefined,
  storage: "root:8(local)",
  ...change,
});
const guest = (change: Partial<Guest> = {}): Guest => ({
  pinnedCores: [],
  unpinnedCores: 2,
  memoryMib: 4096,
  disks: [{ sizeBytes: 30e9, pool: "local" }],
  ...change,
});
const refused = (work: () => unknown): Record<string, string[]> => {
  try {
    work();
  } catch (error) {
    assert.ok(error instanceof DomainError && error.code === "invalid_fields", String(error));
    return error.fields ?? {};
  }
  return assert.fail("it was taken");
};

test("what is left is what no machine has been given, and the host has not lost otherwise", () => {
  const guests = [guest(), guest({ pinnedCores: [3], unpinnedCores: 0, memoryMib: 8192 })];
  const full = host({ storagePools: [pool("local", 100e9, { availableBytes: 10e9 }), pool("fast", 20e9)] });
  assert.deepEqual(availableResources(full, guests), { cores: 1, memoryMib: 0, storageBytes: 30e9 });
  assert.deepEqual(
    poolUses(full, guests).map((p) => [p.name, p.usedBytes, p.freeBytes, p.isDefault]),
    [
      ["local", 60e9, 10e9, true],
      ["fast", 0, 20e9, false],
    ],
  );
});

test("what fits is planned: the host's architecture, a pool by name, by type, or the default one", () => {
  assert.deepEqual(planMachine(host(), [guest()], wanted()), {
    architecture: "amd64/generic",
    cores: 1,
    disks: [{ sizeBytes: 8e9, pool: "local" }],
  });
  const pools = (storage: string, change = {}) =>
    planMachine(host(change), [], wanted({ storage })).disks.map((disk) => disk.pool);
  assert.deepEqual(pools("root:8(fast),4,2.5(local)"), ["fast", "local", "local"]);
  assert.deepEqual(pools("root:8(logical)"), ["fast"]);
  assert.deepEqual(pools("", { defaultPool: "id-fast" }), ["fast"]);
  assert.equal(planMachine(host(), [], wanted({ pinnedCores: [0, 2], cores: 9 })).cores, 2);
});

test("a ratio gives away more than there is, or less", () => {
  const busy = [guest({ unpinnedCores: 4, memoryMib: 8192 })];
  planMachine(host({ cpuOverCommitRatio: 2, memoryOverCommitRatio: 1.5 }), busy, wanted({ cores: 4, memoryMib: 4096 }));
  assert.deepEqual(
    Object.keys(refused(() => planMachine(host({ cpuOverCommitRatio: 2 }), busy, wanted({ cores: 5 })))),
    ["cores", "memory"],
  );
  assert.deepEqual(
    Object.keys(refused(() => planMachine(host({ cpuOverCommitRatio: 0.5 }), [], wanted({ cores: 3 })))),
    ["cores"],
  );
});

test("each thing that is lacking is named, with how much", () => {
  const messages = refused(() =>
    planMachine(host(), [guest()], {
      cores: 3,
      pinnedCores: [],
      memoryMib: 5000,
      cpuSpeedMhz: 3000,
      architecture: "arm64/generic",
      storage: "root:60(local),data:20(local),30(fast)",
    }),
  );
  assert.deepEqual(messages, {
    cores: ["3 asked for: VM host h1 has 2 of cores left, of 4 with 2 in use."],
    memory: ["5000 MiB asked for: VM host h1 has 4096 MiB of memory left, of 8192 MiB with 4096 MiB in use."],
    cpu_speed: ["3000 MHz asked for: VM host h1 has 2500 MHz."],
    architecture: ["VM host h1 has amd64/generic, not arm64/generic."],
    storage: [
      "Disk data of 20 GB asked for: storage pool local of VM host h1 has 10 GB left.",
      "A disk of 30 GB asked for: storage pool fast of VM host h1 has 20 GB left.",
    ],
  });
});

test("what makes no sense is refused by its field", () => {
  const field = (change: Partial<Composition>, at = {}) =>
    Object.keys(refused(() => planMachine(host(at), [], wanted(change))));
  assert.deepEqual(field({ pinnedCores: [0, 4] }), ["pinned_cores"]);
  assert.deepEqual(field({ pinnedCores: [1, 1] }), ["pinned_cores"]);
  assert.deepEqual(field({ storage: "huge" }), ["storage"]);
  assert.deepEqual(field({ storage: "0" }), ["storage"]);
  assert.deepEqual(field({}, { storagePools: [] }), ["storage"]);
  assert.throws(() => planMachine(host({ capabilities: [] }), [], wanted()), { code: "bad_request" });
});
