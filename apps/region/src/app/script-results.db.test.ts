import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { Journal } from "@rackwright/db/journal";
import { overdueResults, timeOutResults } from "@rackwright/db/script-results";
import { failed, type Fixture, passed, pending, running, scriptFixture, skipped } from "./script-fixtures.ts";
import { STREAM_LIMIT_BYTES } from "./script-files.ts";
import { type SetIds, setSummary, type SignalReport, storeSignalResult } from "./script-results.ts";
import { createCommissioningSets } from "./script-sets.ts";

let f: Fixture;
let machine: { id: number; systemId: string; hostname: string };
let setIds: SetIds;
const text = (s: string) => new TextEncoder().encode(s);

before(async () => {
  f = await scriptFixture();
  await f.script({ name: "10-first", builtin: true, timeoutSeconds: 60 });
  await f.script({ name: "20-update", recommission: true });
  await f.script({ name: "ping", type: 2, tags: ["commissioning"], parameters: { interface: { type: "interface" } } });
});
after(() => f?.close());

beforeEach(async () => {
  f.clock.now = new Date("2026-03-01T10:00:00Z");
  machine = await f.machine(`m${Math.random().toString(36).slice(2)}`);
  await f.test.db.pool.query(
    "insert into interface (node_id, name, link_connected, link_speed) values ($1, 'eth0', true, 1000)",
    [machine.id],
  );
  await f.test.db.pool.query(
    "insert into ip_address (alloc_type, interface_id) select 5, id from interface where node_id = $1",
    [machine.id],
  );
  const sets = await f.run((tx) =>
    createCommissioningSets(f.ctx, tx, machine.id, { params: {}, skipBmcConfig: false, architecture: null }),
  );
  setIds = { commissioning: sets.commissioningSetId, testing: sets.testingSetId, installation: null, release: null };
});

function report(more: Partial<SignalReport>) {
  return f.run(async (tx) => {
    const journal = new Journal();
    const told = {
      machine,
      setIds,
      resultTypes: [0],
      signal: "WORKING" as const,
      files: [],
      now: f.clock.now,
      ...more,
    };
    const stored = await storeSignalResult(f.ctx, tx, told, journal);
    await journal.write(tx);
    return stored;
  });
}
const row = async (name: string, setId = setIds.commissioning) => (await f.results(setId)).find((r) => r.name === name);
const later = (seconds: number) => {
  f.clock.now = new Date(f.clock.now.getTime() + seconds * 1000);
};
const streams = async (id: number | undefined) => {
  const found = await f.test.db.pool.query<Record<string, Buffer>>(
    "select output, stdout, stderr, result from script_result where id = $1",
    [id],
  );
  return Object.fromEntries(Object.entries(found.rows[0] ?? {}).map(([k, v]) => [k, v.toString()]));
};
const eventsOf = async () =>
  (
    await f.test.db.pool.query<{ type: string; description: string }>(
      "select type, description from event where node_id = $1 order by id",
      [machine.id],
    )
  ).rows;

test("a script installs, runs and passes, with its times, files and version", async () => {
  const id = (await row("10-first"))?.id ?? 0;
  const { rows } = await f.test.db.pool.query<{ id: number }>(
    "select v.id from script_version v join script s on s.id = v.script_id where s.name = '10-first'",
  );
  const versionId = rows[0]?.id ?? 0;
  await report({ scriptResultId: id, signal: "INSTALLING" });
  assert.equal((await row("10-first"))?.status, 7);
  await report({ scriptResultId: id });
  assert.deepEqual((await row("10-first"))?.started_at, f.clock.now);
  later(5);
  const stored = await report({
    scriptResultId: id,
    scriptVersionId: versionId,
    exitStatus: 0,
    runtime: 4,
    files: [
      { name: "10-first", bytes: text("both") },
      { name: "10-first.out", bytes: text("out") },
      { name: "10-first.err", bytes: text("err") },
      { name: "10-first.yaml", bytes: text("results: {speed: 3}") },
    ],
  });
  const done = await row("10-first");
  assert.equal(done?.status, passed);
  assert.equal(done?.exit_status, 0);
  assert.equal(done?.version_id, versionId);
  assert.equal((done?.ended_at?.getTime() ?? 0) - (done?.started_at?.getTime() ?? 0), 5000);
  assert.deepEqual(await streams(id), { output: "both", stdout: "out", stderr: "err", result: "results: {speed: 3}" });
  assert.deepEqual(stored?.result, { id, name: "10-first", status: passed, resultType: 0 });
  assert.equal(stored?.uploadedStdout, true);
  assert.deepEqual(
    (await eventsOf()).map((e) => e.description),
    [
      "10-first: Pending to Installing dependencies",
      "10-first: Installing dependencies to Running",
      "10-first: Running to Passed",
    ],
  );
});

test("a finished result stays, whatever comes later; the same upload twice runs no hook twice", async () => {
  const files = [{ name: "10-first.out", bytes: text("one") }];
  await report({ scriptName: "10-first", exitStatus: 0, files });
  const again = await report({
    scriptName: "10-first",
    exitStatus: 1,
    files: [{ name: "10-first.out", bytes: text("two") }],
  });
  for (const signal of ["WORKING", "INSTALLING", "APPLYING_NETCONF", "TIMEDOUT"] as const)
    await report({ scriptName: "10-first", signal });
  assert.equal((await row("10-first"))?.status, passed);
  assert.equal(again?.uploadedStdout, false);
  assert.equal((await streams((await row("10-first"))?.id)).stdout, "one");
  await report({
    scriptName: "10-first",
    exitStatus: 1,
    files: [{ name: "10-first.out", bytes: text("three") }],
    overwrites: true,
  });
  assert.equal((await row("10-first"))?.status, failed);
});

test("files without an exit status count as passed; combined output alone runs no hook", async () => {
  const stored = await report({ files: [{ name: "10-first", bytes: text("all") }] });
  assert.equal(stored?.result.status, passed);
  assert.equal(stored?.uploadedStdout, false);
});

test("a script too quick to report its start began its runtime before its end", async () => {
  await report({ scriptName: "10-first", exitStatus: 0, runtime: 2.5 });
  const done = await row("10-first");
  assert.equal((done?.ended_at?.getTime() ?? 0) - (done?.started_at?.getTime() ?? 0), 2500);
});

test("failures are told apart: of the script, of its packages, of the network, of its time", async () => {
  const ends: [SignalReport["signal"], SignalReport["signal"] | null, number][] = [
    ["WORKING", "WORKING", 3],
    ["INSTALLING", "INSTALLING", 8],
    ["INSTALLING", null, 8],
    ["APPLYING_NETCONF", "APPLYING_NETCONF", 11],
    ["TIMEDOUT", "WORKING", 4],
  ];
  for (const [i, [signal, first, status]] of ends.entries()) {
    const scriptName = `custom-${i}`;
    if (first) await report({ scriptName, signal: first });
    // A name that nobody asked for begins as running: put it where the first word would have.
    await f.test.db.pool.query("update script_result set status = $1 where name = $2", [
      { INSTALLING: 7, APPLYING_NETCONF: 10 }[signal as string] ?? 1,
      scriptName,
    ]);
    await report({ scriptName, signal, exitStatus: 9 });
    assert.equal((await row(scriptName))?.status, status, `${signal} after ${first}`);
  }
});

test("the script's own YAML goes before its exit status; a wrong one does not count and is told", async () => {
  await report({
    scriptName: "10-first",
    exitStatus: 1,
    files: [{ name: "10-first.yaml", bytes: text("status: skipped") }],
  });
  assert.equal((await row("10-first"))?.status, skipped);
  await report({
    scriptName: "20-update",
    exitStatus: 1,
    files: [{ name: "20-update.yaml", bytes: text("status: perfect\nlink_connected: true") }],
  });
  assert.equal((await row("20-update"))?.status, failed);
  assert.match(
    (await eventsOf()).find((e) => e.type === "SCRIPT_RESULT_ERROR")?.description ?? "",
    /20-update.*"perfect"/,
  );
});

test("a test of an interface tells whether its link is up", async () => {
  const ping = await row("ping", setIds.testing);
  assert.ok(ping?.interface_id);
  await report({
    resultTypes: [2],
    scriptResultId: ping.id,
    exitStatus: 1,
    files: [{ name: "ping.yaml", bytes: text("link_connected: false") }],
  });
  const { rows } = await f.test.db.pool.query("select link_connected, link_speed from interface where id = $1", [
    ping.interface_id,
  ]);
  assert.deepEqual(rows, [{ link_connected: false, link_speed: 0 }]);
  const warnings = async () => (await eventsOf()).filter((e) => e.type === "NODE_WARNED").map((e) => e.description);
  assert.deepEqual(await warnings(), ["ping found interface eth0 without a link: check its cable."]);
  const { rows: changes } = await f.test.db.pool.query(
    "select kind from change where entity = 'machine' and entity_id = $1",
    [machine.systemId],
  );
  assert.deepEqual(changes, [{ kind: "update" }]);
});

test("an unknown name becomes a result; a result of another run is told and not stored", async () => {
  const stored = await report({
    scriptName: "surprise",
    exitStatus: 0,
    files: [{ name: "surprise", bytes: text("hello") }],
  });
  assert.equal(stored?.result.name, "surprise");
  assert.equal((await row("surprise"))?.script_id, null);
  const strange = await report({ scriptResultId: 999_999, scriptName: "10-first", exitStatus: 1 });
  assert.equal(strange, undefined);
  assert.equal((await row("10-first"))?.status, pending);
  assert.match((await eventsOf()).at(-1)?.description ?? "", /result 999999 \(10-first\)/);
});

test("a version that is gone is told, the result is stored", async () => {
  await report({ scriptName: "10-first", scriptVersionId: 999_999, exitStatus: 0 });
  assert.equal((await row("10-first"))?.status, passed);
  assert.equal((await row("10-first"))?.version_id, null);
  assert.ok((await eventsOf()).some((e) => e.type === "SCRIPT_RESULT_ERROR" && /999999/.test(e.description)));
});

test("a script that changes the machine lets the built-in ones run again when it has passed, not when it has failed", async () => {
  await report({ scriptName: "10-first", exitStatus: 0 });
  await report({ scriptName: "20-update", exitStatus: 0 });
  const first = await row("10-first");
  assert.deepEqual(
    [first?.status, first?.started_at, first?.ended_at, first?.exit_status],
    [pending, null, null, null],
  );
  await report({ scriptName: "10-first", exitStatus: 0 });
  assert.equal((await row("10-first"))?.status, passed);
});

test("a stream that is too long is cut, and says so", async () => {
  await report({
    scriptName: "10-first",
    exitStatus: 0,
    files: [{ name: "10-first.out", bytes: new Uint8Array(STREAM_LIMIT_BYTES + 5).fill(97) }],
  });
  const { rows } = await f.test.db.pool.query<{ n: number; tail: Buffer }>(
    "select length(stdout) as n, substring(stdout from length(stdout) - 60) as tail from script_result where id = $1",
    [(await row("10-first"))?.id],
  );
  assert.ok((rows[0]?.n ?? 0) < STREAM_LIMIT_BYTES + 200);
  assert.match(rows[0]?.tail.toString() ?? "", /5 of 16777221 bytes are not kept/);
});

test("a summary leaves suppressed results out", async () => {
  const sets = [setIds.commissioning ?? 0];
  const summary = () => f.run((tx) => setSummary(tx, sets));
  assert.deepEqual(await summary(), { anyFailed: false, anyPending: true, running: null });
  await report({ scriptName: "10-first" });
  await report({ scriptName: "20-update", exitStatus: 1 });
  assert.deepEqual(await summary(), { anyFailed: true, anyPending: false, running: "10-first" });
  await f.test.db.pool.query("update script_result set suppressed = true where name = '20-update'");
  assert.deepEqual(await summary(), { anyFailed: false, anyPending: false, running: "10-first" });
  await f.run(async (tx) => {
    const journal = new Journal();
    journal.heard(sets, f.clock.now);
    await journal.write(tx);
  });
  const { rows } = await f.test.db.pool.query("select last_ping from script_set where id = $1", sets);
  assert.deepEqual(rows[0]?.last_ping, f.clock.now);
});

test("a result is overdue five minutes after its time; a runtime parameter is its time", async () => {
  await report({ scriptName: "10-first" });
  await report({ scriptName: "20-update" });
  const began = f.clock.now.getTime();
  const overdue = async (seconds: number) =>
    (await overdueResults(f.test.db.kysely, new Date(began + seconds * 1000))).filter((r) => r.nodeId === machine.id);
  assert.deepEqual(await overdue(359), []);
  const [late] = await overdue(361);
  assert.equal(late?.name, "10-first");
  assert.equal(late?.timeoutSeconds, 60);
  assert.deepEqual(
    (await overdue(1e7)).map((r) => r.name),
    ["10-first"],
    "no timeout, no end",
  );
  await f.test.db.pool.query(
    `update script_result set parameters = '{"runtime": {"type": "runtime", "value": 600}}' where id = $1`,
    [late?.id],
  );
  assert.deepEqual(await overdue(899), []);
  assert.equal((await overdue(901)).length, 1);
  await f.run((tx) => timeOutResults(tx, [late?.id ?? 0], f.clock.now));
  assert.equal((await row("10-first"))?.status, 4);
  assert.equal((await row("20-update"))?.status, running);
});
