/** A machine that waits says what was last seen of it, in reply and list alike. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { insertEvidence } from "@rackwright/db/history";
import { transaction } from "@rackwright/db/connect";
import { newNodeToken } from "../auth/tokens.ts";
import { type AddedMachine, addImage, addMachine, machineRow } from "../testing/machines.ts";
import { type TestRegion, testRegion } from "../testing/region.ts";

let t: TestRegion;
before(async () => {
  t = await testRegion();
});
after(() => t?.close());

interface Shown {
  system_id: string;
  waiting_for: string | null;
  status_since: string;
  status_deadline: string | null;
  last_evidence: { at: string; source: string; text: string } | null;
}
const read = async (m: AddedMachine) => (await t.request(t.admin, "GET", `machines/${m.systemId}/`)).json as Shown;
const waiting = { status_deadline: new Date(Date.now() + 600_000), waiting_for: "kernel", boot_epoch: 3 };
const seen = (m: AddedMachine, bootEpoch: number, text: string) =>
  insertEvidence(t.db.kysely, [{ nodeId: m.id, mac: null, bootEpoch, source: "http", text }]);

test("what was last seen of this boot, and of no other", async () => {
  const m = await addMachine(t, "deploying", waiting);
  assert.equal((await read(m)).last_evidence, null, "nothing yet");
  await seen(m, 3, "boot script given");
  await seen(m, 3, "kernel sent");
  await seen(m, 2, "a straggler of the boot before");
  const shown = await read(m);
  assert.deepEqual(
    [shown.waiting_for, shown.last_evidence?.source, shown.last_evidence?.text],
    ["kernel", "http", "kernel sent"],
  );
  assert.match(shown.last_evidence?.at ?? "", /^\d{4}-\d\d-\d\dT/);
  assert.ok(shown.status_since && shown.status_deadline);
  const other = await addMachine(t, "deployed", { boot_epoch: 3 });
  await seen(other, 3, "its system fetched its user-data");
  const listed = (await t.request(t.admin, "GET", "machines/")).json as Shown[];
  assert.deepEqual(
    listed.map((each) => [each.system_id, each.last_evidence?.text ?? null]),
    [
      [m.systemId, "kernel sent"],
      [other.systemId, null],
    ],
    "one that does not wait has none",
  );
});

test("events of a timeline belong to the boot that they are of, as evidence does", async () => {
  await addImage(t);
  const m = await addMachine(t, "new");
  for (const op of ["commission", "abort", "commission"]) {
    const reply = await t.request(t.admin, "POST", `machines/${m.systemId}/`, { query: { op } });
    assert.equal(reply.status, 200, reply.text);
  }
  const { boot_epoch } = await machineRow(t, m.systemId);
  const timeline = await t.request(t.admin, "GET", `machines/${m.systemId}/`, { query: { op: "timeline" } });
  const { items } = timeline.json as { items: { text: string; epoch: number | null }[] };
  const begun = items.filter((item) => item.text.startsWith("Commissioning")).map((item) => item.epoch);
  assert.deepEqual(begun, [boot_epoch - 2, boot_epoch], timeline.text);
});

test("a machine's own secrets are not in it", async () => {
  const m = await addMachine(t, "commissioning", waiting);
  const token = await transaction(t.db, (tx) => newNodeToken(t.region, tx, m.id));
  await seen(m, 3, `it sent ${token.tokenSecret} and power_pass=calvin`);
  const text = (await read(m)).last_evidence?.text ?? "";
  assert.ok(!text.includes(token.tokenSecret) && !text.includes("calvin"), text);
});
