import assert from "node:assert/strict";
import { test } from "node:test";
import { matchPattern } from "./match.ts";

test("many replies at once are all read: a thread that starts slowly is no slow pattern", async () => {
  const { signal } = new AbortController();
  const read = Array.from({ length: 80 }, () => matchPattern("status.*\\:.*running", "status: running", signal));
  assert.deepEqual(new Set(await Promise.all(read)), new Set([true]));
});
