/** Hardware sync: from the deploy that asks for it to the release that ends it. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { loadMachineViews } from "@rackwright/db/machine-views";
import { deployPlan } from "../app/deploy-plan.ts";
import { registerBuiltinScripts } from "../app/scripts.ts";
import { nodeToken, type Token } from "../auth/tokens.ts";
import { sweepHardwareSync } from "../reconcile/hardware-sync.ts";
import { machineCalls } from "../testing/machine-calls.ts";
import { at, credentialsIn, machineSide } from "../testing/machine-side.ts";
import { addImage, addMachine, machineRow, netboot, statusOf } from "../testing/machines.ts";
import { type TestRegion, testRegion } from "../testing/region.ts";

// oxlint-disable-next-line typescript/no-explicit-any
type Json = any;
const HARDWARE = "50-maas-01-commissioning";
const fixture = readFileSync(
  new URL("../../../../packages/domain/src/hardware/fixtures/qemu-virtio.json", import.meta.url),
  "utf8",
);
/** Long ago: the region has listened all the time. */
const ALWAYS = new Date(0);

let t: TestRegion;
const { signal, preseed } = machineSide(() => t);
const { op } = machineCalls(() => t);
before(async () => {
  t = await testRegion();
  await addImage(t);
  await registerBuiltinScripts(t.region, t.region.machineFiles.scriptsDirectory);
});
after(() => t?.close());

const shown = async (m: { systemId: string }) =>
  (await t.request(t.admin, "GET", `machines/${m.systemId}/`)).json as Json;
const syncFields = (json: Json) => [json.enable_hw_sync, json.sync_interval, json.is_sync_healthy];
const eventsOf = async (m: { id: number }) =>
  (await t.db.kysely.selectFrom("event").select("type").where("node_id", "=", m.id).orderBy("id").execute()).map(
    (e) => e.type,
  );
const setting = (value: string) =>
  t.request(t.admin, "POST", "maas/", { query: { op: "set_config" }, form: { name: "hardware_sync_interval", value } });

/** Ready, as its commissioning found it, with a root disk and a link. */
async function readyMachine(columns: Record<string, unknown> = {}) {
  const { kysely } = t.db;
  const m = await addMachine(t, "ready", columns);
  const text = fixture
    .replaceAll("52:54:00:4d:00:01", m.mac)
    .replaceAll("1d0001", `2e${String(m.id).padStart(4, "0")}`);
  const hex = m.id.toString(16).padStart(2, "0");
  const own = text.replaceAll("52:54:00:4d:00", `52:54:00:5d:${hex}`);
  const report: Json = JSON.parse(own);
  const disks = ["DISK0", "DISK1"].map((serial, i) => ({
    node_id: m.id,
    name: `vd${"ab"[i]}`,
    serial,
    id_path: `/dev/disk/by-id/virtio-${serial}`,
    size_bytes: 20_000_000_000,
    block_size_bytes: 512,
  }));
  const [disk] = await kysely.insertInto("block_device").values(disks).returning("id").execute();
  await kysely
    .insertInto("filesystem")
    .values({
      fstype: "ext4",
      mount_point: "/",
      uuid: "6c1cbb6c-5fc5-4a3c-8d87-2f6a4b9b1a11",
      node_id: m.id,
      block_device_id: disk?.id ?? 0,
    })
    .execute();
  const subnet = await kysely
    .insertInto("subnet")
    .values({ name: m.hostname, cidr: `10.${m.id % 200}.0.0/24`, vlan_id: 1 })
    .returning("id")
    .executeTakeFirstOrThrow();
  const nic = await kysely.selectFrom("interface").select("id").where("node_id", "=", m.id).executeTakeFirstOrThrow();
  await kysely.insertInto("ip_address").values({ alloc_type: 0, interface_id: nic.id, subnet_id: subnet.id }).execute();
  return { ...m, nic: nic.id, subnetId: subnet.id, report };
}

type Ready = Awaited<ReturnType<typeof readyMachine>>;

/** Deployed with hardware sync, its installed system running. */
async function deployed(m: Ready): Promise<Ready & { token: Token }> {
  const reply = await op(t.admin, m, "deploy", { enable_hw_sync: "true" });
  assert.equal(reply.status, 200, reply.text);
  const token = await nodeToken(t.region, m.id);
  assert.ok(token);
  await t.request(token, "GET", at("latest/user-data"));
  assert.equal(await statusOf(t, m.systemId), "deployed");
  return { ...m, token };
}

const told = (m: { token: Token }, report: Json) =>
  signal(
    m.token,
    { status: "WORKING", name: HARDWARE, exit_status: "0" },
    { [`${HARDWARE}.out`]: { filename: `${HARDWARE}.out`, content: JSON.stringify(report) } },
  );

test("a deploy that asks for it installs a timer of that interval, and the machine's own credentials", async () => {
  assert.equal((await setting("1h 30min")).status, 200);
  const m = await readyMachine();
  const reply = await op(t.admin, m, "deploy", { enable_hw_sync: "true" });
  assert.deepEqual(syncFields(reply.json), [true, 5400, null]);
  await setting("10m");
  const token = await nodeToken(t.region, m.id);
  assert.ok(token);
  const plan = await deployPlan(t.region, m.id, { rackUrl: "http://10.0.0.1:5248" }, token);
  const file = (path: string) => plan.cloudInit.files.find((each) => each.path === path);
  const creds = file("/etc/maas/maas-machine-creds.yml");
  assert.equal(creds?.mode, "0600");
  assert.ok(creds.content.includes(`endpoint: "http://10.0.0.1:5248/MAAS/metadata/status/${m.systemId}"`));
  assert.ok(creds.content.includes(token.tokenSecret));
  assert.match(file("/etc/systemd/system/maas-hardware-sync.timer")?.content ?? "", /\nOnUnitActiveSec=5400s\n/);
  const program = file("/usr/local/sbin/maas-hardware-sync");
  assert.match(program?.content ?? "", /'http:\/\/10\.0\.0\.1:5248\/MAAS\/maas-run-scripts'/);
  assert.match(program?.content ?? "", /report-results --config \/etc\/maas\/maas-machine-creds\.yml/);
  assert.equal(program?.mode, "0755");
  assert.match(file("/etc/systemd/system/maas-hardware-sync.service")?.content ?? "", /ExecStart=\/usr\/local\/sbin/);
  assert.ok(file("/etc/systemd/system/timers.target.d/50-maas-hardware-sync.conf"));
});

test("a deploy that does not ask for it brings nothing of it; one that was chosen beforehand does", async () => {
  const m = await readyMachine();
  assert.deepEqual(syncFields((await op(t.admin, m, "deploy")).json), [false, null, null]);
  const token = await nodeToken(t.region, m.id);
  assert.ok(token);
  const plan = await deployPlan(t.region, m.id, { rackUrl: "http://10.0.0.1:5248" }, token);
  assert.deepEqual(
    plan.cloudInit.files.filter((each) => each.path.includes("maas-hardware")),
    [],
  );
  const chosen = await readyMachine();
  const put = (machine: { systemId: string }, value: string) =>
    t.request(t.admin, "PUT", `machines/${machine.systemId}/`, { form: { enable_hw_sync: value } });
  assert.equal(((await put(chosen, "true")).json as Json).enable_hw_sync, true);
  assert.deepEqual(syncFields((await op(t.admin, chosen, "deploy")).json), [true, 600, null]);
  const against = await readyMachine();
  await put(against, "true");
  assert.deepEqual(syncFields((await op(t.admin, against, "deploy", { enable_hw_sync: "false" })).json), [
    false,
    null,
    null,
  ]);
  await t.db.kysely.updateTable("node").set({ status: 6 }).where("id", "=", m.id).execute();
  const late = await put(m, "true");
  assert.deepEqual([late.status, Object.keys(late.json as object)], [400, ["enable_hw_sync"]]);
});

test("what reports is healthy; silence is told once and so is its end; a release ends it all", async () => {
  t.clock.set(new Date("2026-07-01T10:00:00.250Z"));
  try {
    const m = await deployed(await readyMachine());
    assert.deepEqual(syncFields(await shown(m)), [true, 600, true]);
    assert.deepEqual(await sweepHardwareSync(t.region, ALWAYS), []);
    assert.equal((await told(m, m.report)).status, 200);
    const first = await shown(m);
    assert.deepEqual([first.last_sync, first.next_sync], ["2026-07-01T10:00:00.250", "2026-07-01T10:10:00.250"]);
    t.clock.advance(15 * 60_000);
    assert.deepEqual(await sweepHardwareSync(t.region, ALWAYS), [], "one and a half intervals are not over");
    t.clock.advance(1000);
    assert.deepEqual(await sweepHardwareSync(t.region, t.clock.now()), [], "nobody listened meanwhile");
    assert.deepEqual(await sweepHardwareSync(t.region, ALWAYS), [m.id]);
    assert.deepEqual(await sweepHardwareSync(t.region, ALWAYS), []);
    assert.deepEqual(syncFields(await shown(m)), [true, 600, false]);
    await told(m, m.report);
    assert.deepEqual(syncFields(await shown(m)), [true, 600, true]);
    assert.deepEqual(
      (await eventsOf(m)).filter((type) => /SILENT|BACK/.test(type)),
      ["NODE_HARDWARE_SYNC_SILENT", "NODE_HARDWARE_SYNC_BACK"],
    );
    assert.equal((await op(t.admin, m, "release")).status, 200);
    const released = await shown(m);
    assert.deepEqual(
      [...syncFields(released), released.last_sync, released.next_sync],
      [false, null, null, null, null],
    );
    assert.equal((await told(m, m.report)).status, 403);
  } finally {
    t.clock.set(undefined);
  }
});

test("hardware that changes is taken over; layout and links stay as they were configured", async () => {
  const { kysely } = t.db;
  const ready = await readyMachine();
  const bond = await kysely
    .insertInto("interface")
    .values({ node_id: ready.id, name: "bond0", type: "bond", mac: ready.mac, vlan_id: 1 })
    .returning("id")
    .executeTakeFirstOrThrow();
  await kysely.insertInto("interface_parent").values({ child_id: bond.id, parent_id: ready.nic }).execute();
  const m = await deployed(ready);
  const boot = m.report.networks.enp0s2;
  const port = m.report.resources.network.cards[0].ports[0];
  [boot.hwaddr, port.address] = [m.mac, m.mac];
  boot.addresses = [{ family: "inet", address: `10.${m.id % 200}.0.77`, netmask: "24", scope: "global" }];
  // Whatever runs on it makes bridges of its own.
  m.report.networks.docker0 = { ...boot, hwaddr: "02:42:00:00:00:01", addresses: [], bridge: { upper_devices: [] } };
  const configured = await links(m);
  assert.equal((await told(m, m.report)).status, 200);
  const before = await view(m);
  assert.deepEqual(
    before.interfaces.map((i) => `${i.type} ${i.name}`).toSorted(),
    ["bond bond0", "physical enp0s2", "physical enp0s3", "physical enp0s4"],
    "cards are hardware, what lies over them was configured",
  );
  assert.deepEqual(before.parents.get(bond.id), [m.nic]);
  assert.deepEqual(await links(m), configured, "an address beyond its links is observed, and no claim");
  const storage = await filesystems(m);

  delete m.report.networks.enp0s3;
  const slot = m.report.resources.network.cards.find((c: Json) => c.ports[0].id === "enp0s3").pci_address;
  m.report.resources.pci.devices = m.report.resources.pci.devices.filter((d: Json) => d.pci_address !== slot);
  m.report.resources.network.cards = m.report.resources.network.cards.filter((c: Json) => c.ports[0].id !== "enp0s3");
  m.report.resources.memory.total += 1024 ** 3;
  const [last] = m.report.resources.storage.disks.slice(-1);
  m.report.resources.storage.disks.push({ ...last, id: "vdc", serial: "DISK9", device_id: "virtio-DISK9" });
  assert.equal((await told(m, m.report)).status, 200);
  const later = await view(m);
  assert.deepEqual(later.interfaces.map((i) => i.name).toSorted(), ["bond0", "enp0s2", "enp0s4"]);
  assert.deepEqual(later.blockDevices.map((d) => d.name).toSorted(), ["vda", "vdb", "vdc"]);
  assert.equal(later.row.memory_mib, before.row.memory_mib + 1024);
  assert.deepEqual(await filesystems(m), storage);
  assert.deepEqual(await links(m), configured);
  const types = (await eventsOf(m)).filter((type) => type.startsWith("NODE_HARDWARE_SYNC"));
  assert.deepEqual(types.toSorted(), [
    "NODE_HARDWARE_SYNC_BLOCK_DEVICE",
    "NODE_HARDWARE_SYNC_INTERFACE",
    "NODE_HARDWARE_SYNC_MEMORY",
  ]);
});

test("rescue mode and tests put its credentials aside: they open nothing meanwhile, and are its own again afterwards", async () => {
  const m = await deployed(await readyMachine());
  const fetches = async (token: Token) => (await t.request(token, "GET", at("2012-03-01/maas-scripts"))).status;
  const ephemeral = async (): Promise<Token> => {
    const { secret } = await netboot(t, m.mac);
    return credentialsIn((await preseed(m.systemId, secret)).text);
  };
  for (const [begin, end] of [
    ["rescue_mode", "exit_rescue_mode"],
    ["test", "abort"],
    ["test", "fail"],
  ] as const) {
    assert.equal(await fetches(m.token), 200, `before ${begin}`);
    assert.equal((await op(t.admin, m, begin, begin === "test" ? { testing_scripts: "ntp" } : {})).status, 200);
    assert.equal(await fetches(m.token), 403, `during ${begin}`);
    const other = await ephemeral();
    assert.notEqual(other.tokenKey, m.token.tokenKey);
    if (end === "fail") {
      assert.equal((await signal(other, { status: "FAILED", error: "broken" })).status, 200);
      assert.equal(await fetches(m.token), 403, "it has failed, and the system is not known to run");
      // Another look at it in between makes others, and the system's own stay aside.
      assert.equal((await op(t.admin, m, "rescue_mode")).status, 200);
      assert.equal((await op(t.admin, m, "exit_rescue_mode")).status, 200);
      assert.equal((await op(t.admin, m, "override_failed_testing")).status, 200);
    } else assert.equal((await op(t.admin, m, end)).status, 200);
    assert.equal(await statusOf(t, m.systemId), "deployed");
    assert.deepEqual([await fetches(m.token), await fetches(other)], [200, 403], `after ${end}`);
  }
  assert.equal((await told(m, m.report)).status, 200);
  assert.equal((await op(t.admin, m, "rescue_mode")).status, 200);
  assert.equal((await op(t.admin, m, "mark_broken")).status, 200);
  assert.equal((await op(t.admin, m, "mark_fixed")).status, 200);
  assert.deepEqual([await statusOf(t, m.systemId), await fetches(m.token)], ["deployed", 200], "broken, and fixed");
});

test("released out of rescue mode, nothing of its credentials is kept", async () => {
  const m = await deployed(await readyMachine());
  const kept = async () =>
    (await t.db.kysely.selectFrom("resting_token").select("node_id").where("node_id", "=", m.id).execute()).length;
  assert.equal((await op(t.admin, m, "rescue_mode")).status, 200);
  assert.equal(await kept(), 1);
  assert.equal((await op(t.admin, m, "exit_rescue_mode")).status, 200);
  assert.equal(await kept(), 0);
  assert.equal((await op(t.admin, m, "test", { testing_scripts: "ntp" })).status, 200);
  assert.equal(await kept(), 1);
  const { secret } = await netboot(t, m.mac);
  const token = credentialsIn((await preseed(m.systemId, secret)).text);
  assert.equal((await signal(token, { status: "FAILED", error: "broken" })).status, 200);
  assert.equal((await op(t.admin, m, "mark_broken")).status, 200);
  assert.equal((await t.request(m.token, "GET", at("2012-03-01/maas-scripts"))).status, 403);
});

test("a machine that came with its system may be said to report; its timer is its adder's to make", async () => {
  const reply = await t.request(t.admin, "POST", "machines/", { form: { deployed: "true", enable_hw_sync: "true" } });
  assert.deepEqual(syncFields(reply.json), [true, 600, true]);
  const { system_id: systemId } = reply.json as Json;
  const off = await t.request(t.admin, "PUT", `machines/${systemId}/`, { form: { enable_hw_sync: "false" } });
  assert.deepEqual(syncFields(off.json), [false, null, null]);
  assert.equal((await machineRow(t, systemId)).sync_silent, false);
});

async function view(m: { id: number }) {
  const [found] = await loadMachineViews(t.db.kysely, [m.id]);
  assert.ok(found);
  return found;
}

/** Links of a node, without what was merely observed. */
async function links(m: { id: number }) {
  const v = await view(m);
  return v.interfaces.flatMap((i) =>
    (v.links.get(i.id) ?? []).filter((l) => l.allocType !== 6).map((l) => [i.id, l.allocType, l.ip, l.subnetId]),
  );
}

const filesystems = (m: { id: number }) =>
  t.db.kysely
    .selectFrom("filesystem")
    .select(["mount_point", "block_device_id", "fstype"])
    .where("node_id", "=", m.id)
    .orderBy("id")
    .execute();
