import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryRacks } from "../testing/memory-racks.ts";
import { rackWait } from "./rack-wait.ts";

const never = new AbortController().signal;

test("a rack that is there is found without waiting; one that comes is found when it connects", async () => {
  const racks = memoryRacks();
  const wait = rackWait(racks);
  let looks = 0;
  const find = () => {
    looks += 1;
    return racks.connected().find((rack) => rack.nodeId === 7)?.nodeId;
  };
  const waiting = wait(find, { ms: 60_000, signal: never });
  racks.connect({ nodeId: 6 });
  await new Promise(setImmediate);
  assert.equal(looks, 2, "looked at once, and when another one came");
  racks.connect({ nodeId: 7 });
  assert.equal(await waiting, 7);
  assert.equal(await wait(find, { ms: 60_000, signal: never }), 7);
  assert.equal(looks, 4);
});

test("nobody comes: it ends with the time, or with the signal", async () => {
  const wait = rackWait(memoryRacks());
  const find = () => undefined;
  assert.equal(await wait(find, { ms: 1, signal: never }), undefined);
  assert.equal(await wait(find, { ms: 60_000, signal: AbortSignal.abort() }), undefined);
  const stop = new AbortController();
  const waiting = wait(find, { ms: 60_000, signal: stop.signal });
  stop.abort();
  assert.equal(await waiting, undefined);
});
