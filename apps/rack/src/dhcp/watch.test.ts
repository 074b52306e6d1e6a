import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { ProbedInterface } from "./probe.ts";
import { startDhcpWatch } from "./watch.ts";

const log = { info() {}, warn() {}, error() {}, debug() {} };
const interfaces = () => [
  { name: "eth0", mac: "52:54:00:00:00:01", addresses: ["fd00::1/64", "10.0.0.1/24"] },
  { name: "eth1", mac: "52:54:00:00:00:02", addresses: ["10.1.0.1/24"] },
  { name: "eth2", mac: "52:54:00:00:00:03", addresses: [] },
];

function rig(t: TestContext, answers: Record<string, string[]>, timing: { everyMs?: number; restMs?: number } = {}) {
  const probed: string[] = [];
  const reports: unknown[] = [];
  const done = Promise.withResolvers<void>();
  const again = Promise.withResolvers<void>();
  const watch = startDhcpWatch({
    interfaces,
    log,
    ...timing,
    probe: async ({ address }: ProbedInterface) => {
      probed.push(address);
      return answers[address] ?? [];
    },
    report: async (found) => {
      reports.push(found);
      if (reports.length === 2) done.resolve();
      if (reports.length === 4) again.resolve();
    },
  });
  t.after(() => watch.stop());
  return { watch, probed, reports, done: done.promise, again: again.promise };
}

test("each interface with an IPv4 address is asked on; this rack itself is nobody else", async (t) => {
  const { watch, probed, reports, done } = rig(t, { "10.0.0.1": ["10.0.0.1", "10.0.0.250"], "10.1.0.1": ["10.0.0.1"] });
  watch.look();
  await done;
  assert.deepEqual(probed, ["10.0.0.1", "10.1.0.1"]);
  assert.deepEqual(reports, [
    { interface: "eth0", servers: ["10.0.0.250"] },
    { interface: "eth1", servers: [] },
  ]);
});

test("asked for often, it looks once, and again when it has rested", async (t) => {
  const { watch, probed, done, again } = rig(t, {}, { restMs: 50 });
  for (let i = 0; i < 5; i += 1) watch.look();
  await done;
  assert.equal(probed.length, 2);
  const asking = setInterval(() => watch.look(), 1);
  t.after(() => clearInterval(asking));
  const began = performance.now();
  await again;
  assert.ok(performance.now() - began > 25, "not at once");
});

test("it looks again by itself", async (t) => {
  const { watch, again } = rig(t, {}, { everyMs: 1 });
  watch.look();
  await again;
});
