import assert from "node:assert/strict";
import { test } from "node:test";
import { architectureFor, byRoom, type Constraints, diskTags, isPlace, wantedMachine } from "./allocate.ts";
import type { ComposableHost } from "./compose.ts";

const host = (change: Partial<ComposableHost> = {}): ComposableHost => ({
  name: "h1",
  cores: 4,
  memoryMib: 8192,
  cpuOverCommitRatio: 1,
  memoryOverCommitRatio: 1,
  storagePools: [{ id: "1", name: "local", type: "dir", path: "/", totalBytes: 1e12, availableBytes: 1e12 }],
  defaultPool: null,
  capabilities: ["composable"],
  architectures: ["arm64/generic", "amd64/generic"],
  cpuSpeedMhz: 2500,
  ...change,
});

test("numbers are at least, and what is not said is usual", () => {
  const size = (given: Constraints) => {
    const wanted = wantedMachine(given);
    return wanted && [wanted.cores, wanted.memoryMib, wanted.cpuSpeedMhz];
  };
  assert.deepEqual(size({}), [1, 2048, undefined]);
  assert.deepEqual(size({ cpu_count: "1.5", mem: "3000.2", cpu_speed: "2000" }), [2, 3001, 2000]);
  assert.deepEqual(size({ cpu_count: "0", mem: "10", cpu_speed: "0" }), [1, 1024, undefined]);
});

test("what only a machine that is there can be is not made; empty constraints are none", () => {
  const impossible: Constraints[] = [
    { tags: ["gpu"] },
    { system_id: ["abcdef"] },
    { fabric_classes: ["10g"] },
    { link_speed: "1000" },
    { connected_to: ["52:54:00:00:00:01"] },
    { name: ["a", "b"] },
    { storage: "root:10(partition)" },
    { interfaces: "a:subnet=1,tag=sfp" },
    { interfaces: "a:mode=unconfigured" },
    { interfaces: "a:not_name=eth0" },
  ];
  for (const given of impossible) assert.equal(wantedMachine(given), undefined, JSON.stringify(given));
  assert.ok(wantedMachine({ tags: [], link_speed: undefined, not_tags: ["gpu"], name: ["Web", "web"] }));
  assert.equal(wantedMachine({ interfaces: "a:subnet=1,not_space=dmz" })?.interfaces, "a:subnet=1,not_space=dmz");
});

test("zone, pool and host are those of the host, by their names", () => {
  const place = { name: "kvm", type: "virsh", zone: "z", pool: "p" };
  const good: Constraints[] = [
    {},
    { zone: ["z"], pool: ["q", "p"] },
    { pod: ["kvm"], pod_type: ["VIRSH"], not_pod: ["x"] },
  ];
  for (const given of good) assert.ok(isPlace(given, place), JSON.stringify(given));
  const bad: Constraints[] = [
    { zone: ["y"] },
    { not_in_zone: ["y", "z"] },
    { pool: ["q"] },
    { not_in_pool: ["p"] },
    { pod: ["other"] },
    { not_pod: ["kvm"] },
    { pod_type: ["lxd"] },
    { not_pod_type: ["Virsh"] },
  ];
  for (const given of bad) assert.ok(!isPlace(given, place), JSON.stringify(given));
});

test("the host's first architecture that will do", () => {
  assert.equal(architectureFor({}, host()), "arm64/generic");
  assert.equal(architectureFor({ arch: ["amd64"] }, host()), "amd64/generic");
  assert.equal(architectureFor({ not_arch: ["arm64/generic"] }, host()), "amd64/generic");
  assert.equal(architectureFor({ arch: ["amd64/other"] }, host()), undefined);
  assert.equal(architectureFor({ arch: ["arm"] }, host({ architectures: ["armhf/generic"] })), "armhf/generic");
});

test("a tag of a disk is the name or type of its storage pool", () => {
  const disks = [{ sizeBytes: 1e9, pool: "local" }];
  assert.deepEqual(diskTags("root:1(local,dir)", disks, host()), [["local", "dir"]]);
  assert.deepEqual(diskTags(undefined, disks, host()), [[]]);
  assert.equal(diskTags("root:1(ssd)", disks, host()), undefined);
  assert.equal(diskTags("root:1(local,ssd)", disks, host()), undefined);
});

test("most memory first, then most cores, over-commitment counted", () => {
  const guest = { pinnedCores: [], unpinnedCores: 3, memoryMib: 4096, disks: [] };
  const hosts = [
    { host: host({ name: "used" }), guests: [guest] },
    { host: host({ name: "few", cores: 2 }), guests: [] },
    { host: host({ name: "many" }), guests: [] },
    { host: host({ name: "twice", memoryOverCommitRatio: 2 }), guests: [guest] },
  ];
  assert.deepEqual(
    byRoom(hosts).map((one) => one.host.name),
    ["twice", "many", "few", "used"],
  );
});
