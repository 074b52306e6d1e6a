import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import type { InventoryDiff, Timeline } from "@rackwright/contract/objects/recorder";
import { transaction } from "@rackwright/db/connect";
import { runHook } from "../hooks/index.ts";
import { type AddedMachine, addMachine } from "../testing/machines.ts";
import { type TestRegion, testRegion } from "../testing/region.ts";

// oxlint-disable-next-line typescript/no-explicit-any
type Json = any;
const fixture = readFileSync(
  new URL("../../../../packages/domain/src/hardware/fixtures/qemu-virtio.json", import.meta.url),
  "utf8",
);

let t: TestRegion;
before(async () => {
  t = await testRegion();
});
after(() => t?.close());

let count = 0;
/** A machine, and how it is commissioned: what it found, and what its switch said. */
async function machine() {
  const m = await addMachine(t, "commissioning");
  const own = (count += 1).toString(16).padStart(2, "0");
  const ctx = { region: t.region, actor: t.admin.ctx.actor, tokenKey: null };
  const run = (script: string, text: string) =>
    transaction(t.db, async (tx) => {
      assert.deepEqual(await runHook(ctx, tx, m.id, script, text), { ran: true });
    });
  const commission = async (change: (report: Json) => void = () => {}, port = "") => {
    const set = await t.db.kysely
      .insertInto("script_set")
      .values({ node_id: m.id, result_type: 0 })
      .returning("id")
      .executeTakeFirstOrThrow();
    await t.db.kysely.updateTable("node").set({ commissioning_set_id: set.id }).where("id", "=", m.id).execute();
    await report(change);
    if (port !== "") await neighbour(port);
    return set.id;
  };
  const report = async (change: (report: Json) => void = () => {}) => {
    const parsed: Json = JSON.parse(
      fixture.replaceAll("52:54:00:4d:00", `52:54:00:5d:${own}`).replaceAll("1d0001", `2d00${own}`),
    );
    change(parsed);
    await run("50-maas-01-commissioning", JSON.stringify(parsed));
  };
  const neighbour = (port: string) =>
    run(
      "maas-capture-lldpd",
      `<lldp><interface name="enp0s2" via="LLDP"><chassis><id type="mac">02:00:00:00:00:01</id><name>tor-1</name></chassis><port><id type="ifname">${port}</id></port></interface></lldp>`,
    );
  return { m, commission, report, neighbour };
}

const ask = (m: AddedMachine, query: Record<string, string> = {}, who: typeof t.admin | null = t.admin) =>
  t.request(who, "GET", `/machines/${m.systemId}/`, { query: { op: "inventory_diff", ...query } });
const diff = async (m: AddedMachine, query: Record<string, string> = {}) => {
  const reply = await ask(m, query);
  assert.equal(reply.status, 200, reply.text);
  return reply.json as InventoryDiff;
};
const said = ({ changes }: InventoryDiff) => changes.map((c) => `${c.part} ${c.change} ${c.name}`);
const told = async (m: AddedMachine) => {
  const reply = await t.request(t.admin, "GET", `/machines/${m.systemId}/`, { query: { op: "timeline" } });
  return (reply.json as Timeline).items
    .filter(({ text }) => text.startsWith("Hardware"))
    .map(({ level, kind, text }) => [level, kind, text]);
};

const lessMemory = (r: Json) => {
  r.resources.memory.total = 1 << 30;
};
const otherDisk = (r: Json) => {
  lessMemory(r);
  Object.assign(r.resources.storage.disks[2], { serial: "DISK2", device_id: "virtio-DISK2" });
};

test("what changed since the last commissioning, and any two of them", async () => {
  const { m, commission } = await machine();
  assert.match((await diff(m)).summary, /commission it/);
  const first = await commission();
  const alone = await diff(m);
  assert.deepEqual([alone.from, alone.to?.commissioning, alone.changes], [null, first, []]);
  assert.match(alone.summary, /nothing to compare with/);
  const second = await commission(lessMemory);
  const less = await diff(m);
  assert.deepEqual(said(less), ["memory smaller memory"]);
  assert.deepEqual([less.from?.commissioning, less.to?.commissioning], [first, second]);
  assert.equal(less.summary, "memory: 1024 MiB, was 2048 MiB (1024 MiB less).");
  const third = await commission(otherDisk);
  assert.deepEqual(said(await diff(m)), ["disk gone DISK1", "disk added DISK2"]);
  assert.deepEqual(said(await diff(m, { from: String(first) })), [
    "memory smaller memory",
    "disk gone DISK1",
    "disk added DISK2",
  ]);
  assert.deepEqual(said(await diff(m, { from: String(third), to: String(second) })), [
    "disk gone DISK2",
    "disk added DISK1",
  ]);
  assert.deepEqual(said(await diff(m, { to: String(second) })), ["memory smaller memory"]);
  assert.deepEqual(
    (await diff(m)).inventories.map(({ commissioning }) => commissioning),
    [third, second, first],
  );
  assert.deepEqual(await told(m), [
    ["warning", "event", "Hardware lost: memory: 1024 MiB, was 2048 MiB (1024 MiB less)."],
    ["warning", "event", "Hardware lost: disk DISK1 (10.7 GB, vdb) is gone; disk DISK2 (10.7 GB, vdb) is new."],
  ]);
});

test("the same again is no news; a card that moved to another port of its switch is", async () => {
  const { m, commission, report, neighbour } = await machine();
  await commission(undefined, "Gi0/1");
  await commission(undefined, "Gi0/1");
  assert.deepEqual([said(await diff(m)), await told(m)], [[], []]);
  await commission(undefined, "Gi0/2");
  const moved = await diff(m);
  assert.deepEqual(
    said(moved).map((text) => text.replace(/:\w+:\w+$/, "")),
    ["nic moved 52:54:00:5d"],
  );
  assert.match(moved.summary, /moved to port Gi0\/2 of tor-1, was at port Gi0\/1 of tor-1/);
  assert.equal((await told(m)).length, 1);
  // With the same set of scripts: nothing more is kept, and nothing said twice.
  await report();
  await neighbour("Gi0/2");
  assert.deepEqual([(await diff(m)).inventories.length, (await told(m)).length], [3, 1]);
  await report(lessMemory);
  await neighbour("Gi0/2");
  assert.deepEqual([(await diff(m)).inventories.length, (await told(m)).length], [4, 2]);
});

test("of each machine the newest ten are kept", async () => {
  const { m, commission } = await machine();
  const first = await commission();
  for (let i = 0; i < 10; i += 1) await commission();
  assert.equal((await diff(m)).inventories.length, 10);
  const reply = await ask(m, { from: String(first) });
  assert.equal(reply.status, 400);
  assert.match(reply.text, /"from".*no inventory of the commissioning \d+ is kept; kept are those of \d+/);
});

test("what makes no sense, and who may not", async () => {
  const { m, commission } = await machine();
  for (const query of [{ from: "1" }, { to: "x" }, { to: "0" }] as const) {
    const reply = await ask(m, query);
    assert.equal(reply.status, 400, reply.text);
    assert.match(reply.text, new RegExp(Object.keys(query)[0] ?? ""));
  }
  await commission();
  assert.equal((await ask(m, {}, null)).status, 401);
  const gone = await t.request(t.admin, "GET", "/machines/xxxxxx/", { query: { op: "inventory_diff" } });
  assert.equal(gone.status, 404);
});
