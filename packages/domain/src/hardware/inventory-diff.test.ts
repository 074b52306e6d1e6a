import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { compareInventories, comparePorts, isLoss, isNews } from "./inventory-diff.ts";
import { type Inventory, inventoryOf, type Nic, withSwitchPorts } from "./inventory.ts";
import { lldpPorts } from "./lldp.ts";
import { parseHardwareReport } from "./parse.ts";
import { laterDate, laterVersion } from "./versions.ts";

const disk = (name: string, serial: string | undefined, more: object = {}) => ({
  name,
  ...(serial === undefined ? {} : { serial }),
  model: "ST4000",
  idPath: serial === undefined ? `/dev/${name}` : `/dev/disk/by-id/ata-${serial}`,
  sizeBytes: 4e12,
  blockSizeBytes: 512,
  firmwareVersion: "SN04",
  tags: [],
  ...more,
});
const nic = (name: string, end: string, more: Partial<Nic> = {}): Nic => ({
  name,
  mac: `52:54:00:00:00:${end}`,
  slot: "0000:3b:00.0",
  product: "X550",
  firmwareVersion: "4.10",
  linkConnected: true,
  interfaceSpeed: 10_000,
  linkSpeed: 10_000,
  ...more,
});
const before: Inventory = {
  architecture: "amd64",
  hardwareUuid: "6f9ee0a6-96a4-4b6e-8d3c-6c0a0c1d0001",
  cpu: { count: 32, speedMhz: 2100, model: "Xeon 4310" },
  memoryMib: 131_072,
  metadata: {
    system_serial: "S1",
    mainboard_serial: "B1",
    mainboard_firmware_version: "1.9.2",
    mainboard_firmware_date: "03/14/2025",
  },
  disks: [disk("sda", "D1"), disk("sdb", "D2"), disk("vda", undefined)],
  nics: [nic("eth0", "01"), nic("eth1", "02")],
  devices: [{ id: "10de:20b5", name: "A100", isGpu: true, count: 4 }],
};

/** `part change name` of each. */
const said = (after: Partial<Inventory>, earlier: Partial<Inventory> = {}) =>
  compareInventories({ ...before, ...earlier }, { ...before, ...after }).map((c) => `${c.part} ${c.change} ${c.name}`);
const texts = (after: Partial<Inventory>) => compareInventories(before, { ...before, ...after }).map((c) => c.text);

test("the same machine has not changed", () => {
  assert.deepEqual(said({}), []);
  const fixture = readFileSync(new URL("./fixtures/qemu-virtio.json", import.meta.url), "utf8");
  const seen = inventoryOf(parseHardwareReport(fixture));
  assert.deepEqual(
    seen.nics.map(({ slot }) => slot),
    ["0000:00:02.0", "0000:00:03.0", "0000:00:04.0"],
  );
  assert.deepEqual(compareInventories(seen, JSON.parse(JSON.stringify(seen)) as Inventory), []);
});

test("disks are their serial numbers: gone, new, and with another name", () => {
  assert.deepEqual(said({ disks: [disk("sda", "D2"), disk("sdb", "D3"), disk("vda", undefined)] }), [
    "disk gone D1",
    "disk added D3",
    "disk renamed D2",
  ]);
  assert.deepEqual(said({ disks: [disk("sdb", "D1"), disk("sda", "D2"), disk("vda", undefined)] }), [
    "disk renamed D1",
    "disk renamed D2",
  ]);
  assert.match(texts({ disks: before.disks.slice(1) })[0] ?? "", /^disk D1 \(ST4000, 4000\.0 GB, sda\) is gone$/);
});

test("a disk may shrink, and get other firmware", () => {
  const [first, ...rest] = before.disks;
  assert.ok(first);
  assert.deepEqual(said({ disks: [{ ...first, sizeBytes: 2e12, firmwareVersion: "SN05" }, ...rest] }), [
    "disk smaller D1",
    "firmware newer D1",
  ]);
});

test("memory is compared in MiB, and what firmware keeps for itself is no loss", () => {
  assert.deepEqual(said({ memoryMib: 131_072 - 60 }), []);
  assert.deepEqual(said({ memoryMib: 98_304 }), ["memory smaller memory"]);
  assert.deepEqual(texts({ memoryMib: 98_304 }), ["memory: 98304 MiB, was 131072 MiB (32768 MiB less)"]);
  assert.deepEqual(said({ memoryMib: 262_144 }), ["memory larger memory"]);
});

test("processors, and identity", () => {
  assert.deepEqual(said({ cpu: { count: 16, speedMhz: 2100, model: "Xeon 4309" } }), [
    "cpu changed model",
    "cpu smaller count",
  ]);
  assert.deepEqual(said({ metadata: { ...before.metadata, mainboard_serial: "B2" }, hardwareUuid: "x" }), [
    "system changed hardware_uuid",
    "system changed mainboard_serial",
  ]);
});

test("cards are their MAC addresses: gone, new, with another name, in another slot", () => {
  const moved = [nic("eth1", "01"), nic("eth0", "02", { slot: "0000:5e:00.0" })];
  assert.deepEqual(said({ nics: moved }), [
    "nic renamed 52:54:00:00:00:01",
    "nic renamed 52:54:00:00:00:02",
    "nic moved 52:54:00:00:00:02",
  ]);
  assert.deepEqual(said({ nics: [nic("eth0", "01"), nic("eth1", "03")] }), [
    "nic gone 52:54:00:00:00:02",
    "nic added 52:54:00:00:00:03",
  ]);
  const { slot: _none, ...bare } = nic("eth0", "01");
  assert.deepEqual(said({ nics: [bare, nic("eth1", "02")] }), []);
});

test("links: drawn, plugged, slower, faster", () => {
  const link = (more: Partial<Nic>) => ({ nics: [nic("eth0", "01", more), nic("eth1", "02")] });
  assert.deepEqual(said(link({ linkConnected: false, linkSpeed: 0 })), ["nic unplugged 52:54:00:00:00:01"]);
  assert.deepEqual(said({}, link({ linkConnected: false, linkSpeed: 0 })), ["nic plugged 52:54:00:00:00:01"]);
  assert.deepEqual(said(link({ linkSpeed: 1000 })), ["nic slower 52:54:00:00:00:01"]);
  assert.deepEqual(said({}, link({ linkSpeed: 1000 })), ["nic faster 52:54:00:00:00:01"]);
  assert.deepEqual(said(link({ linkSpeed: 0 })), []);
});

test("firmware: newer, older, or another", () => {
  const of = (version: string, date = "03/14/2025") =>
    said({ metadata: { ...before.metadata, mainboard_firmware_version: version, mainboard_firmware_date: date } });
  assert.deepEqual(of("1.10.0"), ["firmware newer mainboard"]);
  assert.deepEqual(of("1.8.9"), ["firmware older mainboard"]);
  assert.deepEqual(of("IVE166L"), ["firmware changed mainboard"]);
  assert.deepEqual(of("IVE166L", "04/01/2025"), ["firmware newer mainboard"]);
  assert.deepEqual(of("1.10.0", "12/31/2024"), ["firmware older mainboard"]);
  assert.deepEqual(said({ nics: [nic("eth0", "01", { firmwareVersion: "4.9" }), nic("eth1", "02")] }), [
    "firmware older 52:54:00:00:00:01",
  ]);
});

test("versions as vendors write them", () => {
  for (const [a, b] of [
    ["2.9.1", "2.10.0"],
    ["U30 v2.76", "U32 v2.10"],
    ["5.0b", "5.0c"],
    ["2.1", "2.1.1"],
    ["14.31.1014", "14.32.1010"],
    ["F.20", "F.9a"].reverse() as [string, string],
  ] as const) {
    assert.equal(laterVersion(a, b), "newer", `${a} ${b}`);
    assert.equal(laterVersion(b, a), "older", `${b} ${a}`);
  }
  assert.equal(laterVersion("edk2-stable", "ubuntu-1"), undefined);
  assert.equal(laterVersion("1.0", "1.0"), undefined);
  assert.equal(laterDate("2025-01-01", "01/01/2025"), undefined);
  assert.equal(laterDate("12/31/2024", "01/01/2025"), "newer");
});

test("what else is plugged in is counted", () => {
  assert.deepEqual(said({ devices: [{ id: "10de:20b5", name: "A100", isGpu: true, count: 3 }] }), [
    "device gone 10de:20b5",
  ]);
  assert.deepEqual(said({ devices: [] }, { devices: [] }), []);
  assert.match(texts({ devices: [] })[0] ?? "", /GPU A100 \(10de:20b5\): 0, were 4/);
});

const neighbour = (port: string, chassis = "02:64:00:00:00:01") =>
  `<lldp><interface label="Interface" name="eth0" via="LLDP"><chassis label="Chassis"><id label="ChassisID" type="mac">${chassis}</id>` +
  `<name label="SysName">tor-1</name></chassis><port label="Port"><id label="PortID" type="ifname">${port}</id></port></interface></lldp>`;

test("a card that was plugged into another port of a switch", () => {
  const at = (xml: string) => withSwitchPorts(before, lldpPorts(xml));
  assert.deepEqual(
    comparePorts(at(neighbour("Gi0/1")), at(neighbour("Gi0/2"))).map(({ text }) => text),
    ["network card 52:54:00:00:00:01 (X550, eth0) moved to port Gi0/2 of tor-1, was at port Gi0/1 of tor-1"],
  );
  assert.equal(comparePorts(at(neighbour("Gi0/1")), at(neighbour("Gi0/1", "02:64:00:00:00:02"))).length, 1);
  for (const xml of ["", neighbour("Gi0/1")]) assert.deepEqual(comparePorts(at(neighbour("Gi0/1")), at(xml)), []);
  assert.deepEqual(
    [...lldpPorts(neighbour("a&amp;b")).values()],
    [{ switch: "02:64:00:00:00:01", name: "tor-1", port: "a&b" }],
  );
});

test("what is lost, and what is no news", () => {
  const changes = compareInventories(before, { ...before, disks: [disk("sdz", "D1")], memoryMib: 200_000 });
  assert.deepEqual(
    changes.filter(isLoss).map(({ name }) => name),
    ["D2", "vda"],
  );
  assert.deepEqual(
    changes.filter((c) => !isNews(c)).map(({ change }) => change),
    ["renamed"],
  );
});
