import assert from "node:assert/strict";
import { test } from "node:test";
import { processorHasVirtualization } from "./accel.ts";
import { type Host, missing, requireHost } from "./preflight.ts";
import { resolveMachines } from "./spec.ts";

const machines = resolveMachines([
  { name: "a", firmware: "bios" },
  { name: "b", firmware: "uefi" },
]);
const good: Host = { isRoot: true, hasFile: () => true, hasProgram: () => true };

test("a host with everything is fine", () => {
  assert.deepEqual(missing(good, machines), []);
});

test("all that is missing is said at once, each with what to do", () => {
  const bare: Host = { isRoot: false, hasFile: () => false, hasProgram: () => false };
  assert.throws(
    () => requireHost(machines, bare),
    (error: Error) => {
      for (const word of [
        "sudo",
        "/dev/net/tun",
        "iproute2",
        "dnsmasq-base",
        "openipmi",
        "qemu-system-x86",
        "ovmf",
        "ipxe-qemu",
      ])
        assert.ok(error.message.includes(word), word);
      return true;
    },
  );
});

test("firmware is asked for only by machines that have it", () => {
  const noFirmware: Host = { ...good, hasFile: (path) => path === "/dev/net/tun" };
  assert.deepEqual(missing(noFirmware, []), []);
  assert.equal(missing(noFirmware, machines.slice(0, 1)).length, 1);
});

test("KVM is considered on processors that say vmx or svm, as whole words", () => {
  assert.ok(processorHasVirtualization("flags\t\t: fpu vmx ssse3\n"));
  assert.ok(processorHasVirtualization("processor : 0\nflags\t\t: fpu svm\n"));
  assert.ok(!processorHasVirtualization("flags\t\t: fpu svm_lock\nvmx flags\t: vnmi\n"));
});
