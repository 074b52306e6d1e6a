import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { lockMachineById } from "@rackwright/db/machines";
import type { PowerStep, RackMethods } from "@rackwright/contract/rack-protocol";
import { DomainError } from "@rackwright/domain/errors";
import { statusCode } from "@rackwright/domain/machine/status";
import { until } from "@rackwright/testkit/until";
import { observePower } from "../app/machine-facts.ts";
import { enqueueJob, type PowerJob } from "../app/queues.ts";
import { powerColumns } from "../app/power-settings.ts";
import { inTransaction, systemCtx } from "../context.ts";
import { addImage, type AddedMachine, addMachine, machineRow, statusOf } from "../testing/machines.ts";
import { type TestRegion, testRegion } from "../testing/region.ts";
import { isFinal, recordPowerStep, startPowerWorkflow } from "./power.ts";

let t: TestRegion;
const RACK = 4711;
before(async () => {
  t = await testRegion();
  await addImage(t);
  await startPowerWorkflow(t.region, { rackWaitMs: 100, patienceMs: 3000 });
});
afterEach(() => t.racks.connect({ nodeId: RACK }));
after(() => t?.close());

type Order = RackMethods["power"]["params"];
const ordersOf = (m: AddedMachine) =>
  t.racks.calls.map((c) => c.params as Order).filter((p) => p.systemId === m.systemId);

async function bmcMachine(status: Parameters<typeof addMachine>[1], columns: Record<string, unknown> = {}) {
  const m = await addMachine(t, status, columns);
  const given = { power_address: "10.0.0.9", power_user: "u", power_pass: "pw-of-bmc" };
  const power = powerColumns(
    t.region,
    m.systemId,
    { powerType: "", parameters: {} },
    { powerType: "ipmi", given, skipCheck: false },
  );
  await t.db.kysely.updateTable("node").set(power).where("id", "=", m.id).execute();
  return m;
}
const op = (m: AddedMachine, name: string) =>
  t.request(t.admin, "POST", `machines/${m.systemId}/`, { query: { op: name } });
/** Its cycle is over, by whatever end. */
const untilFinished = (m: AddedMachine) =>
  until(
    async () =>
      (await t.db.pool.query("select from power_action where node_id = $1 and finished_at is not null", [m.id]))
        .rowCount === 1,
    { timeoutMs: 15_000, what: "the cycle to be over" },
  );
const textsOf = async (m: AddedMachine) =>
  (await t.db.kysely.selectFrom("evidence").select("text").where("node_id", "=", m.id).execute()).map((e) => e.text);

test("a start is carried out once, with the BMC's settings, and moves the machine on", async () => {
  t.racks.connect({ nodeId: RACK });
  t.racks.answer("power", () => ({ state: "on" }));
  const m = await bmcMachine("new");
  assert.equal((await op(m, "commission")).status, 200);
  await until(async () => (await machineRow(t, m.systemId)).waiting_for === "dhcp");
  const orders = ordersOf(m);
  assert.equal(orders.length, 1);
  assert.deepEqual(
    [orders[0]?.action, orders[0]?.bootEpoch, orders[0]?.bootDevice, orders[0]?.parameters.power_pass, orders[0]?.done],
    ["cycle", 1, "network", "pw-of-bmc", []],
  );
  assert.ok((await textsOf(m)).includes("power cycle done"));
  const { rows } = await t.db.pool.query("select text from evidence where text like '%pw-of-bmc%'");
  assert.deepEqual(rows, []);
});

test("a BMC that refuses fails the work, with its reason, at once", async () => {
  t.racks.connect({ nodeId: RACK });
  t.racks.answer("power", () => {
    throw new DomainError("power_failed", "10.0.0.9 refuses the password");
  });
  const m = await bmcMachine("new");
  await op(m, "commission");
  await until(async () => (await statusOf(t, m.systemId)) === "failed_commissioning");
  const row = await machineRow(t, m.systemId);
  assert.match(row.error_description, /Power cycle failed: 10\.0\.0\.9 refuses the password/);
  assert.deepEqual([row.power_state, row.status_deadline, ordersOf(m).length], ["error", null, 1]);
});

test("an order of a past epoch does nothing", async () => {
  t.racks.connect({ nodeId: RACK });
  t.racks.answer("power", () => ({ state: "off" }));
  const m = await bmcMachine("commissioning", { boot_epoch: 5, waiting_for: "power_on", status_deadline: new Date() });
  const ctx = systemCtx(t.region);
  await inTransaction(ctx, async (tx) => {
    const loaded = await lockMachineById(tx, m.id);
    assert.ok(loaded);
    const job = { queue: "power", action: "off", bootDevice: null, purpose: "aborting" } as const;
    await enqueueJob(ctx, tx, loaded.machine, { ...job, epoch: 4 });
  });
  await until(async () => {
    const { rows } = await t.db.pool.query<{ data: PowerJob; state: string }>(
      "select data, state::text from pgboss.job where name = 'power' and (data->>'nodeId')::int = $1",
      [m.id],
    );
    return rows.length === 1 && rows[0]?.state === "completed";
  });
  assert.deepEqual(ordersOf(m), []);
});

test("what a broken link left half done goes on from the steps that were taken", async () => {
  t.racks.connect({ nodeId: RACK });
  let tries = 0;
  t.racks.answer("power", async (order) => {
    tries += 1;
    if (tries > 1) return { state: "on" };
    const { id } = await machineRow(t, order.systemId);
    for (const step of ["off_sent", "observed_off"] as PowerStep[])
      await recordPowerStep(t.region, id, order.bootEpoch, step);
    throw new DomainError("rack_unavailable", "the link to the rack broke");
  });
  const m = await bmcMachine("new");
  await op(m, "commission");
  await until(async () => (await machineRow(t, m.systemId)).waiting_for === "dhcp", { timeoutMs: 15_000 });
  assert.deepEqual(
    ordersOf(m).map((o) => o.done),
    [[], ["off_sent", "observed_off"]],
  );
  assert.equal(await statusOf(t, m.systemId), "commissioning");
});

test("a start whose end was not heard is not repeated when the machine has done its work", async () => {
  t.racks.connect({ nodeId: RACK });
  t.racks.answer("power", async (order) => {
    const { id } = await machineRow(t, order.systemId);
    for (const step of ["off_sent", "observed_off", "on_sent"] as PowerStep[])
      await recordPowerStep(t.region, id, order.bootEpoch, step);
    await t.db.kysely.updateTable("node").set({ status: statusCode.ready }).where("id", "=", id).execute();
    throw new DomainError("rack_unavailable", "the link to the rack broke");
  });
  const m = await bmcMachine("new");
  await op(m, "commission");
  await untilFinished(m);
  assert.equal(ordersOf(m).length, 1);
});

test("a rack that tells of a step for a past start is stopped before the next one", async () => {
  const m = await bmcMachine("deploying", { boot_epoch: 5 });
  await recordPowerStep(t.region, m.id, 5, "observed_off");
  await assert.rejects(recordPowerStep(t.region, m.id, 4, "observed_off"), { code: "conflict" });
});

test("a machine that restarted by itself into what it is wanted for is not cut off by a rack that comes late", async () => {
  t.racks.connect({ nodeId: RACK });
  t.racks.answer("power", async (order) => {
    const { id } = await machineRow(t, order.systemId);
    await t.db.kysely.updateTable("node").set({ waiting_for: "next_script" }).where("id", "=", id).execute();
    await recordPowerStep(t.region, id, order.bootEpoch, "found_on");
    throw new Error("the rack went on");
  });
  const m = await bmcMachine("new");
  await op(m, "commission");
  await untilFinished(m);
  assert.equal(ordersOf(m).length, 1);
  assert.equal(await statusOf(t, m.systemId), "commissioning");
});

test("a machine that was found on is looked at again when its rack was lost before it told of the cut", async () => {
  t.racks.connect({ nodeId: RACK });
  let tries = 0;
  t.racks.answer("power", async (order) => {
    tries += 1;
    if (tries > 1) return { state: "on" };
    const { id } = await machineRow(t, order.systemId);
    await recordPowerStep(t.region, id, order.bootEpoch, "found_on");
    // It had restarted by itself and got as far as a script; then the order to switch off reached its BMC.
    await t.db.kysely.updateTable("node").set({ waiting_for: "next_script" }).where("id", "=", id).execute();
    throw new DomainError("rack_unavailable", "the link to the rack broke");
  });
  const m = await bmcMachine("new");
  await op(m, "commission");
  await untilFinished(m);
  assert.deepEqual(
    ordersOf(m).map((o) => o.done),
    [[], ["found_on"]],
  );
});

test("a machine that was found on twice and runs what it is wanted for is left alone for good", async () => {
  t.racks.connect({ nodeId: RACK });
  t.racks.answer("power", async (order) => {
    const { id } = await machineRow(t, order.systemId);
    await recordPowerStep(t.region, id, order.bootEpoch, "found_on");
    if (order.done.length > 0) throw new Error("the rack went on");
    await t.db.kysely.updateTable("node").set({ waiting_for: "next_script" }).where("id", "=", id).execute();
    throw new DomainError("rack_unavailable", "the link to the rack broke before the order was sent");
  });
  const m = await bmcMachine("new");
  await op(m, "commission");
  await untilFinished(m);
  assert.equal(ordersOf(m).length, 2);
  assert.equal(await statusOf(t, m.systemId), "commissioning");
});

test("a start waits for the order to switch off before it, however slow the BMC", async () => {
  t.racks.connect({ nodeId: RACK });
  const slow = Promise.withResolvers<void>();
  const running: string[] = [];
  t.racks.answer("power", async ({ action }) => {
    running.push(`${action} begins`);
    if (action === "off") await slow.promise;
    running.push(`${action} ends`);
    return { state: action === "off" ? "off" : "on" };
  });
  const m = await bmcMachine("commissioning", {
    owner_id: t.admin.id,
    waiting_for: "dhcp",
    status_deadline: new Date(Date.now() + 600_000),
  });
  assert.equal((await op(m, "abort")).status, 200);
  await until(() => running.length === 1);
  assert.equal((await op(m, "commission")).status, 200);
  await until(async () => {
    const { rows } = await t.db.pool.query(
      "select 1 from pgboss.job where name = 'power' and state = 'active' and (data->>'nodeId')::int = $1",
      [m.id],
    );
    return rows.length === 2;
  });
  slow.resolve();
  await until(async () => (await machineRow(t, m.systemId)).waiting_for === "dhcp");
  assert.deepEqual(running, ["off begins", "off ends", "cycle begins", "cycle ends"]);
});

test("a release ends when the BMC shows off", async () => {
  t.racks.connect({ nodeId: RACK });
  t.racks.answer("power", () => ({ state: "off" }));
  const m = await bmcMachine("deployed", { owner_id: t.user.id, power_state: "unknown" });
  assert.equal((await op(m, "release")).status, 200);
  await until(async () => (await statusOf(t, m.systemId)) === "new");
  const row = await machineRow(t, m.systemId);
  assert.deepEqual([row.owner_id, row.power_state, row.status_deadline], [null, "off", null]);
  await observePower(t.region, m.id, "off");
  assert.equal(await statusOf(t, m.systemId), "new", "seen off again, nothing happens");
});

test("power that was switched is done together with what follows from it, or not at all", async () => {
  t.racks.connect({ nodeId: RACK });
  const m = await bmcMachine("allocated", { owner_id: t.admin.id, power_state: "on" });
  const holder = await t.db.pool.connect();
  t.racks.answer("power", async () => {
    await holder.query("begin");
    await holder.query("select from node where id = $1 for update", [m.id]);
    return { state: "off" };
  });
  assert.equal((await op(m, "release")).status, 200);
  await until(async () => {
    const { rows } = await t.db.pool.query(
      "select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()",
    );
    return rows.length > 0;
  });
  // A process that is killed here leaves an action to be gone on with, not a machine that nobody looks after.
  const { rows } = await t.db.pool.query("select finished_at from power_action where node_id = $1", [m.id]);
  assert.deepEqual(rows, [{ finished_at: null }]);
  await holder.query("rollback");
  holder.release();
  await until(async () => (await statusOf(t, m.systemId)) === "new");
});

test("tries that ended with their process do not use up the patience with a rack", () => {
  const away = new DomainError("rack_unavailable", "the rack has gone");
  const refused = new DomainError("power_failed", "the BMC says no");
  const final = (error: DomainError, attempt: number, ageMs: number) =>
    isFinal(error, { attempt, ageMs, patienceMs: 1000 });
  assert.deepEqual([final(away, 50, 900), final(away, 2, 5000), final(away, 4, 5000)], [false, false, true]);
  assert.equal(final(refused, 1, 0), true);
});

test("without a rack the machine fails and says so, after several tries", async () => {
  t.racks.disconnect(RACK);
  const m = await bmcMachine("new");
  await op(m, "commission");
  await until(async () => (await statusOf(t, m.systemId)) === "failed_commissioning", { timeoutMs: 60_000 });
  assert.match((await machineRow(t, m.systemId)).error_description, /No rack controller is connected/);
  assert.deepEqual(ordersOf(m), []);
});

test("switched off as softly as was asked, else as the power settings have it", async () => {
  t.racks.answer("power", () => ({ state: "off" }));
  const off = async (form: Record<string, string>) => {
    const m = await bmcMachine("deployed", { power_state: "on" });
    const reply = await t.request(t.admin, "POST", `machines/${m.systemId}/`, { query: { op: "power_off" }, form });
    assert.equal(reply.status, 200, reply.text);
    await until(async () => (await machineRow(t, m.systemId)).power_state === "off");
    return ordersOf(m)[0]?.parameters.power_off_mode;
  };
  assert.equal(await off({ stop_mode: "soft" }), "soft");
  const stored = await off({});
  assert.notEqual(stored, "soft");
  assert.equal(await off({ stop_mode: "hard" }), "hard");
});
