/** How a machine is switched off: as its power parameters say, or as whoever switches it off says. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { RackMethods } from "@rackwright/contract/rack-protocol";
import { until } from "@rackwright/testkit/until";
import { powerColumns } from "../app/power-settings.ts";
import { type AddedMachine, addMachine } from "../testing/machines.ts";
import { type TestRegion, testRegion } from "../testing/region.ts";
import type { Values } from "../testing/request.ts";
import { startPowerWorkflow } from "./power.ts";

let t: TestRegion;
before(async () => {
  t = await testRegion();
  await startPowerWorkflow(t.region, { rackWaitMs: 100 });
  t.racks.connect({ nodeId: 4711 });
  t.racks.answer("power", () => ({ state: "off" }));
});
after(() => t?.close());

async function machineWith(powerType: string, given: Record<string, unknown>): Promise<AddedMachine> {
  const m = await addMachine(t, "deployed", { owner_id: t.user.id });
  const wanted = { powerType, given, skipCheck: false };
  const power = powerColumns(t.region, m.systemId, { powerType: "", parameters: {} }, wanted);
  await t.db.kysely.updateTable("node").set(power).where("id", "=", m.id).execute();
  return m;
}

const powerOff = (m: AddedMachine, form: Values) =>
  t.request(t.user, "POST", `machines/${m.systemId}/`, { query: { op: "power_off" }, form });

/** The mode that the rack was told. */
async function modeOf(stored: string | undefined, form: Values): Promise<string | undefined> {
  const bmc = { power_address: "10.0.0.9", power_user: "u", power_pass: "p" };
  const m = await machineWith("ipmi", stored === undefined ? bmc : { ...bmc, power_off_mode: stored });
  const reply = await powerOff(m, form);
  assert.equal(reply.status, 200, reply.text);
  const orders = () =>
    t.racks.calls.map((c) => c.params as RackMethods["power"]["params"]).filter((p) => p.systemId === m.systemId);
  await until(async () => orders().length > 0);
  return orders()[0]?.parameters["power_off_mode"];
}

test("stop_mode decides over the power parameter; without it that one does", async () => {
  assert.equal(await modeOf("hard", { stop_mode: "soft" }), "soft");
  assert.equal(await modeOf("soft", { stop_mode: "hard" }), "hard");
  assert.equal(await modeOf("soft", {}), "soft");
  assert.equal(await modeOf(undefined, { stop_mode: "soft" }), "soft");
});

test("a power type that can only cut the power does not do so when it was asked to be gentle", async () => {
  const m = await machineWith("webhook", {
    power_on_uri: "http://10.0.0.9/on",
    power_off_uri: "http://10.0.0.9/off",
    power_query_uri: "http://10.0.0.9/state",
  });
  const refused = await powerOff(m, { stop_mode: "soft" });
  assert.deepEqual([refused.status, Object.keys(refused.json as object)], [400, ["stop_mode"]]);
  const odd = await powerOff(m, { stop_mode: "gently" });
  assert.deepEqual([odd.status, Object.keys(odd.json as object)], [400, ["stop_mode"]]);
  assert.equal((await powerOff(m, { stop_mode: "hard" })).status, 200);
});
