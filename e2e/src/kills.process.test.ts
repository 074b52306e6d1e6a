/** Twenty kills during twenty lives, in about a minute on an idle host. As many as wanted: node e2e/src/kills.ts. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { upRoom } from "@rackwright/controller/up-process";
import { killRun } from "./kills/run.ts";
import { killTable } from "./kills/table.ts";

const SEED = "script/test";
const COUNT = 20;

test("kill -9 of controller, rack and PostgreSQL loses no machine and does nothing twice", async (t) => {
  await using room = upRoom();
  const said: string[] = [];
  const counted = await killRun(room, {
    seed: SEED,
    kills: COUNT,
    machines: COUNT,
    everyMs: 1000,
    speed: 40,
    limitMs: 5 * 60_000,
    log: (line) => void said.push(line),
  }).catch((cause: unknown) => {
    throw new Error(`the run did not come to its end:\n${said.join("\n")}`, { cause });
  });
  const table = killTable(SEED, counted);
  t.diagnostic(table);
  const wrong = Object.entries(counted.wrong).filter(([, found]) => found.length > 0);
  assert.deepEqual(wrong, [], `${table}\n${said.join("\n")}`);
  assert.equal(counted.released, COUNT);
});
