import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { readMigrations } from "../migrate.ts";
import { testDatabase } from "./database.ts";
import { until } from "./until.ts";

const databases = async (t: Awaited<ReturnType<typeof testDatabase>>): Promise<string[]> =>
  (await t.db.pool.query<{ datname: string }>("select datname from pg_database")).rows.map((row) => row.datname);

/** A process that opens a test database, says its name, and closes it when its input ends. */
function holder() {
  const child = spawn(process.execPath, [join(import.meta.dirname, "hold-database.ts")], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const name = once(createInterface(child.stdout), "line").then(([line]) => String(line));
  return { child, name, exited: once(child, "exit") };
}

test("a test database has all migrations and the tables of jobs, is separate, and is gone when closed", async () => {
  const [a, b] = await Promise.all([testDatabase(), testDatabase()]);
  try {
    const { rows } = await a.db.pool.query<{ name: string }>("select name from schema_migration order by number");
    assert.deepEqual(
      rows.map((row) => row.name),
      readMigrations().map((migration) => migration.name),
    );
    await a.db.pool.query("select from pgboss.job");
    await a.db.pool.query("create table only_here ()");
    assert.equal((await b.db.pool.query("select to_regclass('only_here') as found")).rows[0].found, null);
    await a.close();
    assert.ok(!(await databases(b)).includes(String(a.connection.database)));
  } finally {
    await a.close();
    await b.close();
  }
});

test("files that run at the same time, each in its process, do not disturb each other", async () => {
  const holders = Array.from({ length: 4 }, holder);
  const names = await Promise.all(holders.map((h) => h.name));
  assert.equal(new Set(names).size, 4);
  for (const { child } of holders) child.stdin.end();
  assert.deepEqual(await Promise.all(holders.map(async (h) => (await h.exited)[0])), [0, 0, 0, 0]);
});

test("what a killed run left is dropped by the next", async () => {
  const killed = holder();
  const name = await killed.name;
  killed.child.kill("SIGKILL");
  await killed.exited;
  const next = holder();
  await next.name;
  const t = await testDatabase();
  try {
    await until(async () => !(await databases(t)).includes(name), { what: `${name} to be dropped` });
  } finally {
    await t.close();
    next.child.stdin.end();
    await next.exited;
  }
});
