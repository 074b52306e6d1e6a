import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { insertSshKey } from "@rackwright/db/users";
import { parse } from "yaml";
import { sweepDeadlines } from "../reconcile/deadlines.ts";
import { addImage, addMachine, machineRow, netboot, statusOf } from "../testing/machines.ts";
import { at, credentialsIn, machineSide } from "../testing/machine-side.ts";
import { type TestRegion, type TestUser, testRegion } from "../testing/region.ts";

let t: TestRegion;
const { preseed, signal } = machineSide(() => t);
before(async () => {
  t = await testRegion();
  await addImage(t, "ubuntu/jammy");
  await addImage(t);
  await insertSshKey(t.db.kysely, t.admin.id, "ssh-ed25519 AAAAadmin rescuer", "");
  await insertSshKey(t.db.kysely, t.user.id, "ssh-ed25519 AAAAuser owner", "");
});
after(() => t?.close());

const op = (who: TestUser, systemId: string, name: string) =>
  t.request(who, "POST", `machines/${systemId}/`, { query: { op: name } });

/** A deployed machine of t.user's that an administrator sends into rescue mode, as far as its preseed. */
async function rescued() {
  const m = await addMachine(t, "deployed", { owner_id: t.user.id, osystem: "debian", distro_series: "bookworm" });
  assert.equal((await op(t.admin, m.systemId, "rescue_mode")).status, 200);
  const { secret, script } = await netboot(t, m.mac);
  assert.match(script, /^kernel /m);
  const text = (await preseed(m.systemId, secret)).text;
  return { ...m, secret, text, token: credentialsIn(text) };
}

test("the rescue system: the runner, no power off at its end, keys of who rescues and of the owner", async () => {
  const m = await rescued();
  assert.ok(!("power_state" in (parse(m.text) as object)), m.text);
  const get = async (item: string) => (await t.request(m.token, "GET", at(`latest/${item}`))).text;
  assert.equal(
    (await get("meta-data/public-keys")).split("\n").sort().join("|"),
    "ssh-ed25519 AAAAadmin rescuer|ssh-ed25519 AAAAuser owner",
  );
  assert.equal(await get("user-data"), t.region.machineFiles.runnerUserData);
  assert.equal((await machineRow(t, m.systemId)).waiting_for, "first_signal");
  assert.equal((await t.request(m.token, "GET", at("latest/maas-scripts"))).status, 204, "nothing is to be run");
  assert.equal((await signal(m.token, { status: "WORKING" })).status, 200);
  const row = await machineRow(t, m.systemId);
  assert.deepEqual([await statusOf(t, m.systemId), row.status_deadline, row.waiting_for], ["rescue_mode", null, null]);
  assert.equal((await signal(m.token, { status: "OK" })).status, 200);
  assert.equal((await signal(m.token, { status: "FAILED" })).status, 200);
  assert.equal(await statusOf(t, m.systemId), "rescue_mode");
});

test("a machine that is restarted in rescue mode comes back to it; the end of rescue mode ends its boot", async () => {
  const m = await rescued();
  await signal(m.token, { status: "OK" });
  const again = await netboot(t, m.mac);
  assert.equal((await preseed(m.systemId, again.secret)).status, 200);
  assert.equal(await statusOf(t, m.systemId), "rescue_mode");
  assert.equal((await op(t.admin, m.systemId, "exit_rescue_mode")).status, 200);
  assert.equal(await statusOf(t, m.systemId), "deployed");
  assert.equal((await preseed(m.systemId, again.secret)).status, 403);
  assert.equal((await machineRow(t, m.systemId)).owner_id, t.user.id);
  assert.doesNotMatch((await netboot(t, m.mac)).script, /secret=/, "its own disk again");
});

test("the runner's failure, and silence, end in Failed to enter rescue mode with the reason", async () => {
  const m = await rescued();
  await signal(m.token, { status: "FAILED", error: "no scripts" });
  assert.equal(await statusOf(t, m.systemId), "failed_entering_rescue_mode");
  assert.equal((await machineRow(t, m.systemId)).error_description, "no scripts");
  const silent = await rescued();
  t.clock.advance(31 * 60_000);
  await sweepDeadlines(t.region);
  assert.equal(await statusOf(t, silent.systemId), "failed_entering_rescue_mode");
  assert.match((await machineRow(t, silent.systemId)).error_description, /waited \d+ minutes, at last for kernel;/);
  assert.equal((await op(t.admin, silent.systemId, "rescue_mode")).status, 200, "another try");
  assert.equal((await op(t.admin, silent.systemId, "exit_rescue_mode")).status, 200);
  assert.equal(await statusOf(t, silent.systemId), "deployed", "the status before is not forgotten");
});

test("the way out that nobody sees the end of fails by its deadline", async () => {
  const m = await addMachine(t, "rescue_mode", { power_type: "ipmi", power_state: "on", previous_status: 4 });
  assert.equal((await op(t.admin, m.systemId, "exit_rescue_mode")).status, 200);
  t.clock.advance(6 * 60_000);
  await sweepDeadlines(t.region);
  assert.equal(await statusOf(t, m.systemId), "failed_exiting_rescue_mode");
  assert.match((await machineRow(t, m.systemId)).error_description, /power_off/);
});

test("a deployed Ubuntu is rescued by its own series where there is an image of it, any other by the usual one", async () => {
  const titled = async (osystem: string, distro_series: string) => {
    const m = await addMachine(t, "deployed", { owner_id: t.user.id, osystem, distro_series });
    assert.equal((await op(t.admin, m.systemId, "rescue_mode")).status, 200);
    return (await netboot(t, m.mac)).script;
  };
  assert.match(await titled("ubuntu", "jammy"), /ubuntu\/jammy/);
  assert.match(await titled("ubuntu", "noble"), /debian\/bookworm/);
  assert.match(await titled("debian", "bookworm"), /debian\/bookworm/);
});
