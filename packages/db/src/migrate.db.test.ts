import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { Client, type ClientConfig } from "pg";
import { migrate, readMigrations } from "./migrate.ts";
import { testDatabase, type TestDatabase } from "./testing/database.ts";

let t: TestDatabase;
let connection: ClientConfig;
let directory: string;

before(async () => {
  t = await testDatabase();
});
after(() => t?.close());

// Each test has a schema of its own in the database, so that it starts without migrations.
beforeEach(async (context) => {
  directory = mkdtempSync(join(tmpdir(), "rackwright-migrations-"));
  const schema = `s${context.name.replace(/\W+/g, "_").slice(0, 50)}`;
  await t.db.pool.query(`create schema ${schema}`);
  connection = { ...t.connection, options: `-c search_path=${schema}` };
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const write = (name: string, sql: string) => writeFileSync(join(directory, name), sql);

async function ask(query: string): Promise<unknown[]> {
  const client = new Client(connection);
  await client.connect();
  try {
    return (await client.query({ text: query, rowMode: "array" })).rows.flat();
  } finally {
    await client.end();
  }
}

test("migrations are applied in order, once", async () => {
  write("0002-more.sql", "alter table a add column b int; insert into a values (1, 2);");
  write("0001-start.sql", "create table a (a int);");
  assert.deepEqual(await migrate(connection, { directory }), ["0001-start", "0002-more"]);
  write("0003-last.sql", "insert into a values (3, 4);");
  assert.deepEqual(await migrate(connection, { directory }), ["0003-last"]);
  assert.deepEqual(await migrate(connection, { directory }), []);
  assert.deepEqual(await ask("select a, b from a order by a"), [1, 2, 3, 4]);
});

test("processes that start together apply each migration once", async () => {
  write("0001-start.sql", "create table a (a int); select pg_sleep(0.1);");
  const applied = await Promise.all([1, 2, 3, 4].map(() => migrate(connection, { directory })));
  assert.deepEqual(applied.flat(), ["0001-start"]);
});

test("a migration that fails leaves nothing of itself, and says where", async () => {
  write("0001-start.sql", "create table a (a int);");
  write("0002-bad.sql", "create table b (b int);\ncreate table c (\n  c no_such_type\n);");
  await assert.rejects(
    migrate(connection, { directory }),
    /0002-bad failed at line 3, nothing of it was applied: type "no_such_type" does not exist/,
  );
  assert.deepEqual(await ask("select to_regclass('a')::text, to_regclass('b')::text"), ["a", null]);
  assert.deepEqual(await ask("select name from schema_migration"), ["0001-start"]);
});

test("an applied migration that was changed is refused", async () => {
  write("0001-start.sql", "create table a (a int);");
  await migrate(connection, { directory });
  write("0001-start.sql", "create table a (a bigint);");
  await assert.rejects(migrate(connection, { directory }), /0001-start was changed after it was applied/);
});

test("a database newer than the program is refused", async () => {
  write("0001-start.sql", "create table a (a int);");
  write("0002-new.sql", "select 1;");
  await migrate(connection, { directory });
  rmSync(join(directory, "0002-new.sql"));
  await assert.rejects(
    migrate(connection, { directory }),
    /database is newer than this program: it has migration 0002-new/,
  );
});

test("a number used twice, a late number and a bad name are refused", async () => {
  write("0002-two.sql", "select 1;");
  await migrate(connection, { directory });
  write("0001-late.sql", "select 1;");
  await assert.rejects(migrate(connection, { directory }), /0001-late comes before 2, which is already applied/);
  write("0002-also.sql", "select 1;");
  assert.throws(() => readMigrations(directory), /two migrations have one number: 0002-also and 0002-two/);
  rmSync(join(directory, "0002-also.sql"));
  write("3-Bad.sql", "select 1;");
  assert.throws(() => readMigrations(directory), /name it NNNN-what.sql/);
});
