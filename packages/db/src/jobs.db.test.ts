import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { transaction } from "./connect.ts";
import { createJobs, type Job, type JobOptions, type Jobs } from "./jobs.ts";
import { testDatabase, type TestDatabase } from "./testing/database.ts";
import { until } from "./testing/until.ts";

let t: TestDatabase;
let jobs: Jobs;
/** Looks for nothing by itself: what runs here soon was woken. */
let woken: Jobs;
const said: string[] = [];

before(async () => {
  t = await testDatabase();
  jobs = createJobs({ connection: t.connection, log: (message) => said.push(message), stopTimeoutMs: 3_000 });
  woken = createJobs({ connection: t.connection, log: (message) => said.push(message), lookEveryMs: 3_600_000 });
  await jobs.start();
  await woken.start();
});
after(async () => {
  await jobs?.stop();
  await woken?.stop();
  await t?.close();
  assert.deepEqual(said, [], "nothing was logged");
});

const enqueue = (queue: string, data: object, options?: JobOptions) =>
  transaction(t.db, (tx) => jobs.enqueue(tx, queue, data, options));
const cancel = (queue: string, key: string) => transaction(t.db, (tx) => jobs.cancel(tx, queue, key));

const stateIn = async ({ db }: TestDatabase, id: string): Promise<string> =>
  (await db.pool.query<{ state: string }>("select state::text from pgboss.job where id = $1", [id])).rows[0]?.state ??
  "absent";
const stateOf = (id: string) => stateIn(t, id);

/** A handler that runs until its signal is aborted. */
const untilAborted = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));

test("a job runs soon after its transaction commits, and not at all when that is rolled back", async () => {
  const ran: { n: number }[] = [];
  await woken.handle<{ n: number }>("commit", {}, async ({ data }) => void ran.push(data));
  await assert.rejects(
    transaction(t.db, async (tx) => {
      await jobs.enqueue(tx, "commit", { n: 1 });
      throw new Error("rolled back");
    }),
  );
  await transaction(t.db, async (tx) => {
    await jobs.enqueue(tx, "commit", { n: 2 });
    await tx.selectNoFrom((eb) => eb.fn<string>("pg_sleep", [eb.val(0.1)]).as("slept")).execute();
    assert.deepEqual(ran, [], "not before the commit");
  });
  await until(() => ran.length > 0, { what: "the job to be woken" });
  assert.deepEqual(ran, [{ n: 2 }]);
});

test("one job per key is queued or running; when it is done, the next may come; other keys are free", async () => {
  const open = Promise.withResolvers<void>();
  const ran: string[] = [];
  await jobs.handle<{ name: string }>("keyed", { concurrency: 2 }, async ({ data }) => {
    ran.push(data.name);
    await open.promise;
  });
  const first = await enqueue("keyed", { name: "a" }, { key: "m1" });
  assert.ok(first);
  assert.equal(await enqueue("keyed", { name: "b" }, { key: "m1" }), null);
  await until(() => ran.length === 1);
  assert.equal(await enqueue("keyed", { name: "c" }, { key: "m1" }), null, "nor while it runs");
  assert.ok(await enqueue("keyed", { name: "d" }, { key: "m2" }));
  await until(() => ran.length === 2);
  open.resolve();
  await until(async () => (await stateOf(first)) === "completed");
  assert.ok(await enqueue("keyed", { name: "e" }, { key: "m1" }));
  await until(() => ran.length === 3);
  assert.deepEqual(ran, ["a", "d", "e"]);
});

test("jobs without a key are all run, the important first, no more at once than may be", async () => {
  const ran: number[] = [];
  let running = 0;
  let most = 0;
  await transaction(t.db, async (tx) => {
    for (let n = 0; n < 60; n++) await jobs.enqueue(tx, "many", { n }, { priority: n === 59 ? 10 : 0 });
  });
  await woken.handle<{ n: number }>("many", { concurrency: 4 }, async ({ data }) => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setTimeout(resolve, 5));
    ran.push(data.n);
    running -= 1;
  });
  // Each is fetched when the one before is done: nobody looks for it else.
  await until(() => ran.length === 60, { timeoutMs: 30_000, what: "60 jobs" });
  assert.ok(ran.indexOf(59) < 4);
  assert.equal(new Set(ran).size, 60);
  assert.equal(most, 4);
});

test("a handler that fails is run again, so often and no oftener", async () => {
  const attempts: number[] = [];
  await jobs.handle("failing", { retryLimit: 1 }, async ({ attempt }) => {
    attempts.push(attempt);
    throw new Error("does not work");
  });
  const id = await enqueue("failing", {});
  await until(async () => (await stateOf(id ?? "")) === "failed", {
    timeoutMs: 15_000,
    what: "the job to be given up",
  });
  assert.deepEqual(attempts, [1, 2]);
});

test("a job with a time to start waits for it", async () => {
  const ran: number[] = [];
  await jobs.handle("later", {}, async () => void ran.push(Date.now()));
  const due = Date.now() + 1_500;
  await enqueue("later", {}, { startAfter: new Date(due) });
  await until(() => ran.length > 0, { timeoutMs: 15_000 });
  assert.ok((ran[0] ?? 0) >= due - 50, "not early"); // the database's clock and ours are read at different moments
});

test("cancel aborts the handler's signal, when its transaction commits; the key is free again", async () => {
  const started: Job<unknown>[] = [];
  const reasons: string[] = [];
  await woken.handle("cancelled", {}, async (job) => {
    started.push(job);
    await untilAborted(job.signal).catch((error: Error) => {
      reasons.push(error.message);
      throw error;
    });
  });
  const id = await enqueue("cancelled", {}, { key: "m1" });
  await until(() => started.length === 1);
  await assert.rejects(
    transaction(t.db, async (tx) => {
      await jobs.cancel(tx, "cancelled", "m1");
      throw new Error("rolled back");
    }),
  );
  assert.equal(started[0]?.signal.aborted, false);
  await cancel("cancelled", "m1");
  await until(() => reasons.length === 1);
  assert.deepEqual(reasons, [`job ${id} was cancelled`]);
  assert.equal(await stateOf(id ?? ""), "cancelled");
  assert.ok(await enqueue("cancelled", {}, { key: "m1" }));
  await until(() => started.length === 2);
  assert.equal(await stateOf(id ?? ""), "cancelled", "the handler's end changes nothing");
  await cancel("cancelled", "m1");
});

test("a queued job that is cancelled never runs; cancelling what is not there is no error", async () => {
  const id = await enqueue("unheard", {}, { key: "m1" });
  await cancel("unheard", "m1");
  await cancel("unheard", "other");
  assert.equal(await stateOf(id ?? ""), "cancelled");
});

test("a job whose process is killed runs again in another one", { timeout: 60_000 }, async () => {
  const child = spawn(process.execPath, [join(import.meta.dirname, "testing/run-jobs.ts")], {
    env: { ...process.env, TEST_DATABASE_URL: t.url },
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    const lines: string[] = [];
    createInterface(child.stdout).on("line", (line) => lines.push(line));
    await until(() => lines.includes("ready"), { timeoutMs: 20_000 });
    const id = await enqueue("slow", { n: 1 }, { key: "m1" });
    await until(() => lines.includes(`${id} 1`), { what: "the child to take the job" });
    child.kill("SIGKILL");
    await once(child, "exit");
    const ran: [string, number][] = [];
    await jobs.handle("slow", {}, async (job) => void ran.push([job.id, job.attempt]));
    await until(() => ran.length > 0, { timeoutMs: 40_000, what: "the job to be taken over" });
    assert.deepEqual(ran, [[id, 2]]);
    await until(async () => (await stateOf(id ?? "")) === "completed");
  } finally {
    child.kill("SIGKILL");
  }
});

test("a job whose process is killed runs again at once when nobody else is left", { timeout: 60_000 }, async () => {
  const own = await testDatabase();
  const child = spawn(process.execPath, [join(import.meta.dirname, "testing/run-jobs.ts")], {
    env: { ...process.env, TEST_DATABASE_URL: own.url },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const next = createJobs({ connection: own.connection });
  try {
    const lines: string[] = [];
    createInterface(child.stdout).on("line", (line) => lines.push(line));
    await until(() => lines.includes("ready"), { timeoutMs: 20_000 });
    const sender = createJobs({ connection: own.connection });
    await sender.start();
    const id = await transaction(own.db, (tx) => sender.enqueue(tx, "slow", { n: 1 }));
    await until(() => lines.includes(`${id} 1`), { what: "the child to take the job" });
    await sender.stop();
    assert.equal(
      await stateIn(own, id ?? ""),
      "active",
      "whoever starts and ends beside a living one takes nothing over",
    );
    child.kill("SIGKILL");
    await once(child, "exit");
    const ran: number[] = [];
    await next.start();
    assert.equal(await stateIn(own, id ?? ""), "retry");
    await next.handle("slow", {}, async (job) => void ran.push(job.attempt));
    await until(() => ran.length > 0, { timeoutMs: 5000, what: "the job to be taken over" });
    assert.deepEqual(ran, [2]);
  } finally {
    child.kill("SIGKILL");
    await next.stop();
    await own.close();
  }
});

test("stop aborts what runs; it is taken up again by the next process", async () => {
  const other = createJobs({ connection: t.connection, stopTimeoutMs: 60_000 });
  await other.start();
  let started = 0;
  await other.handle("stopping", {}, async ({ signal }) => {
    started += 1;
    await untilAborted(signal);
  });
  const id = await enqueue("stopping", {});
  await until(() => started === 1);
  const start = performance.now();
  await other.stop();
  assert.ok(performance.now() - start < 30_000, "a handler that heeds its signal does not delay the stop");
  assert.equal(await stateOf(id ?? ""), "retry");
  const ran: number[] = [];
  await jobs.handle("stopping", {}, async ({ attempt }) => void ran.push(attempt));
  await until(() => ran.length === 1, { timeoutMs: 15_000 });
});
