/**
 * Fuzzing of API 2.0: requests at random over the whole contract, in a region of its own.
 * usage: node bench/fuzz.ts [REQUESTS] [SEED]
 */
import { randomInt } from "node:crypto";
import { fuzz } from "@rackwright/region/testing/fuzz/run";
import { testRegion } from "@rackwright/region/testing/region";

const requests = Number(process.argv[2] ?? 20_000);
const seed = Number(process.argv[3] ?? randomInt(2 ** 31));
process.stdout.write(`seed ${seed}\n`);
const t = await testRegion();
try {
  const began = performance.now();
  const done = await fuzz(t, { seed, requests, onProgress: (n) => process.stderr.write(`${n} requests\n`) });
  const seconds = Math.round((performance.now() - began) / 1000);
  for (const failure of done.failures) process.stdout.write(`${failure}\n`);
  const statuses = [...done.statuses].toSorted(([a], [b]) => a - b).map(([status, count]) => `${status}: ${count}`);
  process.stdout.write(
    `${done.requests} requests in ${seconds} s; ${statuses.join(", ")}\n${done.failures.length} failures\n`,
  );
  process.exitCode = done.failures.length > 0 ? 1 : 0;
} finally {
  await t.close();
}
