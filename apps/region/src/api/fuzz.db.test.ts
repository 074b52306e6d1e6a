/** A share of the fuzzing, the same each time; `node bench/fuzz.ts` does as much as is wanted, with any seed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fuzz } from "../testing/fuzz/run.ts";
import { testRegion } from "../testing/region.ts";

const REQUESTS = 1200;
/** What is not done by then is left: a loaded host does less of it. */
const LIMIT_MS = 60_000;

test("requests at random get answers, and refused ones change nothing", async (context) => {
  const seed = Number(process.env.FUZZ_SEED ?? 17402);
  const t = await testRegion();
  try {
    const { requests, failures } = await fuzz(t, { seed, requests: REQUESTS, limitMs: LIMIT_MS });
    context.diagnostic(`seed ${seed}, ${requests} requests`);
    assert.deepEqual(failures, [], `again: FUZZ_SEED=${seed}`);
  } finally {
    await t.close();
  }
});
