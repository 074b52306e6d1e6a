import assert from "node:assert/strict";
import { test } from "node:test";
import { teardown } from "./teardown.ts";

test("the last is ended first; one that fails or hangs is told and passed over", async () => {
  const ended: string[] = [];
  const said: string[] = [];
  const all = teardown({ warn: (text: unknown) => void said.push(String(text)) });
  all.add("first", () => void ended.push("first"));
  all.add("broken", () => Promise.reject(new Error("no way")));
  all.add("stuck", () => new Promise(() => {}), 1);
  all.add("last", async () => void ended.push("last"));
  await all.run();
  await all.run();
  assert.deepEqual(ended, ["last", "first"]);
  assert.deepEqual(said, ["stuck did not stop in order: not done after 1 ms", "broken did not stop in order: no way"]);
});
