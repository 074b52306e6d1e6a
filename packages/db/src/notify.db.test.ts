import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { notifyHub } from "./notify.ts";
import { testDatabase, type TestDatabase } from "./testing/database.ts";
import { until } from "./testing/until.ts";

let t: TestDatabase;
before(async () => {
  t = await testDatabase();
});
after(() => t?.close());

const notify = (channel: string, payload: string) => t.db.pool.query("select pg_notify($1, $2)", [channel, payload]);

/** Ends the hub's connection from the server's side, as a restart or a failing network does. */
async function breakConnection(): Promise<void> {
  const { rows } = await t.db.pool.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'rackwright listen' and datname = current_database()",
  );
  assert.equal(rows.length, 1);
}

test("each subscriber hears its channel, from when listen resolves until it unsubscribes", async () => {
  const hub = notifyHub({ connection: t.connection });
  try {
    const heard: string[] = [];
    const unsubscribe = await hub.listen("One", (payload) => heard.push(`a ${payload}`));
    await hub.listen("One", (payload) => heard.push(`b ${payload}`));
    await hub.listen("two", (payload) => heard.push(`c ${payload}`));
    await notify("One", "1");
    await notify("two", "2");
    await notify("three", "3");
    await until(() => heard.length >= 3, { what: "three payloads" });
    assert.deepEqual(heard.sort(), ["a 1", "b 1", "c 2"]);
    unsubscribe();
    await notify("One", "4");
    await until(() => heard.length >= 4);
    assert.deepEqual(heard.slice(3), ["b 4"]);
  } finally {
    await hub.close();
  }
});

test("a broken connection is made anew; every subscriber is told, and hears again", async () => {
  const hub = notifyHub({ connection: t.connection });
  try {
    const heard: string[] = [];
    let reconnects = 0;
    await hub.listen(
      "one",
      (payload) => heard.push(payload),
      () => (reconnects += 1),
    );
    await hub.listen(
      "two",
      (payload) => heard.push(payload),
      () => (reconnects += 1),
    );
    for (let round = 1; round <= 3; round++) {
      await breakConnection();
      await until(() => reconnects === round * 2, { what: "both to be told" });
      await notify("one", `one ${round}`);
      await notify("two", `two ${round}`);
      await until(() => heard.length === round * 2, { what: "both to hear again" });
    }
  } finally {
    await hub.close();
  }
});

test("listen waits for a database that is not there yet, and close ends the waiting", async () => {
  const hub = notifyHub({ connection: { ...t.connection, host: "/nonexistent" } });
  const listening = hub.listen("one", () => {});
  await hub.close();
  await assert.rejects(listening, /hub is closed|aborted/);
});
