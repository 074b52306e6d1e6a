import assert from "node:assert/strict";
import { test } from "node:test";
import { faults, faultsOf, parseFault, steps } from "./faults.ts";

test("a share is a fraction or in percent, and everybody without one", () => {
  assert.deepEqual(parseFault("garbage"), { name: "garbage", share: 1 });
  assert.deepEqual(parseFault("garbage:0.25"), { name: "garbage", share: 0.25 });
  assert.deepEqual(parseFault("garbage:25%"), { name: "garbage", share: 0.25 });
  assert.throws(() => parseFault("garbage:lots"), /lots is no share/);
  assert.throws(() => parseFault("garbage:"), /is no share/);
  assert.throws(() => parseFault("rust"), /no fault rust. There are: never-boots/);
  assert.throws(() => parseFault("toString"), /no fault toString/);
});

test("about as many machines are hit as asked for, and the same ones each time", () => {
  const macs = Array.from({ length: 1000 }, (_, i) => `0a:00:00:00:${i >> 8}:${i & 255}`);
  const chosen = [parseFault("garbage:20%")];
  const hit = macs.filter((mac) => faultsOf(mac, chosen).length > 0);
  assert.ok(hit.length > 150 && hit.length < 250, String(hit.length));
  assert.deepEqual(
    macs.filter((mac) => faultsOf(mac, chosen).length > 0),
    hit,
  );
});

test("a machine can be stopped at every step", () => {
  for (const step of steps)
    assert.deepEqual([faults[`stall-${step}`]?.at, faults[`stall-${step}`]?.deed], [step, "hang"]);
});
