"""RAIDs, volume groups, bcaches: what is refused, and which commands are run in which order."""

import os
import sys
import tempfile
import unittest
from unittest import mock

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "installer"))
sys.path.insert(0, HERE)

from rackwright_installer import groups, partitioning, preflight, target  # noqa: E402
from rackwright_installer.blockdev import BlockDevice  # noqa: E402
from rackwright_installer.bootloader import grub_cfg  # noqa: E402
from rackwright_installer.errors import Refused  # noqa: E402
from rackwright_installer.plan import parse  # noqa: E402
from test_installer_plan import MIB, good_plan, uuid  # noqa: E402

GIB = 1024 * MIB


def disk(name, **more):
    return {"id": name, "type": "disk", "name": name, "path": f"/dev/disk/by-id/{name}", "wipe": "superblock", **more}


def root_on(volume, *extra):
    """Format and mount items of a root filesystem."""
    return [
        {"id": f"{volume}_format", "type": "format", "volume": volume, "fstype": "ext4", "uuid": uuid(90), "label": "root"},
        {"id": f"{volume}_mount", "type": "mount", "device": f"{volume}_format", "path": "/"}, *extra,
    ]


def base():
    """A boot disk with a partition for GRUB and one that is free, and three bare disks."""
    return [
        disk("vda", ptable="gpt", grub_device=True), disk("vdb"), disk("vdc"), disk("vdd"),
        {"id": "vda-part1", "type": "partition", "device": "vda", "number": 1, "size": f"{MIB}B", "offset": f"{4 * MIB}B",
         "flag": "bios_grub"},
        {"id": "vda-part2", "type": "partition", "device": "vda", "number": 2, "size": f"{400 * MIB}B", "uuid": uuid(1)},
    ]


def plan_of(*items):
    raw = good_plan()
    raw["storage"]["config"] = [*base(), *items]
    raw["disks"] = {}
    return raw


RAID1 = {"id": "md0", "type": "raid", "name": "md0", "raidlevel": 1, "devices": ["vdb", "vdc"], "spare_devices": ["vdd"]}
VG = {"id": "vg-0", "type": "lvm_volgroup", "name": "vg-0", "uuid": uuid(7), "devices": ["vda-part2"]}
LV = {"id": "vg-0-root", "type": "lvm_partition", "name": "root", "volgroup": "vg-0", "size": f"{100 * MIB}B"}
BCACHE = {"id": "bcache0", "type": "bcache", "name": "bcache0", "backing_device": "vdb", "cache_device": "vdc",
          "cache_mode": "writeback"}


class Recorder:
    """Stands for the machine: notes commands, and answers what is asked of bcache."""

    def __init__(self):
        self.commands = []
        self.told = []
        self.sys_root = ""

    def run(self, argv, text=None, check=True):
        self.commands.append(argv)
        return "sb.version 3\ncset.uuid\t\tCSET\n" if argv[0] == "bcache-super-show" else ""

    def has_tool(self, _name):
        return True

    def write_sys(self, path, text, check=True):
        self.told.append((path, text))


def run(raw):
    """Commands in their order, without those that only wipe and wait."""
    ctx = Recorder()
    plan = parse(raw)
    devices = {d.id: BlockDevice(f"/dev/{d.id}", GIB, 512, set(), "", False) for d in plan.storage.disks}
    with mock.patch.object(partitioning, "wipe_disk"), mock.patch.object(partitioning, "wait_for_node"), \
            mock.patch.object(partitioning, "zero_ends"), mock.patch.object(partitioning, "stop_holders"), mock.patch.object(groups, "wait_for"), \
            mock.patch.object(groups, "real_node", lambda _ctx, path: path.replace("/dev/md/", "/dev/")):
        paths = partitioning.partition_all(plan, devices, ctx)
        partitioning.format_all(plan, paths, ctx)
    kept = [" ".join(c) for c in ctx.commands if c[0] not in ("wipefs", "udevadm", "partx")]
    return kept, paths, ctx, plan


class GroupsTest(unittest.TestCase):
    def test_raid(self):
        commands, paths, _, plan = run(plan_of(RAID1, *root_on("md0")))
        self.assertEqual(commands[1:], [
            "mdadm --create /dev/md/md0 --run --metadata=1.2 --homehost=node1 --name=md0 --level=1 --raid-devices=2 "
            "--spare-devices=1 /dev/vdb /dev/vdc /dev/vdd",
            f"mkfs.ext4 -F -q -U {uuid(90)} -E lazy_itable_init=1 -L root /dev/md0",
        ])
        self.assertEqual(paths["md0"], "/dev/md0")
        cfg = grub_cfg(plan, "6.1", "vmlinuz-6.1", "initrd.img-6.1", [])
        self.assertIn("insmod mdraid1x", cfg)
        self.assertIn(f"root=UUID={uuid(90)}", cfg)

    def test_partitions_of_a_raid_and_a_volume_group_on_one(self):
        part = {"id": "md0-part1", "type": "partition", "device": "md0", "number": 1, "size": f"{200 * MIB}B", "uuid": uuid(3)}
        group = {**VG, "devices": ["md0-part1"]}
        commands, paths, _, plan = run(plan_of({**RAID1, "ptable": "gpt"}, part, group, LV, *root_on("vg-0-root")))
        self.assertEqual([c.split()[0] for c in commands], ["sfdisk", "mdadm", "sfdisk", "pvcreate", "vgcreate", "lvcreate", "mkfs.ext4"])
        self.assertEqual(commands[2].split()[-1], "/dev/md0")
        self.assertEqual(commands[3].split()[-1], "/dev/md0p1")
        self.assertEqual(paths["vg-0-root"], "/dev/mapper/vg--0-root")
        self.assertEqual([type(g).__name__ for g in plan.storage.below("vg-0-root")], ["Volume", "VolumeGroup", "Raid"])

    def test_lvm(self):
        commands, _, _, plan = run(plan_of(VG, LV, *root_on("vg-0-root")))
        # Nothing but the member: a volume group of another disk is not seen.
        alone = '--config devices { filter = [ "a|^/dev/vda2$|", "r|.*|" ] }'
        self.assertEqual(commands[1:4], [
            f"pvcreate {alone} --yes --force /dev/vda2",
            f"vgcreate {alone} --yes --physicalextentsize 4m vg-0 /dev/vda2",
            f"lvcreate {alone} --yes --wipesignatures y --extents 25 --name root vg-0",
        ])
        cfg = grub_cfg(plan, "6.1", "vmlinuz-6.1", "initrd.img-6.1", [])
        self.assertIn("insmod lvm", cfg)
        self.assertIn("root=/dev/mapper/vg--0-root ro", cfg)

    def test_items_are_called_by_whatever_groups_and_paths_may_be(self):
        group, volume = {**VG, "id": "vg+1", "name": "vg+1"}, {**LV, "volgroup": "vg+1"}
        memory = {"id": "tmpfs_a@b%c=d_mount", "type": "mount", "fstype": "tmpfs", "spec": "tmpfs", "path": "/a@b%c=d"}
        root = root_on("vg-0-root", memory)
        root[0]["label"] = "sixteen-long-txt"
        self.assertEqual(run(plan_of(group, volume, *root))[3].storage.groups[0].name, "vg+1")
        root[0]["label"] += "x"
        with self.assertRaises(Refused):
            parse(plan_of(group, volume, *root))

    def test_bcache_one_cache_for_two(self):
        second = {**BCACHE, "id": "bcache1", "name": "bcache1", "backing_device": "vdd", "cache_mode": "writethrough"}
        boot = root_on("vda-part2")
        boot[1]["path"] = "/boot"
        commands, _, ctx, _ = run(plan_of(BCACHE, second, *boot, *root_on("bcache0")))
        made = [c for c in commands if "bcache" in c and "mkfs" not in c]
        self.assertEqual(made, [
            "make-bcache -C /dev/vdc", "make-bcache -B /dev/vdb", "bcache-super-show /dev/vdc",
            "make-bcache -B /dev/vdd", "bcache-super-show /dev/vdc",
        ])
        told = [(os.path.basename(path), text) for path, text in ctx.told if "register" not in path]
        self.assertEqual(told, [("attach", "CSET"), ("cache_mode", "writeback"), ("attach", "CSET"), ("cache_mode", "writethrough")])

    def test_filesystems_in_memory_and_swap_stand_in_fstab(self):
        extra = [
            {"id": "t", "type": "mount", "fstype": "tmpfs", "spec": "tmpfs", "path": "/scratch", "options": "size=1g"},
            {"id": "vdb_format", "type": "format", "volume": "vdb", "fstype": "swap", "uuid": uuid(8)},
            {"id": "vdb_mount", "type": "mount", "device": "vdb_format", "path": "none"},
        ]
        commands, _, _, plan = run(plan_of(*root_on("vda-part2"), *extra))
        self.assertIn(f"mkswap -f -U {uuid(8)} /dev/vdb", commands)
        lines = target.fstab(plan.storage).splitlines()
        self.assertIn("tmpfs /scratch tmpfs size=1g 0 0", lines)
        self.assertIn(f"UUID={uuid(8)} none swap sw 0 0", lines)

    def test_what_cannot_be_is_refused_by_its_name(self):
        cases = [
            ("md0: raidlevel 4", [{**RAID1, "raidlevel": 4}]),
            ("md0: RAID 5 needs 3", [{**RAID1, "raidlevel": 5}]),
            ("md0: RAID 0 cannot have spares", [{**RAID1, "raidlevel": 0}]),
            ("md0: 'vdx' is not free", [{**RAID1, "devices": ["vdb", "vdx"]}]),
            ("md0: 'vdb' is not free", [{**RAID1, "devices": ["vdb", "vdb"]}]),
            ("md0: 'vda' is not free", [{**RAID1, "devices": ["vda", "vdb"]}]),
            ("md0: name 'a b'", [{**RAID1, "name": "a b"}]),
            ("md0: its devices are no list", [{**RAID1, "devices": "vdb"}]),
            ("vg-0: 'vdb' is not free", [RAID1, {**VG, "devices": ["vdb"]}]),
            ("vg-0: has no device", [{**VG, "devices": []}]),
            ("vg-0-root: volgroup 'vg-0'", [LV]),
            ("vg-0-root: size '5B'", [VG, {**LV, "size": "5B"}]),
            ("bcache0: cache_mode 'fast'", [{**BCACHE, "cache_mode": "fast"}]),
            ("bcache0: 'vdx' is not free", [{**BCACHE, "cache_device": "vdx"}]),
            ("GRUB cannot read a bcache", [BCACHE, *root_on("bcache0")]),
            ("z: type 'zpool' is not supported", [{"id": "z", "type": "zpool"}]),
            ("store: type 'vmfs6' is not supported", [{"id": "store", "type": "vmfs6", "devices": ["vdb"]}]),
            ("fstype 'nfs' needs a device", [{"id": "n", "type": "mount", "fstype": "nfs", "path": "/n"}]),
        ]
        for expected, items in cases:
            with self.subTest(expected), self.assertRaises(Refused) as caught:
                parse(plan_of(*items))
            self.assertIn(expected, "; ".join(caught.exception.problems))

    def test_an_esp_on_a_raid_is_refused(self):
        raw = plan_of(RAID1, {"id": "e", "type": "format", "volume": "md0", "fstype": "fat32", "uuid": uuid(5)},
                      {"id": "m", "type": "mount", "device": "e", "path": "/boot/efi"}, *root_on("vda-part2"))
        raw["bootloader"]["method"] = "uefi"
        with self.assertRaises(Refused) as caught:
            parse(raw)
        self.assertIn("firmware cannot read /boot/efi on a RAID", "; ".join(caught.exception.problems))

    def test_missing_programs_are_named_before_the_first_write(self):
        raw = plan_of({**RAID1, "devices": ["vdb", "vdd"], "spare_devices": []}, *root_on("vda-part2"))
        plan = parse(raw)
        with tempfile.TemporaryDirectory() as folder:
            ctx = mock.Mock(with_bootloader=False, efi_dir=folder, has_tool=lambda name: name not in ("mdadm", "lsblk"))
            with self.assertRaises(Refused) as caught:
                preflight.check(plan, ctx)
        self.assertEqual(caught.exception.problems, ["this system has no lsblk", "this system has no mdadm"])


if __name__ == "__main__":
    unittest.main()
