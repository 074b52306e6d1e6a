/** A machine that says itself that it failed: its words stay the reason, and what to check stands in its history. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { transaction } from "@rackwright/db/connect";
import { newNodeToken, type Token } from "../auth/tokens.ts";
import { addImage, addMachine, type AddedMachine, machineRow, netboot, statusOf } from "../testing/machines.ts";
import { credentialsIn, machineSide } from "../testing/machine-side.ts";
import { type TestRegion, testRegion } from "../testing/region.ts";

let t: TestRegion;
const { preseed, signal, report } = machineSide(() => t);
before(async () => {
  t = await testRegion();
  await addImage(t);
});
after(() => t.close());

interface Item {
  text: string;
}
interface Finding {
  code: string;
  checks: string[];
}

/** A machine that commissions with a script of its own, as far as its preseed. */
async function commissioning(): Promise<AddedMachine & { token: Token; script: string }> {
  const m = await addMachine(t, "ready", { power_type: "manual" });
  const script = `trial-${m.systemId}`;
  const body = `#!/bin/sh\n# --- Start MAAS 1.0 script metadata ---\n# name: ${script}\n# script_type: commissioning\n# tags: noauto\n# --- End MAAS 1.0 script metadata ---\n`;
  assert.equal((await t.request(t.admin, "POST", "scripts/", { form: { script: body } })).status, 200);
  const form = { commissioning_scripts: script };
  const reply = await t.request(t.admin, "POST", `machines/${m.systemId}/`, { query: { op: "commission" }, form });
  assert.equal(reply.status, 200, reply.text);
  const { secret } = await netboot(t, m.mac);
  const { text } = await preseed(m.systemId, secret);
  return { ...m, token: credentialsIn(text), script };
}

const ask = async <T>(m: AddedMachine, op: string): Promise<T> =>
  (await t.request(t.admin, "GET", `machines/${m.systemId}/`, { query: { op } })).json as T;
const statusMessage = async (m: AddedMachine): Promise<string> =>
  ((await t.request(t.admin, "GET", `machines/${m.systemId}/`)).json as { status_message: string }).status_message;

test("what a failed script printed last is seen, named, and said what to check of", async () => {
  const m = await commissioning();
  const err = {
    filename: `${m.script}.err`,
    content: Buffer.from("reading ...\nsda: I/O error, dev sda, sector 8\n\n"),
  };
  const failed = { status: "WORKING", name: m.script, exit_status: "3" };
  assert.equal((await signal(m.token, failed, { file: err })).status, 200);
  const words = `signal WORKING about ${m.script}, exit 3: sda: I/O error, dev sda, sector 8`;
  assert.ok((await ask<{ items: Item[] }>(m, "timeline")).items.some(({ text }) => text === words));
  const before = await ask<{ findings: Finding[] }>(m, "diagnose");
  assert.deepEqual(
    before.findings.map(({ code }) => code),
    ["disk_error", "script_failed"],
  );

  const error = `1 commissioning script failed: ${m.script}`;
  await signal(m.token, { status: "FAILED", error });
  assert.equal((await machineRow(t, m.systemId)).error_description, error);
  const { items } = await ask<{ items: Item[] }>(m, "timeline");
  const [check = ""] = before.findings[0]?.checks ?? [];
  assert.ok(items.some(({ text }) => text.startsWith("Diagnosis: A disk") && text.includes(check)));
  // What is seen of it since changes nothing of why it failed.
  await netboot(t, m.mac);
  assert.equal(await statusMessage(m), `Failed commissioning - ${error}`);
});

test("an installer's last word is the reason, and its diagnosis is kept when the machine is off", async () => {
  const m = await addMachine(t, "deploying", { power_type: "manual", owner_id: t.admin.id, boot_epoch: 1 });
  const token = await transaction(t.db, (tx) => newNodeToken(t.region, tx, m.id));
  const description = "grub-install /dev/sda failed with 1: no space in the EFI variables";
  const end = { event_type: "finish", origin: "curtin", name: "cmd-install", description, result: "FAIL" };
  assert.equal((await report(token, m.systemId, end)).status, 204);
  assert.equal(await statusOf(t, m.systemId), "failed_deployment");
  assert.equal(await statusMessage(m), `Failed deployment - Installation failed: ${description}`);
  // Evidence is cleared away one day; why it failed is not.
  await t.db.kysely.updateTable("node").set({ power_state: "off" }).where("id", "=", m.id).execute();
  await t.db.kysely.deleteFrom("evidence").where("node_id", "=", m.id).execute();
  assert.equal((await ask<{ findings: Finding[] }>(m, "diagnose")).findings[0]?.code, "bootloader_failed");
});

test("a BMC that speaks what nothing here does is told of, and the machine goes on", async () => {
  const { token, ...m } = await commissioning();
  const power = { power_type: "redfish", power_parameters: JSON.stringify({ power_address: "10.0.0.9" }) };
  const reply = await signal(token, { status: "WORKING", ...power });
  assert.equal(reply.status, 200, reply.text);
  assert.equal((await machineRow(t, m.systemId)).power_type, "manual");
  const { items } = await ask<{ items: Item[] }>(m, "timeline");
  assert.ok(items.some(({ text }) => text.startsWith("Warning: The machine's BMC was found to speak redfish")));
  assert.equal((await signal(token, { status: "WORKING", ...power, power_type: "steam" })).status, 400);
});
