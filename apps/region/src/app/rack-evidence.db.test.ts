import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { EvidenceItem } from "@rackwright/contract/rack-protocol";
import { addMachine } from "../testing/machines.ts";
import { type TestRegion, testRegion } from "../testing/region.ts";
import { recordEvidence } from "./rack-evidence.ts";

let t: TestRegion;
before(async () => {
  t = await testRegion();
});
after(() => t?.close());

const item = (mac: string, text: string, more: Partial<EvidenceItem> = {}): EvidenceItem => ({
  source: "http",
  mac,
  address: null,
  text,
  at: Date.now(),
  ...more,
});

test("one item that PostgreSQL would not take keeps no other from being recorded: the rack would send the batch for ever", async () => {
  const m = await addMachine(t, "new");
  await recordEvidence(t.region, [
    item("52:54:00:99:00:01", "by link-local", { address: "fe80::1%eth0" }),
    item("52:54:00:99:00:01", "cut \ud83d and \0", { detail: { log: "\0 \ud83d" } }),
    item(m.mac, "as ever", { address: "10.0.0.7" }),
  ]);
  const rows = await t.db.kysely.selectFrom("evidence").select(["text", "node_id"]).orderBy("id").execute();
  assert.deepEqual(
    rows.map(({ text, node_id }) => [text, node_id]),
    [
      ["by link-local", null],
      ["cut \ufffd and ", null],
      ["as ever", m.id],
    ],
  );
});
