import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { parse } from "yaml";
import { observePower } from "../app/machine-facts.ts";
import { registerBuiltinScripts } from "../app/scripts.ts";
import { sweepDeadlines } from "../reconcile/deadlines.ts";
import { type AddedMachine, addImage, addMachine, machineRow, netboot, statusOf } from "../testing/machines.ts";
import { at, credentialsIn, machineSide } from "../testing/machine-side.ts";
import { type TestRegion, type TestUser, testRegion } from "../testing/region.ts";
import type { Values } from "../testing/request.ts";

let t: TestRegion;
const { preseed, signal, report } = machineSide(() => t);
before(async () => {
  t = await testRegion();
  await addImage(t);
  await registerBuiltinScripts(t.region, t.region.machineFiles.scriptsDirectory);
  const script =
    "#!/bin/sh\n# --- Start MAAS 1.0 script metadata ---\n# name: goodbye\n# script_type: release\n# --- End MAAS 1.0 script metadata ---\n";
  const reply = await t.request(t.admin, "POST", "scripts/", { form: { script } });
  assert.equal(reply.status, 200, reply.text);
});
after(() => t?.close());

const op = (who: TestUser, m: { systemId: string }, name: string, form: Values = {}) =>
  t.request(who, "POST", `machines/${m.systemId}/`, { query: { op: name }, form });
const setting = (name: string, value: string) =>
  t.request(t.admin, "POST", "maas/", { query: { op: "set_config" }, form: { name, value } });

const deployed = (columns: Record<string, unknown> = {}) =>
  addMachine(t, "deployed", {
    owner_id: t.user.id,
    power_type: "ipmi",
    power_state: "on",
    osystem: "debian",
    distro_series: "bookworm",
    ...columns,
  });

interface Result {
  id: number;
  name: string;
  status: number;
  parameters: Record<string, { value?: unknown }>;
}

/** Results of the machine's current release run. */
async function results(m: AddedMachine): Promise<Result[]> {
  const { rows } = await t.db.pool.query<Result>(
    "select r.id::int, r.name, r.status, r.parameters from script_result r join node n on n.release_set_id = r.set_id where n.id = $1 order by r.name",
    [m.id],
  );
  return rows;
}

/** A machine whose release boots it, as far as its credentials and its scripts. */
async function released(form: Values, columns: Record<string, unknown> = {}) {
  const m = await deployed(columns);
  const reply = await op(t.user, m, "release", form);
  assert.equal(reply.status, 200, reply.text);
  return { ...m, ...(await booted(m)) };
}

async function booted(m: AddedMachine) {
  const { secret } = await netboot(t, m.mac);
  const { text } = await preseed(m.systemId, secret);
  return { text, token: credentialsIn(text) };
}

const finish = (name: string, result = "SUCCESS") => ({
  event_type: "finish",
  origin: "cloudinit",
  name,
  description: "done",
  result,
});

suite("erasing disks on release", () => {
  test("from the request to Ready, as the machine sees it", async () => {
    const m = await released({ quick_erase: "true", comment: "bye" });
    assert.equal(await statusOf(t, m.systemId), "disk_erasing");
    const { power_state: then } = parse(m.text) as { power_state: { mode: string; timeout: number } };
    assert.deepEqual([then.mode, then.timeout], ["poweroff", 7 * 24 * 3600]);
    const [wipe] = await results(m);
    assert.ok(wipe);
    assert.deepEqual(
      [wipe.name, wipe.parameters.quick_erase?.value, wipe.parameters.secure_erase?.value],
      ["wipe-disks", true, false],
    );
    const scripts = await t.request(m.token, "GET", at("latest/maas-scripts"));
    assert.equal(scripts.headers["content-type"], "application/x-tar");
    assert.match(scripts.text, /"release_scripts":\[\{"name":"wipe-disks"/);
    assert.doesNotMatch(scripts.text, /commissioning_scripts|testing_scripts/);

    await signal(m.token, { status: "RELEASING" });
    const first = (await machineRow(t, m.systemId)).status_deadline;
    t.clock.advance(120_000);
    const about = { script_result_id: String(wipe.id) };
    await signal(m.token, { status: "WORKING", ...about });
    let row = await machineRow(t, m.systemId);
    assert.equal(row.waiting_for, "script:wipe-disks");
    assert.ok(first && row.status_deadline && row.status_deadline > first, "the heartbeat moves the deadline");
    await observePower(t.region, m.id, "off");
    assert.equal(await statusOf(t, m.systemId), "disk_erasing", "it is not off for good");

    const out = { filename: "wipe-disks", content: "sda: wiped\n" };
    await signal(m.token, { status: "WORKING", ...about, exit_status: "0" }, { "wipe-disks": out });
    assert.equal((await results(m))[0]?.status, 2);
    await signal(m.token, { status: "OK" });
    row = await machineRow(t, m.systemId);
    assert.deepEqual([await statusOf(t, m.systemId), row.waiting_for], ["disk_erasing", "last_report"]);
    assert.equal(row.owner_id, t.user.id, "still its owner's");

    await observePower(t.region, m.id, "on");
    await report(m.token, m.systemId, finish("modules-config"));
    assert.equal(await statusOf(t, m.systemId), "disk_erasing");
    await report(m.token, m.systemId, finish("modules-final"));
    row = await machineRow(t, m.systemId);
    assert.deepEqual([await statusOf(t, m.systemId), row.waiting_for, row.osystem], ["releasing", "power_off", ""]);
    assert.equal((await signal(m.token, { status: "OK" })).status, 403, "its credentials are over");
    assert.doesNotMatch((await netboot(t, m.mac)).script, /secret=/, "it is only to switch itself off");
    await observePower(t.region, m.id, "off");
    row = await machineRow(t, m.systemId);
    // No commissioning of ours has passed on it.
    assert.deepEqual([await statusOf(t, m.systemId), row.owner_id, row.status_deadline], ["new", null, null]);
    const { rows } = await t.db.pool.query<{ type: string }>("select type from event where node_id = $1 order by id", [
      m.id,
    ]);
    const types = rows.map((e) => e.type);
    for (const type of ["REQUEST_NODE_ERASE_DISK", "DISK_ERASING", "NODE_DISKS_ERASED", "RELEASING", "RELEASED"])
      assert.ok(types.includes(type), `${type} of ${types.join(" ")}`);
  });

  test("a disk that cannot be wiped: Failed disk erasing with the runner's words, the log kept, its owner's still", async () => {
    const m = await released({ erase: "true" });
    const [wipe] = await results(m);
    const about = { script_result_id: String(wipe?.id) };
    const out = { filename: "wipe-disks", content: "sda: cannot\n" };
    await signal(m.token, { status: "WORKING", ...about, exit_status: "1" }, { "wipe-disks": out });
    await signal(m.token, { status: "FAILED", error: "1 release script failed: wipe-disks" });
    const row = await machineRow(t, m.systemId);
    assert.deepEqual(
      [await statusOf(t, m.systemId), row.error_description, row.owner_id],
      ["failed_disk_erasing", "1 release script failed: wipe-disks", t.user.id],
    );
    assert.equal((await results(m))[0]?.status, 3);
    assert.equal((await op(t.user, m, "release", { erase: "true" })).status, 200, "again");
    assert.equal(await statusOf(t, m.systemId), "disk_erasing");
  });

  test("a machine that says OK, or ends, without having wiped is not believed", async () => {
    const ok = await released({ erase: "true" });
    await signal(ok.token, { status: "OK" });
    assert.equal(await statusOf(t, ok.systemId), "failed_disk_erasing");
    const ended = await released({ erase: "true" });
    await report(ended.token, ended.systemId, finish("modules-final"));
    assert.equal(await statusOf(t, ended.systemId), "failed_disk_erasing");
    const broken = await released({ erase: "true" });
    await report(broken.token, broken.systemId, finish("modules-final", "FAIL"));
    assert.equal(await statusOf(t, broken.systemId), "failed_disk_erasing");
    assert.match(
      (await machineRow(t, broken.systemId)).error_description,
      /cloudinit failed while release scripts ran/,
    );
  });

  test("an abort, and silence, end in Failed disk erasing; nothing of the run goes on", async () => {
    const aborted = await released({ erase: "true" });
    assert.equal(
      ((await op(t.user, aborted, "abort")).json as { status_name: string }).status_name,
      "Failed disk erasing",
    );
    assert.equal((await results(aborted))[0]?.status, 5);
    const silent = await released({ erase: "true" });
    t.clock.advance(31 * 60_000);
    await sweepDeadlines(t.region);
    assert.equal(await statusOf(t, silent.systemId), "failed_disk_erasing");
    assert.equal((await results(silent))[0]?.status, 4);
  });

  test("the setting erases every release in its own way, several at once too", async () => {
    await setting("enable_disk_erasing_on_release", "true");
    try {
      const m = await released({ quick_erase: "true" });
      const [one, two] = [await deployed(), await deployed()];
      const many = await t.request(t.user, "POST", "machines/", {
        query: { op: "release" },
        form: { machines: [one.systemId, two.systemId] },
      });
      assert.deepEqual((many.json as string[]).sort(), [one.systemId, two.systemId].sort(), many.text);
      for (const each of [m, one, two]) {
        assert.equal(await statusOf(t, each.systemId), "disk_erasing");
        const [wipe] = await results(each);
        assert.deepEqual([wipe?.parameters.quick_erase?.value, wipe?.parameters.secure_erase?.value], [false, true]);
      }
    } finally {
      await setting("enable_disk_erasing_on_release", "false");
    }
  });
});

suite("release scripts", () => {
  test("of one's own run while it is Releasing, and fail it", async () => {
    const m = await released({ scripts: "goodbye,wipe-disks", "wipe-disks_quick_erase": "true" });
    assert.equal(await statusOf(t, m.systemId), "releasing");
    const [goodbye, wipe] = await results(m);
    assert.deepEqual([goodbye?.name, wipe?.name, wipe?.parameters.quick_erase?.value], ["goodbye", "wipe-disks", true]);
    await observePower(t.region, m.id, "off");
    assert.equal(await statusOf(t, m.systemId), "releasing", "its scripts have not run");
    await signal(m.token, { status: "WORKING", script_result_id: String(goodbye?.id), exit_status: "2" });
    await signal(m.token, { status: "FAILED" });
    assert.equal(await statusOf(t, m.systemId), "failed_releasing");
    assert.equal((await op(t.user, m, "release")).status, 200, "without them");
    await observePower(t.region, m.id, "off");
    assert.equal(await statusOf(t, m.systemId), "new");
  });

  test("an unknown script or parameter is refused by name, and nothing has begun", async () => {
    const m = await deployed();
    for (const [form, field] of [
      [{ scripts: "nonsense" }, "scripts"],
      [{ erase: "true", colour: "red" }, "colour"],
    ] as const) {
      const reply = await op(t.user, m, "release", form);
      assert.deepEqual([reply.status, field in (reply.json as object)], [400, true], reply.text);
      assert.equal(await statusOf(t, m.systemId), "deployed");
    }
    const busy = await addMachine(t, "disk_erasing", {
      owner_id: t.user.id,
      status_deadline: new Date(t.clock.now().getTime() + 60_000),
      waiting_for: "next_script",
    });
    assert.equal((await op(t.user, busy, "release", { erase: "true" })).status, 409);
    assert.equal((await op(t.other, m, "release", { erase: "true" })).status, 403);
  });

  test("a plain release runs nothing", async () => {
    const m = await deployed();
    assert.equal((await op(t.user, m, "release")).status, 200);
    assert.deepEqual([await statusOf(t, m.systemId), await results(m)], ["releasing", []]);
  });
});
