import assert from "node:assert/strict";
import { test } from "node:test";
import { resolveMachines } from "./spec.ts";

test("a machine of which only name and firmware are said is a small one with one disk and one card", () => {
  assert.deepEqual(resolveMachines([{ name: "node1", firmware: "uefi" }]), [
    {
      name: "node1",
      firmware: "uefi",
      memoryMib: 1024,
      cpus: 1,
      diskGib: [8],
      nics: 1,
      segments: [0],
      nicModel: "virtio-net-pci",
    },
  ]);
});

test("what is said is kept, also nothing", () => {
  const [shape] = resolveMachines([{ name: "a", firmware: "bios", diskGib: [], nics: 0, memoryMib: 2048 }]);
  assert.deepEqual(shape?.diskGib, []);
  assert.equal(shape?.nics, 0);
  assert.equal(shape?.memoryMib, 2048);
});

test("small disks, and cards on other segments", () => {
  const [shape] = resolveMachines([{ name: "a", firmware: "bios", diskGib: [8, 1 / 16], nics: 3, segments: [0, 1] }]);
  assert.deepEqual(shape?.diskGib, [8, 0.0625]);
  assert.deepEqual(shape?.segments, [0, 1, 0]);
});

test("what cannot be is refused with the machine and the value", () => {
  const refuses = (spec: object, message: RegExp) =>
    assert.throws(() => resolveMachines([{ name: "node1", firmware: "bios", ...spec }]), message);
  refuses({ name: "../x" }, /"\.\.\/x": use 1 to 32/);
  refuses({ memoryMib: 1.5 }, /node1: memoryMib is 1\.5/);
  refuses({ nics: 9 }, /node1: nics is 9; .* from 0 to 8/);
  refuses({ diskGib: [0] }, /node1: diskGib in MiB is 0/);
  refuses({ diskGib: [1 / 4096] }, /node1: diskGib in MiB is 0\.25/);
  refuses({ segments: [10] }, /node1: segments is 10/);
  refuses({ segments: [0, 1] }, /node1: segments speaks of 2 cards; it has 1/);
  refuses({ nicModel: "e1000,romfile=/etc/shadow" }, /not a QEMU device name/);
  assert.throws(
    () =>
      resolveMachines([
        { name: "a", firmware: "bios" },
        { name: "a", firmware: "uefi" },
      ]),
    /two machines are called a/,
  );
});
