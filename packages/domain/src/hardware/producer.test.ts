import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { parseHardwareReport } from "./parse.ts";

const program = new URL("../../../../machine/resources/machine-resources", import.meta.url).pathname;

test("what machine-resources prints of the machine that runs this test is understood", () => {
  const run = spawnSync("python3", [program], { encoding: "utf8", maxBuffer: 64 * 1024 ** 2 });
  assert.equal(run.status, 0, run.stderr || String(run.error));
  const report = parseHardwareReport(run.stdout);
  assert.ok(report.cpu.count > 0);
  assert.ok(report.memoryMib > 0);
  const printed = JSON.parse(run.stdout) as { resources: { network: { cards: { ports: { id: string }[] }[] } } };
  const ports = printed.resources.network.cards.flatMap((card) => card.ports.map((port) => port.id)).sort();
  const physical = report.interfaces.filter((nic) => nic.type === "physical").map((nic) => nic.name);
  // A port may be left out for its address, but none may appear that is not there.
  assert.deepEqual(
    physical.filter((name) => !ports.includes(name)),
    [],
  );
});
