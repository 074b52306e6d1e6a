/** Power orders that wait for a rack: what they were given for may be over when it comes. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { until } from "@rackwright/testkit/until";
import { powerColumns } from "../app/power-settings.ts";
import { addImage, addMachine } from "../testing/machines.ts";
import { type TestRegion, testRegion } from "../testing/region.ts";
import { startPowerWorkflow } from "./power.ts";

let t: TestRegion;
before(async () => {
  t = await testRegion();
  await addImage(t);
  await startPowerWorkflow(t.region, { rackWaitMs: 30_000 });
});
after(() => t?.close());

test("a start that waited for its rack asks once more whether it is wanted", async () => {
  const m = await addMachine(t, "new");
  const given = { power_address: "10.0.0.9", power_user: "u", power_pass: "p" };
  const bmc = powerColumns(
    t.region,
    m.systemId,
    { powerType: "", parameters: {} },
    { powerType: "ipmi", given, skipCheck: false },
  );
  await t.db.kysely.updateTable("node").set(bmc).where("id", "=", m.id).execute();
  const reply = await t.request(t.admin, "POST", `machines/${m.systemId}/`, { query: { op: "commission" } });
  assert.equal(reply.status, 200, reply.text);
  const isIn = async (state: string) => {
    const query = "select from pgboss.job where name = 'power' and (data->>'nodeId')::int = $1 and state::text = $2";
    return (await t.db.pool.query(query, [m.id, state])).rowCount === 1;
  };
  await until(() => isIn("active"));
  // Commissioned by what it did before the rack went, and started for something else since.
  await t.db.kysely
    .updateTable("node")
    .set((eb) => ({ boot_epoch: eb("boot_epoch", "+", 1) }))
    .where("id", "=", m.id)
    .execute();
  t.racks.answer("power", () => ({ state: "on" }));
  t.racks.connect({ nodeId: 4711 });
  await until(() => isIn("completed"));
  assert.deepEqual(t.racks.calls, []);
});
