/**
 * Every line of what the documentation of MAAS 3 and 2.9 has a user do (S0-001 to S0-236, S1-001 to S1-016), typed by bin/maas in a shell against
 * a controller with emulated machines. Each is printed with what became of it.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { facts } from "./seeds/facts/all.ts";
import { Ledger, line } from "./seeds/ledger.ts";
import { sessionWithEmulatedMachines } from "./seeds-session.ts";
import { inRoom } from "./seeds/emulated/room.ts";

/** How many rows each document has. */
const counts = { S0: 236, S1: 16 };

test("no row is left out, and none is there twice", () => {
  const all = Object.entries(counts).flatMap(([prefix, count]) =>
    Array.from({ length: count }, (_, i) => `${prefix}-${String(i + 1).padStart(3, "0")}`),
  );
  assert.deepEqual(
    facts.map(([id]) => id),
    all,
  );
});

test("the documentation, row by row", { timeout: 900_000 }, async (t) => {
  const ledger = new Ledger();
  await inRoom((room) => sessionWithEmulatedMachines(t, room, { home: join(room.dir, "home"), ledger, ...room }));
  const outcomes = facts.map(([id]) => ({ id, ...ledger.of(id) }));
  for (const outcome of outcomes) t.diagnostic(line(outcome.id, outcome));
  const count = (kind: string) => outcomes.filter((one) => one.kind === kind).length;
  t.diagnostic(`${facts.length} rows: ${count("PASS")} PASS, ${count("NOT MET")} NOT MET, ${count("FAIL")} FAIL`);
  assert.deepEqual(
    outcomes.filter(({ kind }) => kind === "FAIL").map((one) => line(one.id, one)),
    [],
  );
});
