import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { sql } from "kysely";
import type { Tx } from "./connect.ts";
import { fromSnapshot } from "./snapshot.ts";
import { testDatabase, type TestDatabase } from "./testing/database.ts";

let t: TestDatabase;
before(async () => {
  t = await testDatabase();
});
after(() => t?.close());

const zones = async (tx: Tx) => (await tx.selectFrom("zone").select("name").execute()).length;
async function* twice(tx: Tx): AsyncGenerator<number, number> {
  yield await zones(tx);
  return zones(tx);
}
const transactions = async () =>
  (await t.db.pool.query("select from pg_stat_activity where datname = current_database() and xact_start < now()")).rows
    .length;

test("all is of the moment when it began, and the transaction has ended when the last comes", async () => {
  const reads = fromSnapshot(t.db, twice);
  assert.equal((await reads.next()).value, 1);
  await t.db.pool.query("insert into zone (name) values ('new')");
  assert.equal((await reads.next()).value, 1);
  assert.equal(await transactions(), 0);
  assert.equal((await reads.next()).done, true);
  const later: number[] = [];
  for await (const count of fromSnapshot(t.db, twice)) later.push(count);
  assert.deepEqual(later, [2, 2]);
});

test("it has no transaction id, may wait long for its reader, and writes nothing", async () => {
  const seen = fromSnapshot(t.db, async function* (tx): AsyncGenerator<unknown, undefined> {
    yield (await sql`select pg_current_xact_id_if_assigned() as id`.execute(tx)).rows[0];
    yield (await sql`show idle_in_transaction_session_timeout`.execute(tx)).rows[0];
    await sql`delete from zone`.execute(tx);
    return undefined;
  });
  assert.deepEqual((await seen.next()).value, { id: null });
  assert.deepEqual((await seen.next()).value, { idle_in_transaction_session_timeout: "15min" });
  await assert.rejects(seen.next(), /read-only transaction/);
});

test("three at once; the next begins when one ends, however it ends", async () => {
  const reads = Array.from({ length: 5 }, () => fromSnapshot(t.db, twice));
  await Promise.all(reads.slice(0, 3).map((read) => read.next()));
  let begun = 0;
  const waiting = reads.slice(3).map((read) => read.next().then(() => (begun += 1)));
  assert.equal(await transactions(), 3);
  assert.equal(begun, 0);
  await reads[0]?.return(undefined);
  await assert.rejects(async () => reads[1]?.throw(new Error("the reader broke off")), /broke off/);
  await Promise.all(waiting);
  await Promise.all(reads.map((read) => read.return(undefined)));
  assert.equal(await transactions(), 0);
});
