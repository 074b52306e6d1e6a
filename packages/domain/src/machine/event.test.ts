import assert from "node:assert/strict";
import { test } from "node:test";
import { event, eventLevel, eventTypes } from "./event.ts";

test("events have the levels that clients filter by, and a text each", () => {
  assert.deepEqual(eventLevel, { audit: 0, debug: 10, info: 20, warning: 30, error: 40 });
  for (const [name, type] of Object.entries(eventTypes)) {
    assert.match(name, /^[A-Z][A-Z_]+$/);
    assert.ok(type.text.length > 2 && type.level in eventLevel, name);
  }
});

test("levels of the reference's names (lifecycle.md section 17)", () => {
  const named = (level: string) =>
    Object.entries(eventTypes)
      .filter(([, type]) => type.level === level)
      .map(([name]) => name);
  for (const name of ["NEW", "COMMISSIONING", "READY", "DEPLOYED", "IMAGE_DEPLOYED", "RELEASED", "ABORTED_DEPLOYMENT"])
    assert.ok(named("info").includes(name), name);
  for (const name of ["NODE_POWERED_ON", "NODE_POWERED_OFF", "NODE_PXE_REQUEST", "SCRIPT_RESULT_CHANGED_STATUS"])
    assert.ok(named("debug").includes(name), name);
  for (const name of named("debug")) assert.match(name, /^(NODE_|REQUEST_|SCRIPT_)/);
  assert.deepEqual(named("warning").includes("NODE_POWER_QUERY_FAILED"), true);
  for (const name of ["NODE_POWER_ON_FAILED", "REQUEST_NODE_MARK_FAILED_SYSTEM", "SCRIPT_RESULT_ERROR"])
    assert.ok(named("error").includes(name), name);
  assert.deepEqual(event("NEW"), { type: "NEW", description: "" });
});
