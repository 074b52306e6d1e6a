import assert from "node:assert/strict";
import { test } from "node:test";
import { JobWorkers } from "./job-workers.ts";

test("one is woken for a job; who finds one wakes the next, and looks again when it is done", async () => {
  const woken: string[] = [];
  const workers = new JobWorkers((worker) => void woken.push(worker));
  for (const worker of ["a", "b", "c"]) workers.add(worker);
  workers.wakeOne();
  assert.deepEqual(woken.splice(0), ["a"]);
  const open = Promise.withResolvers<void>();
  const running = ["a", "b", "c"].map((worker) => workers.run(worker, () => open.promise));
  assert.deepEqual(woken.splice(0), ["b", "c"]);
  workers.wakeOne();
  assert.deepEqual(woken, [], "all are at work");
  open.resolve();
  await Promise.all(running);
  assert.deepEqual(woken.splice(0), ["a", "b", "c"]);
  await assert.rejects(workers.run("b", () => Promise.reject(new Error("no"))));
  assert.deepEqual(woken, ["a", "b"]);
});
