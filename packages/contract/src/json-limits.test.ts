import assert from "node:assert/strict";
import { test } from "node:test";
import { isTooDeep, MOST_DEEP } from "./json-limits.ts";

const nested = (depth: number) => `${"[".repeat(depth)}${"]".repeat(depth)}`;

test("brackets count outside of strings, and only while they are open", () => {
  assert.equal(isTooDeep(nested(MOST_DEEP)), false);
  assert.equal(isTooDeep(nested(MOST_DEEP + 1)), true);
  assert.equal(isTooDeep(`[${"{},".repeat(500)}{}]`), false);
  assert.equal(isTooDeep(JSON.stringify({ a: `"${"[".repeat(500)}\\` })), false);
  assert.equal(isTooDeep(`{"a":"\\"","b":${nested(MOST_DEEP)}}`), true);
});
