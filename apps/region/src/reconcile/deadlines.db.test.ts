import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { notifyHub } from "@rackwright/db/notify";
import { insertEvidence } from "@rackwright/db/history";
import { scriptStatus } from "@rackwright/domain/scripts/status";
import { until } from "@rackwright/testkit/until";
import { newNodeToken } from "../auth/tokens.ts";
import { inTransaction } from "../context.ts";
import { addImage, addMachine, machineRow, statusOf } from "../testing/machines.ts";
import { type TestRegion, testRegion } from "../testing/region.ts";
import { startDeadlines, sweepDeadlines } from "./deadlines.ts";

let t: TestRegion;
const start = new Date("2026-06-01T10:00:00Z");
const minutes = (n: number) => new Date(start.getTime() + n * 60_000);
before(async () => {
  t = await testRegion();
});
beforeEach(() => t.clock.set(start));
after(() => t?.close());

const waiting = (waitingFor: string, more: Record<string, unknown> = {}) => ({
  status_since: start,
  status_deadline: minutes(30),
  waiting_for: waitingFor,
  boot_epoch: 2,
  power_type: "ipmi",
  ...more,
});
const powerJobs = async (nodeId: number) =>
  (
    await t.db.pool.query<{ action: string; boot_epoch: number }>(
      "select action, boot_epoch from power_action where node_id = $1",
      [nodeId],
    )
  ).rows;

test("whatever is overdue fails, with what was waited for and what was last seen", async () => {
  const cases = [
    ["commissioning", "failed_commissioning", "dhcp"],
    ["testing", "failed_testing", "script:smartctl"],
    ["deploying", "failed_deployment", "first_boot"],
    ["releasing", "failed_releasing", "power_off"],
    ["disk_erasing", "failed_disk_erasing", "first_signal"],
  ] as const;
  const machines = await Promise.all(
    cases.map(([status, , waitingFor]) => addMachine(t, status, { ...waiting(waitingFor), owner_id: t.user.id })),
  );
  const [first] = machines;
  assert.ok(first);
  const seen = {
    nodeId: first.id,
    mac: null,
    bootEpoch: 2,
    source: "bmc" as const,
    text: "the BMC shows that it is on",
  };
  await insertEvidence(t.db.kysely, [seen, { ...seen, bootEpoch: 1, text: "of an earlier boot" }]);

  t.clock.set(minutes(29));
  await sweepDeadlines(t.region);
  for (const [i, [status]] of cases.entries()) assert.equal(await statusOf(t, machines[i]?.systemId ?? ""), status);

  t.clock.set(minutes(31));
  await sweepDeadlines(t.region);
  for (const [i, [, failed, waitingFor]] of cases.entries()) {
    const m = machines[i];
    assert.ok(m);
    assert.equal(await statusOf(t, m.systemId), failed);
    const row = await machineRow(t, m.systemId);
    assert.match(row.error_description, new RegExp(`waited 31 minutes, at last for ${waitingFor};`));
    assert.match(row.error_description, i === 0 ? /last seen: the BMC shows that it is on \(/ : /nothing was seen/);
    assert.deepEqual([row.status_deadline, row.waiting_for, row.boot_epoch], [null, null, 3]);
    assert.deepEqual(await powerJobs(m.id), [{ action: "off", boot_epoch: 3 }], "it is not left running");
    const events = await t.db.kysely.selectFrom("event").select("type").where("node_id", "=", m.id).execute();
    assert.ok(events.some((e) => e.type === "REQUEST_NODE_MARK_FAILED_SYSTEM"));
  }
  await sweepDeadlines(t.region);
  assert.equal((await machineRow(t, first.systemId)).boot_epoch, 3, "once");
});

test("the reason is the diagnosis: what is wrong and what to check, in the error and in the event", async () => {
  t.racks.connect({ nodeId: 900 });
  const m = await addMachine(t, "commissioning", waiting("dhcp", { power_state: "on" }));
  await t.db.pool.query("update vlan set dhcp_on = true where id = 1");
  await addImage(t);
  t.clock.set(minutes(31));
  await sweepDeadlines(t.region);
  const reason = (await machineRow(t, m.systemId)).error_description;
  assert.match(
    reason,
    /^The machine is on, and no DHCP request of it was seen\. What to check: The cable and switch port/,
  );
  assert.match(reason, /waited 31 minutes, at last for dhcp;/);
  const events = await t.db.kysely
    .selectFrom("event")
    .select(["type", "description"])
    .where("node_id", "=", m.id)
    .where("type", "in", ["FAILED_COMMISSIONING", "REQUEST_NODE_MARK_FAILED_SYSTEM"])
    .execute();
  assert.deepEqual(new Set(events.map((e) => e.description)), new Set([reason]));
  assert.equal(events.length, 2);
  // The world goes on: it is switched off, and its rack goes. Why it failed stays what comes first.
  t.racks.disconnect(900);
  await t.db.pool.query("update node set power_state = 'off' where id = $1", [m.id]);
  const { json } = await t.request(t.admin, "GET", `machines/${m.systemId}/`, { query: { op: "diagnose" } });
  const { findings } = json as { findings: { code: string; checks: string[] }[] };
  assert.equal(findings[0]?.code, "no_dhcp_request");
  assert.ok((findings[0]?.checks.length ?? 0) > 1);
  assert.equal(findings[1]?.code, "rack_gone");
});

test("one that nobody can switch, or that somebody wants to look into, is left on", async () => {
  const manual = await addMachine(t, "commissioning", waiting("operator_power_on", { power_type: "manual" }));
  const ssh = await addMachine(t, "testing", waiting("dhcp", { enable_ssh: true }));
  t.clock.set(minutes(31));
  await sweepDeadlines(t.region);
  assert.equal(await statusOf(t, manual.systemId), "failed_commissioning");
  assert.match((await machineRow(t, manual.systemId)).error_description, /operator_power_on/);
  assert.equal(await statusOf(t, ssh.systemId), "failed_testing");
  assert.deepEqual([...(await powerJobs(manual.id)), ...(await powerJobs(ssh.id))], []);
});

test("the first heartbeat moves the deadline; those of a runner that does nothing do not", async () => {
  const m = await addMachine(t, "commissioning", waiting("first_signal"));
  const token = await inTransaction({ region: t.region }, (tx) => newNodeToken(t.region, tx, m.id));
  const beatAt = async (minute: number) => {
    t.clock.set(minutes(minute));
    const reply = await t.request(token, "POST", "/MAAS/metadata/latest/", {
      multipart: { op: "signal", status: "WORKING" },
    });
    assert.equal(reply.status, 200, reply.text);
  };
  await beatAt(29);
  await beatAt(50);
  t.clock.set(minutes(58));
  await sweepDeadlines(t.region);
  assert.equal(await statusOf(t, m.systemId), "commissioning");
  t.clock.set(minutes(60));
  await sweepDeadlines(t.region);
  assert.equal(await statusOf(t, m.systemId), "failed_commissioning");
  assert.match((await machineRow(t, m.systemId)).error_description, /last seen: signal WORKING/);
});

test("a script that runs longer than it may fails its machine, though the machine is heard", async () => {
  const m = await addMachine(t, "testing", waiting("script:slow", { status_deadline: minutes(600) }));
  const { rows } = await t.db.pool.query<{ id: number }>(
    `with s as (insert into script (name, type, timeout_seconds) values ('slow', 2, 60) returning id),
     r as (insert into script_set (node_id, result_type) values ($1, 2) returning id)
     insert into script_result (set_id, script_id, name, status, started_at)
     select r.id, s.id, 'slow', 1, $2::timestamptz from r, s
     union all select r.id, null, 'waits', 0, null from r returning set_id as id`,
    [m.id, start],
  );
  await t.db.kysely
    .updateTable("node")
    .set({ testing_set_id: rows[0]?.id ?? 0 })
    .where("id", "=", m.id)
    .execute();
  t.clock.set(minutes(5.5));
  await sweepDeadlines(t.region);
  assert.equal(await statusOf(t, m.systemId), "testing", "60 s, and 5 minutes more");
  t.clock.set(minutes(6.5));
  await sweepDeadlines(t.region);
  assert.equal(await statusOf(t, m.systemId), "failed_testing");
  assert.match((await machineRow(t, m.systemId)).error_description, /slow ran longer than its 60 s/);
  const results = await t.db.pool.query(
    "select r.name, r.status from script_result r join script_set s on s.id = r.set_id where s.node_id = $1 order by r.name",
    [m.id],
  );
  assert.deepEqual(results.rows, [
    { name: "slow", status: scriptStatus.timed_out },
    { name: "waits", status: scriptStatus.aborted },
  ]);
  assert.deepEqual(await powerJobs(m.id), [{ action: "off", boot_epoch: 3 }]);
});

test("one machine that cannot be failed holds up no other", async () => {
  const stuck = await addMachine(t, "commissioning", waiting("dhcp", { status_deadline: minutes(1) }));
  const other = await addMachine(t, "commissioning", waiting("dhcp", { status_deadline: minutes(2) }));
  await t.db.pool.query("update node set status = 99 where id = $1", [stuck.id]);
  t.clock.set(minutes(3));
  await assert.rejects(sweepDeadlines(t.region), AggregateError);
  assert.equal(await statusOf(t, other.systemId), "failed_commissioning");
  await t.db.pool.query("delete from node where id = $1", [stuck.id]);
});

test("what became overdue while nobody could see it gets some time to give a sign of life", async () => {
  const m = await addMachine(t, "commissioning", { ...waiting("next_script"), owner_id: t.user.id });
  t.clock.set(minutes(31));
  const hub = notifyHub({ connection: t.db.connection });
  const began = performance.now();
  const stop = await startDeadlines(t.region, hub, 700);
  try {
    await until(async () => (await statusOf(t, m.systemId)) === "failed_commissioning", { timeoutMs: 15_000 });
    assert.ok(performance.now() - began > 700, "not at once");
  } finally {
    await stop();
    await hub.close();
  }
});
