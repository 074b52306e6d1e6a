/**
 * kill -9 of the controller, of the rack alone, of PostgreSQL, at random moments while emulated machines are enlisted, commissioned, tested,
 * allocated, deployed and released. Prints what was lost, stuck or done twice by it: nothing, or it ends with 1.
 * usage: node e2e/src/kills.ts [--kills 200] [--machines 200] [--seed N] [--every-ms 5000] [--speed 20] [--logs DIR]
 */
import { randomInt } from "node:crypto";
import { parseArgs } from "node:util";
import { upRoom } from "@rackwright/controller/up-process";
import { killTable } from "./kills/table.ts";
import { killRun } from "./kills/run.ts";

const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "200" },
    machines: { type: "string", default: "200" },
    seed: { type: "string", default: String(randomInt(1_000_000)) },
    "every-ms": { type: "string", default: "5000" },
    speed: { type: "string", default: "20" },
    logs: { type: "string" },
  },
});
const { seed } = values;
console.log(`seed ${seed}`);
const broken = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, () => broken.abort(new Error(`ended by ${name}`)));
try {
  await using room = upRoom();
  const counted = await killRun(room, {
    seed,
    kills: Number(values.kills),
    machines: Number(values.machines),
    everyMs: Number(values["every-ms"]),
    speed: Number(values.speed),
    limitMs: 10 * 60_000,
    log: console.log,
    signal: broken.signal,
    ...(values.logs === undefined ? {} : { logs: values.logs }),
  });
  console.log(killTable(seed, counted));
  process.exitCode = Object.values(counted.wrong).some((found) => found.length > 0) ? 1 : 0;
} catch (error) {
  console.error(error);
  process.exitCode = 1;
}
// Whatever may still wait for something does not keep it.
process.exit();
