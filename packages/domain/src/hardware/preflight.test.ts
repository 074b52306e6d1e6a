import assert from "node:assert/strict";
import { test } from "node:test";
import { readPreflight } from "./preflight.ts";
import { BadReport, Part } from "./read.ts";

const read = (preflight: unknown) => readPreflight(new Part({ preflight }, ""));

test("what a machine measured is read, and what it did not is absent", () => {
  assert.equal(read(undefined), undefined);
  assert.deepEqual(read({}), { nameServers: [], region: [], troubles: [] });
  assert.deepEqual(
    read({
      path: { interface: "eth0", target: "10.0.0.2", mtu: 9000, passes: 1500 },
      clock_offset_seconds: -3.4,
      hardware_clock_offset_seconds: 7200,
      name_servers: [{ address: "10.0.0.3", answers: false }],
      region: [{ address: "10.0.0.2", reached: true }],
      troubles: ["no name", 7],
    }),
    {
      path: { interface: "eth0", target: "10.0.0.2", mtu: 9000, passes: 1500 },
      clockOffsetSeconds: -3,
      hardwareClockOffsetSeconds: 7200,
      nameServers: [{ address: "10.0.0.3", answers: false }],
      region: [{ address: "10.0.0.2", reached: true }],
      troubles: ["no name"],
    },
  );
});

test("nonsense is refused by its name", () => {
  for (const [value, message] of [
    [7, /preflight is no JSON object/],
    [{ path: { mtu: "big" } }, /preflight\.path\.mtu/],
    [{ name_servers: [{ answers: 1 }] }, /preflight\.name_servers\[0\]\.answers/],
    [{ region: Array.from({ length: 17 }, () => ({})) }, /17 elements/],
  ] as const)
    assert.throws(
      () => read(value),
      (e: Error) => e instanceof BadReport && message.test(e.message),
    );
});
