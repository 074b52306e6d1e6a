"""machine-resources: every field the region's parser needs, on this host and on machines made of files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import unittest

PROGRAM = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "resources", "machine-resources")


def run(root="/"):
    env = {**os.environ, "MACHINE_RESOURCES_ROOT": root}
    done = subprocess.run([sys.executable, "-W", "error", PROGRAM], env=env, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode != 0 or done.stderr:
        raise AssertionError(f"{PROGRAM} ended with {done.returncode}: {done.stderr}")
    return json.loads(done.stdout)


# What metadata-protocol section 12 marks as required, with its type. bool before int: True is an int too.
THREAD = {"id": int, "numa_node": int, "online": bool}
DISK = {"id": str, "type": str, "read_only": bool, "removable": bool, "rpm": int, "numa_node": int, "size": int, "block_size": int}
USB = {"bus_address": int, "device_address": int, "vendor_id": str, "product_id": str, "interfaces": list}
PCI = {"pci_address": str, "vendor_id": str, "product_id": str, "numa_node": int, "vpd": dict}
PORT = {"id": str, "link_detected": bool, "auto_negotiation": bool, "port": int}
NETWORK = {"type": str, "hwaddr": str, "state": str, "addresses": list, "mtu": int, "counters": dict}
ADDRESS = {"family": str, "address": str, "netmask": str, "scope": str}
SYSTEM = ("uuid", "vendor", "product", "family", "version", "sku", "serial", "type")
ARCHITECTURES = {"i686", "x86_64", "aarch64", "ppc64le", "s390x", "mips", "mips64"}


class Shape(unittest.TestCase):
    def check_fields(self, what, record, wanted):
        for name, kind in wanted.items():
            self.assertIn(name, record, what)
            self.assertIs(kind, type(record[name]), f"{what}.{name} is {record[name]!r}")

    def check(self, found):
        self.assertEqual("1.0", found["api_version"])
        for extension in ("resources", "resources_v2", "api_os", "resources_system", "resources_usb_pci"):
            self.assertIn(extension, found["api_extensions"])
        self.assertIn(found["environment"]["kernel_architecture"], ARCHITECTURES)
        resources = found["resources"]
        threads = [thread for socket in resources["cpu"]["sockets"] for core in socket["cores"] for thread in core["threads"]]
        self.assertEqual(resources["cpu"]["total"], len(threads))
        self.assertGreater(len(threads), 0)
        for thread in threads:
            self.check_fields("thread", thread, THREAD)
        nodes = {thread["numa_node"] for thread in threads} | {node["numa_node"] for node in resources["memory"]["nodes"]}
        self.assertGreater(resources["memory"]["total"], 0)
        for node in resources["memory"]["nodes"]:
            self.check_fields("memory node", node, dict.fromkeys(("numa_node", "total", "used", "hugepages_total", "hugepages_used"), int))
        for disk in resources["storage"]["disks"]:
            self.check_fields("disk", disk, DISK)
            self.assertIn(disk["numa_node"], nodes)
        for card in resources["network"]["cards"]:
            self.assertIn(card["numa_node"], nodes)
            for port in card["ports"]:
                self.check_fields("port", port, PORT)
        for device in resources["usb"]["devices"]:
            self.check_fields("usb", device, USB)
        for device in resources["pci"]["devices"]:
            self.check_fields("pci", device, PCI)
        for name in SYSTEM:
            self.assertIs(str, type(resources["system"][name]), name)
        for group in ("firmware", "chassis", "motherboard"):
            self.assertIs(dict, type(resources["system"][group]))
        for name, network in found["networks"].items():
            self.check_fields(name, network, NETWORK)
            self.assertIn(network["state"], ("up", "down"))
            for address in network["addresses"]:
                self.check_fields(name, address, ADDRESS)
                self.assertIn(address["scope"], ("global", "link", "local"))
            for kind in ("bond", "bridge", "vlan"):
                self.assertIn(kind, network)


class ThisHost(Shape):
    def test_shape(self):
        found = run()
        self.check(found)
        loopback = found["networks"]["lo"]
        self.assertEqual("loopback", loopback["type"])
        self.assertIn({"family": "inet", "address": "127.0.0.1", "netmask": "8", "scope": "local"}, loopback["addresses"])
        self.assertFalse([disk for disk in found["resources"]["storage"]["disks"] if disk["id"].startswith(("loop", "ram", "zram"))])
        self.assertEqual(os.cpu_count(), found["resources"]["cpu"]["total"])


class MadeOfFiles(Shape):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="resources-test-")
        self.addCleanup(temporary.cleanup)
        self.root = temporary.name
        self.put("proc/cpuinfo", "processor\t: 0\n\nprocessor\t: 1\n")
        self.put("proc/meminfo", "MemTotal: 2048000 kB\nMemFree: 1024000 kB\nCached: 1000 kB\nHugepagesize: 2048 kB\n")

    def put(self, path, content=""):
        full = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "wb") as stream:
            stream.write(content if isinstance(content, bytes) else content.encode())

    def folder(self, path, **files):
        os.makedirs(os.path.join(self.root, path), exist_ok=True)
        for name, content in files.items():
            self.put(f"{path}/{name}", content)

    def link(self, path, target):
        full = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        os.symlink(os.path.relpath(os.path.join(self.root, target), os.path.dirname(full)), full)

    def pci(self, address, vendor, device, kind, numa="0"):
        folder = f"sys/devices/pci0000:00/{address}"
        self.folder(folder, vendor=f"0x{vendor}\n", device=f"0x{device}\n", numa_node=numa, **{"class": f"0x{kind}\n"})
        self.link(f"sys/bus/pci/devices/{address}", folder)
        return folder

    def block(self, name, parent, udev="", **files):
        folder = f"{parent}/block/{name}"
        number = f"8:{len(os.listdir(os.path.join(self.root, 'sys/class/block'))) if os.path.isdir(os.path.join(self.root, 'sys/class/block')) else 0}"
        files = {"dev": number, "size": "2097152", "ro": "0", "removable": "0", "queue/rotational": "0", **files}
        self.folder(folder, **files)
        self.link(f"{folder}/device", parent)
        self.link(f"sys/class/block/{name}", folder)
        self.put(f"run/udev/data/b{number}", udev)
        return folder

    def net(self, name, parent=None, **files):
        folder = f"{parent or 'sys/devices/virtual'}/net/{name}"
        self.folder(folder, **{"address": "52:54:00:00:00:01", "type": "1", "flags": "0x1003", "mtu": "1500", **files})
        if parent:
            self.link(f"{folder}/device", parent)
        self.link(f"sys/class/net/{name}", folder)
        return folder

    def disks(self):
        return {disk["id"]: disk for disk in run(self.root)["resources"]["storage"]["disks"]}

    def test_next_to_nothing(self):
        """A container without NUMA, DMI, PCI, disks: still all that the parser needs."""
        found = run(self.root)
        self.check(found)
        self.assertEqual(2, found["resources"]["cpu"]["total"])
        self.assertEqual(2048000 * 1024, found["resources"]["memory"]["total"])
        self.assertEqual(
            [{"numa_node": 0, "hugepages_total": 0, "hugepages_used": 0, "used": 2048000 * 1024 - 1024000 * 1024, "total": 2048000 * 1024}],
            found["resources"]["memory"]["nodes"],
        )
        self.assertEqual({}, found["networks"])

    def test_two_numa_nodes(self):
        for thread in range(4):
            self.folder(
                f"sys/devices/system/cpu/cpu{thread}",
                **{
                    "topology/physical_package_id": str(thread // 2),
                    "topology/core_id": "0",
                    "topology/die_id": "-1",
                    "cpufreq/cpuinfo_max_freq": "3500000",
                },
            )
        self.put("sys/devices/system/cpu/cpu3/online", "0")
        self.put("sys/devices/system/cpu/isolated", "1\n")
        for node, cpus in ((0, "0-1"), (1, "2-3")):
            info = f"Node {node} MemTotal: 1000 kB\nNode {node} MemFree: 400 kB\nNode {node} HugePages_Total: 2\nNode {node} HugePages_Free: 1\n"
            self.folder(f"sys/devices/system/node/node{node}", cpulist=cpus, meminfo=info)
        self.folder(
            "sys/devices/system/memory", block_size_bytes="8000000", **{"memory0/online": "1", "memory1/online": "1", "memory2/online": "0"}
        )
        found = run(self.root)
        self.check(found)
        sockets = found["resources"]["cpu"]["sockets"]
        self.assertEqual([0, 1], [socket["socket"] for socket in sockets])
        self.assertEqual(3500, sockets[0]["frequency_turbo"])
        threads = [thread for socket in sockets for core in socket["cores"] for thread in core["threads"]]
        self.assertEqual([(0, 0, 0), (1, 0, 1), (2, 1, 0), (3, 1, 1)], [(t["id"], t["numa_node"], t["thread"]) for t in threads])
        self.assertEqual([(True, False), (True, True), (True, False), (False, False)], [(t["online"], t["isolated"]) for t in threads])
        memory = found["resources"]["memory"]
        self.assertEqual(2 * 0x8000000, memory["total"])
        self.assertEqual(
            (600 * 1024, 2 * 2048 * 1024, 2048 * 1024), tuple(memory["nodes"][1][k] for k in ("used", "hugepages_total", "hugepages_used"))
        )

    def test_disks_of_all_kinds_and_nothing_else(self):
        pci = self.pci("0000:00:05.0", "8086", "2922", "010601", numa="-1")
        self.block(
            "sda",
            f"{pci}/ata1/host0/target0/0:0:0:0",
            "E:ID_BUS=ata\nE:ID_MODEL_ENC=WDC\\x20RED\\x20\\x20\nE:ID_SERIAL_SHORT=WD-1\nE:ID_ATA_ROTATION_RATE_RPM=5400\nE:ID_WWN=0x5001\nE:ID_REVISION=80.0\nE:ID_PATH=pci-0000:00:05.0-ata-1\n",
            **{"queue/rotational": "1", "queue/physical_block_size": "4096"},
        )
        self.folder("sys/class/block/sda/sda1", partition="1", size="2048", dev="8:1", ro="0")
        self.block("sr0", f"{pci}/ata2/host1/target1/1:0:0:0", "E:ID_CDROM=1\n", removable="1")
        nvme = self.pci("0000:00:06.0", "8086", "5845", "010802")
        self.folder(f"{nvme}/nvme/nvme0", model="QEMU NVMe Ctrl   \n", serial="NV1 \n", firmware_rev="1.0")
        self.block("nvme0n1", f"{nvme}/nvme/nvme0", wwid="eui.01")
        self.block("nvme0c0n1", f"{nvme}/nvme/nvme0", hidden="1")
        virtio = self.pci("0000:00:07.0", "1af4", "1001", "010000")
        self.block("vda", f"{virtio}/virtio3", serial="DISK0")
        self.block("sdb", "sys/devices/pci0000:00/0000:00:07.0/usb1/1-2/1-2:1.0/host5/target5/5:0:0:0", removable="1")
        self.folder("sys/devices/pci0000:00/0000:00:07.0/usb1/1-2", busnum="1", devnum="4")
        for name in ("loop0", "ram0", "zram0", "md0", "dm-0", "nbd0", "bcache0"):
            folder = f"sys/devices/virtual/block/{name}"
            self.folder(folder, dev="7:0", size="100", ro="0", removable="0")
            self.link(f"sys/class/block/{name}", folder)
        for link in ("wwn-0x5001", "ata-WDC_RED_WD-1"):
            self.link(f"dev/disk/by-id/{link}", "dev/sda")
        self.check(run(self.root))
        found = self.disks()
        self.assertEqual({"nvme0n1", "sda", "sdb", "sr0", "vda"}, set(found))
        self.assertEqual(
            {
                "id": "sda",
                "device": "8:0",
                "model": "WDC RED",
                "type": "sata",
                "read_only": False,
                "size": 1 << 30,
                "removable": False,
                "wwn": "0x5001",
                "numa_node": 0,
                "device_path": "pci-0000:00:05.0-ata-1",
                "block_size": 4096,
                "firmware_version": "80.0",
                "rpm": 5400,
                "serial": "WD-1",
                "device_id": "wwn-0x5001",
                "pci_address": "0000:00:05.0",
                "partitions": [{"id": "sda1", "device": "8:1", "read_only": False, "size": 1 << 20, "partition": 1}],
            },
            found["sda"],
        )
        self.assertEqual(
            ("nvme", "QEMU NVMe Ctrl", "NV1", "eui.01", 0), tuple(found["nvme0n1"][k] for k in ("type", "model", "serial", "wwn", "rpm"))
        )
        self.assertEqual(("virtio", "DISK0"), (found["vda"]["type"], found["vda"]["serial"]))
        self.assertEqual("cdrom", found["sr0"]["type"])
        self.assertEqual(("usb", "1:4"), (found["sdb"]["type"], found["sdb"]["usb_address"]))

    def test_network_cards_and_what_stands_on_them(self):
        self.put(
            "usr/share/misc/pci.ids",
            "# x\n8086  Intel Corporation\n\t1521  I350 Gigabit\n\t\t8086 0001  Sub\n1af4  Red Hat, Inc.\nC 00  Unclassified\n",
        )
        card = self.pci("0000:01:00.0", "8086", "1521", "020000")
        self.put(f"{card}/sriov_totalvfs", "7")
        function = self.pci("0000:01:10.0", "8086", "1520", "020000")
        self.link(f"{function}/physfn", card)
        self.link(f"{card}/virtfn0", function)
        self.net("eth0v0", function, address="52:54:00:00:00:99")
        vpd_body = b"PN\x03ABCRV\x01\x00"
        self.put(f"{card}/vpd", b"\x82\x04\x00Card\x90" + bytes([len(vpd_body), 0]) + vpd_body + b"\x78")
        self.net(
            "eth0",
            card,
            carrier="1",
            speed="1000",
            duplex="full",
            **{"bonding_slave/perm_hwaddr": "52:54:00:00:00:01", "address": "52:54:00:00:00:aa"},
        )
        undriven = self.pci("0000:02:00.0", "1af4", "1000", "020000")
        self.net(
            "bond0",
            address="52:54:00:00:00:aa",
            **{
                "bonding/mode": "802.3ad 4",
                "bonding/xmit_hash_policy": "layer2 0",
                "bonding/miimon": "100",
                "bonding/mii_status": "up",
                "bonding/slaves": "eth0",
            },
        )
        self.net("br0", **{"bridge/bridge_id": "8000.5254", "bridge/stp_state": "0", "bridge/forward_delay": "1500", "brif/bond0": ""})
        self.net("bond0.5", lower_bond0="")
        self.put("proc/net/vlan/bond0.5", "bond0.5  VID: 5\t REORDER_HDR: 1\nDevice: bond0\n")
        self.net("lo", flags="0x9", address="00:00:00:00:00:00")
        found = run(self.root)
        self.check(found)
        cards = found["resources"]["network"]["cards"]
        self.assertEqual(["0000:01:00.0", os.path.basename(undriven)], [card["pci_address"] for card in cards])
        self.assertEqual(("Intel Corporation", "I350 Gigabit"), (cards[0]["vendor"], cards[0]["product"]))
        port = cards[0]["ports"][0]
        self.assertEqual(
            ("eth0", "52:54:00:00:00:01", True, 1000, "full"),
            tuple(port[k] for k in ("id", "address", "link_detected", "link_speed", "link_duplex")),
        )
        self.assertEqual(
            (7, 1, "eth0v0"),
            (cards[0]["sriov"]["maximum_vfs"], cards[0]["sriov"]["current_vfs"], cards[0]["sriov"]["vfs"][0]["ports"][0]["id"]),
        )
        networks = found["networks"]
        self.assertEqual(
            {
                "mode": "802.3ad",
                "transmit_policy": "layer2",
                "up_delay": 0,
                "down_delay": 0,
                "mii_frequency": 100,
                "mii_state": "up",
                "lower_devices": ["eth0"],
            },
            networks["bond0"]["bond"],
        )
        self.assertEqual((["bond0"], 15), (networks["br0"]["bridge"]["upper_devices"], networks["br0"]["bridge"]["forward_delay"]))
        self.assertEqual({"lower_device": "bond0", "vid": 5}, networks["bond0.5"]["vlan"])
        self.assertEqual(("loopback", ""), (networks["lo"]["type"], networks["lo"]["hwaddr"]))
        devices = {device["pci_address"]: device for device in found["resources"]["pci"]["devices"]}
        self.assertEqual({"product_name": "Card", "entries": {"PN": "ABC"}}, devices["0000:01:00.0"]["vpd"])

    def test_damaged_vpd_and_odd_numbers_harm_nothing(self):
        card = self.pci("0000:01:00.0", "8086", "1521", "020000", numa="7")
        self.put(f"{card}/vpd", b"\x82\xff\xffshort")
        self.block("sda", f"{card}/host0", size="many", **{"queue/rotational": ""})
        self.check(run(self.root))
        self.assertEqual(0, self.disks()["sda"]["size"])

    def test_usb_gpu_and_system(self):
        self.folder(
            "sys/bus/usb/devices/1-1",
            busnum="1",
            devnum="3",
            idVendor="0557",
            idProduct="2221",
            speed="12",
            manufacturer="ATEN",
            product="Hermon",
            bDeviceClass="00",
        )
        self.folder("sys/bus/usb/devices/1-1/1-1:1.0", bInterfaceClass="03", bInterfaceSubClass="01", bInterfaceNumber="00")
        self.folder("sys/bus/usb/devices/usb1", busnum="1", devnum="1", idVendor="1d6b", idProduct="0002", bDeviceClass="09")
        gpu = self.pci("0000:03:00.0", "10de", "1db4", "030200")
        self.folder(
            "sys/class/dmi/id",
            sys_vendor="Dell Inc.\n",
            product_name="R640\n",
            product_uuid="4C4C4544-0000-1000-8000-000000000000\n",
            chassis_type="23\n",
            bios_version="2.1\n",
            board_name="0W23H8\n",
        )
        found = run(self.root)["resources"]
        usb = found["usb"]["devices"]
        self.assertEqual(
            [(1, 3, "ATEN", 12.0, "Human Interface Device")],
            [(d["bus_address"], d["device_address"], d["vendor"], d["speed"], d["interfaces"][0]["class"]) for d in usb],
        )
        self.assertEqual([os.path.basename(gpu)], [card["pci_address"] for card in found["gpu"]["cards"]])
        system = found["system"]
        self.assertEqual(
            ("Dell Inc.", "R640", "physical", "Rack Mount Chassis", "2.1", "0W23H8"),
            (
                system["vendor"],
                system["product"],
                system["type"],
                system["chassis"]["type"],
                system["firmware"]["version"],
                system["motherboard"]["product"],
            ),
        )
        self.assertEqual("4c4c4544-0000-1000-8000-000000000000", system["uuid"])
        self.put("sys/class/dmi/id/sys_vendor", "QEMU\n")
        self.assertEqual("virtual-machine", run(self.root)["resources"]["system"]["type"])
