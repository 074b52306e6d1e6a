import assert from "node:assert/strict";
import { test } from "node:test";
import { cursorText, eventText, kindOf, parseCursor } from "./timeline.ts";

test("what was seen, what a status is and what people asked for are told apart", () => {
  assert.equal(kindOf(null, null), "evidence");
  assert.equal(kindOf("DEPLOYED", null), "status");
  assert.equal(kindOf("FAILED_DISK_ERASING", "admin"), "status");
  assert.equal(kindOf("REQUEST_NODE_START_DEPLOYMENT", "admin"), "action");
  assert.equal(kindOf("REQUEST_NODE_MARK_FAILED_SYSTEM", null), "event");
  assert.equal(kindOf("NODE_POWERED_ON", null), "event");
  assert.equal(kindOf("NODE", "admin"), "action");
});

test("events read as lines, unknown types too", () => {
  assert.equal(eventText("READY", ""), "Ready");
  assert.equal(eventText("NODE_PXE_REQUEST", "efi"), "PXE request: efi");
  assert.equal(eventText("toString", "x"), "toString: x");
});

test("a cursor goes there and back, and nothing else is one", () => {
  const cursor = { txid: "9223372036854775807", rank: 1, id: 42 };
  assert.deepEqual(parseCursor(cursorText(cursor)), cursor);
  for (const text of ["", "1", "1-2-3", "1-0-", "a-0-1", "1-0-1-1", "1-0-1234567890123456"])
    assert.equal(parseCursor(text), undefined, text);
});
