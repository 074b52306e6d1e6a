import assert from "node:assert/strict";
import { request as httpRequest, type ClientRequest, type IncomingMessage } from "node:http";
import { after, before, beforeEach, test } from "node:test";
import type { Change, ChangesPage } from "@rackwright/contract/objects/recorder";
import { appendChange } from "@rackwright/db/change";
import { connectDatabase, transaction } from "@rackwright/db/connect";
import { until } from "@rackwright/testkit/until";
import { addMachine } from "../testing/machines.ts";
import { type TestRegion, type TestUser, testRegion } from "../testing/region.ts";
import { plaintextHeader } from "../testing/request.ts";

let t: TestRegion;
before(async () => {
  t = await testRegion();
});
after(() => t?.close());

/** The end of the record, when each test begins. */
let start = "";
beforeEach(async () => {
  start = (await page({})).next;
});

const append = (entity: string, entityId: string, visibleTo: string | null = null) =>
  transaction(t.db, (tx) => appendChange(tx, { kind: "update", entity, entityId, visibleTo }));
const ask = (query: Record<string, string>, who = t.admin) => t.request(who, "GET", "/changes/", { query });
const page = async (query: Record<string, string>, who = t.admin) => {
  const reply = await ask(query, who);
  assert.equal(reply.status, 200, reply.text);
  return reply.json as ChangesPage;
};
const ids = (changes: readonly Change[]) => changes.map((c) => c.entity_id);

/** All that comes after a place, until there are so many: other databases of the server may hold the newest back. */
async function readUntil(count: number, after: string, who = t.admin, query: Record<string, string> = {}) {
  const found: Change[] = [];
  let next = after;
  await until(
    async () => {
      const got = await page({ ...query, after: next }, who);
      found.push(...got.changes);
      next = got.next;
      return found.length >= count;
    },
    { what: `${count} changes` },
  );
  return { found, next };
}

interface Listener {
  received: Change[];
  /** Last id that came, of a change or alone. */
  lastId: () => string;
  reply: IncomingMessage;
  drop(): void;
  ended: Promise<void>;
}

/** A reader of the stream: a plain request, and the events of it. */
function listen(
  options: { after?: string; lastEventId?: string; entity?: string; most?: number } = {},
  who: TestUser = t.admin,
): Promise<Listener> {
  const query = new URLSearchParams({ op: "stream" });
  if (options.after) query.set("after", options.after);
  if (options.entity) query.set("entity", options.entity);
  const headers: Record<string, string> = { authorization: plaintextHeader(who.token), accept: "text/event-stream" };
  if (options.lastEventId) headers["last-event-id"] = options.lastEventId;
  const { promise, resolve, reject } = Promise.withResolvers<Listener>();
  const sent: ClientRequest = httpRequest(`${t.url}/MAAS/api/2.0/changes/?${query.toString()}`, {
    headers,
    agent: false,
  });
  sent.on("error", reject);
  sent.on("response", (reply) => {
    const received: Change[] = [];
    let lastId = "";
    let rest = "";
    let isDropped = false;
    const drop = () => {
      isDropped = true;
      reply.destroy();
    };
    const ended = Promise.withResolvers<void>();
    reply.on("close", ended.resolve);
    reply.on("error", () => {});
    reply.setEncoding("utf8");
    reply.on("data", (chunk: string) => {
      rest += chunk;
      const blocks = rest.split("\n\n");
      rest = blocks.pop() ?? "";
      for (const block of blocks) {
        if (isDropped) return;
        const field = (name: string) => new RegExp(`^${name}: (.*)$`, "m").exec(block)?.[1];
        lastId = field("id") ?? lastId;
        const data = field("data");
        if (data === undefined) continue;
        const change = JSON.parse(data) as Change;
        assert.equal(change.id, lastId);
        received.push(change);
        // In the middle of what has arrived: the rest of it was never seen.
        if (received.length === options.most) drop();
      }
    });
    resolve({ received, lastId: () => lastId, reply, drop, ended: ended.promise });
  });
  sent.end();
  return promise;
}

test("pages lead through the record; without a place there is only where to begin", async () => {
  for (let i = 0; i < 5; i++) await append("tag", `t${i}`);
  const { found } = await readUntil(5, start, t.admin, { limit: "2" });
  assert.deepEqual(ids(found), ["t0", "t1", "t2", "t3", "t4"]);
  assert.deepEqual([found[0]?.kind, found[0]?.entity, found[0]?.payload], ["update", "tag", {}]);
  assert.deepEqual(ids((await page({ after: found[2]?.id ?? "" })).changes), ["t3", "t4"]);
  assert.deepEqual((await page({})).changes, []);
  for (const after of ["x", "1:2:3"]) {
    assert.equal((await ask({ after })).status, 400);
    assert.equal((await ask({ op: "stream", after })).status, 400);
  }
  assert.equal((await ask({ limit: "5000" })).status, 400);
});

test("each sees what is for everybody, its own, and what is of machines that it may see", async () => {
  const mine = await addMachine(t, "allocated", { owner_id: t.user.id });
  const theirs = await addMachine(t, "allocated", { owner_id: t.other.id });
  const free = await addMachine(t, "ready");
  for (const m of [mine, theirs, free]) await append("machine", m.systemId);
  await append("machine", "was-theirs", String(t.other.id));
  await append("script_result", theirs.systemId);
  await append("ssh_key", "7", String(t.user.id));
  await append("user", "somebody");
  await append("subnet", "3");
  assert.equal((await readUntil(8, start)).found.length, 8, "an administrator sees everything");
  const own = [mine.systemId, free.systemId, "7", "3"];
  assert.deepEqual(ids((await readUntil(4, start, t.user)).found), own);
  const listener = await listen({ after: start }, t.user);
  await until(() => listener.received.length >= 4);
  assert.deepEqual(ids(listener.received), own);
  listener.drop();
  assert.deepEqual(ids((await readUntil(1, start, t.user, { entity: "subnet,tag" })).found), ["3"]);
});

test("a stream tells of what comes, and goes on where it was left", async () => {
  await append("tag", "before");
  await readUntil(1, start);
  const first = await listen();
  assert.equal(first.reply.headers["content-type"], "text/event-stream");
  await until(() => first.lastId() !== "", { what: "its place at once" });
  await append("tag", "a");
  await append("subnet", "b");
  await until(() => first.received.length === 2);
  first.drop();
  await append("tag", "c");
  const second = await listen({ lastEventId: first.lastId(), entity: "tag" });
  await append("subnet", "not wanted");
  await append("tag", "d");
  await until(() => second.received.length === 2);
  second.drop();
  assert.deepEqual([...ids(first.received), ...ids(second.received)], ["a", "b", "c", "d"]);
});

test("64 writers, and readers that drop and go on: nothing is skipped, nothing comes twice, all in one order", async () => {
  const WRITERS = 64;
  const TRANSACTIONS = 12;
  const db = connectDatabase({ connection: t.connection, max: WRITERS });
  let written = 0;
  const write = async (writer: number) => {
    for (let n = 0; n < TRANSACTIONS; n++)
      await transaction(db, async (tx) => {
        const rows = 1 + ((writer + n) % 3);
        for (let row = 0; row < rows; row++) {
          await appendChange(tx, { kind: "update", entity: n % 2 ? "tag" : "user", entityId: `${writer}.${n}.${row}` });
          await new Promise(setImmediate);
        }
        if (n % 7 === 3) throw new Error("rolled back");
        written += rows;
      }).catch((error: Error) => assert.equal(error.message, "rolled back"));
  };
  let isWriting = true;
  /** Drops after a few changes, or in the middle of whatever comes then, and resumes from the last id that it has. */
  const follow = async (who: TestUser, every: number, isDone: (n: number) => boolean) => {
    const all: Change[] = [];
    let place = start;
    let drops = 0;
    while (isWriting || !isDone(all.length)) {
      const listener = await listen({ lastEventId: place, most: every }, who);
      const enough = Promise.withResolvers<void>();
      const check = setInterval(() => {
        if (!isWriting && isDone(all.length + listener.received.length)) enough.resolve();
      }, 20);
      await Promise.race([enough.promise, listener.ended]);
      clearInterval(check);
      listener.drop();
      all.push(...listener.received);
      place = listener.lastId() || place;
      drops++;
    }
    return { all, drops };
  };
  try {
    const writing = Promise.all(Array.from({ length: WRITERS }, (_, i) => write(i))).finally(() => (isWriting = false));
    const tagsOf = (all: readonly Change[]) => all.filter((c) => c.entity === "tag");
    let tags = Number.POSITIVE_INFINITY;
    const readers = Promise.all([
      follow(t.admin, 17, (n) => n >= written),
      follow(t.admin, 301, (n) => n >= written),
      follow(t.admin, 1_000_000, (n) => n >= written),
      follow(t.user, 23, (n) => n >= tags),
    ]);
    await writing;
    const { found: truth, next } = await readUntil(written, start);
    tags = tagsOf(truth).length;
    const [often, now, never, plain] = await readers;
    assert.equal(truth.length, written);
    assert.ok(often.drops > 20 && now.drops > 1 && never.drops === 1);
    for (const { all } of [often, now, never]) assert.deepEqual(ids(all), ids(truth));
    assert.deepEqual(ids(plain.all), ids(tagsOf(truth)), "a plain user, what it may see, in the same order");
    assert.equal(new Set(ids(truth)).size, written);
    assert.deepEqual((await page({ after: next })).changes, []);
  } finally {
    await db.close();
  }
});

test("what a stream was told of goes away with it, and a server that closes ends its streams", async () => {
  const other = await testRegion();
  const url = `${other.url}/MAAS/api/2.0/changes/?op=stream`;
  const sent = httpRequest(url, { headers: { authorization: plaintextHeader(other.admin.token) }, agent: false });
  const ended = Promise.withResolvers<void>();
  sent.on("error", ended.reject);
  sent.on("response", (reply) => {
    reply.on("close", ended.resolve);
    reply.once("data", () => void other.close());
    reply.resume();
  });
  sent.end();
  await ended.promise;
});
