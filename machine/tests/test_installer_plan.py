"""What the installer refuses by reading the plan alone."""

import copy
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "installer"))

from rackwright_installer.errors import Refused  # noqa: E402
from rackwright_installer.items import parse_size  # noqa: E402
from rackwright_installer.plan import parse  # noqa: E402

MIB = 1024 * 1024


def uuid(number):
    return f"00000000-0000-4000-8000-{number:012d}"


def good_plan(path="/dev/disk/by-id/virtio-DISK0", size=512 * MIB):
    """A BIOS plan with /boot and / as the region renders it; a fresh copy each time."""
    config = [
        {"id": "vda", "type": "disk", "name": "vda", "ptable": "gpt", "path": path, "wipe": "superblock", "grub_device": True},
        {"id": "vda-part1", "type": "partition", "device": "vda", "number": 1, "size": "1048576B", "offset": "4194304B",
         "flag": "bios_grub"},
        {"id": "vda-part2", "type": "partition", "device": "vda", "number": 2, "size": f"{64 * MIB}B", "uuid": uuid(1), "flag": "boot",
         "wipe": "superblock"},
        {"id": "vda-part3", "type": "partition", "device": "vda", "number": 3, "size": f"{400 * MIB}B", "uuid": uuid(2)},
        {"id": "vda-part2_format", "type": "format", "volume": "vda-part2", "fstype": "ext4", "uuid": uuid(3), "label": "boot"},
        {"id": "vda-part3_format", "type": "format", "volume": "vda-part3", "fstype": "ext4", "uuid": uuid(4), "label": "root"},
        {"id": "vda-part3_mount", "type": "mount", "device": "vda-part3_format", "path": "/"},
        {"id": "vda-part2_mount", "type": "mount", "device": "vda-part2_format", "path": "/boot"},
    ]
    return copy.deepcopy({
        "version": 1,
        "systemId": "abc123",
        "hostname": "node1",
        "fqdn": "node1.maas",
        "architecture": "amd64",
        "storage": {"version": 1, "config": config},
        "disks": {"vda": {"sizeBytes": size, "blockSizeBytes": 512}},
        "network": {
            "version": 2,
            "ethernets": {"lan0": {"match": {"macaddress": "52:54:00:12:34:56"}, "set-name": "lan0", "mtu": 1500,
                                   "addresses": ["10.0.0.5/24"], "nameservers": {"addresses": ["10.0.0.1"], "search": ["maas"]}}},
        },
        "source": {"type": "squashfs", "uri": "http://10.0.0.1:5248/images/root.squashfs", "sha256": "0" * 64, "sizeBytes": 4096},
        "bootloader": {"method": "bios", "removable": True},
        "kernel": {"options": [], "keepBootOptions": True},
        "cloudInit": {"files": [{"path": "/etc/cloud/cloud.cfg.d/90_dpkg_maas.cfg", "content": "datasource_list: [MAAS]\n",
                                 "mode": "0600"}]},
        "reporting": {"endpoint": "http://10.0.0.1:5248/MAAS/metadata/status/abc123", "consumerKey": "K", "tokenKey": "T",
                      "tokenSecret": "S"},
        "netbootOff": {"url": "http://10.0.0.1:5248/MAAS/metadata/latest/"},
        "lateCommands": [],
        "powerAction": "none",
    })


def uefi_plan():
    raw = good_plan()
    raw["bootloader"]["method"] = "uefi"
    for item in raw["storage"]["config"]:
        if item["id"] == "vda-part2_format":
            item.update(fstype="fat32", label="efi")
        if item["id"] == "vda-part2_mount":
            item["path"] = "/boot/efi"
    return raw


def set_item(raw, name, **change):
    item = next(item for item in raw["storage"]["config"] if item["id"] == name)
    for key, value in change.items():
        if value is None:
            item.pop(key, None)
        else:
            item[key] = value


def drop(raw, *names):
    raw["storage"]["config"] = [item for item in raw["storage"]["config"] if item["id"] not in names]


def add(raw, **item):
    raw["storage"]["config"].append(item)


def put(*path_and_value):
    """A change that sets raw[a][b]... = value."""
    *path, value = path_and_value

    def change(raw):
        for key in path[:-1]:
            raw = raw[key]
        raw[path[-1]] = value

    return change


REFUSALS = [
    ("version 7", put("version", 7)),
    ("hostname 'a b'", put("hostname", "a b")),
    ("fqdn 'x..y'", put("fqdn", "x..y")),
    ("systemId '../x'", put("systemId", "../x")),
    ("source.type 'tgz'", put("source", "type", "tgz")),
    ("neither http", put("source", "uri", "file:///etc/shadow")),
    ("source.sha256", put("source", "sha256", "ABC")),
    ("source.sizeBytes", put("source", "sizeBytes", "big")),
    ("source is missing", put("source", None)),
    ("reporting.endpoint", put("reporting", "endpoint", "ftp://x/")),
    ("reporting.tokenSecret", put("reporting", "tokenSecret", "")),
    ("netbootOff.url", put("netbootOff", {})),
    ("neither bios nor uefi", put("bootloader", "method", "open-firmware")),
    ("no boot loader for architecture 's390x'", put("architecture", "s390x")),
    ("fat32 filesystem mounted on /boot/efi", put("bootloader", "method", "uefi")),
    ("kernel option", put("kernel", "options", ["quiet; reboot"])),
    ("kernel option", put("kernel", "options", ["a'b"])),
    ("kernel.options", put("kernel", "options", "quiet")),
    ("lateCommands", put("lateCommands", [[]])),
    ("lateCommands", put("lateCommands", ["reboot"])),
    ("powerAction", put("powerAction", "explode")),
    ("netplan version 2", put("network", {"version": 1})),
    ("no absolute path", put("cloudInit", "files", [{"path": "/etc/../../x", "content": "", "mode": "0600"}])),
    ("no absolute path", put("cloudInit", "files", [{"path": "etc/x", "content": "", "mode": "0600"}])),
    ("octal mode", put("cloudInit", "files", [{"path": "/etc/x", "content": "", "mode": "rw"}])),
    ("no curtin storage", put("storage", {"version": 2, "config": []})),
    ("storage item 0 has no usable id", put("storage", "config", ["x"])),
    ("item vg0: 'vda-part3' is not free", lambda raw: add(raw, id="vg0", type="lvm_volgroup", name="vg0", devices=["vda-part3"])),
    ("item sdb: path must be text", lambda raw: add(raw, id="sdb", type="disk", path=["/dev/sdb"])),
    ("item md0: raidlevel None", lambda raw: add(raw, id="md0", type="raid")),
    ("item vda is there twice", lambda raw: add(raw, id="vda", type="disk", path="/dev/vdb")),
    ("vda: partition table 'dasd'", lambda raw: set_item(raw, "vda", ptable="dasd")),
    ("vda: wipe 'random'", lambda raw: set_item(raw, "vda", wipe="random")),
    ("vda: preserve", lambda raw: set_item(raw, "vda", preserve=True)),
    ("vda: has neither serial nor path", lambda raw: set_item(raw, "vda", path=None)),
    ("vda: path '/etc/passwd'", lambda raw: set_item(raw, "vda", path="/etc/passwd")),
    ("vda-part3: device 'vdz'", lambda raw: set_item(raw, "vda-part3", device="vdz")),
    ("vda-part3: number 2 is taken", lambda raw: set_item(raw, "vda-part3", number=2)),
    ("vda-part3: number 0", lambda raw: set_item(raw, "vda-part3", number=0)),
    ("vda-part3: number 5", lambda raw: (set_item(raw, "vda", ptable="msdos"), set_item(raw, "vda-part3", number=5))),
    ("vda-part3: size 'all'", lambda raw: set_item(raw, "vda-part3", size="all")),
    ("vda-part3: size", lambda raw: set_item(raw, "vda-part3", size="-5B")),
    ("vda-part3: offset", lambda raw: set_item(raw, "vda-part3", offset="1234567B")),
    ("vda-part3: overlaps", lambda raw: set_item(raw, "vda-part3", offset="4194304B")),
    ("vda-part3: flag 'lvm'", lambda raw: set_item(raw, "vda-part3", flag="lvm")),
    ("vda-part3: uuid", lambda raw: set_item(raw, "vda-part3", uuid="x, type=ef")),
    ("disk vda: its partitions end at", lambda raw: set_item(raw, "vda-part3", size="600M")),
    ("vda-part3: disk vda has no partition table", lambda raw: set_item(raw, "vda", ptable=None)),
    ("fstype 'zfsroot'", lambda raw: set_item(raw, "vda-part3_format", fstype="zfsroot")),
    ("vda-part3_format: volume", lambda raw: set_item(raw, "vda-part3_format", volume="vda-part9")),
    ("vda-part3_format: uuid", lambda raw: set_item(raw, "vda-part3_format", uuid="--help")),
    ("vda-part3_format: label", lambda raw: set_item(raw, "vda-part3_format", label="x" * 40)),
    ("formatted twice", lambda raw: add(raw, id="again", type="format", volume="vda-part3", fstype="ext4", uuid=uuid(9))),
    ("disk vda has a partition table", lambda raw: add(raw, id="whole", type="format", volume="vda", fstype="ext4", uuid=uuid(9))),
    ("vda-part2_mount: path", lambda raw: set_item(raw, "vda-part2_mount", path="boot")),
    ("vda-part2_mount: path", lambda raw: set_item(raw, "vda-part2_mount", path="/boot/../..")),
    ("vda-part2_mount: / is mounted twice", lambda raw: set_item(raw, "vda-part2_mount", path="/")),
    ("vda-part2_mount: options", lambda raw: set_item(raw, "vda-part2_mount", options="ro 0 0\n/dev/sdb")),
    ("vda-part2_mount: device", lambda raw: set_item(raw, "vda-part2_mount", device="vda-part2")),
    ("no filesystem is mounted on /", lambda raw: drop(raw, "vda-part3_mount")),
    ("no disk has grub_device", lambda raw: set_item(raw, "vda", grub_device=None)),
    ("no bios_grub partition", lambda raw: drop(raw, "vda-part1")),
]


class PlanTest(unittest.TestCase):
    def test_good_plans_are_taken(self):
        plan = parse(good_plan())
        self.assertEqual(plan.storage.mounted("/boot").label, "boot")
        self.assertEqual([p.number for p in plan.storage.partitions_of(plan.storage.disks[0])], [1, 2, 3])
        self.assertEqual(parse(uefi_plan()).boot_method, "uefi")

    def test_each_refusal_names_the_item(self):
        for expected, change in REFUSALS:
            with self.subTest(expected):
                raw = good_plan()
                change(raw)
                with self.assertRaises(Refused) as caught:
                    parse(raw)
                self.assertIn(expected, "; ".join(caught.exception.problems))

    def test_all_problems_are_named_at_once(self):
        raw = good_plan()
        raw["hostname"] = ""
        drop(raw, "vda-part3_mount")
        with self.assertRaises(Refused) as caught:
            parse(raw)
        self.assertEqual(len(caught.exception.problems), 2)

    def test_garbage_is_refused_and_never_crashes(self):
        for raw in (None, [], "x", {}, {"version": 1}, {"version": 1, "storage": {"version": 1, "config": [{}, None, 3]}}):
            with self.subTest(raw), self.assertRaises(Refused):
                parse(raw)

    def test_sizes(self):
        cases = {"1048576B": MIB, "512MB": 512 * MIB, "1G": 1024 * MIB, 7: 7, "x": None, True: None, "1.5G": None}
        for text, size in cases.items():
            self.assertEqual(parse_size(text), size, text)


if __name__ == "__main__":
    unittest.main()
