import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { eventDate } from "./wire/dates.ts";
import { type TestRegion, testRegion } from "../testing/region.ts";

let t: TestRegion;
before(async () => {
  t = await testRegion();
  const { pool } = t.db;
  await pool.query(
    `insert into node (id, system_id, hostname, owner_id, agent_name) overriding system value values
      (11, 'free01', 'free', null, 'juju'), (12, 'other1', 'others', $1, '')`,
    [t.other.id],
  );
  await pool.query("insert into interface (node_id, name, mac) values (11, 'eth0', '52:54:00:00:00:01')");
  await pool.query(
    `insert into event (node_id, type, level, description, username, hostname, created_at)
      select case when i % 2 = 0 then 11 else 12 end, 'READY', 20, 'number ' || i, 'user', '', '2018-12-07T20:11:08Z' from generate_series(1, 10) i`,
  );
  await pool.query(
    `insert into event (node_id, type, level, description, hostname) values
      (11, 'NODE_POWERED_ON', 10, 'debug', ''), (11, 'NODE_POWER_ON_FAILED', 40, 'error', ''),
      (null, 'SETTINGS', 0, 'audited', ''), (null, 'NOVEL', 20, 'of a machine that is gone', 'gone')`,
  );
});
after(() => t?.close());

type Page = { count: number; next_uri: string; prev_uri: string | null; events: Record<string, unknown>[] };
const ask = (query: Record<string, string | string[]>, who = t.admin) =>
  t.request(who, "GET", "/events/", { query: { op: "query", ...query } });
const page = async (query: Record<string, string | string[]> = {}, who = t.admin) => {
  const reply = await ask(query, who);
  assert.equal(reply.status, 200, reply.text);
  return reply.json as Page;
};
const described = (p: Page) => p.events.map((e) => e.description);

test("events come newest first, in the form that clients know", async () => {
  const { events, count } = await page();
  assert.equal(count, 12, "no debug, no audit");
  assert.deepEqual(events[0], {
    username: "unknown",
    node: null,
    hostname: "gone",
    id: 14,
    level: "INFO",
    created: events[0]?.created,
    type: "NOVEL",
    description: "of a machine that is gone",
  });
  assert.deepEqual(events[2], {
    username: "user",
    node: "free01",
    hostname: "free",
    id: 10,
    level: "INFO",
    created: "Fri, 07 Dec. 2018 20:11:08",
    type: "Ready",
    description: "number 10",
  });
  assert.equal(eventDate(new Date("2026-05-03T04:05:06Z")), "Sun, 03 May. 2026 04:05:06");
});

test("levels are least ones, except AUDIT, which is alone", async () => {
  assert.deepEqual(described(await page({ level: "error" })), ["error"]);
  assert.deepEqual(described(await page({ level: "CRITICAL" })), []);
  assert.deepEqual(described(await page({ level: "AUDIT" })), ["audited"]);
  assert.equal((await page({ level: "DEBUG" })).count, 13);
  assert.equal((await ask({ level: "LOUD" })).status, 400);
});

test("following prev_uri shows every event once, and next_uri what comes later", async () => {
  const seen: unknown[] = [];
  let at: Page = await page({ limit: "5", hostname: ["free", "others"] });
  const first = at;
  for (;;) {
    seen.push(...at.events.map((e) => e.id));
    if (at.prev_uri === null) break;
    at = (await t.request(t.admin, "GET", at.prev_uri)).json as Page;
  }
  assert.deepEqual(seen, [12, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
  const nothingYet = (await t.request(t.admin, "GET", first.next_uri)).json as Page;
  assert.equal(nothingYet.count, 0);
  await t.db.pool.query("insert into event (node_id, type, level, description) values (11, 'READY', 20, 'later')");
  assert.deepEqual(described((await t.request(t.admin, "GET", nothingYet.next_uri)).json as Page), ["later"]);
  assert.equal(((await t.request(t.admin, "GET", String(nothingYet.prev_uri))).json as Page).events[0]?.id, 12);
  await t.db.pool.query("delete from event where description = 'later'");
});

test("after a cursor the oldest come, so that a follower misses none", async () => {
  assert.deepEqual(
    (await page({ after: "3", limit: "2" })).events.map((e) => e.id),
    [5, 4],
  );
  assert.deepEqual(
    (await page({ before: "3" })).events.map((e) => e.id),
    [2, 1],
  );
});

test("filters narrow", async () => {
  for (const [query, count] of [
    [{ id: "free01" }, 6],
    [{ id: ["free01", "other1"] }, 11],
    [{ hostname: "gone" }, 1],
    [{ mac_address: "52-54-00-00-00-01" }, 6],
    [{ agent_name: "juju" }, 6],
    [{ zone: "default" }, 11],
    [{ zone: "nowhere" }, 0],
    [{ pool: "default" }, 11],
    [{ domain: "maas" }, 11],
    [{ owner: "user" }, 10],
  ] as const)
    assert.equal((await page(query as Record<string, string | string[]>)).count, count, JSON.stringify(query));
});

test("a plain user sees what happened to machines of nobody and their own", async () => {
  assert.deepEqual([...new Set((await page({}, t.user)).events.map((e) => e.node))], ["free01"]);
  assert.equal((await page({}, t.other)).count, 11);
  assert.equal((await page({ level: "AUDIT" }, t.user)).count, 0);
});

test("what makes no sense is 400", async () => {
  for (const query of [
    { limit: "1001" },
    { limit: "0" },
    { limit: "x" },
    { before: "1", after: "1" },
    { mac_address: "nope" },
  ] as Record<string, string>[])
    assert.equal((await ask(query)).status, 400, JSON.stringify(query));
  assert.equal((await page({ limit: "1000" })).count, 12);
});
