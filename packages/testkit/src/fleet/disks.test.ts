import assert from "node:assert/strict";
import { test } from "node:test";
import type { Plan } from "./cloud-config.ts";
import { diskProblems } from "./disks.ts";
import type { Disk } from "./hardware.ts";

const disk = (name: string, serial: string, sizeBytes = 1000): Disk => ({
  name,
  serial,
  sizeBytes,
  model: "M",
  type: "sata",
  rpm: 7200,
});
const plan = {
  storage: {
    version: 1,
    config: [
      { id: "sda", type: "disk", serial: "S1" },
      { id: "sda-part1", type: "partition" },
    ],
  },
  disks: { sda: { sizeBytes: 1000 } },
} as unknown as Plan;

test("disks are looked for as machine/installer does, and complained of in its words", () => {
  assert.deepEqual(diskProblems(plan, [disk("sdb", "S1")]), []);
  assert.deepEqual(diskProblems(plan, [disk("sda", "S2")]), [
    "disk sda: no disk with serial 'S1'; disks here: /dev/sda (S2)",
  ]);
  assert.deepEqual(diskProblems(plan, []), ["disk sda: no disk with serial 'S1'; disks here: none"]);
  assert.deepEqual(diskProblems(plan, [disk("sda", "S1", 250)]), [
    "disk sda: /dev/sda has 250 bytes, but the plan was made for 1000: commission again",
  ]);
});
