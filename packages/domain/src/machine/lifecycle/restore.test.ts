import assert from "node:assert/strict";
import { test } from "node:test";
import { restore } from "./restore.ts";
import { machine } from "./testing.ts";

test("each restores its part, the default both, and nothing but that", () => {
  const kinds = (action: Parameters<typeof restore>[1]) => restore(machine("ready"), action).effects.map((e) => e.do);
  const networking = ["drop_virtual_interfaces", "default_links"];
  assert.deepEqual(kinds("restore_networking_configuration"), networking);
  assert.deepEqual(kinds("restore_storage_configuration"), ["default_storage_layout"]);
  assert.deepEqual(kinds("restore_default_configuration"), [...networking, "default_storage_layout"]);
  assert.deepEqual(restore(machine("failed_testing"), "restore_default_configuration").set, {});
  assert.throws(() => restore(machine("deployed"), "restore_default_configuration"), { code: "wrong_status" });
});
