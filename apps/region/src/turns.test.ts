import assert from "node:assert/strict";
import { test } from "node:test";
import { Turns } from "./turns.ts";

test("of one key one after the other, also after a failure; of several at once", async () => {
  const turns = new Turns<number>();
  const order: string[] = [];
  const gate = Promise.withResolvers<void>();
  const first = turns.take(1, async () => {
    await gate.promise;
    order.push("first");
    throw new Error("it failed");
  });
  const second = turns.take(1, async () => void order.push("second"));
  await turns.take(2, async () => void order.push("other"));
  gate.resolve();
  await assert.rejects(first, /it failed/);
  await second;
  assert.deepEqual(order, ["other", "first", "second"]);
});
