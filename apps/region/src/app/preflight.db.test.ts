import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import type { Machine } from "@rackwright/contract/objects/machine";
import type { Diagnosis, Timeline } from "@rackwright/contract/objects/recorder";
import { transaction } from "@rackwright/db/connect";
import { runHook } from "../hooks/index.ts";
import { type AddedMachine, addMachine } from "../testing/machines.ts";
import { type TestRegion, testRegion } from "../testing/region.ts";

// oxlint-disable-next-line typescript/no-explicit-any
type Json = any;
const fixture = readFileSync(
  new URL("../../../../packages/domain/src/hardware/fixtures/qemu-virtio.json", import.meta.url),
  "utf8",
);
const measured = {
  path: { interface: "enp0s2", target: "10.0.0.2", mtu: 1500, passes: 1500 },
  clock_offset_seconds: 0,
  hardware_clock_offset_seconds: 1,
  name_servers: [{ address: "10.0.0.3", answers: true }],
  region: [{ address: "10.0.0.2", reached: true }],
  troubles: [],
};

let t: TestRegion;
before(async () => {
  t = await testRegion();
});
after(() => t?.close());

let count = 0;
async function machine() {
  const m = await addMachine(t, "ready");
  const own = (count += 1).toString(16).padStart(2, "0");
  const commission = (preflight: object | null, change: (report: Json) => void = () => {}) =>
    transaction(t.db, async (tx) => {
      const report: Json = JSON.parse(
        fixture.replaceAll("52:54:00:4d:00", `52:54:00:6d:${own}`).replaceAll("1d0001", `3d00${own}`),
      );
      if (preflight) report.preflight = { ...measured, ...preflight };
      change(report);
      assert.deepEqual(await runHook(t.admin.ctx, tx, m.id, "50-maas-01-commissioning", JSON.stringify(report)), {
        ran: true,
      });
    });
  return { m, commission };
}

const read = async (m: AddedMachine) => (await t.request(t.admin, "GET", `/machines/${m.systemId}/`)).json as Machine;
const ask = async (m: AddedMachine, op: string) =>
  (await t.request(t.admin, "GET", `/machines/${m.systemId}/`, { query: { op } })).json;
/** Codes as each place where users look has them. */
const kept = async (m: AddedMachine) => (await read(m)).warnings.map(({ code }) => code);
const diagnosed = async (m: AddedMachine) => ((await ask(m, "diagnose")) as Diagnosis).warnings.map(({ code }) => code);
const told = async (m: AddedMachine) =>
  ((await ask(m, "timeline")) as Timeline).items
    .filter(({ text }) => text.startsWith("Warning"))
    .map(({ level, text }) => `${level} ${text}`);

test("what a machine measured is named in its diagnosis, its timeline and its record, with what to check", async () => {
  const { m, commission } = await machine();
  await commission({});
  assert.deepEqual([await kept(m), await diagnosed(m), await told(m)], [[], [], []]);
  await commission({ name_servers: [{ address: "10.0.0.3", answers: false }] });
  const [warning] = (await read(m)).warnings;
  assert.ok(warning && warning.checks.length > 0);
  assert.match(warning.summary, /does not answer: 10\.0\.0\.3/);
  assert.deepEqual([await kept(m), await diagnosed(m)], [["dns_silent"], ["dns_silent"]]);
  const diagnosis = (await ask(m, "diagnose")) as Diagnosis;
  assert.deepEqual([diagnosis.healthy, diagnosis.findings], [true, []]);
  assert.match(diagnosis.summary, /^Nothing is wrong: .* Warning: A name server .* What to check: dns_servers/);
  assert.equal((await told(m)).length, 1);
  assert.match((await told(m))[0] ?? "", /^warning Warning: A name server .*What to check: dns_servers/);
});

test("what is said already is not said again, and what is mended goes", async () => {
  const { m, commission } = await machine();
  const slow = { clock_offset_seconds: -90 };
  await commission(slow);
  await commission({ ...slow, path: { ...measured.path, passes: 1400 } });
  assert.deepEqual((await kept(m)).sort(), ["clock_skew", "mtu_mismatch"]);
  assert.equal((await told(m)).length, 2);
  await commission({});
  assert.deepEqual([await kept(m), await diagnosed(m)], [[], []]);
  assert.equal((await told(m)).length, 2);
});

test("a program that measures nothing, and numbers that are none", async () => {
  const { m, commission } = await machine();
  await commission(null);
  assert.deepEqual([await kept(m), await diagnosed(m)], [[], []]);
});

test("a slow link, of what was reported of the card", async () => {
  const { m, commission } = await machine();
  await commission({}, (r) => {
    const [port] = r.resources.network.cards[0].ports;
    Object.assign(port, { link_detected: true, link_speed: 100, supported_modes: ["1000baseT/Full"] });
  });
  assert.deepEqual(await kept(m), ["link_slow"]);
});

test("a UUID or a card that two machines report is named of both", async () => {
  const [a, b] = [await machine(), await machine()];
  const uuid = (r: Json) => (r.resources.system.uuid = "cccccccc-0000-0000-0000-00000000000c");
  await a.commission({}, uuid);
  assert.deepEqual(await kept(a.m), []);
  await b.commission({}, uuid);
  for (const { m } of [a, b]) {
    assert.deepEqual([await kept(m), await diagnosed(m)], [["duplicate_uuid"], ["duplicate_uuid"]]);
    assert.equal((await told(m)).length, 1);
  }
  await b.commission({});
  assert.deepEqual([await kept(a.m), await kept(b.m)], [[], []], "mended with one, mended with both");
  const card = (r: Json) => {
    r.resources.network.cards[0].ports[0].address = "52:54:00:6d:ff:ff";
    r.networks.enp0s2.hwaddr = "52:54:00:6d:ff:ff";
  };
  await a.commission({}, card);
  await b.commission({}, card);
  assert.deepEqual([await kept(a.m), await kept(b.m)], [["mac_of_another"], ["mac_of_another"]]);
  assert.match((await read(b.m)).warnings[0]?.summary ?? "", new RegExp(`52:54:00:6d:ff:ff \\(${a.m.hostname}\\)`));
});

test("a DHCP server of somebody else on its VLAN, where ours serves", async () => {
  const { m, commission } = await machine();
  await t.db.pool.query("update vlan set dhcp_on = true, external_dhcp = '10.0.0.250' where id = 1");
  await t.db.pool.query("update interface set vlan_id = 1, mac = $2, name = 'x' where node_id = $1", [
    m.id,
    `52:54:00:6d:${count.toString(16).padStart(2, "0")}:01`,
  ]);
  await commission({}, (r) => Object.values<Json>(r.networks).forEach((network) => (network.addresses = [])));
  assert.deepEqual([await kept(m), await diagnosed(m)], [["foreign_dhcp_on_segment"], ["foreign_dhcp_on_segment"]]);
  assert.match((await told(m))[0] ?? "", /another DHCP server answers .*10\.0\.0\.250/);
});
