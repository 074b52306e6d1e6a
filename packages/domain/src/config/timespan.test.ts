import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConfigValue } from "./items.ts";
import { timespanSeconds } from "./timespan.ts";

test("spans of time in seconds", () => {
  for (const [text, seconds] of [
    ["15m", 900],
    ["1h 30min", 5400],
    ["2hours 1minute 5seconds", 7265],
    ["10s", 10],
    ["90", undefined],
    ["m", undefined],
    ["15m soon", undefined],
    ["", undefined],
  ] as const)
    assert.equal(timespanSeconds(text), seconds, text);
});

test("an interval of reports is neither none nor for ever", () => {
  assert.equal(parseConfigValue("hardware_sync_interval", "10s"), "10s");
  for (const bad of ["0s", "9s", "9000h", "soon"])
    assert.throws(() => parseConfigValue("hardware_sync_interval", bad), /hardware_sync_interval/, bad);
});
