import assert from "node:assert/strict";
import { test } from "node:test";
import { originFor } from "./origin.ts";

test("a server is reached where it listens", () => {
  assert.equal(originFor("0.0.0.0", 5240, "localhost"), "http://localhost:5240");
  assert.equal(originFor("::", 5240, "127.0.0.1"), "http://127.0.0.1:5240");
  assert.equal(originFor("10.0.0.1", 80, "localhost"), "http://10.0.0.1:80");
  assert.equal(originFor("fd00::1", 80, "localhost"), "http://[fd00::1]:80");
});
