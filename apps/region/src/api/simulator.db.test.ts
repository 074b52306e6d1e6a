import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setBmcFaults, simulatedBmc, switchSimulated } from "@rackwright/db/simulated-power";
import { transaction } from "@rackwright/db/connect";
import { readMachine } from "@rackwright/db/machines";
import { DomainError } from "@rackwright/domain/errors";
import { testRegion, type TestRegion } from "../testing/region.ts";
import { simulatedRacks } from "../simulator/racks.ts";

let t: TestRegion;
before(async () => {
  t = await testRegion({ simulated: true });
});
after(() => t.close());

interface Work {
  system_id: string;
  start: number;
  wanted: string;
  mac_addresses: string[];
}

async function machine(mac: string): Promise<{ id: number; systemId: string }> {
  const reply = await t.request(t.admin, "POST", "/machines/", {
    form: { mac_addresses: mac, architecture: "amd64/generic", power_type: "hmcz", commission: "false" },
  });
  assert.equal(reply.status, 200, reply.text);
  const { system_id: systemId } = reply.json as { system_id: string };
  const loaded = await readMachine(t.db.kysely, systemId);
  return { id: loaded?.machine.id ?? -1, systemId };
}

const due = async (form: Record<string, string> = {}): Promise<Work[]> =>
  (await t.request(t.admin, "POST", "/simulator/?op=take", { form })).json as Work[];
/** As a simulator does: take, obey, say so. */
async function take(form: Record<string, string> = {}): Promise<Work[]> {
  const work = await due(form);
  if (work.length > 0)
    await report({ obeyed: work.map((one) => `${one.system_id}:${one.start}:${one.wanted}`).join(",") });
  return work;
}
const report = (form: Record<string, string>) => t.request(t.admin, "POST", "/simulator/?op=report", { form });

function power(systemId: string, action: "on" | "off" | "cycle" | "query", done: "observed_off"[] = []) {
  const params = { systemId, bootEpoch: 0, action, powerType: "hmcz", parameters: {}, bootDevice: null, done };
  return simulatedRacks(t.racks, t.db).call(1, "power", params);
}

test("each start is handed out until it was obeyed, and again when its player has gone", async () => {
  const { systemId } = await machine("02:00:00:00:10:01");
  assert.deepEqual(await power(systemId, "cycle"), { state: "on" });
  assert.equal((await due()).length, 1);
  const [work] = await take();
  assert.deepEqual(
    [work?.system_id, work?.start, work?.wanted, work?.mac_addresses],
    [systemId, 1, "on", ["02:00:00:00:10:01"]],
  );
  assert.deepEqual(await take(), []);
  assert.deepEqual(
    (await take({ again: "true" })).map((one) => [one.system_id, one.start]),
    [[systemId, 1]],
  );
  await power(systemId, "cycle");
  assert.deepEqual(
    (await take()).map((one) => [one.system_id, one.start, one.wanted]),
    [[systemId, 2, "on"]],
  );
  await power(systemId, "off");
  assert.deepEqual(
    (await take()).map((one) => [one.start, one.wanted]),
    [[2, "off"]],
  );
  assert.deepEqual(await take(), []);
});

test("a cycle that was cut short goes on, and starts the machine once", async () => {
  const { id, systemId } = await machine("02:00:00:00:10:02");
  await power(systemId, "on");
  await switchSimulated(t.db.kysely, id, "off");
  await power(systemId, "cycle", ["observed_off"]);
  await power(systemId, "cycle", ["observed_off"]);
  assert.equal((await take()).find((one) => one.system_id === systemId)?.start, 2);
});

test("a machine that goes off is off, unless it was started again since", async () => {
  const { systemId } = await machine("02:00:00:00:10:03");
  await power(systemId, "on");
  await take();
  await report({ off: `${systemId}:7` });
  assert.deepEqual(await power(systemId, "query"), { state: "on" });
  await report({ off: `${systemId}:1` });
  assert.deepEqual(await power(systemId, "query"), { state: "off" });
  assert.deepEqual(await take(), []);
  assert.deepEqual((await report({ on: systemId })).json, { [systemId]: 2 });
});

test("BMCs misbehave as they are told to", async () => {
  const { id, systemId } = await machine("02:00:00:00:10:04");
  const fails = (pattern: RegExp) => (error: unknown) =>
    error instanceof DomainError && error.code === "power_failed" && pattern.test(error.message);
  for (const [fault, pattern] of [
    ["auth", /password/],
    ["unreachable", /gave no answer/],
    ["refused", /said no/],
  ] as const) {
    await report({ bmc: `${systemId}:${fault}` });
    await assert.rejects(power(systemId, "on"), fails(pattern));
  }
  await report({ bmc: `${systemId}:deaf` });
  await assert.rejects(power(systemId, "on"), fails(/took the order to switch on, and 2 s later the machine is off/));
  await report({ bmc: `${systemId}:lies` });
  assert.deepEqual(await power(systemId, "query"), { state: "on" });
  await report({ bmc: `${systemId}:none` });
  assert.deepEqual(await power(systemId, "on"), { state: "on" });
  assert.deepEqual(await simulatedBmc(t.db.kysely, id), { state: "on", fault: null });
  await transaction(t.db, (tx) => setBmcFaults(tx, [{ systemId: "nobody", fault: "auth" }]));
});

test("a BMC may be another machine's: what is switched is that one", async () => {
  const [a, b] = [await machine("02:00:00:00:10:06"), await machine("02:00:00:00:10:07")];
  await report({ bmc: `${a.systemId}:at-${b.systemId}` });
  assert.deepEqual(await power(a.systemId, "on"), { state: "on" });
  assert.deepEqual(
    [(await simulatedBmc(t.db.kysely, a.id)).state, (await simulatedBmc(t.db.kysely, b.id)).state],
    ["off", "on"],
  );
  assert.deepEqual(await power(a.systemId, "query"), { state: "on" });
});

test("what DHCP logged of a machine is evidence of it, as a rack's would be", async () => {
  const { systemId } = await machine("02:00:00:00:10:08");
  const log = "DHCP4_LEASE_ALLOC [hwtype=1 02:00:00:00:10:08]: lease 100.64.0.9 has been allocated";
  const seen = { mac: "02:00:00:00:10:08", what: "ack", address: "100.64.0.9", log, at: Date.now() };
  assert.equal((await report({ dhcp: JSON.stringify(seen) })).status, 200);
  const { json } = await t.request(t.admin, "GET", `/machines/${systemId}/`, {
    query: { op: "timeline", source: "dhcp" },
  });
  const { items } = json as { items: { source: string; text: string; detail: unknown }[] };
  assert.deepEqual(
    items.map(({ source, text, detail }) => ({ source, text, detail })),
    [{ source: "dhcp", text: "DHCP ack 100.64.0.9 on emulated", detail: { what: "ack", log } }],
  );
  for (const wrong of [
    "{",
    "[]",
    { ...seen, mac: "x" },
    { ...seen, what: "foreign_server" },
    { ...seen, address: "::1" },
  ])
    assert.equal((await report({ dhcp: typeof wrong === "string" ? wrong : JSON.stringify(wrong) })).status, 400);
  assert.equal((await report({ dhcp: JSON.stringify({ ...seen, log: undefined }) })).status, 400);
});

test("words that make no sense are refused", async () => {
  assert.equal((await report({ off: "abc" })).status, 400);
  assert.equal((await report({ obeyed: "abc:1" })).status, 400);
  assert.match((await report({ bmc: "abc:sleepy" })).text, /none, auth, unreachable/);
});

test("only an administrator, and only where machines are emulated", async () => {
  assert.equal((await t.request(t.user, "GET", "/simulator/")).status, 403);
  assert.equal((await t.request(null, "POST", "/simulator/?op=take")).status, 401);
  assert.equal((await t.request(t.admin, "GET", "/simulator/")).status, 200);
  const real = await testRegion();
  try {
    for (const op of ["take", "report"])
      assert.equal((await real.request(real.admin, "POST", `/simulator/?op=${op}`)).status, 404);
    const virsh = { mac_addresses: "02:00:00:00:10:05", architecture: "amd64/generic", power_type: "hmcz" };
    assert.equal((await real.request(real.admin, "POST", "/machines/", { form: virsh })).status, 400);
  } finally {
    await real.close();
  }
});
