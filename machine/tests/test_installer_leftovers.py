"""What an earlier system left: refused where it would clash by name, stopped where it is to be wiped."""

import json
import os
import sys
import unittest
from unittest import mock

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "installer"))
sys.path.insert(0, HERE)

from rackwright_installer import leftovers, partitioning, preflight  # noqa: E402
from rackwright_installer.blockdev import BlockDevice  # noqa: E402
from rackwright_installer.errors import Refused  # noqa: E402
from rackwright_installer.plan import parse  # noqa: E402
from test_installer_groups import LV, RAID1, VG, plan_of, root_on  # noqa: E402

GIB = 1024**3
BELOW = {"/dev/sdz": ["vg--0-old", "sdz1"], "/dev/vdb": ["md127"]}
PLANNED = ("vda", "vdb", "vdc", "vdd")


def device(name):
    return BlockDevice(f"/dev/{name}", GIB, 512, {name}, "", False)


class Machine:
    """Says which physical volumes there are and which devices are members of arrays; notes what is run."""

    with_bootloader = False

    def __init__(self, volumes=(), arrays=None):
        self.volumes = [{"pv_name": path, "vg_name": group} for path, group in volumes]
        self.arrays = arrays or {}
        self.commands = []

    def has_tool(self, _name):
        return True

    def run(self, argv, text=None, check=True):
        self.commands.append(argv)
        if argv[0] == "pvs":
            return json.dumps({"report": [{"pv": self.volumes}]})
        if argv[:2] == ["mdadm", "--examine"]:
            name = self.arrays.get(argv[-1])
            return f"MD_LEVEL=raid1\nMD_DEVICES=2\nMD_NAME={name}\nMD_UUID=1\n" if name else ""
        return ""


def check(machine, raw):
    """The problems of a plan, on a machine with the planned disks and sdz."""
    plan = parse(raw)
    found = [device(name) for name in (*PLANNED, "sdz")]
    with mock.patch.object(preflight, "list_disks", lambda _ctx: found), mock.patch.object(preflight, "uses", lambda _path: []), \
            mock.patch.object(preflight, "find_disk", lambda disk, _all: (device(disk.id), None)), \
            mock.patch.object(leftovers, "descendants", lambda path: BELOW.get(path, [])):
        try:
            preflight.check(plan, machine)
        except Refused as refused:
            return refused.problems
    return []


class LeftoversTest(unittest.TestCase):
    def test_a_volume_group_of_the_planned_name_on_another_disk_is_refused_by_the_disk(self):
        raw = plan_of(VG, LV, *root_on("vg-0-root"))
        machine = Machine([("/dev/sdz1", "vg-0")])
        self.assertEqual(check(machine, raw), [
            "disk /dev/sdz, which is not in the plan, has a volume group 'vg-0' of an earlier system on /dev/sdz1: "
            "wipe that disk, or give the volume group of the plan another name",
        ])
        # Nothing was written.
        self.assertEqual({command[0] for command in machine.commands}, {"pvs"})

    def test_other_names_and_disks_that_are_wiped_anyway_are_no_trouble(self):
        raw = plan_of(VG, LV, *root_on("vg-0-root"))
        self.assertEqual(check(Machine([("/dev/sdz1", "data"), ("/dev/vdb", "vg-0"), ("[unknown]", "vg-0"), ("/dev/sdz", "")]), raw), [])

    def test_a_member_of_an_array_of_the_planned_name_is_refused_by_the_disk(self):
        raw = plan_of(RAID1, *root_on("md0"))
        for name in ("md0", "elsewhere:md0"):
            problems = check(Machine(arrays={"/dev/sdz1": name}), raw)
            self.assertEqual(len(problems), 1, problems)
            self.assertIn("disk /dev/sdz, which is not in the plan, has a RAID 'md0' of an earlier system on /dev/sdz1", problems[0])
        self.assertEqual(check(Machine(arrays={"/dev/sdz1": "elsewhere:md1", "/dev/vdb": "elsewhere:md0"}), raw), [])

    def test_what_pvs_does_not_answer_is_no_leave_to_write(self):
        machine = Machine()
        with mock.patch.object(machine, "run", lambda *_args, **_more: "no json"):
            self.assertIn("pvs does not say", check(machine, plan_of(VG, LV, *root_on("vg-0-root")))[0])

    def test_everything_on_the_planned_disks_is_stopped_before_the_first_is_wiped(self):
        done = []
        plan = parse(plan_of(RAID1, *root_on("md0")))
        with mock.patch.object(partitioning, "stop_holders", lambda _ctx, path: done.append(f"stop {path}")), \
                mock.patch.object(partitioning, "wipe_disk", mock.Mock(side_effect=InterruptedError)), \
                self.assertRaises(InterruptedError):
            partitioning.partition_all(plan, {name: device(name) for name in PLANNED}, Machine())
        self.assertEqual(done, [f"stop /dev/{name}" for name in PLANNED])

    def test_signs_of_patterns_in_device_names_stand_for_themselves(self):
        self.assertEqual(leftovers.only(["/dev/mapper/a.b+c-d"])[1],
                         'devices { filter = [ "a|^/dev/mapper/a[.]b[+]c-d$|", "r|.*|" ] }')


if __name__ == "__main__":
    unittest.main()
