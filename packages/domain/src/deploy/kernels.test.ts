import assert from "node:assert/strict";
import { test } from "node:test";
import { chooseKernel, keepsCrashDumps, kernelOf } from "./kernels.ts";

const available = ["hwe-22.04-edge", "ga-22.04", "hwe-22.04", "hwe-22.04-lowlatency", "ga-22.04-lowlatency"];
const choose = (wanted: string, minimum: string, of: readonly string[] = available) =>
  chooseKernel(of, { wanted, minimum, of: "ubuntu/jammy for amd64" });
const problem = (result: ReturnType<typeof choose>) => ("problem" in result ? result.problem : "");

test("a kernel that is asked for must be there, and as new as the machine needs", () => {
  assert.deepEqual(choose("hwe-22.04", ""), { kernel: "hwe-22.04" });
  assert.deepEqual(choose("hwe-22.04-edge", "hwe-22.04"), { kernel: "hwe-22.04-edge" });
  assert.match(problem(choose("hwe-24.04", "")), /no kernel 'hwe-24\.04'.*choose one of ga-22\.04, /);
  assert.match(problem(choose("ga-22.04", "hwe-22.04")), /older.*hwe-22\.04/);
});

test("only a minimum: the oldest that is new enough, of the same flavour", () => {
  assert.deepEqual(choose("", "ga-20.04"), { kernel: "ga-22.04" });
  assert.deepEqual(choose("", "hwe-22.04"), { kernel: "hwe-22.04" });
  assert.deepEqual(choose("", "hwe-20.04-lowlatency"), { kernel: "ga-22.04-lowlatency" });
  assert.match(problem(choose("", "hwe-24.04")), /No kernel .* as new as/);
  assert.deepEqual(choose("", ""), { kernel: null });
});

test("an image with one kernel leaves no choice, and a minimum is about others", () => {
  assert.deepEqual(choose("", "hwe-22.04", []), { kernel: null });
  assert.match(problem(choose("ga-22.04", "", [])), /brings its own/);
});

test("kernels are named by subarchitectures that begin with ga- or hwe-", () => {
  assert.deepEqual(["amd64/hwe-22.04", "amd64/generic", "amd64"].map(kernelOf), ["hwe-22.04", undefined, undefined]);
});

test("crash dumps need four threads, 6 GiB to 2 TiB, and a processor that can", () => {
  const machine = { cpuCount: 4, memoryMib: 6144, architecture: "amd64/generic" };
  assert.ok(keepsCrashDumps(machine));
  assert.ok(!keepsCrashDumps({ ...machine, cpuCount: 3 }));
  assert.ok(!keepsCrashDumps({ ...machine, memoryMib: 6143 }));
  assert.ok(!keepsCrashDumps({ ...machine, memoryMib: 2048 * 1024 + 1 }));
  assert.ok(!keepsCrashDumps({ ...machine, architecture: "ppc64el/generic" }));
});
