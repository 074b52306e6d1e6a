import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { after, before, test } from "node:test";
import { transaction } from "@rackwright/db/connect";
import { Journal } from "@rackwright/db/journal";
import { finishResults } from "@rackwright/db/script-results";
import type { ResultTypeName } from "@rackwright/db/script-sets";
import { insertScript } from "@rackwright/db/scripts";
import { newScript } from "@rackwright/domain/scripts/merge";
import { resultType } from "@rackwright/domain/scripts/status";
import { storeSignalResult } from "../app/script-results.ts";
import { createCommissioningSets, createInstallationSet, createTestingSet } from "../app/script-sets.ts";
import { systemCtx } from "../context.ts";
import { type TestRegion, testRegion } from "../testing/region.ts";

let t: TestRegion;
let machineId: number;
const SYSTEM_ID = "abc123";
const sets: Record<ResultTypeName, number | null> = {
  commissioning: null,
  testing: null,
  installation: null,
  release: null,
};

interface Result {
  id: number;
  name: string;
  status: number;
  [key: string]: unknown;
}
interface Shown {
  id: number;
  results: Result[];
  [key: string]: unknown;
}

const RESULT_KEYS = [
  "created",
  "ended",
  "endtime",
  "estimated_runtime",
  "exit_status",
  "id",
  "name",
  "parameters",
  "runtime",
  "script_id",
  "script_revision_id",
  "started",
  "starttime",
  "status",
  "status_name",
  "suppressed",
  "updated",
];

before(async () => {
  t = await testRegion();
  t.clock.set(new Date("2026-03-01T10:00:00Z"));
  const { rows } = await t.db.pool.query<{ id: number }>(
    "insert into node (system_id, hostname, power_type) values ($1, 'box', 'manual') returning id",
    [SYSTEM_ID],
  );
  machineId = rows[0]?.id ?? 0;
  await t.db.pool.query(
    "insert into block_device (node_id, name, model, serial, size_bytes, block_size_bytes) values ($1, 'sda', 'QEMU', 'S1', 1e10, 512)",
    [machineId],
  );
  await transaction(t.db, async (tx) => {
    const password = { type: "password", required: false } as const;
    await insertScript(tx, newScript({ name: "bmc", type: 0, parameters: { pass: password } }, {}, true));
    await insertScript(tx, newScript({ name: "logs.tar.gz", type: 0 }, {}, true));
    const storage = { type: "storage", argument_format: "{path}" } as const;
    await insertScript(
      tx,
      newScript(
        {
          name: "disk-check",
          hardwareType: 3,
          tags: ["commissioning"],
          parameters: { storage: storage },
          timeoutSeconds: 90,
        },
        {},
      ),
    );
  });
  await run({ bmc_pass: "hunter2" });
});
after(() => t?.close());

async function run(params: Record<string, string> = {}): Promise<void> {
  const ctx = systemCtx(t.region);
  const made = await transaction(t.db, (tx) =>
    createCommissioningSets(ctx, tx, machineId, { params, skipBmcConfig: false, architecture: null }),
  );
  Object.assign(sets, { commissioning: made.commissioningSetId, testing: made.testingSetId });
}

async function report(type: ResultTypeName, scriptName: string, exitStatus: number, files: Record<string, string>) {
  const ctx = systemCtx(t.region);
  await transaction(t.db, async (tx) => {
    const journal = new Journal();
    const told = {
      machine: { id: machineId, systemId: SYSTEM_ID, hostname: "" },
      setIds: sets,
      resultTypes: [resultType[type]],
      scriptName,
      signal: "WORKING" as const,
      exitStatus,
      files: Object.entries(files).map(([name, content]) => ({ name, bytes: Buffer.from(content) })),
      now: t.region.now(),
    };
    await storeSignalResult(ctx, tx, told, journal);
    await journal.write(tx);
  });
}

const get = (path: string, query = {}, who = t.user) =>
  t.request(who, "GET", `/nodes/${SYSTEM_ID}/results/${path}`, { query });
const one = async (path: string, query = {}) => {
  const reply = await get(path, query);
  assert.equal(reply.status, 200, reply.text);
  return reply.json as Shown;
};

test("a run is read by its id or as the current one of its kind (S0-145, S0-146, S0-155, S0-158)", async () => {
  const shown = await one("current-testing/");
  const { results, ...rest } = shown;
  assert.deepEqual(rest, {
    id: sets.testing,
    system_id: SYSTEM_ID,
    type: 2,
    type_name: "Testing",
    last_ping: null,
    status: 0,
    status_name: "Pending",
    started: null,
    ended: null,
    runtime: "",
    resource_uri: `/MAAS/api/2.0/nodes/${SYSTEM_ID}/results/${sets.testing}/`,
  });
  assert.deepEqual(Object.keys(results[0] ?? {}).sort(), RESULT_KEYS);
  assert.equal(results[0]?.["estimated_runtime"], "0:01:30");
  const parameters = results[0]?.["parameters"] as { storage: { value: { name: string; serial: string } } } | undefined;
  assert.deepEqual([parameters?.storage.value.name, parameters?.storage.value.serial], ["sda", "S1"]);
  assert.deepEqual(await one(`${sets.testing}/`), shown);
  const commissioning = await one("current-commissioning/");
  assert.deepEqual(
    commissioning.results.map((r) => r.name),
    ["bmc", "logs.tar.gz"],
  );
  assert.deepEqual(commissioning.results[0]?.["parameters"], {
    pass: { type: "password", required: false, value: "REDACTED" },
  });
  assert.equal((await get("current-installation/")).status, 404);
  sets.installation = await transaction(t.db, (tx) => createInstallationSet(systemCtx(t.region), tx, machineId));
  assert.deepEqual(
    (await one("current-installation/")).results.map((r) => r.name),
    ["/tmp/install.log"],
  );
  assert.equal((await get("current-anything/")).status, 400);
  assert.equal((await get("999999/")).status, 404);
});

test("times and dates are as clients read them; a run estimates the next (S0-144, S0-156)", async () => {
  const first = sets.testing;
  await report("testing", "disk-check", 0, { "disk-check.out": "fine" });
  await t.db.pool.query("update script_result set started_at = ended_at - interval '65 seconds' where set_id = $1", [
    first,
  ]);
  const result = (await one(`${first}/`)).results[0];
  assert.deepEqual(
    [
      result?.["status_name"],
      result?.["started"],
      result?.["ended"],
      result?.["runtime"],
      result?.["estimated_runtime"],
      result?.["endtime"],
      result?.["starttime"],
    ],
    [
      "Passed",
      "Sun, 01 Mar 2026 09:58:55 -0000",
      "Sun, 01 Mar 2026 10:00:00 -0000",
      "0:01:05",
      "0:01:05",
      1772359200,
      1772359135,
    ],
  );
  await run();
  assert.equal((await one("current-testing/")).results[0]?.["estimated_runtime"], "0:01:05");
  const old = await one(`${first}/`, { include_output: "true" });
  assert.equal(
    Buffer.from(String(old.results[0]?.["stdout"]), "base64").toString(),
    "fine",
    "earlier runs stay readable",
  );
});

test("lists are narrowed by type, name, tag, id and hardware (S0-147..S0-149)", async () => {
  const list = async (query: Record<string, string>) => {
    const reply = await get("", query);
    assert.equal(reply.status, 200, reply.text);
    return reply.json as Shown[];
  };
  assert.ok((await list({})).length >= 4);
  assert.deepEqual([...new Set((await list({ type: "testing" })).map((s) => s["type"]))], [2]);
  const [newest] = await list({ type: "testing" });
  assert.equal(newest?.id, sets.testing, "newest first");
  const id = String(newest?.results[0]?.id);
  for (const filters of ["disk-check", "commissioning", id])
    assert.ok(
      (await list({ filters })).every((s) => s.results.every((r) => r.name === "disk-check")),
      filters,
    );
  assert.equal((await list({ filters: id })).length, 1);
  assert.ok((await list({ hardware_type: "storage" })).every((s) => s["type"] === 2));
  assert.equal((await get("", { type: "odd" })).status, 400);
});

test("suppressed failures do not count (S0-150..S0-157, S0-159)", async () => {
  await report("testing", "disk-check", 1, { "disk-check": "bad" });
  assert.equal((await one("current-testing/"))["status_name"], "Failed");
  const put = (path: string, form: Record<string, string>, who = t.admin) =>
    t.request(who, "PUT", `/nodes/${SYSTEM_ID}/results/${path}`, { form });
  assert.equal((await put("current-testing/", { suppressed: "maybe" })).status, 400);
  assert.equal((await put("current-testing/", { suppressed: "true" }, t.user)).status, 403);
  await put("current-testing/", { suppressed: "True", filters: "other" });
  assert.equal((await one("current-testing/")).results[0]?.["suppressed"], false);
  const shown = (await put("", { type: "testing", filters: "disk-check", suppressed: "True" })).json as Shown;
  assert.deepEqual(
    shown.results.map((r) => [r["suppressed"], r["script_revision_id"], r.status]),
    [[true, null, 3]],
  );
  assert.equal(shown["status"], -1, "nothing is left that counts");
  const machine = (await t.request(t.user, "GET", `/machines/${SYSTEM_ID}/`)).json as Record<string, unknown>;
  assert.notEqual(machine["testing_status_name"], "Failed");
  const again = (await put("current-testing/", { suppressed: "false" })).json as Shown;
  assert.deepEqual([again["status_name"], again.results[0]?.["suppressed"]], ["Failed", false]);
  await run();
  await transaction(t.db, (tx) => finishResults(tx, [sets.testing ?? 0], "aborted", t.region.now()));
  const [aborted] = (await one("current-testing/")).results;
  assert.deepEqual([aborted?.status, aborted?.["status_name"], aborted?.["exit_status"]], [5, "Aborted", null]);
});

test("a machine's state has the last word of each test on each device, whichever run it was in", async () => {
  const state = async () => {
    const machine = (await t.request(t.user, "GET", `/machines/${SYSTEM_ID}/`)).json as Record<string, unknown>;
    return ["storage_test", "cpu_test", "testing"].map((kind) => machine[`${kind}_status_name`]);
  };
  const ctx = systemCtx(t.region);
  await transaction(t.db, (tx) => insertScript(tx, newScript({ name: "cpu-check", hardwareType: 1 }, {})));
  const test = async (name: string) => {
    const request = { testingScripts: [name], params: {} };
    sets.testing = await transaction(t.db, (tx) => createTestingSet(ctx, tx, machineId, request));
  };
  await test("disk-check");
  await report("testing", "disk-check", 1, { "disk-check": "bad" });
  await test("cpu-check");
  assert.deepEqual(await state(), ["Failed", "Pending", "Pending"]);
  await report("testing", "cpu-check", 0, { "cpu-check": "good" });
  assert.deepEqual(await state(), ["Failed", "Passed", "Failed"]);
  await test("disk-check");
  await transaction(t.db, (tx) => finishResults(tx, [sets.testing ?? 0], "aborted", t.region.now()));
  assert.deepEqual(await state(), ["Failed", "Passed", "Failed"], "an aborted run says nothing");
  await test("disk-check");
  await report("testing", "disk-check", 0, { "disk-check": "good" });
  assert.deepEqual(await state(), ["Passed", "Passed", "Passed"]);
  await test("cpu-check");
  await report("testing", "cpu-check", 1, { "cpu-check": "bad" });
  assert.deepEqual(await state(), ["Passed", "Failed", "Failed"]);
  const form = { suppressed: "true" };
  assert.equal((await t.request(t.admin, "PUT", `/nodes/${SYSTEM_ID}/results/current-testing/`, { form })).status, 200);
  assert.deepEqual(await state(), ["Passed", "Unknown", "Passed"], "what came before does not count in its place");
  await run();
});

test("outputs are downloaded as text or as an archive", async () => {
  await run();
  await report("commissioning", "bmc", 0, {
    bmc: "all\n",
    "bmc.out": "out\n",
    "bmc.err": "err\n",
    "bmc.yaml": "results: {}\n",
  });
  await report("commissioning", "logs.tar.gz", 0, { "logs.tar.gz": "\u0001binary" });
  await report("testing", "disk-check", 0, { "disk-check": "disk\n" });
  const download = (which: string, query: Record<string, string> = {}) =>
    get(`${which}/`, { op: "download", ...query });
  const single = await download("current-testing");
  assert.deepEqual([single.text, single.headers["content-type"]], ["disk\n", "application/binary"]);
  const dashes = (n: number) => "-".repeat(n);
  assert.equal(
    (await download("current-commissioning", { output: "all" })).text,
    [
      `${dashes(37)} bmc ${dashes(37)}\nall\n\n`,
      `${dashes(35)} bmc.out ${dashes(35)}\nout\n\n`,
      `${dashes(35)} bmc.err ${dashes(35)}\nerr\n\n`,
      `${dashes(35)} bmc.yaml ${dashes(35)}\nresults: {}\n\n`,
      `${dashes(33)} logs.tar.gz ${dashes(33)}\nBinary file\n`,
    ].join(""),
  );
  assert.equal((await download("current-commissioning", { filters: "bmc", output: "stderr" })).text, "err\n");
  assert.match((await download("current-testing", { output: "all" })).text, /^-+ disk-check - \/dev\/sda -+\ndisk\n/);
  const archive = await download("current-commissioning", { output: "all", filetype: "tar.xz" });
  assert.equal(archive.headers["content-type"], "application/x-tar");
  const root = `box-commissioning-${sets.commissioning}`;
  const listed = spawnSync("tar", ["--list", "--xz"], { input: archive.bytes, encoding: "utf8" });
  assert.deepEqual(
    listed.stdout.trim().split("\n"),
    [`${root}/bmc`, `${root}/bmc.out`, `${root}/bmc.err`, `${root}/bmc.yaml`, `${root}/logs.tar.gz`],
    listed.stderr,
  );
  const disk = await download("current-testing", { filetype: "tar.xz" });
  const names = spawnSync("tar", ["--list", "--xz"], { input: disk.bytes, encoding: "utf8" }).stdout.trim();
  assert.equal(names, `box-testing-${sets.testing}/disk-check-sda`);
  assert.equal((await download("current-testing", { filetype: "zip" })).status, 400);
});

test("old runs can be deleted, the current commissioning and installation not; tests fall back to an older run", async () => {
  const remove = (which: string | number | null | undefined, who = t.admin) =>
    t.request(who, "DELETE", `/nodes/${SYSTEM_ID}/results/${which}/`);
  assert.equal((await remove("current-commissioning")).status, 400);
  assert.equal((await remove("current-installation")).status, 400);
  assert.equal((await remove(sets.testing, t.user)).status, 403);
  const [newest, older] = (await get("", { type: "testing" })).json as Shown[];
  assert.equal((await remove(newest?.id ?? 0)).status, 204);
  assert.equal((await one("current-testing/")).id, older?.id);
  assert.equal((await remove(newest?.id ?? 0)).status, 404);
});

test("a machine that is somebody's is nobody else's to look at", async () => {
  await t.db.pool.query("update node set owner_id = $1 where id = $2", [t.user.id, machineId]);
  assert.equal((await get("current-commissioning/")).status, 200);
  assert.equal((await get("current-commissioning/", {}, t.other)).status, 403);
  assert.equal((await get("", {}, t.other)).status, 403);
  assert.equal((await t.request(t.user, "GET", "/nodes/zzzzzz/results/")).status, 404);
});
