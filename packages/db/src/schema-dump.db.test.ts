import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { dumpSchema } from "./schema-dump.ts";
import { testDatabase, type TestDatabase } from "./testing/database.ts";

const snapshot = join(import.meta.dirname, "../schema.snapshot.txt");

let t: TestDatabase;
before(async () => {
  t = await testDatabase();
});
after(() => t?.close());

test("the migrations give the schema in schema.snapshot.txt (UPDATE_SNAPSHOTS=1 rewrites it)", async () => {
  const actual = await dumpSchema(t.db.pool);
  if (process.env["UPDATE_SNAPSHOTS"] === "1") writeFileSync(snapshot, actual);
  assert.ok(existsSync(snapshot), "there is no snapshot: run this test with UPDATE_SNAPSHOTS=1");
  assert.equal(actual, readFileSync(snapshot, "utf8"));
});

test("the dump shows every kind of thing, and does not depend on the order of its making", async () => {
  await t.db.pool.query(`
    create schema one;
    create type one.mood as enum ('glad', 'sad');
    create table one.parent (id bigint generated always as identity primary key);
    create table one.child (
      id int not null default 7, name text collate "C" check (name <> ''), parent bigint references one.parent on delete cascade,
      twice int generated always as (id * 2) stored, feeling one.mood, unique (name, parent));
    create index child_lower on one.child (lower(name)) where parent is not null;
    create view one.glad as select name from one.child where feeling = 'glad';
    create sequence one.counter;
    create function one.touch() returns trigger language plpgsql as $$ begin return new; end $$;
    create trigger child_touch before update on one.child for each row execute function one.touch();
    create schema two;
    create type two.mood as enum ('glad', 'sad');
    create sequence two.counter;
    create function two.touch() returns trigger language plpgsql as $$ begin return new; end $$;
    create table two.child (feeling two.mood, parent bigint, name text collate "C", id int not null default 7);
    alter table two.child add twice int generated always as (id * 2) stored, add unique (name, parent), add check (name <> '');
    create table two.parent (id bigint generated always as identity primary key);
    alter table two.child add foreign key (parent) references two.parent on delete cascade;
    create trigger child_touch before update on two.child for each row execute function two.touch();
    create index child_lower on two.child (lower(name)) where parent is not null;
    create view two.glad as select name from two.child where feeling = 'glad';`);
  const [one, two] = [await dumpSchema(t.db.pool, "one"), await dumpSchema(t.db.pool, "two")];
  assert.equal(two.replaceAll("two.", "one."), one);
  for (const expected of [
    "mood enum 'glad', 'sad'",
    "  id bigint not null generated always as identity",
    "  id integer not null default 7",
    "  twice integer generated always as ((id * 2)) stored",
    '  name text collate "C"',
    "FOREIGN KEY (parent) REFERENCES one.parent(id) ON DELETE CASCADE",
    "CREATE INDEX child_lower ON one.child USING btree (lower(name)) WHERE (parent IS NOT NULL)",
    "counter as bigint",
    "CREATE OR REPLACE FUNCTION one.touch()",
    "CREATE TRIGGER child_touch BEFORE UPDATE",
    "view glad as",
  ]) {
    assert.ok(one.includes(expected), `${expected} is missing in\n${one}`);
  }
});
