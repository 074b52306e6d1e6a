import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { sql } from "kysely";
import type { PoolClient } from "pg";
import { connectDatabase, isDatabaseAway, sqlState, transaction } from "./connect.ts";
import { unnamed } from "./naming-client.ts";
import { testDatabase, type TestDatabase } from "./testing/database.ts";

let t: TestDatabase;
before(async () => {
  t = await testDatabase();
  await t.db.pool.query("create table account (id bigint primary key, balance int not null)");
  await t.db.pool.query("insert into account select n, 0 from generate_series(1, 10) n");
});
after(() => t?.close());

test("types: int8 as number where exact, timestamptz as Date, date as text", async () => {
  const { rows } = await t.db.pool.query(
    `select 9007199254740991::int8 as safe, 9007199254740992::int8 as big, array[1, null]::int8[] as list,
       '2026-01-02'::date as day, '2026-01-02T03:04:05Z'::timestamptz as moment, '{"a": [1]}'::jsonb as json where $1`,
    [true],
  );
  assert.deepEqual(rows, [
    {
      safe: 9007199254740991,
      big: 9007199254740992n,
      list: [1, null],
      day: "2026-01-02",
      moment: new Date("2026-01-02T03:04:05Z"),
      json: { a: [1] },
    },
  ]);
});

async function prepared(client: PoolClient): Promise<string[]> {
  const { rows } = await client.query<{ statement: string }>(
    "select statement from pg_prepared_statements order by prepare_time",
  );
  return rows.map((row) => row.statement);
}

test("statements with parameters are prepared once per connection; long ones and unnamed ones are not", async () => {
  const client = await t.db.pool.connect();
  try {
    await client.query("deallocate all");
    const text = "select balance from account where id = $1 /* prepared */";
    for (const id of [1, 2, 3]) await client.query(text, [id]);
    await client.query("select 1");
    await client.query(`select ${"1 + ".repeat(3_000)} $1::int`, [1]);
    await client.query(sql`select ${1}::int ${unnamed}`.compile(t.db.kysely).sql, [1]);
    assert.deepEqual(await prepared(client), [text]);
  } finally {
    client.release(true);
  }
});

test("a connection prepares a bounded number of statements; the rest still run", async () => {
  const client = await t.db.pool.connect();
  try {
    for (let n = 0; n < 600; n++) {
      const { rows } = await client.query(`select $1::int + ${n} as sum`, [1]);
      assert.equal(rows[0].sum, n + 1);
    }
    assert.equal((await prepared(client)).length, 500);
  } finally {
    client.release(true);
  }
});

test("a transaction that fails leaves nothing, and its error passes through", async () => {
  const attempt = transaction(t.db, async (tx) => {
    await sql`update account set balance = balance + 1 where id = 10`.execute(tx);
    await sql`select 1 / 0`.execute(tx);
  });
  await assert.rejects(attempt, (error) => sqlState(error) === "22012");
  assert.equal((await t.db.pool.query("select balance from account where id = 10")).rows[0].balance, 0);
});

test("transactions that deadlock are repeated until all of them commit, each once", async () => {
  let runs = 0;
  const move = (first: number, second: number) =>
    transaction(
      t.db,
      async (tx) => {
        runs += 1;
        await sql`update account set balance = balance + 1 where id = ${first}`.execute(tx);
        await sql`select pg_sleep(0.05)`.execute(tx);
        await sql`update account set balance = balance + 1 where id = ${second}`.execute(tx);
      },
      { retry: 20 },
    );
  await Promise.all([move(1, 2), move(2, 1)]);
  const { rows } = await t.db.pool.query("select balance from account where id in (1, 2)");
  assert.deepEqual(rows, [{ balance: 2 }, { balance: 2 }]);
  assert.ok(runs > 2, "they did collide");
});

test("serializable transactions that conflict are repeated", async () => {
  const add = () =>
    transaction(
      t.db,
      async (tx) => {
        const { rows } = await sql<{ balance: number }>`select balance from account where id = 3`.execute(tx);
        await sql`update account set balance = ${(rows[0]?.balance ?? 0) + 1} where id = 3`.execute(tx);
      },
      { isolation: "serializable", retry: 30 },
    );
  await Promise.all(Array.from({ length: 8 }, add));
  assert.equal((await t.db.pool.query("select balance from account where id = 3")).rows[0].balance, 8);
});

test("a connection that ends between two statements of a transaction fails the transaction, and nothing else", async () => {
  const failed = transaction(t.db, async (tx) => {
    const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(tx);
    await t.db.pool.query("select pg_terminate_backend($1, 5000)", [rows[0]?.pid]);
    // The driver hears of it while nobody waits for an answer.
    await new Promise((resolve) => setImmediate(resolve));
    await sql`select 1`.execute(tx);
  });
  await assert.rejects(failed, (error) => isDatabaseAway(error));
  assert.equal((await t.db.pool.query("select 1 as one")).rows[0].one, 1);
});

test("whether the server is away is told from what it says itself", async () => {
  await assert.rejects(t.db.pool.query("select 1 / 0"), (error) => !isDatabaseAway(error));
  const nobody = connectDatabase({ connection: { ...t.connection, host: "/nowhere" } });
  await assert.rejects(nobody.pool.query("select 1"), (error) => isDatabaseAway(error));
  await nobody.close();
});

test("without retries the first conflict is told", async () => {
  let runs = 0;
  const fail = transaction(
    t.db,
    async (tx) => {
      runs += 1;
      await sql`do $$ begin raise exception 'lost' using errcode = '40001'; end $$`.execute(tx);
    },
    { retry: 0 },
  );
  await assert.rejects(fail, /lost/);
  assert.equal(runs, 1);
});
