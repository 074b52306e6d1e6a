import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "./until.ts";

test("gives what the condition gives, once it gives something; 0 is something", async () => {
  let calls = 0;
  assert.equal(await until(() => (++calls < 3 ? undefined : 0), { everyMs: 1 }), 0);
  assert.equal(calls, 3);
});

test("a condition that throws is tried again; in the end its error is the cause", async () => {
  let calls = 0;
  const never = until(
    () => {
      calls += 1;
      throw new Error("not yet");
    },
    { timeoutMs: 20, everyMs: 1, what: "the impossible" },
  );
  await assert.rejects(
    never,
    (error: Error) =>
      error.message === "waited 20 ms for the impossible, in vain" && (error.cause as Error).message === "not yet",
  );
  assert.ok(calls > 1);
});
