import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import {
  appendChange,
  beforeAllChanges,
  followChanges,
  latestPosition,
  readChanges,
  type Change,
  type ChangePosition,
} from "./change.ts";
import { connectDatabase, transaction } from "./connect.ts";
import { notifyHub } from "./notify.ts";
import { testDatabase, type TestDatabase } from "./testing/database.ts";
import { until } from "./testing/until.ts";

let t: TestDatabase;
before(async () => {
  t = await testDatabase();
});
after(() => t?.close());

let from: ChangePosition;
beforeEach(async () => {
  await t.db.pool.query("truncate change");
  from = beforeAllChanges;
});

const append = (entityId: string, payload = {}) =>
  transaction(t.db, (tx) => appendChange(tx, { kind: "updated", entity: "machine", entityId, payload }));

/** Read everything there is after `from`, in batches of `limit`, moving `from`. */
async function readOn(limit: number): Promise<Change[]> {
  const all: Change[] = [];
  for (;;) {
    const changes = await readChanges(t.db, { afterTxid: from.txid, afterId: from.id, limit });
    const last = changes.at(-1);
    if (!last) return all;
    from = { txid: last.txid, id: last.id };
    all.push(...changes);
  }
}

/** Other databases of the server may have transactions open for a moment, which hold readers back. */
const readUntil = async (count: number) => {
  const all: Change[] = [];
  await until(async () => all.push(...(await readOn(100))) >= count, { what: `${count} changes` });
  return all;
};

test("a change comes out as it was put in", async () => {
  await transaction(t.db, async (tx) => {
    await appendChange(tx, {
      kind: "created",
      entity: "machine",
      entityId: 7,
      visibleTo: "admin",
      payload: { status: ["new"] },
    });
  });
  const [change] = await readUntil(1);
  assert.ok(change);
  const { id, txid, at, ...rest } = change;
  assert.deepEqual(rest, {
    kind: "created",
    entity: "machine",
    entityId: "7",
    visibleTo: "admin",
    payload: { status: ["new"] },
  });
  assert.equal(typeof id, "number");
  assert.match(txid, /^\d+$/);
  assert.ok(at instanceof Date);
  assert.deepEqual(await latestPosition(t.db), { txid, id });
});

test("a transaction that is rolled back leaves no change", async () => {
  await assert.rejects(
    transaction(t.db, async (tx) => {
      await appendChange(tx, { kind: "updated", entity: "machine", entityId: "gone" });
      throw new Error("no");
    }),
  );
  await append("kept");
  assert.deepEqual(
    (await readUntil(1)).map((c) => c.entityId),
    ["kept"],
  );
});

test("what an open transaction wrote earlier is waited for, not skipped", async () => {
  const slow = await t.db.pool.connect();
  try {
    await slow.query("begin");
    await slow.query("insert into change (kind, entity, entity_id) values ('updated', 'machine', 'slow')");
    await append("quick");
    assert.deepEqual(await readOn(10), [], "quick is committed, but slow has the lower id and may still commit");
    await slow.query("commit");
  } finally {
    slow.release();
  }
  assert.deepEqual(
    (await readUntil(2)).map((c) => c.entityId),
    ["slow", "quick"],
  );
});

test("many concurrent writers: a reader that resumes gets each change once, in one order", async () => {
  const db = connectDatabase({ connection: t.connection, max: 16 });
  const WRITERS = 16;
  const TRANSACTIONS = 40;
  let written = 0;
  const ended = new AbortController();
  const write = async (writer: number) => {
    for (let n = 0; n < TRANSACTIONS; n++) {
      await transaction({ ...t.db, kysely: db.kysely }, async (tx) => {
        const rows = 1 + ((writer + n) % 3);
        for (let row = 0; row < rows; row++) {
          await appendChange(tx, { kind: "updated", entity: "machine", entityId: `${writer}.${n}.${row}` });
          await new Promise(setImmediate); // so that transactions of different writers interleave
        }
        if (n % 7 === 3) throw new Error("rolled back");
        written += rows;
      }).catch((error: Error) => assert.equal(error.message, "rolled back"));
    }
  };
  try {
    const writers = Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(writer))).finally(() =>
      ended.abort(),
    );
    const seen: Change[] = [];
    while (!ended.signal.aborted) {
      seen.push(...(await readOn(7)));
      await new Promise(setImmediate);
    }
    await writers;
    await until(
      async () => {
        seen.push(...(await readOn(7)));
        return seen.length >= written;
      },
      { what: "the reader to catch up" },
    );
    seen.push(...(await readOn(7)));
    assert.equal(seen.length, written);
    assert.equal(new Set(seen.map((c) => c.entityId)).size, written, "none twice");
    from = beforeAllChanges;
    assert.deepEqual(
      (await readOn(1000)).map((c) => c.id),
      seen.map((c) => c.id),
      "the same order when read again",
    );
  } finally {
    await db.close();
  }
});

test("a follower is woken, keeps order, sees what was held back, and gets a failed batch again", async () => {
  const hub = notifyHub({ connection: t.connection });
  const seen: string[] = [];
  const errors: string[] = [];
  let fail = true;
  const stop = await followChanges({
    db: t.db,
    hub,
    after: beforeAllChanges,
    onChanges: async (changes) => {
      if (fail) {
        fail = false;
        throw new Error("not now");
      }
      seen.push(...changes.map((c) => c.entityId));
    },
    onError: (error) => errors.push(String(error)),
  });
  try {
    await append("1");
    await until(() => seen.length === 1, { what: "the first change, after a failure" });
    assert.deepEqual(errors, ["Error: not now"]);
    const slow = await t.db.pool.connect();
    await slow.query("begin");
    await slow.query("select pg_current_xact_id()"); // an older transaction that writes nothing, so nobody is notified of its end
    await append("2");
    await slow.query("select pg_sleep(0.2)");
    assert.deepEqual(seen, ["1"]);
    await slow.query("commit");
    slow.release();
    await until(() => seen.length === 2, { what: "the change that was held back" });
    assert.deepEqual(seen, ["1", "2"]);
  } finally {
    await stop();
    await hub.close();
  }
});
