import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { transaction } from "@rackwright/db/connect";
import { newNodeToken } from "../auth/tokens.ts";
import { addMachine } from "../testing/machines.ts";
import { plaintextHeader } from "../testing/request.ts";
import { type TestRegion, testRegion } from "../testing/region.ts";

let t: TestRegion;
before(async () => {
  t = await testRegion();
});
after(() => t?.close());

test("a machine whose clock is wrong is refused, and its evidence says why, once; a forged one leaves nothing", async () => {
  const m = await addMachine(t, "commissioning", { boot_epoch: 3 });
  const token = await transaction(t.db, (tx) => newNodeToken(t.region, tx, m.id));
  const ask = (offset: number, more = {}) =>
    t.request(null, "GET", "/MAAS/metadata/latest/meta-data/", {
      headers: {
        authorization: plaintextHeader(token, { timestamp: Math.floor(Date.now() / 1000) + offset, ...more }),
      },
    });
  const noted = async () =>
    (await t.db.kysely.selectFrom("evidence").select(["text", "boot_epoch"]).where("node_id", "=", m.id).execute()).map(
      (e) => [e.text.replace(/\d+ s$/, "N s"), e.boot_epoch],
    );
  assert.equal((await ask(-86_400, { signature: "&forged" })).status, 403);
  assert.equal((await ask(0)).status, 200);
  assert.deepEqual(await noted(), []);
  for (let i = 0; i < 3; i++) assert.equal((await ask(-86_400)).status, 403);
  assert.deepEqual(await noted(), [["signed request refused: the machine's clock is off by -N s", 3]]);
  const found = await t.request(t.admin, "GET", `/machines/${m.systemId}/`, { query: { op: "diagnose" } });
  const codes = (found.json as { findings: { code: string }[] }).findings.map((f) => f.code);
  assert.ok(codes.includes("clock_off"), found.text);
});
