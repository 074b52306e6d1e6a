/** A machine that was added by its BMC alone is known when it boots for the first time. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { PowerJob } from "../app/queues.ts";
import { addImage, machineRow, netboot, statusOf } from "../testing/machines.ts";
import { type TestRegion, testRegion } from "../testing/region.ts";
import type { Values } from "../testing/request.ts";

let t: TestRegion;
before(async () => {
  t = await testRegion();
  await addImage(t);
});
after(() => t?.close());

const bmc = (address: string) => ({
  power_type: "ipmi",
  power_parameters: JSON.stringify({ power_address: address, power_user: "root", power_pass: "Top-Secret-1" }),
});
async function added(address: string, more: Values = {}): Promise<string> {
  const form = { architecture: "amd64", ...bmc(address), ...more };
  const reply = await t.request(t.admin, "POST", "machines/", { form });
  assert.equal(reply.status, 200, reply.text);
  return (reply.json as { system_id: string }).system_id;
}
/** What the enlisting system sends; @returns the system id of the machine that it is */
async function announce(mac: string, address: string, more: Values = {}): Promise<string> {
  const reported = { power_address: address, power_user: "maas", power_pass: "made-up" };
  const form = {
    architecture: "amd64",
    mac_addresses: mac,
    commission: "True",
    power_type: "ipmi",
    power_parameters: JSON.stringify(reported),
    ...more,
  };
  const reply = await t.request(null, "POST", "machines/", { form });
  assert.equal(reply.status, 200, reply.text);
  return (reply.json as { system_id: string }).system_id;
}
const macsOf = async (systemId: string) => {
  const { id } = await machineRow(t, systemId);
  return (await t.db.kysely.selectFrom("interface").select("mac").where("node_id", "=", id).execute()).map(
    (i) => i.mac,
  );
};
const parameters = async (systemId: string) =>
  (await t.request(t.admin, "GET", `machines/${systemId}/`, { query: { op: "power_parameters" } })).json as {
    power_pass: string;
  };

test("a New one goes on as its own enlistment, with the power settings that its administrator gave", async () => {
  const mac = "52:54:00:b0:00:01";
  const systemId = await added("10.1.0.1", { commission: "false" });
  await netboot(t, mac);
  assert.equal(await announce(mac, "10.1.0.1"), systemId);
  assert.deepEqual(await macsOf(systemId), [mac]);
  assert.equal(await statusOf(t, systemId), "commissioning");
  assert.equal((await parameters(systemId)).power_pass, "Top-Secret-1");
  assert.equal(await announce(mac, "10.1.0.1"), systemId, "by its MAC address from now on");
});

test("one that is being commissioned is started again, and then boots as itself", async () => {
  const mac = "52:54:00:b0:00:02";
  const systemId = await added("10.1.0.2");
  assert.equal(await statusOf(t, systemId), "commissioning");
  const { bootEpoch, id } = await machineRow(t, systemId).then((row) => ({ bootEpoch: row.boot_epoch, id: row.id }));
  const before = await netboot(t, mac);
  assert.match(before.script, /enlist-preseed/);
  assert.equal(await announce(mac, "10.1.0.2"), systemId);
  const row = await machineRow(t, systemId);
  assert.deepEqual([row.boot_epoch, row.waiting_for, row.enlisting], [bootEpoch + 1, "power_on", false]);
  const { rows } = await t.db.pool.query<{ data: PowerJob }>(
    "select data from pgboss.job where name = 'power' and (data ->> 'nodeId')::int = $1 order by created_on desc limit 1",
    [id],
  );
  assert.deepEqual([rows[0]?.data.action, rows[0]?.data.epoch], ["cycle", bootEpoch + 1]);
  const then = await netboot(t, mac);
  assert.match(then.script, new RegExp(`by-id/${systemId}`));
});

test("nobody is taken for it who has not booted so, has another BMC, or comes late", async () => {
  const systemId = await added("10.1.0.3", { commission: "false" });
  const mac = "52:54:00:b0:00:03";
  assert.notEqual(await announce(mac, "10.1.0.3"), systemId, "it has not booted");
  const elsewhere = "52:54:00:b0:00:04";
  await netboot(t, elsewhere, { address: "10.9.9.9" });
  assert.notEqual(await announce(elsewhere, "10.1.0.3"), systemId, "it booted from another address");
  const other = "52:54:00:b0:00:05";
  await netboot(t, other);
  assert.notEqual(await announce(other, "10.1.0.99"), systemId, "another BMC");
  assert.deepEqual(await macsOf(systemId), []);
  await t.db.kysely.updateTable("node").set({ status: 4 }).where("system_id", "=", systemId).execute();
  const late = "52:54:00:b0:00:06";
  await netboot(t, late);
  assert.notEqual(await announce(late, "10.1.0.3"), systemId, "a machine that is Ready is none that enlists");
});
