import assert from "node:assert/strict";
import { test } from "node:test";
import { planKills, victims } from "./plan.ts";

test("a seed names one plan: everybody is killed, some while they start, and the lives are spread over it", () => {
  const options = { seed: "7", kills: 200, machines: 100, everyMs: 2000 };
  const plan = planKills(options);
  assert.deepEqual(planKills(options), plan);
  assert.notDeepEqual(planKills({ ...options, seed: "8" }), plan);
  for (const victim of victims) assert.ok(plan.kills.filter((kill) => kill.victim === victim).length > 15, victim);
  assert.ok(plan.kills.filter((kill) => !kill.whenServing).length > 25);
  assert.deepEqual([plan.pluggedInAfter[0], plan.pluggedInAfter.length], [0, 100]);
  assert.ok((plan.pluggedInAfter.at(-1) ?? 0) > 150);
});
