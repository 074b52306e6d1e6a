"""Texts the installed system reads: YAML, fstab, hosts, grub.cfg, and what sfdisk and mkfs are told."""

import os
import tempfile
import unittest

from test_installer_plan import good_plan, set_item, uefi_plan, uuid

from rackwright_installer import yamltext
from rackwright_installer.blockdev import BlockDevice, find_disk, partition_path
from rackwright_installer.bootloader import find_kernel, grub_cfg, kernel_options
from rackwright_installer.errors import InstallError
from rackwright_installer.items import Disk
from rackwright_installer.kernel_log import disk_trouble
from rackwright_installer.partitioning import mkfs_command, sfdisk_script
from rackwright_installer.plan import parse
from rackwright_installer.target import configure, fstab, hosts, netplan, resolv_conf, write_file

try:
    import yaml
except ImportError:  # not part of the standard library; the expected texts below stand without it
    yaml = None

MIB = 1024 * 1024


class YamlTest(unittest.TestCase):
    def test_netplan_reads_well(self):
        expected = """\
# Written at installation. Change it as you like; nothing writes it again before the next installation.
network:
  version: 2
  ethernets:
    lan0:
      match:
        macaddress: "52:54:00:12:34:56"
      set-name: lan0
      mtu: 1500
      addresses:
        - "10.0.0.5/24"
      nameservers:
        addresses:
          - "10.0.0.1"
        search:
          - maas
"""
        self.assertEqual(netplan(parse(good_plan()).network), expected)

    def test_nested_and_empty(self):
        value = {"a": [], "b": {}, "c": [[1, 2], {"x": 1, "y": [None]}], "on": True, "1": "no"}
        expected = 'a: []\nb: {}\nc:\n  - - 1\n    - 2\n  - x: 1\n    "y":\n      - null\n"on": true\n"1": "no"\n'
        self.assertEqual(yamltext.dump(value), expected)

    def test_refuses_what_yaml_cannot_hold(self):
        with self.assertRaises(TypeError):
            yamltext.dump({"x": {1, 2}})

    @unittest.skipIf(yaml is None, "no PyYAML here to read the texts back with")
    def test_a_reader_gets_the_same_back(self):
        odd = ["", " ", "a: b", "- x", "#", "yes", "NULL", "~", "1e3", "0x1f", "12:30:45", "1_000", "2026-01-01", ".inf", "=", "<<",
               "a\nb", "tab\t", "quote\"'\\", "ü€😀", "\x7f\x85\u2028", "%x", "@x", "`x", "!x", "&x", "*x", "{x}", "[x]", "x #y", "/a/b"]
        value = {"list": odd, "map": {text: text for text in odd}, "deep": [{"a": [{"b": odd}]}], "n": -5, "f": 1.5, "t": False}
        self.assertEqual(yaml.safe_load(yamltext.dump(value)), value)


class FstabTest(unittest.TestCase):
    def test_by_uuid_in_path_order(self):
        lines = fstab(parse(good_plan()).storage).splitlines()[1:]
        self.assertEqual(lines, [
            f"UUID={uuid(4)} / ext4 errors=remount-ro 0 1",
            f"UUID={uuid(3)} /boot ext4 defaults 0 2",
        ])

    def test_fat_has_a_short_identity_and_swap_no_path(self):
        raw = uefi_plan()
        set_item(raw, "vda-part2_format", uuid="1a2b3c4d-0000-4000-8000-000000000000")
        raw["storage"]["config"] += [
            {"id": "vda-part4", "type": "partition", "device": "vda", "number": 4, "size": "16M"},
            {"id": "swap", "type": "format", "volume": "vda-part4", "fstype": "swap", "uuid": uuid(8)},
            {"id": "swap_mount", "type": "mount", "device": "swap", "path": "none"},
        ]
        lines = fstab(parse(raw).storage).splitlines()[1:]
        self.assertIn("UUID=1A2B-3C4D /boot/efi vfat umask=0077 0 2", lines)
        self.assertIn(f"UUID={uuid(8)} none swap sw 0 0", lines)

    def test_hosts_and_resolv_conf(self):
        plan = parse(good_plan())
        self.assertIn("127.0.1.1 node1.maas node1\n", hosts(plan))
        self.assertEqual(resolv_conf(plan.network), "search maas\nnameserver 10.0.0.1\n")
        self.assertIsNone(resolv_conf({"version": 2}))


class GrubTest(unittest.TestCase):
    def test_with_boot_and_serial_console(self):
        plan = parse(good_plan())
        text = grub_cfg(plan, "6.1", "vmlinuz-6.1", "initrd.img-6.1", ["console=tty0", "console=ttyS1,9600n8"])
        self.assertEqual(text, f"""\
# Written at installation; update-grub replaces it.
set default=0
set timeout=2
serial --unit=1 --speed=9600
terminal_input console serial
terminal_output console serial
insmod part_gpt
insmod part_msdos
insmod ext2
search --no-floppy --fs-uuid --set=root {uuid(3)}
menuentry 'Linux 6.1' {{
  linux /vmlinuz-6.1 root=UUID={uuid(4)} ro console=tty0 console=ttyS1,9600n8
  initrd /initrd.img-6.1
}}
""")

    def test_without_boot_the_kernel_lies_on_root(self):
        text = grub_cfg(parse(uefi_plan()), "6.1", "vmlinuz-6.1", "initrd.img-6.1", ["console=ttyS0"])
        self.assertIn(f"--set=root {uuid(4)}\n", text)
        self.assertIn(f"  linux /boot/vmlinuz-6.1 root=UUID={uuid(4)} ro console=ttyS0\n", text)
        self.assertNotIn("serial", text)

    def test_kernel_options(self):
        raw = good_plan()
        raw["kernel"]["options"] = ["nomodeset", "console=ttyS0"]
        plan = parse(raw)
        boot = "boot=netroot netroot=http://x/y quiet --- console=ttyS0 BOOTIF=01-aa $(x) mitigations=off".split()
        self.assertEqual(kernel_options(plan, boot), ["console=ttyS0", "mitigations=off", "nomodeset"])
        self.assertEqual(kernel_options(plan, ["quiet", "console=tty0"]), ["console=tty0", "nomodeset", "console=ttyS0"])
        raw["kernel"]["keepBootOptions"] = False
        self.assertEqual(kernel_options(parse(raw), boot), ["nomodeset", "console=ttyS0"])

    def test_newest_kernel_with_an_initrd(self):
        with tempfile.TemporaryDirectory() as root:
            os.mkdir(f"{root}/boot")
            with self.assertRaises(InstallError):
                find_kernel(root)
            for name in ("vmlinuz-6.1.0-9", "initrd.img-6.1.0-9", "vmlinuz-6.1.0-13", "initrd.img-6.1.0-13", "vmlinuz-7.0.0-1"):
                open(f"{root}/boot/{name}", "w", encoding="ascii").close()
            self.assertEqual(find_kernel(root), ("6.1.0-13", "vmlinuz-6.1.0-13", "initrd.img-6.1.0-13"))


class DiskTextsTest(unittest.TestCase):
    device = BlockDevice("/dev/nvme0n1", 512 * MIB, 512, {"S1"}, "M", False)

    def test_sfdisk_script(self):
        storage = parse(uefi_plan()).storage
        self.assertEqual(sfdisk_script(storage, storage.disks[0], self.device), f"""\
label: gpt
unit: sectors

/dev/nvme0n1p1 : start=8192, size=2048, type=21686148-6449-6E6F-744E-656564454649
/dev/nvme0n1p2 : start=10240, size=131072, type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B, uuid={uuid(1)}
/dev/nvme0n1p3 : start=141312, size=819200, type=0FC63DAF-8483-4772-8E79-3D69D8477DE4, uuid={uuid(2)}
""")

    def test_mkfs(self):
        formats = parse(uefi_plan()).storage.formats
        self.assertEqual(
            mkfs_command(formats["vda-part2_format"], "/dev/x2"),
            ["mkfs.vfat", "-F", "32", "-i", "00000000", "-n", "efi", "/dev/x2"],
        )
        self.assertEqual(mkfs_command(formats["vda-part3_format"], "/dev/x3")[-3:], ["-L", "root", "/dev/x3"])

    def test_partition_names(self):
        self.assertEqual(partition_path("/dev/sda", 2), "/dev/sda2")
        self.assertEqual(partition_path("/dev/nvme0n1", 2), "/dev/nvme0n1p2")

    def test_disks_are_found_by_serial_and_model(self):
        def disk(**names):
            return Disk("d", "gpt", wipe=None, grub_device=True, size_bytes=None, block_size_bytes=None,
                        **{"serial": None, "model": None, "path": None, **names})

        here = [
            BlockDevice("/dev/sda", 1, 512, {"AAA", "0x5000"}, "ACME Disk 9", False),
            BlockDevice("/dev/sdb", 1, 512, {"BBB"}, "", False),
            BlockDevice("/dev/sdc", 1, 512, {"BBB"}, "OTHER", False),
        ]
        self.assertEqual(find_disk(disk(serial="AAA", model="ACME_Disk"), here)[0], here[0])
        self.assertEqual(find_disk(disk(path="/dev/sdb"), here)[0], here[1])
        self.assertIn("not a 'ZETA'", find_disk(disk(serial="AAA", model="ZETA"), here)[1])
        self.assertIn("2 disks have serial 'BBB'", find_disk(disk(serial="BBB"), here)[1])
        self.assertIn("no disk with serial 'CCC'; disks here: /dev/sda (0x5000/AAA)", find_disk(disk(serial="CCC"), here)[1])


class KernelLogTest(unittest.TestCase):
    def said(self, text):
        class Ctx:
            def run(self, argv, check, timeout):
                return text

        return disk_trouble(Ctx())

    def test_the_first_words_of_a_failing_disk(self):
        lines = [
            "floppy: error 10 while reading block 0",
            "I/O error, dev fd0, sector 0 op 0x0:(READ) flags 0x0",
            "I/O error, dev vda, sector 264192 op 0x1:(WRITE) flags 0x800",
            "EXT4-fs warning (device vda2): ext4_end_bio:343: I/O error 10 writing to inode 12 starting block 33",
            "Aborting journal on device vda2-8.",
        ]
        self.assertEqual(self.said("\n".join(lines)), "; ".join(lines[2:4]))

    def test_nothing_of_a_kernel_that_is_content(self):
        self.assertEqual(self.said("audit: backlog limit exceeded\ntsc: Marking TSC unstable\n"), "")


class TargetTest(unittest.TestCase):
    def test_configuration_files(self):
        with tempfile.TemporaryDirectory() as root:
            os.makedirs(f"{root}/etc/netplan")
            os.makedirs(f"{root}/var/lib/cloud/instance")
            for path in ("/etc/machine-id", "/etc/netplan/50-cloud-init.yaml", "/etc/hostname"):
                with open(root + path, "w", encoding="ascii") as file:
                    file.write("old")
            configure(parse(good_plan()), root)
            self.assertEqual(os.path.getsize(f"{root}/etc/machine-id"), 0)
            self.assertEqual(_read(f"{root}/etc/hostname"), "node1\n")
            self.assertEqual(os.listdir(f"{root}/etc/netplan"), ["50-rackwright.yaml"])
            secret = f"{root}/etc/cloud/cloud.cfg.d/90_dpkg_maas.cfg"
            self.assertEqual(os.stat(secret).st_mode & 0o777, 0o600)
            self.assertFalse(os.path.exists(f"{root}/var/lib/cloud"))

    def test_a_link_in_the_image_does_not_lead_out(self):
        with tempfile.TemporaryDirectory() as folder:
            root, outside = f"{folder}/root", f"{folder}/outside"
            os.makedirs(f"{root}/etc")
            os.makedirs(outside)
            os.symlink(outside, f"{root}/etc/cloud")
            os.symlink(f"{outside}/hostname", f"{root}/etc/hostname")
            with self.assertRaises(InstallError):
                write_file(root, "/etc/cloud/x", "")
            write_file(root, "/etc/hostname", "x")
            self.assertEqual(os.listdir(outside), [])
            self.assertEqual(_read(f"{root}/etc/hostname"), "x")


def _read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


if __name__ == "__main__":
    unittest.main()
