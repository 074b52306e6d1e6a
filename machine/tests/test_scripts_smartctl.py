"""
The smartctl scripts against what smartctl prints of many kinds of disks: as its manual, its sources and its users' reports have it, cut down to
what says something. The exit status goes with each, since its bits say as much as the text.
"""

from __future__ import annotations

import json
import os
import unittest

from test_scripts_run import ScriptCase


def said(*texts, version=(7, 3), status=0):
    found = {"version": list(version), "exit_status": status}
    return {**found, "messages": [{"string": text, "severity": "error"} for text in texts]} if texts else found


SATA = {
    "smartctl": said(),
    "device": {"name": "/dev/sda", "info_name": "/dev/sda [SAT]", "type": "sat", "protocol": "ATA"},
    "model_family": "Seagate Exos X16",
    "model_name": "ST14000NM001G-2KJ103",
    "smart_support": {"available": True, "enabled": True},
    "smart_status": {"passed": True},
}
SATA_FAILING = {
    **SATA,
    "smart_status": {"passed": False},
    "ata_smart_attributes": {"table": [{"id": 5, "name": "Reallocated_Sector_Ct", "value": 1, "thresh": 10, "when_failed": "now"}]},
}
SAS = {
    "smartctl": said(),
    "device": {"name": "/dev/sdb", "info_name": "/dev/sdb", "type": "scsi", "protocol": "SCSI"},
    "scsi_vendor": "SEAGATE",
    "scsi_product": "ST8000NM0075",
    "scsi_model_name": "SEAGATE ST8000NM0075",
    "scsi_transport_protocol": {"name": "SAS (SPL-4)", "value": 6},
    "smart_support": {"available": True, "enabled": True},
    "smart_status": {"passed": True},
    "scsi_grown_defect_list": 0,
}
# SCSI informational exceptions: ASC 5Dh, failure prediction threshold exceeded.
SAS_FAILING = {**SAS, "smart_status": {"passed": False, "scsi": {"asc": 93, "ascq": 16, "ie_string": "HARDWARE IMPENDING FAILURE"}}}
NVME = {
    "smartctl": said(version=(7, 4)),
    "device": {"name": "/dev/nvme0n1", "info_name": "/dev/nvme0n1", "type": "nvme", "protocol": "NVMe"},
    "model_name": "SAMSUNG MZQL2960HCJR-00A07",
    "nvme_version": {"string": "1.4", "value": 66560},
    "smart_support": {"available": True, "enabled": True},
    "smart_status": {"passed": True, "nvme": {"value": 0}},
}
# Critical warning bit 2: reliability degraded by media errors.
NVME_FAILING = {**NVME, "smart_status": {"passed": False, "nvme": {"value": 4}}}
NVME_OLD = {**NVME, "smartctl": said(version=(7, 3))}
NVME_OLD.pop("smart_support")

MEGARAID = {"smartctl": said("Smartctl open device: /dev/sda failed: DELL or MegaRaid controller, please try adding '-d megaraid,N'", status=2)}
VIRTIO = {"smartctl": said("/dev/vda: Unable to detect device type", status=1)}
USB = {"smartctl": said("/dev/sdc: Unknown USB bridge [0x0bda:0x9210 (0xf200)]", status=1)}
SMART_ARRAY = {
    "smartctl": said(),
    "device": {"name": "/dev/sda", "type": "scsi", "protocol": "SCSI"},
    "scsi_model_name": "HP LOGICAL VOLUME",
    "smart_support": {"available": False},
}
QEMU_SCSI = {**SMART_ARRAY, "scsi_model_name": "QEMU QEMU HARDDISK"}
# Versions before 7.3 say nothing of support.
VMWARE_OLD = {"smartctl": said(version=(7, 2)), "device": {"protocol": "SCSI"}, "scsi_model_name": "VMware Virtual disk"}


def ata_state(value, words="", conveyance=True):
    capabilities = {"self_tests_supported": True, "conveyance_self_test_supported": conveyance}
    return {"ata_smart_data": {"self_test": {"status": {"value": value, "string": words}}, "capabilities": capabilities}}


def scsi_state(words, value=None):
    result = {"string": words} if value is None else {"value": value, "string": words}
    return {"scsi_self_test_0": {"code": {"string": "Background short"}, "result": result}}


def nvme_state(operation, *results):
    table = [{"self_test_code": {"value": 1}, "self_test_result": {"value": value, "string": words}} for value, words in results]
    return {"nvme_self_test_log": {"current_self_test_operation": {"value": operation, "string": "x"}, **({"table": table} if table else {})}}


class Smartctl(ScriptCase):
    def disk(self, info, everything=None, *, info_code=0, all_code=0, test=None, test_code=0, states=()):
        """What smartctl says of the disk; of `states` the next one each time that a test's progress is asked for, the last one for ever."""
        for name in os.listdir(self.root):
            if name != "bin":
                os.unlink(f"{self.root}/{name}")
        for name, data in (("info", info), ("all", everything or info), ("test", test or {}), *((f"state{at}", one) for at, one in enumerate(states))):
            self.put(f"{name}.json", json.dumps(data))
        self.tool(
            "smartctl",
            f"""echo "$*" >> {self.root}/calls; cd {self.root}
case "$*" in
  *--info*) cat info.json; exit {info_code} ;;
  *--log=selftest*) n=$(cat n 2> /dev/null || echo 0); [ -e state$n.json ] || {{ echo '{{}}'; exit 0; }}
    cat state$n.json; [ ! -e state$((n + 1)).json ] || echo $((n + 1)) > n ;;
  *--capabilities*) [ ! -e state0.json ] || cat state0.json ;;
  *--all*) cat all.json; exit {all_code} ;;
  *--test*) cat test.json; exit {test_code} ;;
  *--xall*) echo report ;;
esac""",
        )

    def run_test(self, name, path, code=0):
        return self.run_script(f"testing/smartctl-{name}", path, code=code, SMARTCTL_POLL_SECONDS="0.01")

    def assert_skipped(self, name, path, reason):
        printed = self.run_test(name, path)
        self.assertRegex(printed, f"(?m)^Not applicable here: .*{reason}")
        self.assertEqual("status: skipped\n", self.result())

    def test_healthy_disks_of_all_kinds(self):
        for path, info in (("/dev/sda", SATA), ("/dev/sdb", SAS), ("/dev/nvme0n1", NVME), ("/dev/nvme0n1", NVME_OLD)):
            with self.subTest(info["device"]["protocol"]):
                self.disk(info)
                self.assertEqual(f"{path} is healthy.\nreport\n", self.run_test("validate", path))
                self.assertEqual("", self.result())

    def test_failing_disks_of_all_kinds(self):
        for path, info, failing in (("/dev/sda", SATA, SATA_FAILING), ("/dev/sdb", SAS, SAS_FAILING), ("/dev/nvme0n1", NVME, NVME_FAILING)):
            with self.subTest(info["device"]["protocol"]):
                # Asked for its health the first call has the bit too.
                self.disk({**info, "smart_status": failing["smart_status"]}, failing, info_code=8, all_code=8)
                self.assertIn(f"{path} says that it is failing", self.run_test("validate", path, code=1))
                self.assertEqual("", self.result())

    def test_an_attribute_below_its_threshold_now_fails_and_one_in_the_past_is_told(self):
        self.disk(SATA, SATA, all_code=16)
        self.assertIn("failing", self.run_test("validate", "/dev/sda", code=1))
        self.disk(SATA, SATA, all_code=32 | 64 | 128)
        printed = self.run_test("validate", "/dev/sda")
        self.assertIn("is healthy", printed)
        self.assertEqual(3, printed.count("Worth knowing: "))

    def test_a_disk_that_stops_answering_fails(self):
        gone = {"smartctl": said("Smartctl open device: /dev/sda failed: No such device", status=2)}
        self.disk(SATA, gone, all_code=2)
        self.assertIn("could not be read: Smartctl open device: /dev/sda failed: No such device", self.run_test("validate", "/dev/sda", code=1))

    def test_what_has_no_smart_is_not_applicable_with_its_reason(self):
        for path, info, code, reason in (
            ("/dev/vda", VIRTIO, 1, "Unable to detect device type"),
            ("/dev/sdc", USB, 1, "Unknown USB bridge"),
            ("/dev/sda", MEGARAID, 2, "volume of a RAID controller.*-d megaraid,N"),
            ("/dev/sda", SMART_ARRAY, 0, r"\(HP LOGICAL VOLUME\) has no SMART"),
            ("/dev/sda", QEMU_SCSI, 4, r"\(QEMU QEMU HARDDISK\) has no SMART"),
            ("/dev/sda", VMWARE_OLD, 4, r"\(VMware Virtual disk\) has no SMART"),
            ("/dev/sda", {}, 1, "does not know this kind"),
        ):
            # All of them have one body.
            for name in ("validate", "short"):
                with self.subTest(reason=reason, name=name):
                    self.disk(info, info_code=code)
                    self.assert_skipped(name, path, reason)
                    self.assertNotIn("--test", self.text("calls"))

    def test_smart_that_is_off_is_switched_on(self):
        self.disk({**SATA, "smart_support": {"available": True, "enabled": False}})
        self.run_test("validate", "/dev/sda")
        self.assertIn("--smart=on /dev/sda", self.text("calls"))

    def test_self_tests_are_waited_for_and_judged(self):
        ata = (ata_state(0), ata_state(0xF9), ata_state(0xF1))
        sas = (scsi_state("Completed", 0), scsi_state("Self test in progress ...", 15))
        for path, info, states, code, words in (
            ("/dev/sda", SATA, (*ata, ata_state(0)), 0, "passed"),
            ("/dev/sda", SATA, (*ata, ata_state(0x79, "completed: read failure")), 1, r"replace the disk \(completed: read failure\)"),
            ("/dev/sda", SATA, (*ata, ata_state(0x29, "was interrupted by the host with a reset")), 1, "aborted before its end: run it again"),
            ("/dev/sdb", SAS, (*sas, scsi_state("Completed", 0)), 0, "passed"),
            ("/dev/sdb", SAS, (*sas, scsi_state("Failed in first segment", 5)), 1, "replace the disk"),
            ("/dev/sdb", SAS, (*sas, scsi_state("Aborted (device reset ?)", 2)), 1, "run it again"),
            ("/dev/nvme0n1", NVME, (nvme_state(0), nvme_state(1), nvme_state(0, (0, "Completed without error"))), 0, "passed"),
            ("/dev/nvme0n1", NVME, (nvme_state(0), nvme_state(1), nvme_state(0, (7, "Completed: failed segments"))), 1, "replace the disk"),
            ("/dev/nvme0n1", NVME, (nvme_state(0), nvme_state(1), nvme_state(0, (2, "Aborted: Controller Reset"))), 1, "run it again"),
        ):
            for kind in ("short", "long"):
                with self.subTest(path=path, words=words, kind=kind):
                    self.disk(info, states=states)
                    self.assertRegex(self.run_test(kind, path, code=code), f"The {kind} self-test of {path} .*{words}")
                    self.assertIn(f"--test={kind} {path}\n", self.text("calls"))
                    self.assertEqual("", self.result())

    def test_scsi_disks_of_which_only_words_are_printed(self):
        for words, code in (("Completed                 ", 0), ("Completed, segment failed", 1), ("Aborted (by user command)", 1)):
            with self.subTest(words):
                self.disk(SAS, states=(scsi_state("Completed"), scsi_state("Self test in progress ..."), scsi_state(words)))
                self.run_test("short", "/dev/sdb", code=code)

    def test_a_test_that_runs_already_is_waited_for(self):
        self.disk(SATA, states=(ata_state(0xF5), ata_state(0)))
        self.assertIn("passed", self.run_test("long", "/dev/sda"))
        self.assertNotIn("--test", self.text("calls"))

    def test_conveyance_is_for_ata_disks_that_have_it(self):
        self.disk(SATA, states=(ata_state(0), ata_state(0xF1), ata_state(0)))
        self.assertIn("The conveyance self-test of /dev/sda passed", self.run_test("conveyance", "/dev/sda"))
        self.disk(SATA, states=(ata_state(0, conveyance=False),))
        self.assert_skipped("conveyance", "/dev/sda", "has no conveyance self-test")
        for path, info in (("/dev/sdb", SAS), ("/dev/nvme0n1", NVME)):
            self.disk(info)
            self.assert_skipped("conveyance", path, "only those have a conveyance self-test")

    def nvme_cli(self, *states, oacs=0x17, code=0):
        """nvme-cli 2.4, whose log page has fifteen for an empty place."""
        for at, (operation, *results) in enumerate(states):
            reports = [{"Self test result": result, **({} if result == 15 else {"Self test code": 1})} for result in results]
            log = {"Current Device Self-Test Operation": operation, "Current Device Self-Test Completion": 0, "List of Valid Reports": reports}
            self.put(f"log{at}.json", json.dumps(log))
        self.tool(
            "nvme",
            f"""echo "nvme $*" >> {self.root}/calls; cd {self.root}
case "$1" in
  id-ctrl) echo '{{"oacs": {oacs}}}' ;;
  self-test-log) n=$(cat m 2> /dev/null || echo 0); cat log$n.json; [ ! -e log$((n + 1)).json ] || echo $((n + 1)) > m ;;
  device-self-test) [ {code} = 0 ] && echo "Short Device self-test started" || {{ echo "NVMe status: Invalid Field in Command(0x4002)" >&2; exit {code}; }} ;;
esac""",
        )

    def test_nvme_disks_are_tested_by_nvme_cli_where_smartctl_cannot(self):
        for kind, number in (("short", "1"), ("long", "2")):
            for last, code, words in ((0, 0, "passed"), (7, 1, "replace the disk"), (2, 1, "run it again")):
                with self.subTest(kind=kind, words=words):
                    self.disk(NVME_OLD)
                    self.nvme_cli((0, 0, 15), (int(number), 0, 15), (0, last, 0, 15))
                    self.assertIn(f"The {kind} self-test of /dev/nvme0n1 {words if code == 0 else ''}", self.run_test(kind, "/dev/nvme0n1", code=code))
                    self.assertIn(f"nvme device-self-test /dev/nvme0n1 --self-test-code={number}\n", self.text("calls"))
                    self.assertNotIn("--test=", self.text("calls"))
        self.disk(NVME_OLD)
        self.nvme_cli((0, 15), oacs=0x7)
        self.assert_skipped("short", "/dev/nvme0n1", r"\(SAMSUNG MZQL2960HCJR-00A07\) has no self-tests")
        self.disk(NVME_OLD)
        self.nvme_cli((0, 15), code=1)
        self.assert_skipped("short", "/dev/nvme0n1", "Invalid Field in Command")

    def test_self_tests_that_cannot_be_had(self):
        self.disk(NVME_OLD)
        for name in ("sh", "cat"):
            os.symlink(f"/bin/{name}", f"{self.root}/bin/{name}")
        env = {"only_fakes": True, "SMARTCTL_POLL_SECONDS": "0.01"}
        self.assertRegex(self.run_script("testing/smartctl-short", "/dev/nvme0n1", **env), r"smartctl 7\.3 cannot start .*nvme-cli is not part of")
        self.assertEqual("status: skipped\n", self.result())
        # 7.4 ends with 0 where a controller has no self-tests, and there is no log.
        self.disk(NVME)
        self.assert_skipped("short", "/dev/nvme0n1", "keeps no record of its self-tests")
        self.disk(SATA, states=(ata_state(0),), test={"smartctl": said("Can't start self-test without aborting current test")}, test_code=4)
        self.assert_skipped("short", "/dev/sda", "Can't start self-test")

    def test_a_failing_disk_fails_though_it_has_no_such_test(self):
        self.disk(NVME, NVME_FAILING, all_code=8)
        printed = self.run_test("conveyance", "/dev/nvme0n1", code=1)
        self.assertIn("says that it is failing", printed)
        self.assertEqual("", self.result())

    def test_an_image_without_smartctl(self):
        self.run_script("testing/smartctl-validate", "/dev/sda", code=1, only_fakes=True)
        self.assertIn("install smartmontools", self.said)


if __name__ == "__main__":
    unittest.main()
