/** A script that restarts its machine in the middle: the run goes on in the next boot, behind what was printed before. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { addImage, addMachine, netboot, statusOf } from "../testing/machines.ts";
import { at, credentialsIn, machineSide } from "../testing/machine-side.ts";
import { type TestRegion, testRegion } from "../testing/region.ts";

let t: TestRegion;
const { preseed, signal, report } = machineSide(() => t);
before(async () => {
  t = await testRegion();
  await addImage(t);
  for (const mayReboot of [true, false]) {
    const name = mayReboot ? "restarts" : "stays";
    const script = `#!/bin/sh\n# --- Start MAAS 1.0 script metadata ---\n# name: ${name}\n# script_type: commissioning\n# tags: noauto\n# may_reboot: ${mayReboot}\n# --- End MAAS 1.0 script metadata ---\n`;
    const made = await t.request(t.admin, "POST", "scripts/", { form: { script } });
    assert.equal(made.status, 200, made.text);
  }
});
after(() => t?.close());

const cutOff = {
  event_type: "finish",
  origin: "cloudinit",
  name: "modules-final",
  description: "running modules for final",
  result: "FAIL",
};

async function booted(m: { systemId: string; mac: string }) {
  const { secret } = await netboot(t, m.mac);
  assert.ok(secret, "it gets a boot script");
  return credentialsIn((await preseed(m.systemId, secret)).text);
}

async function running(script: string) {
  const m = await addMachine(t, "new");
  const form = { commissioning_scripts: script };
  const reply = await t.request(t.admin, "POST", `machines/${m.systemId}/`, { query: { op: "commission" }, form });
  assert.equal(reply.status, 200, reply.text);
  const token = await booted(m);
  const { rows } = await t.db.pool.query<{ id: number }>(
    "select r.id from script_result r join node n on n.commissioning_set_id = r.set_id where n.id = $1",
    [m.id],
  );
  const id = String(rows[0]?.id);
  assert.equal((await signal(token, { status: "WORKING", script_result_id: id })).status, 200);
  return { ...m, token, id };
}

test("the system that was restarted says that it failed, and the machine goes on in the next boot", async () => {
  const m = await running("restarts");
  const print = (token: typeof m.token, offset: number, body: string) =>
    t.request(token, "POST", at(`2012-03-01/live-output/?script_result_id=${m.id}&offset=${offset}`), { body });
  assert.equal((await print(m.token, 0, "flashing\n")).status, 204);
  assert.equal((await report(m.token, m.systemId, cutOff)).status, 204);
  assert.equal(await statusOf(t, m.systemId), "commissioning");

  const token = await booted(m);
  const tar = await t.request(token, "GET", at("2012-03-01/maas-scripts"));
  const text = tar.bytes.toString("latin1");
  assert.match(text, /"has_started":true,"has_finished":false,"output_offset":9/);
  assert.match(text, /flashing\n/);
  assert.equal((await signal(token, { status: "WORKING", script_result_id: m.id })).status, 200);
  assert.equal((await print(token, 9, "done\n")).status, 204);
  const files = { f: { filename: "restarts", content: "flashing\ndone\n" } };
  const done = { status: "WORKING", script_result_id: m.id, exit_status: "0" };
  assert.equal((await signal(token, done, files)).status, 200);
  assert.equal((await signal(token, { status: "OK" })).status, 200);
  assert.equal(await statusOf(t, m.systemId), "ready");
});

test("a script that is not said to restart its machine fails with it", async () => {
  const m = await running("stays");
  assert.equal((await report(m.token, m.systemId, cutOff)).status, 204);
  assert.equal(await statusOf(t, m.systemId), "failed_commissioning");
});

test("a script that may restart its machine and has failed fails with it", async () => {
  const m = await running("restarts");
  const failed = { status: "WORKING", script_result_id: m.id, exit_status: "1" };
  assert.equal((await signal(m.token, failed)).status, 200);
  assert.equal((await report(m.token, m.systemId, cutOff)).status, 204);
  assert.equal(await statusOf(t, m.systemId), "failed_commissioning");
});
