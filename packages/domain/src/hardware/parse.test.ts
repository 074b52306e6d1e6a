import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { suite, test } from "node:test";
import { bootifMac } from "./bootif.ts";
import { matchDisks, matchInterfaces, mergeArchitecture, mergeTags } from "./match.ts";
import { parseHardwareReport } from "./parse.ts";
import { BadReport } from "./read.ts";
import { closestSubnet, ownSubnet } from "./subnets.ts";

// Printed by machine/resources/machine-resources on a virtio machine, shortened; names of the hardware are QEMU's.
const fixture = readFileSync(new URL("./fixtures/qemu-virtio.json", import.meta.url), "utf8");
// oxlint-disable-next-line typescript/no-explicit-any
type Json = any;

function changed(change: (report: Json) => void) {
  const report: Json = JSON.parse(fixture);
  change(report);
  return parseHardwareReport(JSON.stringify(report));
}

const disk = (more: object) => ({
  id: "sda",
  type: "scsi",
  read_only: false,
  removable: false,
  rpm: 0,
  size: 8e9,
  ...more,
});
const network = (more: object) => ({ type: "broadcast", hwaddr: "", state: "up", addresses: [], ...more });

suite("hardware report", () => {
  test("a virtual machine", () => {
    const report = parseHardwareReport(fixture);
    assert.equal(report.architecture, "amd64");
    assert.deepEqual(report.cpu, { count: 2, speedMhz: 2600, model: "QEMU Virtual CPU version 2.5+" });
    assert.equal(report.memoryMib, 2048);
    assert.deepEqual(report.numaNodes, [{ index: 0, cores: [0, 1], memoryMib: 1966, hugepages: [] }]);
    const { numaNodes } = changed(({ resources }) => {
      resources.memory.nodes[0].hugepages_total = 2 ** 30;
    });
    assert.deepEqual(numaNodes[0]?.hugepages, [{ pageSize: 2 ** 21, total: 2 ** 30 }]);
    assert.equal(report.hardwareUuid, "6f9ee0a6-96a4-4b6e-8d3c-6c0a0c1d0001");
    assert.equal(report.isVirtual, true);
    assert.equal(report.metadata["system_product"], "Standard PC (Q35 + ICH9, 2009)");
    assert.equal(report.metadata["mainboard_firmware_vendor"], "SeaBIOS");
    assert.equal(report.metadata["cpu_model"], "QEMU Virtual CPU version 2.5+");
    // "None" and empty texts are no facts.
    assert.equal("system_serial" in report.metadata, false);
    assert.equal("mainboard_vendor" in report.metadata, false);
    assert.deepEqual(
      report.interfaces.map((nic) => [nic.name, nic.mac, nic.linkConnected, nic.addresses]),
      [
        ["enp0s2", "52:54:00:4d:00:01", true, [{ ip: "10.77.0.101", prefix: 24 }]],
        ["enp0s3", "52:54:00:4d:00:02", true, [{ ip: "2001:db8:7::9", prefix: 64 }]],
        ["enp0s4", "52:54:00:4d:00:03", false, []],
      ],
    );
    assert.deepEqual(
      report.disks.map(({ name, serial, idPath, sizeBytes, tags }) => [name, serial, idPath, sizeBytes, tags]),
      [
        ["vda", "DISK0", "/dev/disk/by-id/virtio-DISK0", 8589934592, ["rotary", "1rpm"]],
        ["vdb", "DISK1", "/dev/disk/by-id/virtio-DISK1", 10737418240, ["rotary", "1rpm"]],
      ],
    );
    assert.deepEqual(
      report.devices.map((device) => [device.bus, device.hardwareType, device.productName, device.driver]).slice(1, 5),
      [
        ["pcie", 4, "Virtio network device", "virtio-pci"],
        ["pcie", 4, "Virtio network device", "virtio-pci"],
        ["pcie", 3, "Virtio block device", "virtio-pci"],
        ["pcie", 3, "82801IR/IO/IH (ICH9R/DO/DH) 6 port SATA Controller [AHCI mode]", "ahci"],
      ],
    );
    assert.equal(report.devices.at(-1)?.driver, "usbhid");
    assert.deepEqual(report.devices.map(({ mac, diskName }) => mac ?? diskName).slice(0, 4), [
      undefined,
      "52:54:00:4d:00:01",
      "52:54:00:4d:00:02",
      "vda",
    ]);
  });

  test("processors: the speed is what the name says, else the turbo, else the mean", () => {
    const cpu = (...sockets: object[]) => changed((r) => (r.resources.cpu = { sockets })).cpu;
    const thread = { threads: [{ id: 0, numa_node: 0 }] };
    assert.deepEqual(cpu({ name: "Xeon E5 @ 2.40GHz", frequency_turbo: 3000, cores: [thread] }), {
      count: 1,
      speedMhz: 2400,
      model: "Xeon E5",
    });
    assert.deepEqual(cpu({ name: "A", frequency_turbo: 3000 }, { name: "B", frequency_turbo: 3100 }), {
      count: 0,
      speedMhz: 3100,
    });
    assert.equal(cpu({ frequency: 2010 }, { frequency: 2230 }).speedMhz, 2100);
  });

  test("bonds, bridges and VLANs come after what they are made of", () => {
    const { interfaces } = changed((r) => {
      const hwaddr = "52:54:00:4d:00:01";
      const bond = {
        mode: "802.3ad",
        transmit_policy: "layer2",
        mii_frequency: 100,
        lower_devices: ["enp0s2", "enp0s3", "gone"],
      };
      r.networks = {
        br0: network({ hwaddr, bridge: { stp: true, forward_delay: 15, upper_devices: ["bond0.10"] } }),
        "bond0.10": network({ hwaddr, vlan: { lower_device: "bond0", vid: 10 } }),
        bond0: network({ hwaddr, bond, bridge: null, vlan: null }),
        "lost.7": network({ hwaddr, vlan: { lower_device: "lost", vid: 7 } }),
        tun0: network({ hwaddr, type: "point-to-point" }),
        ib0: network({ hwaddr: "80:00:02:08:fe:80:00:00:00:00:00:00:f4:52:14:03:00:7b:cb:a1" }),
        ...r.networks,
      };
      r.resources.network.cards[0].sriov = { maximum_vfs: 8, current_vfs: 0, vfs: [] };
      r.resources.network.cards[0].ports[0].supported_modes = ["1000baseT/Full", "10000baseT/Full"];
      r.resources.network.cards[1].ports[0].link_speed = 2500;
    });
    assert.deepEqual(
      interfaces.map((nic) => [nic.name, nic.type, nic.parents, nic.vid]),
      [
        ["enp0s2", "physical", [], undefined],
        ["enp0s3", "physical", [], undefined],
        ["bond0", "bond", ["enp0s2", "enp0s3"], undefined],
        ["bond0.10", "vlan", ["bond0"], 10],
        ["br0", "bridge", ["bond0.10"], undefined],
        ["enp0s4", "physical", [], undefined],
      ],
    );
    const [first, second] = interfaces;
    assert.deepEqual([first?.interfaceSpeed, first?.sriovMaxVf, first?.tags], [10_000, 8, ["sriov"]]);
    assert.deepEqual([second?.interfaceSpeed, second?.linkSpeed], [2500, 2500]);
    assert.equal(interfaces[2]?.params["bond_mode"], "802.3ad");
  });

  test("disks: filters, paths and tags", () => {
    const { disks } = changed((r) => {
      r.resources.storage.disks = [
        disk({ id: "sda", serial: "S", device_id: "wwn-1", block_size: 0, removable: true, type: "sata" }),
        disk({ id: "sdb", device_id: "wwn-2", rpm: 7200, block_size: 4096 }),
        disk({ id: "sdc", read_only: true }),
        disk({ id: "sdd", size: 4 * 1024 ** 2 }),
        disk({ id: "loop0" }),
        disk({ id: "sr0", type: "cdrom" }),
        disk({ id: "sdaa", serial: "LUN", device_path: "pci-0-fc-0x1-lun-3" }),
        disk({ id: "sdx", serial: "LUN", device_path: "pci-1-fc-0x2-lun-3" }),
        disk({ id: "sdy", serial: "LUN", device_path: "pci-1-fc-0x2-lun-4" }),
      ];
    });
    assert.deepEqual(
      disks.map(({ name, idPath, blockSizeBytes, tags }) => [name, idPath, blockSizeBytes, tags]),
      [
        ["sda", "/dev/disk/by-id/wwn-1", 512, ["ssd", "removable", "sata"]],
        ["sdb", "/dev/sdb", 4096, ["rotary", "7200rpm"]],
        ["sdx", "/dev/sdx", 512, ["multipath"]],
        ["sdy", "/dev/sdy", 512, ["ssd"]],
      ],
    );
  });

  test("what else the machine asks for", () => {
    const report = changed((r) => {
      r["machine-extra"] = { platform: "raspi", tags: ["dgx", "no good", 7] };
      r["storage-extra"] = { layout: {} };
    });
    assert.deepEqual([report.platform, report.tags, report.storageExtra], ["raspi", ["dgx"], { layout: {} }]);
  });

  test("texts are made fit for the database", () => {
    const report = changed((r) => (r.resources.system.vendor = `a\u0000b\ud800${"x".repeat(9000)}`));
    assert.match(report.metadata["system_vendor"] ?? "", /^a b\ufffdx+$/);
    assert.equal(report.metadata["system_vendor"]?.length, 255);
  });

  test("garbage is refused with the place that is wrong", () => {
    const refused = (change: (report: Json) => void, message: RegExp) =>
      assert.throws(
        () => changed(change),
        (error) => error instanceof BadReport && message.test(error.message),
        String(message),
      );
    for (const text of ["", "  \n", "{", "null", "[]", "7"])
      assert.throws(() => parseHardwareReport(text), BadReport, text);
    assert.throws(() => parseHardwareReport(" ".repeat(17 * 1024 ** 2)), /17825792 characters/);
    for (const key of ["api_version", "api_extensions", "environment", "resources", "networks"]) {
      refused((r) => delete r[key], new RegExp(`^${key} is missing`));
    }
    refused((r) => r.api_extensions.splice(0), /api_extensions lacks resources, resources_v2/);
    refused((r) => (r.environment.kernel_architecture = "armv7l"), /kernel_architecture 'armv7l'/);
    refused((r) => (r.environment.kernel_architecture = "constructor"), /kernel_architecture 'constructor'/);
    refused((r) => delete r.resources.network.cards, /^resources\.network\.cards is missing/);
    refused((r) => delete r.resources.network.cards[1].ports[0].id, /cards\[1\]\.ports\[0\]\.id is missing/);
    refused(
      (r) => delete r.resources.cpu.sockets[0].cores[0].threads[0].numa_node,
      /threads\[0\]\.numa_node is missing/,
    );
    refused((r) => delete r.resources.storage.disks[1].rpm, /^resources\.storage\.disks\[1\]\.rpm is missing/);
    refused((r) => (r.resources.storage.disks[1].size = -1), /disks\[1\]\.size is no whole number/);
    refused((r) => (r.resources.storage.disks[1].size = 1e300), /disks\[1\]\.size is no whole number/);
    refused((r) => (r.resources.storage.disks[2].id = "vda"), /two disks of one name/);
    refused((r) => (r.resources.storage.disks[2].id = "../x"), /disks\[2\]\.id is no name/);
    refused((r) => delete r.networks.enp0s2.state, /^networks\.enp0s2\.state is missing/);
    refused((r) => (r.networks["a".repeat(40)] = network({})), /a name that Linux has not/);
    refused((r) => (r.networks.enp0s2.addresses[0].netmask = "99"), /netmask is no prefix length/);
    refused((r) => (r.resources.pci.devices[0].vendor_id = "80860"), /vendor_id is not four/);
    refused(
      (r) => (r.resources.storage.disks = Array.from({ length: 5000 }, () => disk({}))),
      /5000 elements, more than 4096/,
    );
    refused((r) => {
      r.networks.a = network({ hwaddr: "52:54:00:00:00:01", bridge: { upper_devices: ["b"] } });
      r.networks.b = network({ hwaddr: "52:54:00:00:00:02", bridge: { upper_devices: ["a"] } });
    }, /lies on itself/);
  });
});

suite("matching with what is stored", () => {
  const report = parseHardwareReport(fixture);
  const [vda, vdb] = report.disks;

  test("a disk is its serial, whatever its name and path", () => {
    assert.ok(vda && vdb);
    const stored = [
      { id: 1, name: "vdb", serial: "DISK0", idPath: "/dev/vdb" },
      { id: 2, name: "vda", serial: "OLD", idPath: "/dev/disk/by-id/virtio-DISK1" },
    ];
    const { kept, added, gone } = matchDisks(stored, report.disks);
    assert.deepEqual(
      kept.map((pair) => [pair.stored.id, pair.reported.name]),
      [[1, "vda"]],
    );
    assert.deepEqual([added, gone], [[vdb], [stored[1]]]);
    const { serial: _serial, ...nameless } = vda;
    const byPath = [{ id: 3, name: "x", serial: null, idPath: vda.idPath }];
    assert.equal(matchDisks(byPath, [nameless]).kept.length, 1);
    // Cheap controllers give all their disks one serial.
    const twins = [vda, { ...vda, name: "vdb" }];
    const rows = [
      { id: 5, name: "vdb", serial: "DISK0", idPath: null },
      { id: 4, name: "vda", serial: "DISK0", idPath: null },
    ];
    assert.deepEqual(
      matchDisks(rows, twins).kept.map((pair) => pair.stored.id),
      [4, 5],
    );
  });

  test("a card is its address", () => {
    const stored = [
      { id: 1, name: "eth0", type: "physical", mac: "52:54:00:4D:00:01" },
      { id: 2, name: "enp0s3", type: "physical", mac: "52:54:00:00:00:99" },
    ];
    const { kept, added, gone } = matchInterfaces(stored, report.interfaces);
    assert.deepEqual(
      kept.map((pair) => [pair.stored.id, pair.reported.name]),
      [[1, "enp0s2"]],
    );
    assert.deepEqual(
      added.map((nic) => nic.name),
      ["enp0s3", "enp0s4"],
    );
    assert.deepEqual(
      gone.map((nic) => nic.id),
      [2],
    );
  });

  test("tags and architectures of the user's stay", () => {
    assert.deepEqual(mergeTags(["mine", "rotary", "5400rpm"], ["ssd"]), ["mine", "ssd"]);
    assert.equal(mergeArchitecture("amd64/xgene", "amd64", undefined), "amd64/xgene");
    assert.equal(mergeArchitecture("amd64/xgene", "arm64", undefined), "arm64/generic");
    assert.equal(mergeArchitecture(null, "arm64", "raspi"), "arm64/raspi");
  });

  test("subnets of addresses", () => {
    const subnets = [{ cidr: "10.0.0.0/8" }, { cidr: "10.77.0.0/24" }, { cidr: "2001:db8::/32" }];
    assert.equal(closestSubnet("10.77.0.9", subnets)?.cidr, "10.77.0.0/24");
    assert.equal(closestSubnet("10.78.0.9", subnets)?.cidr, "10.0.0.0/8");
    assert.equal(closestSubnet("2001:db8::1", subnets)?.cidr, "2001:db8::/32");
    assert.equal(closestSubnet("192.0.2.1", subnets), undefined);
    assert.equal(ownSubnet({ ip: "10.77.3.9", prefix: 22 }), "10.77.0.0/22");
    assert.equal(ownSubnet({ ip: "2001:db8:7::9", prefix: 64 }), "2001:db8:7::/64");
    assert.equal(ownSubnet({ ip: "10.77.3.9", prefix: 32 }), undefined);
  });

  test("BOOTIF names the card", () => {
    assert.equal(bootifMac("quiet BOOTIF=01-52-54-00-4D-00-01 x"), "52:54:00:4d:00:01");
    assert.equal(bootifMac("BOOTIF=01:52:54:00:4d:00:01"), "52:54:00:4d:00:01");
    assert.equal(bootifMac("XBOOTIF=01-52-54-00-4d-00-01"), undefined);
    assert.equal(bootifMac("BOOTIF=01-52-54-00-4d-00"), undefined);
  });
});
