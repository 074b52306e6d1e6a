import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import type { PowerJob } from "../app/queues.ts";
import { observePower } from "../app/machine-facts.ts";
import { isWaiting, type MachineStatus, statusCode } from "@rackwright/domain/machine/status";
import { type AddedMachine, addImage, addMachine, machineRow, statusOf } from "../testing/machines.ts";
import { type TestRegion, type TestUser, testRegion } from "../testing/region.ts";
import type { Values } from "../testing/request.ts";

let t: TestRegion;
before(async () => {
  t = await testRegion();
  await addImage(t);
});
after(() => t?.close());

type Json = Record<string, unknown>;
const op = (who: TestUser | null, m: AddedMachine, name: string, form: Values = {}) =>
  t.request(who, "POST", `machines/${m.systemId}/`, { query: { op: name }, form });
const events = async (m: AddedMachine) =>
  (
    await t.db.kysely
      .selectFrom("event")
      .select(["type", "description", "username"])
      .where("node_id", "=", m.id)
      .orderBy("id")
      .execute()
  ).map((e) => `${e.type} ${e.description} ${e.username ?? "-"}`);
const jobsOf = async (m: AddedMachine) => {
  const { rows } = await t.db.pool.query<{ data: PowerJob }>(
    "select data from pgboss.job where name = 'power' and (data ->> 'nodeId')::int = $1 order by created_on",
    [m.id],
  );
  return rows.map(({ data }) => [data.action, data.purpose, data.epoch, data.bootDevice]);
};

/** A machine of t.user's in this status, as it would be there. */
function owned(status: MachineStatus, columns: Record<string, unknown> = {}): Promise<AddedMachine> {
  return addMachine(t, status, {
    owner_id: t.user.id,
    ...(isWaiting(status)
      ? { status_deadline: new Date(t.clock.now().getTime() + 600_000), waiting_for: "next_script" }
      : {}),
    ...columns,
  });
}

test("of a machine that there is not", async () => {
  for (const action of ["lock", "mark_broken", "rescue_mode", "restore_default_configuration", "power_off", "abort"])
    assert.equal((await op(t.admin, { systemId: "zzzzzz" } as AddedMachine, action)).status, 404, action);
});

suite("marks", () => {
  test("a locked machine is changed by nothing until it is unlocked", async () => {
    const m = await owned("deployed");
    const locked = await op(t.user, m, "lock", { comment: "in use" });
    assert.equal((locked.json as Json).locked, true, locked.text);
    for (const [who, name] of [
      [t.user, "release"],
      [t.user, "mark_broken"],
      [t.user, "power_off"],
      [t.admin, "rescue_mode"],
      [t.admin, "test"],
    ] as const) {
      const refused = await op(who, m, name);
      assert.deepEqual([refused.status, /locked/.test(refused.text)], [403, true], `${name}: ${refused.text}`);
    }
    assert.equal((await op(t.user, m, "lock")).status, 409);
    assert.equal(((await op(t.user, m, "unlock")).json as Json).locked, false);
    assert.equal((await op(t.user, m, "release")).status, 200);
    assert.ok((await events(m)).includes(`REQUEST_NODE_LOCK in use ${t.user.username}`));
  });

  test("broken and fixed: given back and switched off, then Ready", async () => {
    const m = await owned("deployed", {
      power_type: "ipmi",
      power_state: "on",
      osystem: "debian",
      distro_series: "bookworm",
      agent_name: "juju",
    });
    const broken = (await op(t.user, m, "mark_broken", { error_description: "the fan" })).json as Json;
    assert.deepEqual(
      [broken.status_name, broken.owner, broken.osystem, broken.error_description],
      ["Broken", null, "", "the fan"],
    );
    assert.deepEqual(await jobsOf(m), [["off", "aborting", 1, null]]);
    assert.equal((await op(t.user, m, "mark_broken")).status, 403, "it is nobody's now");
    const fixed = (await op(t.admin, m, "mark_fixed", { comment: "new fan" })).json as Json;
    assert.deepEqual([fixed.status_name, fixed.error_description], ["Ready", ""]);
    const words = await events(m);
    for (const line of [
      `REQUEST_NODE_MARK_BROKEN the fan ${t.user.username}`,
      `REQUEST_NODE_MARK_FIXED new fan ${t.admin.username}`,
    ])
      assert.ok(words.includes(line), words.join("\n"));
  });

  test("failed tests that do not count", async () => {
    const deployed = await owned("failed_testing", { osystem: "debian", error_description: "disk" });
    const kept = (await op(t.admin, deployed, "override_failed_testing")).json as Json;
    assert.deepEqual([kept.status_name, kept.owner, kept.error_description], ["Deployed", t.user.username, ""]);
    const ready = (await op(t.admin, await owned("failed_testing"), "override_failed_testing")).json as Json;
    assert.deepEqual([ready.status_name, ready.owner], ["Ready", null]);
  });
});

suite("rescue mode", () => {
  test("needs a power type and an image", async () => {
    const powerless = await op(t.admin, await addMachine(t, "ready", { power_type: "" }), "rescue_mode");
    assert.equal(powerless.status, 400);
    assert.ok("power_type" in (powerless.json as Json), powerless.text);
    const strange = await op(t.admin, await addMachine(t, "ready", { architecture: "arm64/generic" }), "rescue_mode");
    assert.equal(strange.status, 400);
    assert.match(strange.text, /no image/i);
  });

  test("a deployed machine: booted from the network, then started again, its owner's all the while", async () => {
    const m = await owned("deployed", { power_type: "ipmi", power_state: "on", netboot: false, boot_epoch: 3 });
    const entering = (await op(t.admin, m, "rescue_mode")).json as Json;
    assert.deepEqual([entering.status_name, entering.owner], ["Entering rescue mode", t.user.username]);
    let row = await machineRow(t, m.systemId);
    assert.deepEqual([row.waiting_for, row.previous_status, row.boot_epoch], ["power_on", statusCode.deployed, 4]);
    assert.ok(row.status_deadline && row.status_deadline > t.clock.now());
    await t.db.kysely
      .updateTable("node")
      .set({ status: 16, status_deadline: null, waiting_for: null })
      .where("id", "=", m.id)
      .execute();
    const exiting = (await op(t.admin, m, "exit_rescue_mode")).json as Json;
    assert.equal(exiting.status_name, "Exiting rescue mode");
    row = await machineRow(t, m.systemId);
    assert.deepEqual([row.waiting_for, row.netboot], ["power_on", false]);
    assert.ok(row.status_deadline && row.status_deadline > t.clock.now(), "it waits no longer than this");
    assert.deepEqual(await jobsOf(m), [
      ["cycle", "entering_rescue_mode", 4, "network"],
      ["cycle", "exiting_rescue_mode", 5, null],
    ]);
    await observePower(t.region, m.id, "on");
    row = await machineRow(t, m.systemId);
    assert.deepEqual([row.status, row.owner_id, row.status_deadline], [statusCode.deployed, t.user.id, null]);
    assert.ok((await events(m)).some((line) => line.startsWith("EXITED_RESCUE_MODE")));
  });

  test("a machine of nobody's is lent to who rescues it, and is off and nobody's afterwards", async () => {
    const m = await addMachine(t, "broken", { power_type: "ipmi", power_state: "on", error_description: "fan" });
    assert.equal(((await op(t.admin, m, "rescue_mode")).json as Json).owner, t.admin.username);
    assert.equal((await op(t.admin, m, "exit_rescue_mode")).status, 200);
    assert.equal(await statusOf(t, m.systemId), "exiting_rescue_mode");
    await observePower(t.region, m.id, "off");
    const row = await machineRow(t, m.systemId);
    assert.deepEqual([row.status, row.owner_id, row.error_description], [statusCode.broken, null, "fan"]);
  });

  test("where nobody can switch, the way out is at once", async () => {
    const m = await addMachine(t, "ready");
    assert.equal(((await op(t.admin, m, "rescue_mode")).json as Json).status_name, "Entering rescue mode");
    assert.equal((await machineRow(t, m.systemId)).waiting_for, "operator_power_on");
    assert.equal(((await op(t.admin, m, "exit_rescue_mode")).json as Json).status_name, "Ready");
  });
});

test("without a free address on its subnet a machine is not started: 503 says where, and nothing of it changes", async () => {
  const json = async (path: string, form: Values) => {
    const reply = await t.request(t.admin, "POST", path, { form });
    assert.equal(reply.status, 200, reply.text);
    return reply.json as { id: number };
  };
  const subnet = await json("/subnets/", { cidr: "10.61.0.0/29" });
  const range = { type: "reserved", subnet: subnet.id, start_ip: "10.61.0.1", end_ip: "10.61.0.6" };
  const { id: rangeId } = await json("/ipranges/", range);
  const m = await addMachine(t, "ready", { power_type: "webhook" });
  const disk = { name: "sda", id_path: "/dev/sda", size: "20G", block_size: "512" };
  await json(`/nodes/${m.systemId}/blockdevices/`, disk);
  await json(`/machines/${m.systemId}/?op=set_storage_layout`, { storage_layout: "flat" });
  await json(`/nodes/${m.systemId}/interfaces/eth0/?op=link_subnet`, {
    mode: "auto",
    subnet: subnet.id,
    force: "true",
  });
  const refused = async (name: string, status: MachineStatus) => {
    const reply = await op(t.user, m, name);
    assert.equal(reply.status, 503, `${name}: ${reply.text}`);
    assert.match(reply.text, /No free address is left in subnet 10\.61\.0\.0\/29/);
    assert.equal(await statusOf(t, m.systemId), status);
  };
  await refused("deploy", "ready");
  const mine = await t.request(t.user, "POST", "/machines/?op=allocate", { form: { system_id: m.systemId } });
  assert.equal(mine.status, 200, mine.text);
  await refused("deploy", "allocated");
  await refused("power_on", "allocated");
  assert.deepEqual(await jobsOf(m), []);
  assert.equal((await t.request(t.admin, "DELETE", `/ipranges/${rangeId}/`)).status, 204);
  assert.equal((await op(t.user, m, "power_on")).status, 200);
  assert.equal(await statusOf(t, m.systemId), "deploying");
});

test("comments of every action are in the machine's history, under the name of whoever made them", async () => {
  const cases: [TestUser, MachineStatus, string, string, Record<string, unknown>][] = [
    [t.admin, "new", "commission", "REQUEST_NODE_START_COMMISSIONING", {}],
    [t.admin, "commissioning", "abort", "REQUEST_NODE_ABORT_COMMISSIONING", {}],
    [t.user, "allocated", "release", "REQUEST_NODE_RELEASE", {}],
    [t.user, "deployed", "lock", "REQUEST_NODE_LOCK", {}],
    [t.user, "deployed", "unlock", "REQUEST_NODE_UNLOCK", { locked: true }],
    [t.user, "deployed", "mark_broken", "REQUEST_NODE_MARK_BROKEN", {}],
    [t.admin, "broken", "mark_fixed", "REQUEST_NODE_MARK_FIXED", {}],
    [t.admin, "failed_testing", "override_failed_testing", "REQUEST_NODE_OVERRIDE_FAILED_TESTING", {}],
    [t.admin, "deployed", "rescue_mode", "REQUEST_NODE_START_RESCUE_MODE", {}],
    [t.admin, "rescue_mode", "exit_rescue_mode", "REQUEST_NODE_STOP_RESCUE_MODE", {}],
    [t.user, "deployed", "power_on", "REQUEST_NODE_START", { power_type: "webhook" }],
    [t.user, "deployed", "power_off", "REQUEST_NODE_STOP", { power_type: "webhook" }],
  ];
  for (const [who, status, action, type, columns] of cases) {
    const m = await owned(status, columns);
    const reply = await op(who, m, action, { comment: "because of this" });
    assert.equal(reply.status, 200, `${action}: ${reply.text}`);
    const words = await events(m);
    assert.ok(words.includes(`${type} because of this ${who.username}`), `${action}: ${words.join("\n")}`);
  }
});

test("the oldest kernel of the settings is a commissioned machine's, unless it has its own", async () => {
  const setting = { name: "default_min_hwe_kernel", value: "ga-24.04" };
  const form = (value: string) => ({ query: { op: "set_config" }, form: { ...setting, value } });
  assert.equal((await t.request(t.admin, "POST", "maas/", form("ga-24.04"))).status, 200);
  const [plain, own] = [await addMachine(t, "new"), await addMachine(t, "new", { min_hwe_kernel: "hwe-22.04" })];
  for (const m of [plain, own]) assert.equal((await op(t.admin, m, "commission")).status, 200);
  assert.deepEqual(
    [(await machineRow(t, plain.systemId)).min_hwe_kernel, (await machineRow(t, own.systemId)).min_hwe_kernel],
    ["ga-24.04", "hwe-22.04"],
  );
  assert.equal((await t.request(t.admin, "POST", "maas/", form(""))).status, 200);
});

test("annotations are their user's, key by key, until the release", async () => {
  const m = await owned("deployed");
  const set = async (form: Values, name = "set_workload_annotations") =>
    ((await op(t.user, m, name, form)).json as Json).workload_annotations;
  assert.deepEqual(await set({ role: "db", site: "a=b" }), { role: "db", site: "a=b" });
  assert.deepEqual(await set({ role: "", tier: "1" }, "set_owner_data"), { site: "a=b", tier: "1" });
  assert.equal((await op(t.admin, m, "set_workload_annotations", { role: "x" })).status, 409, "not the admin's");
  assert.equal((await op(t.other, m, "set_workload_annotations", { role: "x" })).status, 403);
  assert.equal((await op(null, m, "set_owner_data", { role: "x" })).status, 401);
  const free = await addMachine(t, "ready");
  assert.equal((await op(t.user, free, "set_owner_data", { role: "x" })).status, 409, "nobody's");
  await op(t.user, m, "release");
  assert.deepEqual((await machineRow(t, m.systemId)).owner_data, {});
});

test("restored: default layout on its disks, default links on its physical interfaces, nothing virtual", async () => {
  const m = await addMachine(t, "ready");
  const { kysely } = t.db;
  await kysely
    .insertInto("block_device")
    .values({ node_id: m.id, name: "sda", size_bytes: 20_000_000_000, block_size_bytes: 512 })
    .execute();
  const nic = await kysely.selectFrom("interface").select("id").where("node_id", "=", m.id).executeTakeFirstOrThrow();
  const bond = await kysely
    .insertInto("interface")
    .values({ node_id: m.id, name: "bond0", type: "bond", vlan_id: 1 })
    .returning("id")
    .executeTakeFirstOrThrow();
  await kysely.insertInto("interface_parent").values({ child_id: bond.id, parent_id: nic.id }).execute();
  const partitions = async () =>
    (
      await t.db.pool.query(
        "select 1 from partition p join block_device b on b.id = p.block_device_id where b.node_id = $1",
        [m.id],
      )
    ).rows.length;
  const links = async () =>
    (
      await t.db.pool.query<{ name: string }>(
        "select i.name from ip_address a join interface i on i.id = a.interface_id where i.node_id = $1",
        [m.id],
      )
    ).rows.map((r) => r.name);
  const storage = await op(t.admin, m, "restore_storage_configuration");
  assert.equal(storage.status, 200, storage.text);
  assert.ok((await partitions()) > 0);
  assert.deepEqual(await links(), [], "the other part is left alone");
  assert.equal((await op(t.admin, m, "restore_default_configuration")).status, 200);
  assert.deepEqual(await links(), ["eth0"]);
  const names = await kysely.selectFrom("interface").select("name").where("node_id", "=", m.id).execute();
  assert.deepEqual(names, [{ name: "eth0" }]);
  assert.ok((await events(m)).some((line) => line.startsWith("NODE Restored the default network and storage")));
});
