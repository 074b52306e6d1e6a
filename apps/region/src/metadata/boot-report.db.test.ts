import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { at } from "../testing/machine-side.ts";
import { addImage, addMachine, netboot, statusOf } from "../testing/machines.ts";
import { type TestRegion, testRegion } from "../testing/region.ts";

let t: TestRegion;
before(async () => {
  t = await testRegion();
  await addImage(t);
});
after(() => t?.close());

const say = (secret: string | undefined, text: string) =>
  t.request(null, "POST", at("latest/boot-report/"), {
    query: { secret },
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: text,
  });
const consoleOf = (nodeId: number) =>
  t.db.kysely
    .selectFrom("evidence")
    .select(["text", "boot_epoch"])
    .where("node_id", "=", nodeId)
    .where("source", "=", "console")
    .execute();

test("why an initrd cannot go on is evidence of this boot, and what the diagnosis names", async () => {
  const m = await addMachine(t, "new");
  await t.request(t.admin, "POST", `machines/${m.systemId}/`, { query: { op: "commission" } });
  const { secret } = await netboot(t, m.mac);
  const line = `rackwright: stage=verify failed: http://r/squashfs sha256 expected ${"a".repeat(64)} got ${"b".repeat(64)}`;
  const reply = await say(secret, `${line}\u0000\n`);
  assert.equal(reply.status, 204, reply.text);
  assert.deepEqual(await consoleOf(m.id), [{ text: line, boot_epoch: 1 }]);
  assert.equal(await statusOf(t, m.systemId), "commissioning", "it may come through at its next try");
  const found = await t.request(t.admin, "GET", `machines/${m.systemId}/`, { query: { op: "diagnose" } });
  const codes = (found.json as { findings: { code: string }[] }).findings.map((f) => f.code);
  assert.ok(codes.includes("image_checksum"), found.text);
});

test("it is taken from whoever has the boot's secret, at its address, and no more than a line", async () => {
  const m = await addMachine(t, "new");
  await t.request(t.admin, "POST", `machines/${m.systemId}/`, { query: { op: "commission" } });
  const { secret } = await netboot(t, m.mac);
  assert.equal((await say(undefined, "x")).status, 403);
  assert.equal((await say(`${secret}x`, "x")).status, 403);
  assert.equal((await say(secret, "x".repeat(5000))).status, 413);
  const elsewhere = await netboot(t, m.mac, { address: "10.1.2.3" });
  assert.equal((await say(elsewhere.secret, "x")).status, 403);
  assert.deepEqual(await consoleOf(m.id), []);
});

test("a machine that says it for ever is heard some times only", async () => {
  const m = await addMachine(t, "new");
  await t.request(t.admin, "POST", `machines/${m.systemId}/`, { query: { op: "commission" } });
  const { secret } = await netboot(t, m.mac);
  const words = Array.from({ length: 40 }, (_, i) => "x".repeat(i + 1));
  for (const word of [...words, ...words]) assert.equal((await say(secret, word)).status, 204);
  const kept = (await consoleOf(m.id)).length;
  assert.ok(kept > 0 && kept < 30, String(kept));
});
