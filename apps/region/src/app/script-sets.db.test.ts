import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { finishResults } from "@rackwright/db/script-results";
import { DomainError } from "@rackwright/domain/errors";
import { aborted, type Fixture, passed, pending, scriptFixture, skipped } from "./script-fixtures.ts";
import { regenerateTests, reselectForHardware } from "./script-set-refresh.ts";
import {
  createBuiltinSet,
  createCommissioningSets,
  createDeployInfoSet,
  createEnlistingSet,
  createInstallationSet,
  createReleaseSet,
  createTestingSet,
} from "./script-sets.ts";

let f: Fixture;
const request = { params: {}, skipBmcConfig: false, architecture: "amd64/generic" };
const storage = { storage: { type: "storage" as const, argument_format: "{path}" } };

before(async () => {
  f = await scriptFixture();
  await f.script({ name: "20-builtin", builtin: true, tags: ["node"] });
  await f.script({ name: "30-bmc", builtin: true, tags: ["bmc-config"] });
  await f.script({ name: "50-facts", builtin: true, tags: ["deploy-info"] });
  await f.script({ name: "my-always" });
  await f.script({ name: "my-noauto", tags: ["noauto", "special"] });
  await f.script({ name: "my-enlisting", tags: ["enlisting"] });
  await f.script({ name: "my-dell", forHardware: ["system_vendor:Dell Inc."], tags: ["vendor"] });
  await f.script({ name: "smartctl", type: 2, builtin: true, tags: ["commissioning"], parameters: storage });
  await f.script({
    name: "memtest",
    type: 2,
    tags: ["memory"],
    parameters: { runtime: { type: "runtime" } },
    timeoutSeconds: 90,
  });
  await f.script({ name: "nic-test", type: 2, tags: ["network"], parameters: { interface: { type: "interface" } } });
  await f.script({ name: "shredder", type: 2, destructive: true });
  await f.script({
    name: "wipe-disks",
    type: 3,
    builtin: true,
    tags: ["wipe"],
    parameters: { quick_erase: { type: "boolean", argument_format: "--quick-erase" } },
  });
});
after(() => f?.close());

const names = async (setId: number | null) => (await f.results(setId)).map((r) => r.name);
const commission = (id: number, more: object = {}) =>
  f.run((tx) => createCommissioningSets(f.ctx, tx, id, { ...request, ...more }));
test("a bond and both its sides are tested, each in a result of its own", async () => {
  const machine = await f.machine("bonded");
  const add = async (name: string, type: string, more: { enabled?: boolean } = {}) => {
    const { rows } = await f.test.db.pool.query<{ id: number }>(
      "insert into interface (node_id, name, type, mac, enabled) values ($1, $2, $3, $4, $5) returning id",
      [
        machine.id,
        name,
        type,
        type === "physical" ? `52:54:00:77:00:0${name.at(-1)}` : "52:54:00:77:00:00",
        more.enabled ?? true,
      ],
    );
    return rows[0]?.id ?? 0;
  };
  const [one, two, off] = [
    await add("eth0", "physical"),
    await add("eth1", "physical"),
    await add("eth2", "physical", { enabled: false }),
  ];
  const bond = await add("bond0", "bond");
  for (const parent of [one, two, off])
    await f.test.db.pool.query("insert into interface_parent (child_id, parent_id) values ($1, $2)", [bond, parent]);
  await f.test.db.pool.query("insert into ip_address (interface_id, alloc_type, ip) values ($1, 1, '10.99.0.2')", [
    bond,
  ]);
  const setId = await f.run((tx) =>
    createTestingSet(f.ctx, tx, machine.id, { testingScripts: ["nic-test"], params: {} }),
  );
  const results = await f.results(setId);
  assert.deepEqual(
    results.map((r) => r.interface_id),
    [one, two, bond],
  );
  const [value] = results.map((r) => r.parameters["interface"]?.value as Record<string, unknown>);
  assert.deepEqual([value?.["name"], value?.["mac_address"]], ["eth0", "52:54:00:77:00:00"]);
});

const nodeSets = async (id: number) =>
  (await f.test.db.pool.query("select commissioning_set_id, testing_set_id from node where id = $1", [id])).rows[0];

function fieldOf(field: string, part: RegExp) {
  return (error: unknown) =>
    error instanceof DomainError && error.code === "invalid_fields" && part.test(error.fields?.[field]?.[0] ?? "");
}

test("a plain commissioning runs what may run unasked, and the tests tagged for it (S0-009, S0-016, S0-020, S0-023)", async () => {
  const m = await f.machine("plain");
  const first = await commission(m.id);
  assert.deepEqual(await names(first.commissioningSetId), [
    "20-builtin",
    "30-bmc",
    "50-facts",
    "my-always",
    "my-enlisting",
  ]);
  assert.deepEqual(await names(first.testingSetId), ["smartctl"]);
  assert.deepEqual(await nodeSets(m.id), {
    commissioning_set_id: first.commissioningSetId,
    testing_set_id: first.testingSetId,
  });
  const second = await commission(m.id);
  assert.notEqual(second.commissioningSetId, first.commissioningSetId);
  assert.ok((await f.results(first.commissioningSetId)).every((r) => r.status === aborted && r.ended_at !== null));
  assert.ok((await f.results(second.commissioningSetId)).every((r) => r.status === pending));
});

test("named and tagged scripts run, others of one's own do not (S0-018, S0-021, S0-022)", async () => {
  const m = await f.machine("named");
  const sets = await commission(m.id, { commissioningScripts: ["special"], testingScripts: ["memtest", "network"] });
  assert.deepEqual(await names(sets.commissioningSetId), ["20-builtin", "30-bmc", "50-facts", "my-noauto"]);
  assert.deepEqual(await names(sets.testingSetId), ["memtest", "nic-test"]);
  const [memtest] = await f.results(sets.testingSetId);
  assert.deepEqual(memtest?.parameters, { runtime: { type: "runtime", value: 90 } });
});

test("an unknown name or tag is refused on its field (S0-019)", async () => {
  const m = await f.machine("unknown");
  await assert.rejects(
    commission(m.id, { commissioningScripts: ["nothing"] }),
    fieldOf("commissioning_scripts", /"nothing"/),
  );
  await assert.rejects(commission(m.id, { testingScripts: ["my-always"] }), fieldOf("testing_scripts", /"my-always"/));
  await assert.rejects(commission(m.id, { params: { colour: "red" } }), fieldOf("colour", /None of the chosen/));
});

test("`none` leaves the built-in scripts and no test", async () => {
  const m = await f.machine("none");
  await commission(m.id);
  const sets = await commission(m.id, { commissioningScripts: ["none"], testingScripts: ["none"] });
  assert.deepEqual(await names(sets.commissioningSetId), ["20-builtin", "30-bmc", "50-facts"]);
  assert.equal(sets.testingSetId, null);
  assert.equal((await nodeSets(m.id)).testing_set_id, null);
});

test("skip_bmc_config and s390x skip the BMC script at once", async () => {
  const m = await f.machine("nobmc");
  for (const more of [{ skipBmcConfig: true }, { architecture: "s390x/generic" }]) {
    const rows = await f.results((await commission(m.id, more)).commissioningSetId);
    assert.deepEqual(
      rows.filter((r) => r.status === skipped).map((r) => r.name),
      ["30-bmc"],
    );
  }
});

test("a storage test has one row per disk; unknown disks get a placeholder that commissioning replaces", async () => {
  const m = await f.machine("disks");
  const { testingSetId } = await commission(m.id, { params: { smartctl_storage: "all" } });
  assert.deepEqual(
    (await f.results(testingSetId)).map((r) => [r.name, r.parameters["storage"]?.value]),
    [["smartctl", "all"]],
  );
  await f.test.db.pool.query(
    `insert into block_device (node_id, name, model, serial, id_path, size_bytes, block_size_bytes)
     values ($1, 'sda', 'QEMU', 'S1', '/dev/disk/by-id/s1', 1e10, 512), ($1, 'sdb', 'QEMU', 'S2', null, 1e10, 512)`,
    [m.id],
  );
  await f.run((tx) => regenerateTests(f.ctx, tx, m.id, ["storage"]));
  const rows = await f.results(testingSetId);
  assert.deepEqual(
    rows.map((r) => [r.name, r.status]),
    [
      ["smartctl", pending],
      ["smartctl", pending],
    ],
  );
  assert.ok(rows.every((r) => r.block_device_id !== null));
  // S0-158: what a storage result carries
  assert.deepEqual(rows[0]?.parameters, {
    storage: {
      type: "storage",
      argument_format: "{path}",
      value: {
        id_path: "/dev/disk/by-id/s1",
        model: "QEMU",
        name: "sda",
        physical_blockdevice_id: rows[0]?.block_device_id,
        serial: "S1",
      },
    },
  });
  const one = await commission(m.id, { params: { storage: "S2" } });
  assert.deepEqual((await f.results(one.testingSetId)).length, 1);
  await f.run((tx) => regenerateTests(f.ctx, tx, m.id, ["storage"]));
  const [kept] = await f.results(one.testingSetId);
  assert.equal(
    (kept?.parameters["storage"]?.value as { name: string } | undefined)?.name,
    "sdb",
    "what was asked for stays asked for",
  );
  await assert.rejects(commission(m.id, { params: { storage: "sdz" } }), fieldOf("storage", /no disk "sdz"/));
});

test("a test by itself: by default those tagged commissioning; none chosen, a destructive one when deployed, or a blind one are refused", async () => {
  const m = await f.machine("tested");
  const start = (testingScripts?: string[]) =>
    f.run((tx) => createTestingSet(f.ctx, tx, m.id, { testingScripts, params: {} }));
  assert.deepEqual(await names(await start()), ["smartctl"]);
  await assert.rejects(start(["none"]), fieldOf("testing_scripts", /No test script/));
  await assert.rejects(start(["nic-test"]), fieldOf("testing_scripts", /none that is configured/));
  assert.deepEqual(await names(await start(["shredder"])), ["shredder"]);
  await f.test.db.pool.query("update node set status = 6 where id = $1", [m.id]);
  await assert.rejects(start(["shredder"]), fieldOf("testing_scripts", /destroys data/));
});

test("an interface test takes configured interfaces without children", async () => {
  const m = await f.machine("nics");
  const { rows } = await f.test.db.pool.query<{ id: number }>(
    "insert into interface (node_id, name, mac) values ($1, 'eth0', '52:54:00:00:00:01'), ($1, 'eth1', '52:54:00:00:00:02') returning id",
    [m.id],
  );
  await f.test.db.pool.query("insert into ip_address (alloc_type, interface_id) values (5, $1)", [rows[0]?.id]);
  const setId = await f.run((tx) => createTestingSet(f.ctx, tx, m.id, { testingScripts: ["nic-test"], params: {} }));
  const results = await f.results(setId);
  assert.deepEqual(
    results.map((r) => r.interface_id),
    [rows[0]?.id],
  );
  assert.deepEqual(results[0]?.parameters["interface"]?.value, {
    id: rows[0]?.id,
    name: "eth0",
    mac_address: "52:54:00:00:00:01",
    vendor: "",
    product: "",
  });
});

test("scripts for certain hardware come when the machine has told that it is that", async () => {
  const m = await f.machine("dell");
  const { commissioningSetId } = await commission(m.id, { commissioningScripts: ["vendor"] });
  assert.ok(!(await names(commissioningSetId)).includes("my-dell"));
  await f.test.db.pool.query("insert into node_metadata values ($1, 'system_vendor', 'DELL Inc.')", [m.id]);
  await f.run((tx) => reselectForHardware(f.ctx, tx, m.id, commissioningSetId));
  assert.ok((await names(commissioningSetId)).includes("my-dell"));
  await f.run((tx) => reselectForHardware(f.ctx, tx, m.id, commissioningSetId));
  assert.equal((await names(commissioningSetId)).filter((n) => n === "my-dell").length, 1);
  await f.test.db.pool.query("update node_metadata set value = 'HPE' where node_id = $1", [m.id]);
  await f.run((tx) => reselectForHardware(f.ctx, tx, m.id, commissioningSetId));
  assert.ok(!(await names(commissioningSetId)).includes("my-dell"));
});

test("runs of other purposes have their own scripts", async () => {
  const m = await f.machine("others");
  const made = await f.run(async (tx) => [
    await createEnlistingSet(f.ctx, tx, m.id),
    await createEnlistingSet(f.ctx, tx, m.id, { commissions: false }),
    await createBuiltinSet(f.ctx, tx, m.id),
    await createDeployInfoSet(f.ctx, tx, m.id),
    await createInstallationSet(f.ctx, tx, m.id),
    await createReleaseSet(f.ctx, tx, m.id, { scripts: ["wipe"], params: { quick_erase: "true" } }),
  ]);
  const lists = await Promise.all(made.map(names));
  assert.deepEqual(lists, [
    ["20-builtin", "30-bmc", "50-facts", "my-enlisting"],
    ["30-bmc"],
    ["20-builtin", "30-bmc", "50-facts"],
    ["50-facts"],
    ["/tmp/install.log"],
    ["wipe-disks"],
  ]);
  const [wipe] = await f.results(made[5] ?? null);
  assert.equal(wipe?.parameters["quick_erase"]?.value, true);
});

test("only the newest results of a script are kept, and no run without results", async () => {
  const m = await f.machine("kept");
  const keep = { commissioning: 2, testing: 1, installation: 3, release: 3 };
  const made: number[] = [];
  for (let i = 0; i < 3; i++) made.push((await commission(m.id, { keep })).commissioningSetId);
  const { rows } = await f.test.db.pool.query(
    "select id from script_set where node_id = $1 and result_type = 0 order by id",
    [m.id],
  );
  assert.deepEqual(
    rows.map((r) => r.id),
    made.slice(1),
  );
  await commission(m.id, { keep, testingScripts: ["none"] });
  const tests = await f.test.db.pool.query(
    "select count(*)::int as n from script_set where node_id = $1 and result_type = 2",
    [m.id],
  );
  assert.equal(tests.rows[0]?.n, 1);
});

test("what is not over when a run ends is over then", async () => {
  const m = await f.machine("ended");
  const { commissioningSetId: setId } = await commission(m.id);
  const [first] = await f.results(setId);
  await f.test.db.pool.query("update script_result set status = $1 where id = $2", [passed, first?.id]);
  await f.run((tx) => finishResults(tx, [setId], "timed_out", f.clock.now));
  const statuses = (await f.results(setId)).map((r) => r.status);
  assert.deepEqual(statuses, [passed, 4, 4, 4, 4]);
});
