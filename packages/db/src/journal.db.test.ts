import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { transaction } from "./connect.ts";
import { Journal } from "./journal.ts";
import { notifyHub } from "./notify.ts";
import { testDatabase, type TestDatabase } from "./testing/database.ts";

let t: TestDatabase;
before(async () => {
  t = await testDatabase();
});
after(() => t?.close());

test("all kinds are written at once, in their order, and listeners hear of each entity once", async () => {
  const hub = notifyHub({ connection: t.connection });
  const heard: string[] = [];
  try {
    await hub.listen("change", (entity) => heard.push(entity));
    await transaction(t.db, async (tx) => {
      const journal = new Journal();
      const mac = "52:54:00:00:00:01";
      journal.seen({ nodeId: null, mac, bootEpoch: 3, source: "http", text: "one", detail: { file: "x" } });
      journal.seen({ nodeId: null, mac, bootEpoch: null, source: "script", text: "two" });
      journal.happened({ nodeId: null, hostname: "host", username: "somebody", bootEpoch: 3 }, [
        { type: "READY", description: "first" },
        { type: "NEW", description: "" },
      ]);
      journal.changed({
        kind: "update",
        entity: "machine",
        entityId: "abc",
        visibleTo: "7",
        payload: { status: "new" },
      });
      journal.changed({ kind: "update", entity: "machine", entityId: "abd" });
      journal.changed({ kind: "create", entity: "tag", entityId: 5 });
      await journal.write(tx);
      await journal.write(tx);
    });
    const evidence = await t.db.kysely
      .selectFrom("evidence")
      .select(["mac", "boot_epoch", "source", "text", "detail"])
      .orderBy("id")
      .execute();
    assert.deepEqual(evidence, [
      { mac: "52:54:00:00:00:01", boot_epoch: 3, source: "http", text: "one", detail: { file: "x" } },
      { mac: "52:54:00:00:00:01", boot_epoch: null, source: "script", text: "two", detail: null },
    ]);
    const events = await t.db.kysely
      .selectFrom("event")
      .select(["type", "level", "hostname", "username", "boot_epoch", "description"])
      .orderBy("id")
      .execute();
    assert.deepEqual(
      events.map((e) => [e.type, e.level, e.hostname, e.username, e.boot_epoch, e.description]),
      [
        ["READY", 20, "host", "somebody", 3, "first"],
        ["NEW", 20, "host", "somebody", 3, ""],
      ],
    );
    const changes = await t.db.kysely
      .selectFrom("change")
      .select(["kind", "entity", "entity_id", "visible_to", "payload"])
      .where("entity_id", "in", ["abc", "abd", "5"])
      .orderBy("id")
      .execute();
    assert.deepEqual(changes, [
      { kind: "update", entity: "machine", entity_id: "abc", visible_to: "7", payload: { status: "new" } },
      { kind: "update", entity: "machine", entity_id: "abd", visible_to: null, payload: {} },
      { kind: "create", entity: "tag", entity_id: "5", visible_to: null, payload: {} },
    ]);
    await t.db.pool.query("notify change, 'end'");
    const { promise, resolve } = Promise.withResolvers<void>();
    await hub.listen("change", (entity) => entity === "end" && resolve());
    await t.db.pool.query("notify change, 'end'");
    await promise;
    assert.deepEqual(heard.filter((entity) => entity !== "end").sort(), ["machine", "tag"]);
  } finally {
    await hub.close();
  }
});

test("what is no text for PostgreSQL does not stop the rest", async () => {
  await transaction(t.db, async (tx) => {
    const journal = new Journal();
    journal.seen({
      nodeId: null,
      mac: null,
      bootEpoch: null,
      source: "script",
      text: `a\0b ${"😀".slice(0, 1)}`,
      detail: { x: "\0" },
    });
    await journal.write(tx);
  });
  const row = await t.db.kysely
    .selectFrom("evidence")
    .select(["text", "detail"])
    .orderBy("id", "desc")
    .executeTakeFirst();
  assert.deepEqual([row?.text, row?.detail], ["ab \uFFFD", { x: "" }]);
});
