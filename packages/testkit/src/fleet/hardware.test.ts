import assert from "node:assert/strict";
import { test } from "node:test";
import { parseHardwareReport } from "@rackwright/domain/hardware/parse";
import { hardwareOf, loopbackAddress } from "./hardware.ts";
import { lldp, lshw, machineResources } from "./inventory.ts";

const mac = (i: number) => `0a:00:00:00:00:${i.toString(16).padStart(2, "0")}`;

test("the region reads an emulated machine's inventory as a real one's", () => {
  for (let i = 0; i < 50; i++) {
    const hw = hardwareOf([mac(i)], i + 1);
    const report = parseHardwareReport(JSON.stringify(machineResources(hw)));
    assert.equal(report.architecture, "amd64");
    assert.equal(report.cpu.count, hw.cpu.sockets * hw.cpu.coresPerSocket);
    assert.equal(report.memoryMib * 2 ** 20, hw.memoryBytes);
    assert.equal(report.numaNodes.length, hw.cpu.sockets);
    assert.deepEqual(
      report.disks.map(({ serial, sizeBytes }) => [serial, sizeBytes]),
      hw.disks.map(({ serial, sizeBytes }) => [serial, sizeBytes]),
    );
    assert.deepEqual(
      report.interfaces.map((nic) => [nic.mac, nic.linkConnected, nic.addresses.map(({ ip }) => ip)]),
      hw.nics.map((nic) => [nic.mac, nic.linked, nic.linked ? [hw.ip] : []]),
    );
    assert.equal(report.isVirtual, false);
    assert.ok(lshw(hw).includes(`<serial>${hw.serial}</serial>`) && lldp(hw).includes(hw.nics[0]?.name ?? "-"));
  }
});

test("a machine is the same each time, and no other's twin", () => {
  assert.deepEqual(hardwareOf([mac(1)], 1), hardwareOf([mac(1)], 1));
  const all = Array.from({ length: 200 }, (_, i) => hardwareOf([mac(i)], i + 1));
  const distinct = (of: (hw: (typeof all)[number]) => string) => new Set(all.map(of)).size;
  assert.deepEqual([distinct((hw) => hw.uuid), distinct((hw) => hw.serial), distinct((hw) => hw.ip)], [200, 200, 200]);
  assert.ok(distinct((hw) => `${hw.memoryBytes} ${hw.cpu.name} ${hw.disks.length}`) > 60);
});

test("addresses stay within 100.64.0.0/10 and loopback", () => {
  const highest = 2 ** 22 - 2;
  assert.equal(hardwareOf([mac(1)], highest).ip, "100.127.255.254");
  assert.equal(loopbackAddress(1), "127.64.0.1");
});
