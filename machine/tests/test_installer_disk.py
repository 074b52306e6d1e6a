"""Really installs: onto a loop device, from a small squashfs, against a controller in this process. Needs root."""

import contextlib
import ctypes
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
import unittest

from test_installer_plan import MIB, good_plan, set_item, uefi_plan, uuid
from test_installer_reporting import controller

from rackwright_installer import main
from rackwright_installer.blockdev import list_disks
from rackwright_installer.context import Context, Log
from rackwright_installer.errors import InstallError
from rackwright_installer.mounts import mounted_below
from rackwright_installer.partitioning import format_all, partition_all
from rackwright_installer.plan import parse
from rackwright_installer.source import download, sha256_of

TOOLS = ("losetup", "sfdisk", "wipefs", "lsblk", "blkid", "blockdev", "mkfs.ext4", "unsquashfs", "mksquashfs")


def why_not():
    if os.geteuid() != 0:
        return "installing onto a loop device needs root"
    missing = [name for name in TOOLS if not shutil.which(name)]
    if missing:
        return f"not installed: {', '.join(missing)} (packages fdisk, e2fsprogs, squashfs-tools)"
    return None if os.path.exists("/dev/loop-control") else "the kernel has no loop devices"


REASON = why_not()


def run(*argv):
    ended = subprocess.run(argv, check=False, capture_output=True, text=True)
    if ended.returncode != 0:
        raise AssertionError(f"{' '.join(argv)} ended with {ended.returncode}: {ended.stderr.strip()}")
    return ended.stdout


CLONE_NEWNS = 0x00020000  # linux/sched.h


def own_mounts():
    """
    What is mounted from here on is seen by nobody else (unshare(2)). Whoever makes a mount namespace at the same time, as `ip netns exec`
    does, would else hold a copy of each filesystem mounted just then, and keep it busy. @returns what brings back the mounts of before
    """
    libc = ctypes.CDLL(None, use_errno=True)
    before = os.open("/proc/thread-self/ns/mnt", os.O_RDONLY | os.O_CLOEXEC)

    def back():
        if libc.setns(before, CLONE_NEWNS) != 0:
            raise OSError(ctypes.get_errno(), "going back to the mounts of before")
        os.close(before)

    if libc.unshare(CLONE_NEWNS) != 0:
        raise OSError(ctypes.get_errno(), "making a mount namespace")
    run("mount", "--make-rprivate", "/")
    return back


@unittest.skipIf(REASON, REASON)
class DiskTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.addClassCleanup(own_mounts())
        cls.folder = tempfile.mkdtemp(prefix="rw-installer-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        tree = f"{cls.folder}/tree"
        os.makedirs(f"{tree}/boot")
        os.makedirs(f"{tree}/etc/netplan")
        for path, text in (("etc/os-release", "ID=tiny\n"), ("boot/vmlinuz-1", "kernel"), ("boot/initrd.img-1", "initrd")):
            with open(f"{tree}/{path}", "w", encoding="ascii") as file:
                file.write(text)
        cls.image = f"{cls.folder}/root.squashfs"
        run("mksquashfs", tree, cls.image, "-quiet", "-no-progress", "-all-root")
        with open(cls.image, "rb") as file:
            cls.content = file.read()

    def setUp(self):
        self.stack = contextlib.ExitStack()
        self.addCleanup(self.stack.close)
        self.work = tempfile.mkdtemp(dir=self.folder)
        self.disk = f"{self.work}/disk"
        with open(self.disk, "wb") as file:
            file.truncate(512 * MIB)
        self.loop = run("losetup", "--find", "--show", "--partscan", self.disk).strip()
        self.stack.callback(run, "losetup", "--detach", self.loop)
        self.log = Log(f"{self.work}/install.log", console=None)
        self.stack.callback(self.log.close)
        cmdline = f"{self.work}/cmdline"
        with open(cmdline, "w", encoding="ascii") as file:
            file.write("boot=netroot --- console=ttyS0\n")
        self.context = Context(self.log, state_dir=f"{self.work}/state", local_image=f"{self.work}/absent", cmdline_path=cmdline,
                               efi_dir=f"{self.work}/no-efi", with_bootloader=False)
        os.makedirs(self.context.state_dir)
        self.server = self.stack.enter_context(controller())
        self.server.files["/root.squashfs"] = self.content
        # A failed install of ours must not keep the host it is tested on from rebooting.
        self.block_files, main.BLOCK_FILES = main.BLOCK_FILES, (f"{self.work}/block-reboot",)
        self.stack.callback(setattr, main, "BLOCK_FILES", self.block_files)

    def plan(self, raw=None):
        raw = raw or good_plan(path=self.loop)
        set_item(raw, "vda", path=self.loop)
        url = self.server.url
        raw["source"].update(uri=f"{url}/root.squashfs", sha256=hashlib.sha256(self.content).hexdigest(), sizeBytes=len(self.content))
        raw["reporting"]["endpoint"] = f"{url}/status/abc123"
        raw["netbootOff"]["url"] = f"{url}/netboot-off"
        return raw

    def install(self, raw):
        return main.run(parse(raw), self.context)

    def last_event(self):
        return self.server.events()[-1]

    @contextlib.contextmanager
    def mounted(self, number):
        with tempfile.TemporaryDirectory(dir=self.work) as point:
            run("mount", "-o", "ro", f"{self.loop}p{number}", point)
            try:
                yield point
            finally:
                run("umount", point)

    def check_installed(self):
        table = json.loads(run("sfdisk", "--json", self.loop))["partitiontable"]
        self.assertEqual(table["label"], "gpt")
        found = [(p["node"][-1], p["start"], p["size"]) for p in table["partitions"]]
        self.assertEqual(found, [("1", 8192, 2048), ("2", 10240, 131072), ("3", 141312, 819200)])
        self.assertEqual(table["partitions"][0]["type"], "21686148-6449-6E6F-744E-656564454649")
        self.assertEqual(table["partitions"][2]["uuid"], uuid(2))
        for number, label, identity in ((2, "boot", uuid(3)), (3, "root", uuid(4))):
            text = run("blkid", "--probe", "--output", "export", f"{self.loop}p{number}")
            for line in (f"LABEL={label}", f"UUID={identity}", "TYPE=ext4"):
                self.assertIn(line, text.splitlines())
        with self.mounted(3) as root:
            with open(f"{root}/etc/os-release", encoding="ascii") as file:
                self.assertEqual(file.read(), "ID=tiny\n")
            with open(f"{root}/etc/fstab", encoding="ascii") as file:
                self.assertIn(f"UUID={uuid(4)} / ext4", file.read())
            self.assertTrue(os.path.exists(f"{root}/etc/netplan/50-rackwright.yaml"))
            self.assertEqual(os.listdir(f"{root}/boot"), [])
            self.assertFalse(os.path.exists(f"{root}/.rackwright-image.squashfs"))
        with self.mounted(2) as boot:
            self.assertIn("vmlinuz-1", os.listdir(boot))

    def test_installs_reports_and_can_be_run_again(self):
        raw = self.plan()
        raw["lateCommands"] = [["sh", "-c", 'echo late > "$TARGET_MOUNT_POINT/late"']]
        self.stack.callback(os.umask, os.umask(0o077))
        self.assertEqual(self.install(raw), 0, self.last_event()["description"])
        self.check_installed()
        with self.mounted(3) as root:
            self.assertTrue(os.path.exists(f"{root}/late"))
            self.assertEqual(os.stat(f"{root}/etc/cloud").st_mode & 0o777, 0o755)
        self.assertEqual(mounted_below(self.context.state_dir), [])
        starts = [event["name"] for event in self.server.events() if event["event_type"] == "start"]
        stages = ["early", "partitioning", "network", "extract", "curthooks", "hook", "late"]
        self.assertEqual(starts, ["cmd-install", *[f"cmd-install/stage-{stage}" for stage in stages]])
        last = self.last_event()
        self.assertEqual((last["name"], last["result"], last["files"][0]["path"]), ("cmd-install", "SUCCESS", "/tmp/install.log"))
        paths = [path for path, _, body in self.server.posts if body == b"op=netboot_off"]
        self.assertEqual(paths, ["/netboot-off"])
        self.assertEqual(self.install(raw), 0, self.last_event()["description"])
        self.check_installed()

    def test_takes_over_a_disk_with_old_contents(self):
        run("mkfs.ext4", "-q", "-F", "-L", "old", self.loop)
        self.assertEqual(self.install(self.plan()), 0, self.last_event()["description"])
        self.check_installed()
        self.assertNotIn("TYPE=ext4", subprocess.run(["blkid", "--probe", self.loop], capture_output=True, text=True, check=False).stdout)

    def test_an_interrupted_install_is_cleared_first(self):
        raw = self.plan()
        plan = parse(raw)
        os.makedirs(self.context.target)
        partition_all(plan, {"vda": self.device()}, self.context)
        run("mkfs.ext4", "-q", f"{self.loop}p3")
        run("mount", f"{self.loop}p3", self.context.target)
        self.assertEqual(self.install(raw), 0, self.last_event()["description"])
        self.check_installed()

    def device(self):
        return next(device for device in list_disks(self.context) if device.path == self.loop)

    def test_a_local_image_saves_the_download(self):
        raw = self.plan()
        del self.server.files["/root.squashfs"]
        self.context.local_image = self.image
        raw["source"]["uri"] = "cp:///run/netroot/lower"
        self.assertEqual(self.install(raw), 0, self.last_event()["description"])
        self.check_installed()

    def test_an_image_too_large_for_memory_goes_by_way_of_the_disk(self):
        from rackwright_installer import source

        self.stack.callback(setattr, source, "_free_memory", source._free_memory)
        source._free_memory = lambda: 0
        self.assertEqual(self.install(self.plan()), 0, self.last_event()["description"])
        self.check_installed()

    def test_esp_is_formatted_where_it_is_asked_for(self):
        if not shutil.which("mkfs.vfat"):
            self.skipTest("no mkfs.vfat here (package dosfstools)")
        raw = self.plan(uefi_plan())
        set_item(raw, "vda-part2_format", uuid="1a2b3c4d-0000-4000-8000-000000000000")
        plan = parse(raw)
        paths = partition_all(plan, {"vda": self.device()}, self.context)
        format_all(plan, paths, self.context)
        text = run("blkid", "--probe", "--output", "export", f"{self.loop}p2").splitlines()
        for line in ("TYPE=vfat", "UUID=1A2B-3C4D", "PART_ENTRY_TYPE=c12a7328-f81f-11d2-ba4b-00a0c93ec93b"):
            self.assertIn(line, text)

    def digest(self):
        return sha256_of(self.disk)

    def test_refusals_leave_every_byte_alone(self):
        with open(self.disk, "r+b") as file:
            file.write(os.urandom(8 * MIB))
        before = self.digest()
        for expected, change in self.refusals():
            with self.subTest(expected):
                raw = self.plan()
                change(raw)
                self.assertEqual(self.install(raw), 1)
                last = self.last_event()
                self.assertEqual((last["name"], last["result"]), ("cmd-install", "FAIL"))
                self.assertIn(expected, last["description"])
                self.assertIn("nothing was written", last["description"])
                self.assertEqual(self.digest(), before)
        self.assertEqual([path for path, _, _ in self.server.posts if path == "/netboot-off"], [])
        self.assertTrue(os.path.exists(f"{self.work}/block-reboot"))

    def refusals(self):
        yield "has sha256", lambda raw: raw["source"].update(sha256="0" * 64)
        yield "bytes, not 5", lambda raw: raw["source"].update(sizeBytes=5)
        yield "HTTP status 404", lambda raw: raw["source"].update(uri=f"{self.server.url}/none")
        yield "cannot be verified", lambda raw: raw["source"].update(uri="cp:///run/netroot/lower")
        yield "no disk with serial 'NOPE'", lambda raw: set_item(raw, "vda", serial="NOPE")
        yield "no disk with path /dev/rackwright-none", lambda raw: set_item(raw, "vda", path="/dev/rackwright-none")
        yield "the plan was made for 1073741824", lambda raw: raw["disks"]["vda"].update(sizeBytes=1024 * MIB)
        yield "is too small", lambda raw: (raw.pop("disks"), set_item(raw, "vda-part3", size="600M"))

    def test_refuses_a_disk_in_use(self):
        run("mkfs.ext4", "-q", "-F", self.loop)
        point = f"{self.work}/data"
        os.mkdir(point)
        run("mount", self.loop, point)
        try:
            self.assertEqual(self.install(self.plan()), 1)
            self.assertIn(f"in use: mounted on {point}", self.last_event()["description"])
        finally:
            run("umount", point)

    def test_refuses_uefi_on_a_machine_started_by_its_bios(self):
        self.context.with_bootloader = True
        self.assertEqual(self.install(self.plan(uefi_plan())), 1)
        self.assertIn("started by its BIOS", self.last_event()["description"])

    def test_a_failing_late_command_fails_the_install_and_leaves_nothing_mounted(self):
        raw = self.plan()
        raw["lateCommands"] = [["sh", "-c", "echo broken >&2; exit 3"]]
        self.assertEqual(self.install(raw), 1)
        self.assertIn("failed with 3: broken", self.last_event()["description"])
        self.assertEqual(mounted_below(self.context.state_dir), [])
        self.assertEqual([path for path, _, _ in self.server.posts if path == "/netboot-off"], [])

    def test_an_install_that_cannot_turn_netboot_off_has_failed(self):
        raw = self.plan()
        raw["netbootOff"]["url"] = f"{self.server.url}/refused"
        real = self.server.RequestHandlerClass.do_POST

        def refuse(handler):
            if handler.path == "/refused":
                handler.rfile.read(int(handler.headers["Content-Length"]))
                handler.send_error(403)
            else:
                real(handler)

        self.server.RequestHandlerClass = type("Refusing", (self.server.RequestHandlerClass,), {"do_POST": refuse})
        self.assertEqual(self.install(raw), 1)
        self.assertIn("did not take netboot_off", self.last_event()["description"])


class DownloadTest(unittest.TestCase):
    def test_resumes_where_the_connection_broke(self):
        content = os.urandom(300_000)
        plan = {"sha256": hashlib.sha256(content).hexdigest(), "sizeBytes": len(content)}
        with controller() as server, tempfile.TemporaryDirectory() as folder:
            server.files["/x"] = content
            server.cut_after = 100_000
            download({**plan, "uri": f"{server.url}/x"}, f"{folder}/x", lambda *_: None)
            with open(f"{folder}/x", "rb") as file:
                self.assertEqual(file.read(), content)
            server.files["/x"] = content[:-1] + b"x"
            with self.assertRaises(InstallError):
                download({**plan, "uri": f"{server.url}/x"}, f"{folder}/x", lambda *_: None)
            self.assertEqual(os.listdir(folder), [])


if __name__ == "__main__":
    unittest.main()
