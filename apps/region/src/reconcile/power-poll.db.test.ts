import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { recordPowerAction } from "@rackwright/db/power-actions";
import { DomainError } from "@rackwright/domain/errors";
import { writeSetting } from "../app/config.ts";
import { systemCtx } from "../context.ts";
import { type TestRegion, testRegion } from "../testing/region.ts";
import { pollPower } from "./power-poll.ts";

let t: TestRegion;
let asked = 0;
let answer: () => { state: "on" | "off" | "unknown" };

before(async () => {
  t = await testRegion();
  t.racks.connect({ nodeId: 9001 });
  t.racks.answer("power", (params) => {
    assert.equal(params.action, "query");
    asked += 1;
    return answer();
  });
});
after(() => t.close());

async function create(mac: string, power: Record<string, string>): Promise<string> {
  const reply = await t.request(t.admin, "POST", "/machines/", {
    form: { architecture: "amd64", mac_addresses: mac, commission: "false", ...power },
  });
  assert.equal(reply.status, 200, reply.text);
  return (reply.json as { system_id: string }).system_id;
}
const stateOf = async (id: string) =>
  ((await t.request(t.admin, "GET", `/machines/${id}/`)).json as { power_state: string }).power_state;
const ipmi = {
  power_type: "ipmi",
  power_parameters_power_address: "192.0.2.1",
  power_parameters_power_user: "u",
  power_parameters_power_pass: "p",
};

test("a machine is asked once, then again after five minutes; what was seen is recorded", async () => {
  const id = await create("52:54:00:00:00:01", ipmi);
  answer = () => ({ state: "on" });
  assert.equal(await pollPower(t.region), 1);
  assert.equal(await stateOf(id), "on");
  assert.equal(await pollPower(t.region), 0, "it was looked at just now");
  t.clock.advance(5 * 60_000 + 1000);
  answer = () => ({ state: "off" });
  assert.equal(await pollPower(t.region), 1);
  assert.equal(await stateOf(id), "off");
});

test("machines that nobody can ask, and ones being switched, are left alone", async () => {
  await create("52:54:00:00:00:02", { power_type: "manual" });
  const busy = await create("52:54:00:00:00:03", ipmi);
  const row = await t.db.kysely
    .selectFrom("node")
    .select(["id", "boot_epoch"])
    .where("system_id", "=", busy)
    .executeTakeFirstOrThrow();
  await recordPowerAction(t.db.kysely, { nodeId: row.id, bootEpoch: row.boot_epoch, action: "cycle" });
  asked = 0;
  assert.equal(await pollPower(t.region), 0);
  assert.equal(asked, 0);
});

test("a BMC that does not answer is an event, said once, and does not hold up others", async () => {
  const id = await create("52:54:00:00:00:04", ipmi);
  answer = () => {
    throw new DomainError("power_failed", "ipmi BMC at 192.0.2.1: no answer");
  };
  assert.equal(await pollPower(t.region), 1);
  const events = await t.request(t.admin, "GET", `/events/?op=query&id=${id}&level=WARNING`);
  assert.match(events.text, /no answer/);
  assert.equal(await pollPower(t.region), 0, "it was tried just now");
});

test("a machine that is waited for is asked several times before its deadline, however short that is", async () => {
  const id = await create("52:54:00:00:00:05", ipmi);
  answer = () => ({ state: "on" });
  assert.equal(await pollPower(t.region), 1);
  await writeSetting(systemCtx(t.region), "node_timeout", "1");
  t.clock.advance(11_000);
  assert.equal(await pollPower(t.region), 0, "nobody waits for it");
  await t.db.kysely
    .updateTable("node")
    .set({ status: 1, waiting_for: "next_script", status_deadline: new Date(t.region.now().getTime() + 50_000) })
    .where("system_id", "=", id)
    .execute();
  answer = () => ({ state: "off" });
  assert.equal(await pollPower(t.region), 1);
  assert.equal(await stateOf(id), "off");
});
