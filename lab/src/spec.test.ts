import assert from "node:assert/strict";
import { test } from "node:test";
import { resolveMachines } from "./spec.ts";

test("a machine of which only name and firmware are said is a small one with one disk and one card", () => {
  assert.deepEqual(resolveMachines([{ name: "node1", firmware: "uefi" }]), [
    { name: "node1", firmware: "uefi", memoryMib: 1024, cpus: 1, diskGib: [8], nics: 1, nicModel: "virtio-net-pci" },
  ]);
});

test("what is said is kept, also nothing", () => {
  const [shape] = resolveMachines([{ name: "a", firmware: "bios", diskGib: [], nics: 0, memoryMib: 2048 }]);
  assert.deepEqual(shape?.diskGib, []);
  assert.equal(shape?.nics, 0);
  assert.equal(shape?.memoryMib, 2048);
});

test("what cannot be is refused with the machine and the value", () => {
  const refuses = (spec: object, message: RegExp) =>
    assert.throws(() => resolveMachines([{ name: "node1", firmware: "bios", ...spec }]), message);
  refuses({ name: "../x" }, /"\.\.\/x": use 1 to 32/);
  refuses({ memoryMib: 1.5 }, /node1: memoryMib is 1\.5/);
  refuses({ nics: 9 }, /node1: nics is 9; .* from 0 to 8/);
  refuses({ diskGib: [0] }, /node1: diskGib is 0/);
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
