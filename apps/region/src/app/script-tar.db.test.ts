import assert from "node:assert/strict";
import { text } from "node:stream/consumers";
import { after, before, test } from "node:test";
import type { MachineStatus } from "@rackwright/domain/machine/status";
import { extract } from "tar-stream";
import { type Fixture, scriptFixture } from "./script-fixtures.ts";
import { takeBackAddresses } from "./addresses.ts";
import { createCommissioningSets, createReleaseSet, createTestingSet } from "./script-sets.ts";
import { buildScriptTar } from "./script-tar.ts";

let f: Fixture;
let machine: { id: number };
let commissioningSetId: number;

before(async () => {
  f = await scriptFixture();
  await f.script(
    {
      name: "30-bmc",
      builtin: true,
      tags: ["bmc-config"],
      timeoutSeconds: 300,
      parameters: { user: { type: "string", required: false } },
    },
    "#!/bin/sh\necho bmc\n",
  );
  await f.script(
    { name: "50-facts", builtin: true, tags: ["deploy-info", "node"], packages: { apt: ["jq"] } },
    "#!/bin/sh\necho facts\n",
  );
  await f.script({ name: "60-joins", tags: ["enlisting"] });
  await f.script({ name: "70-network", tags: ["enlisting"], applyConfiguredNetworking: true });
  await f.script({ name: "80-asks", tags: ["enlisting"], parameters: { word: { type: "string" } } });
  await f.script({ name: "85-disks", tags: ["enlisting"], parameters: { storage: { type: "storage" } } });
  await f.script({ name: "disk", type: 2, tags: ["commissioning"], parameters: { storage: { type: "storage" } } });
  await f.script({ name: "wipe-disks", type: 3, tags: ["wipe"] });
  machine = await f.machine("box");
  await f.test.db.pool.query(
    "insert into block_device (node_id, name, size_bytes, block_size_bytes) values ($1, 'sda', 1e10, 512), ($1, 'sdb', 1e10, 512)",
    [machine.id],
  );
  const sets = await f.run((tx) =>
    createCommissioningSets(f.ctx, tx, machine.id, {
      commissioningScripts: ["none"],
      params: {},
      skipBmcConfig: false,
      architecture: null,
    }),
  );
  commissioningSetId = sets.commissioningSetId;
});
after(() => f?.close());

type Entry = Record<string, unknown>;
interface Unpacked {
  index: Record<string, Entry[]>;
  files: Record<string, string>;
  modes: Record<string, number>;
}

async function unpack(tar: Buffer | undefined): Promise<Unpacked> {
  assert.ok(tar, "there is something to run");
  const files: Record<string, string> = {};
  const modes: Record<string, number> = {};
  const reader = extract();
  reader.end(tar);
  for await (const entry of reader) {
    files[entry.header.name] = await text(entry);
    modes[entry.header.name] = entry.header.mode ?? 0;
  }
  const { "index.json": index, ...rest } = files;
  return { index: (JSON.parse(index ?? "{}") as { "1.0": Record<string, Entry[]> })["1.0"], files: rest, modes };
}
const fetch = (status: MachineStatus) => buildScriptTar(f.ctx, { id: machine.id, status });
const names = (entries: Entry[] | undefined) => entries?.map((e) => e["name"]);
const setStatus = (name: string, status: number) =>
  f.test.db.pool.query("update script_result set status = $1, output = 'seen', stdout = 'so' where name = $2", [
    status,
    name,
  ]);

test("the archive of a commissioning holds each script once and an entry per result", async () => {
  const { index, files, modes } = await unpack(await fetch("commissioning"));
  assert.deepEqual(Object.keys(index), ["commissioning_scripts", "testing_scripts"]);
  const [bmc] = await f.results(commissioningSetId);
  const { script_version_id, ...entry } = index["commissioning_scripts"]?.[0] ?? {};
  assert.equal(typeof script_version_id, "number");
  assert.deepEqual(entry, {
    name: "30-bmc",
    path: "commissioning/30-bmc",
    script_result_id: bmc?.id,
    timeout_seconds: 300,
    parallel: 0,
    hardware_type: 0,
    parameters: {},
    packages: {},
    for_hardware: [],
    apply_configured_networking: false,
    default: true,
    tags: ["bmc-config"],
    has_started: false,
    has_finished: false,
  });
  assert.deepEqual(index["commissioning_scripts"]?.[1]?.["packages"], { apt: ["jq"] });
  assert.deepEqual(names(index["testing_scripts"]), ["disk", "disk"]);
  assert.deepEqual(Object.keys(files).sort(), ["commissioning/30-bmc", "commissioning/50-facts", "testing/disk"]);
  assert.equal(files["commissioning/30-bmc"], "#!/bin/sh\necho bmc\n");
  assert.equal(modes["commissioning/30-bmc"], 0o755);
});

test("what has begun comes with what is known of it; what is over is left out, except on a deployed machine", async () => {
  await setStatus("30-bmc", 2);
  await setStatus("50-facts", 1);
  const { index, files } = await unpack(await fetch("commissioning"));
  assert.deepEqual(names(index["commissioning_scripts"]), ["50-facts"]);
  const facts = index["commissioning_scripts"]?.[0];
  assert.deepEqual([facts?.["has_started"], facts?.["has_finished"]], [true, false]);
  const base = `out/50-facts.${String(facts?.["script_result_id"])}`;
  assert.deepEqual([files[base], files[`${base}.out`], files[`${base}.err`]], ["seen", "so", undefined]);
  const deployed = await unpack(await fetch("deployed"));
  assert.deepEqual(
    deployed.index["commissioning_scripts"]?.map((e) => [e["name"], e["has_finished"]]),
    [
      ["30-bmc", true],
      ["50-facts", false],
    ],
  );
  const failed = await unpack(await fetch("failed_testing"));
  assert.deepEqual(names(failed.index["commissioning_scripts"]), ["30-bmc", "50-facts"], "to be run by hand");
  assert.ok(failed.index["testing_scripts"]);
});

test("each status has its sections, and an empty one nothing at all", async () => {
  assert.deepEqual(Object.keys((await unpack(await fetch("testing"))).index), ["testing_scripts"]);
  assert.equal(await fetch("releasing"), undefined);
  await f.run((tx) => createReleaseSet(f.ctx, tx, machine.id, { scripts: ["wipe"], params: {} }));
  assert.deepEqual(Object.keys((await unpack(await fetch("disk_erasing"))).index), ["release_scripts"]);
  await f.test.db.pool.query("update script_result set status = 2 where name = 'disk'");
  assert.equal(await fetch("testing"), undefined);
});

test("a deleted script is not sent", async () => {
  await f.test.db.pool.query("update script_result set status = 0 where name = 'disk'");
  await f.test.db.pool.query("delete from script where name = 'disk'");
  assert.equal(await fetch("testing"), undefined);
});

test("a script for the configured network brings that network", async () => {
  await f.run((tx) =>
    createCommissioningSets(f.ctx, tx, machine.id, {
      commissioningScripts: ["70-network"],
      params: {},
      skipBmcConfig: false,
      architecture: null,
      testingScripts: ["none"],
    }),
  );
  const { files } = await unpack(await fetch("commissioning"));
  assert.match(files["../config/netplan.yaml"] ?? "", /^network:\n  version: 2/);
});

test("an unknown machine gets what it can run without a record, by name", async () => {
  const { index, files } = await unpack(await buildScriptTar(f.ctx, null));
  const entries = index["commissioning_scripts"] ?? [];
  assert.deepEqual(names(entries), ["30-bmc", "50-facts", "60-joins"]);
  assert.deepEqual(Object.keys(entries[0] ?? {}).sort(), [
    "apply_configured_networking",
    "for_hardware",
    "hardware_type",
    "name",
    "packages",
    "parallel",
    "parameters",
    "path",
    "script_version_id",
    "timeout_seconds",
  ]);
  assert.ok(files["commissioning/60-joins"]);
  await f.test.db.pool.query("insert into config values ('enlist_commissioning', 'false')");
  assert.deepEqual(names((await unpack(await buildScriptTar(f.ctx, null))).index["commissioning_scripts"]), ["30-bmc"]);
});

test("tests for certain hardware come with the archive in which it is known", async () => {
  await f.script({ name: "90-gpu", type: 2, forHardware: ["system_vendor:Dell Inc."], tags: ["vendor-tests"] });
  await f.script({ name: "91-plain", type: 2 });
  const fresh = await f.machine("fresh");
  const { testingSetId } = await f.run((tx) =>
    createCommissioningSets(f.ctx, tx, fresh.id, {
      commissioningScripts: ["none"],
      testingScripts: ["vendor-tests", "91-plain"],
      params: {},
      skipBmcConfig: false,
      architecture: null,
    }),
  );
  const tests = async () => (await f.results(testingSetId)).map((r) => r.name);
  assert.deepEqual(await tests(), ["91-plain"]);
  const tar = () => buildScriptTar(f.ctx, { id: fresh.id, status: "commissioning" });
  await f.test.db.pool.query(
    "insert into node_metadata (node_id, key, value) values ($1, 'system_vendor', 'Dell Inc.')",
    [fresh.id],
  );
  await tar();
  assert.deepEqual(await tests(), ["91-plain"], "nothing has been found out yet");
  await f.test.db.pool.query(
    "update script_result set status = 2 where name = '50-facts' and set_id = (select commissioning_set_id from node where id = $1)",
    [fresh.id],
  );
  const { index } = await unpack(await tar());
  assert.deepEqual(await tests(), ["90-gpu", "91-plain"]);
  assert.deepEqual(names(index["testing_scripts"]), ["90-gpu", "91-plain"]);
  await f.test.db.pool.query("delete from node_metadata where node_id = $1", [fresh.id]);
  await tar();
  assert.deepEqual(await tests(), ["91-plain"], "what does not suit it and has not begun goes");
});

test("a test under the machine's own network has an address; where none is left it is told", async () => {
  await f.script({ name: "95-own-network", type: 2, applyConfiguredNetworking: true });
  const { pool } = f.test.db;
  const { rows } = await pool.query<{ id: number }>(
    "insert into subnet (name, cidr, vlan_id) values ('small', '10.55.0.0/30', 1) returning id",
  );
  const netplanOf = async (hostname: string, mac: string) => {
    const it = await f.machine(hostname);
    const nic = await pool.query<{ id: number }>(
      "insert into interface (node_id, name, mac, vlan_id) values ($1, 'eth0', $2, 1) returning id",
      [it.id, mac],
    );
    await pool.query("insert into ip_address (interface_id, alloc_type, subnet_id) values ($1, 0, $2)", [
      nic.rows[0]?.id,
      rows[0]?.id,
    ]);
    await f.run((tx) => createTestingSet(f.ctx, tx, it.id, { testingScripts: ["95-own-network"], params: {} }));
    const { files } = await unpack(await buildScriptTar(f.ctx, { id: it.id, status: "testing" }));
    const warned = await pool.query<{ description: string }>("select description from event where node_id = $1", [
      it.id,
    ]);
    return { it, netplan: files["../config/netplan.yaml"] ?? "", warned: warned.rows.map((row) => row.description) };
  };
  const first = await netplanOf("first", "02:00:00:55:00:01");
  assert.match(first.netplan, /10\.55\.0\.[12]\/30/);
  assert.deepEqual(first.warned, []);
  await netplanOf("second", "02:00:00:55:00:02");
  const third = await netplanOf("third", "02:00:00:55:00:03");
  assert.doesNotMatch(third.netplan, /10\.55\.0\.\d+\/30/);
  assert.match(third.warned.join(), /tested without an address: No free address is left in subnet small/);
  await f.run((tx) => takeBackAddresses(tx, first.it.id));
  assert.match((await netplanOf("fourth", "02:00:00:55:00:04")).netplan, /10\.55\.0\.[12]\/30/);
});

test("a test's parameter of a setting's name has the setting's value", async () => {
  const parameters = { maas_auto_ipmi_user_privilege_level: { type: "string" } } as const;
  await f.script({ name: "96-as-set", type: 2, parameters });
  const it = await f.machine("as-set");
  const setId = await f.run((tx) => createTestingSet(f.ctx, tx, it.id, { testingScripts: ["96-as-set"], params: {} }));
  const [result] = await f.results(setId);
  assert.equal(result?.parameters["maas_auto_ipmi_user_privilege_level"]?.value, "ADMIN");
});
