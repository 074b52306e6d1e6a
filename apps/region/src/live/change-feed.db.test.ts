import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { appendChange, type Change, type ChangePosition, latestPosition } from "@rackwright/db/change";
import { transaction } from "@rackwright/db/connect";
import { type NotifyHub, notifyHub } from "@rackwright/db/notify";
import { testDatabase, type TestDatabase } from "@rackwright/db/testing/database";
import { until } from "@rackwright/testkit/until";
import { changeFeed } from "./change-feed.ts";

let t: TestDatabase;
let hub: NotifyHub;
before(async () => {
  t = await testDatabase();
  hub = notifyHub({ connection: t.connection });
});
after(async () => {
  await hub?.close();
  await t?.close();
});

const never = new AbortController().signal;
const append = (...ids: string[]) =>
  transaction(t.db, async (tx) => {
    for (const entityId of ids) await appendChange(tx, { kind: "update", entity: "tag", entityId });
  });
const ids = (changes: readonly Change[]) => changes.map((c) => c.entityId);

test("from every place, in memory and before it, comes just what is behind it", async () => {
  const feed = changeFeed({ db: t.db, hub, onError: assert.ifError, keep: 3 });
  try {
    const start = await latestPosition(t.db);
    await append("1", "2");
    await until(async () => (await feed.after(start, 10)).length === 2);
    await feed.wait(start, 10_000, never);
    for (const n of [3, 4, 5, 6, 7, 8]) {
      const end = await feed.end();
      await append(String(n));
      await feed.wait(end, 10_000, never);
    }
    const places: ChangePosition[] = [start];
    await until(async () => (await feed.after(start, 10)).length === 8);
    for (const { txid, id } of await feed.after(start, 10)) places.push({ txid, id });
    const all = ["1", "2", "3", "4", "5", "6", "7", "8"];
    for (const [i, place] of places.entries()) {
      assert.deepEqual(ids(await feed.after(place, 10)), all.slice(i), `behind ${i}`);
      assert.deepEqual(ids(await feed.after(place, 2)), all.slice(i, i + 2), `two behind ${i}`);
    }
  } finally {
    await feed.close();
  }
});

test("whoever waits is woken by what comes, by time, and by its own end", async () => {
  const feed = changeFeed({ db: t.db, hub, onError: assert.ifError });
  try {
    const end = await feed.end();
    const waits = feed.wait(end, 60_000, never);
    await append("news");
    await waits;
    const later = await feed.end();
    await feed.wait(later, 1, never);
    const gone = new AbortController();
    const ended = feed.wait(later, 60_000, gone.signal);
    gone.abort();
    await ended;
  } finally {
    await feed.close();
  }
});

test("streams are counted in and out, refused beyond the most, and ended together", async () => {
  const feed = changeFeed({ db: t.db, hub, onError: assert.ifError, most: 1 });
  const first = new AbortController();
  feed.enter(first.signal);
  assert.throws(() => feed.enter(never), { code: "conflict" });
  first.abort();
  const second = feed.enter(new AbortController().signal);
  feed.endStreams();
  assert.ok(second.aborted);
  await feed.close();
});
