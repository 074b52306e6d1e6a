"""Every built-in script: its metadata block says what the reference says, and it is a program."""

from __future__ import annotations

import os
import re
import subprocess
import unittest

from test_runner_region import RunnerCase  # noqa: F401  (first: it finds the runner)
from rackwright_runner import yaml_lite

SCRIPTS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "scripts")
HARDWARE = ("node", "cpu", "memory", "storage", "network", "gpu")

# script: title, hardware type, parallel, timeout, tags, destructive (reference: scripts section 8)
EXPECTED = {
    "commissioning": {
        "20-maas-01-install-lldpd": ("Install and configure lldpd for passive capture.", "node", "none", 30, "", False),
        "20-maas-02-dhcp-unconfigured-ifaces": ("Bring up and run DHCP on all interfaces", "node", "none", 10, "", False),
        "20-maas-03-machine-resources": ("Download and run binary to collect machine details", "node", "none", 60, "deploy-info", False),
        "30-maas-01-bmc-config": ("Detect and configure BMC's for MAAS use.", "node", "none", 300, "bmc-config", False),
        "40-maas-01-machine-config-hints": ("Generate machine configuration hints", "node", "none", 60, "", False),
        "50-maas-01-commissioning": ("Gather all commissioning data", "node", "none", 60, "deploy-info", False),
        "maas-support-info": ("Gather support information for the machine", "node", "any", 300, "deploy-info", False),
        "maas-lshw": ("Capture lshw -xml output", "node", "any", 300, "deploy-info", False),
        "maas-list-modaliases": ("Output all loaded modalises", "node", "any", 10, "deploy-info", False),
        "maas-get-fruid-api-data": ("Return discovered fruid API data", "node", "any", 60, "", False),
        "maas-kernel-cmdline": ("Capture the kernel command line", "node", "any", 10, "", False),
        "maas-serial-ports": ("Discover all serial ports", "node", "any", 10, "deploy-info", False),
        "maas-capture-lldpd": ("Capture lldpd output", "node", "any", 60, "", False),
    },
    "testing": {
        "smartctl-validate": ("Storage status", "storage", "instance", 300, "commissioning", False),
        "smartctl-short": ("Storage integrity", "storage", "instance", 600, "", False),
        "smartctl-long": ("Storage integrity", "storage", "instance", 0, "", False),
        "smartctl-conveyance": ("Storage integrity", "storage", "instance", 0, "", False),
        "badblocks": ("Storage integrity", "storage", "instance", 0, "", False),
        "badblocks-destructive": ("Storage integrity", "storage", "instance", 0, "", True),
        "fio": ("Storage benchmark", "storage", "instance", 0, "storage", True),
        "memtester": ("Memory integrity", "memory", "none", 0, "", False),
        "stress-ng-memory-short": ("Memory integrity", "memory", "none", 300, "", False),
        "stress-ng-memory-long": ("Memory integrity", "memory", "none", 50400, "", False),
        "stress-ng-cpu-short": ("CPU validation", "cpu", "none", 300, "", False),
        "stress-ng-cpu-long": ("CPU validation", "cpu", "none", 50400, "", False),
        "7z": ("CPU benchmark", "cpu", "none", 300, "cpu", False),
        "ntp": ("NTP validation", "network", "any", 60, "ntp", False),
        "internet-connectivity": ("Internet Connectivity Validation", "network", "instance", 300, "internet, network-validation", False),
        "gateway-connectivity": ("Gateway Connectivity Validation", "network", "instance", 300, "network-validation", False),
        "rack-controller-connectivity": (
            "Rack Controller Connectivity Validation",
            "network",
            "instance",
            300,
            "network-validation",
            False,
        ),
    },
    "release": {"wipe-disks": ("Wipe disks content", "storage", "none", 0, "wipe, disk, storage", False)},
}
# The original's bmc script wants freeipmi-tools and python3-paramiko besides: ours speaks to BMCs by ipmitool and HTTPS alone.
PACKAGES = {
    "20-maas-01-install-lldpd": ["lldpd"],
    "30-maas-01-bmc-config": ["ipmitool"],
    **{f"smartctl-{kind}": ["smartmontools"] for kind in ("validate", "short", "long", "conveyance")},
    **{name: ["e2fsprogs"] for name in ("badblocks", "badblocks-destructive")},
    "fio": ["fio"],
    "memtester": ["memtester"],
    **{f"stress-ng-{what}-{length}": ["stress-ng"] for what in ("cpu", "memory") for length in ("short", "long")},
    "7z": ["p7zip-full"],
    "wipe-disks": ["nvme-cli"],
}
BLOCKS = ["badblocks", "comparison_errors", "read_errors", "write_errors"]
SPEEDS = [f"{order}_{way}{unit}" for order in ("random", "sequential") for way in ("read", "write") for unit in ("", "_iops")]
RATINGS = [f"{way}_{what}_mips" for way in ("compression", "decompression") for what in ("rating", "ru")]
RESULTS = {"badblocks": BLOCKS, "badblocks-destructive": BLOCKS, "fio": SPEEDS, "7z": RATINGS}
# By parameter: type, how it becomes an argument, most characters.
DISK = {"storage": ("storage", "{path}", None)}
CARD = {"interface": ("interface", "--interface={name}", None)}
TIME = {"runtime": ("runtime", None, None)}
PARAMETERS = {
    "30-maas-01-bmc-config": {
        "maas_auto_ipmi_user": ("string", "--username={input}", 20),
        "maas_auto_ipmi_user_password": ("password", "--password={input}", 20),
        "maas_auto_ipmi_k_g_bmc_key": ("password", "--ipmi-k-g={input}", 20),
        "maas_auto_ipmi_user_privilege_level": ("choice", "--ipmi-privilege-level={input}", None),
        "maas_auto_ipmi_cipher_suite_id": ("string", "--ipmi-cipher-suite-id={input}", 2),
    },
    **{name: DISK for name, row in EXPECTED["testing"].items() if row[1] == "storage"},
    **{f"stress-ng-{what}-{length}": TIME for what in ("cpu", "memory") for length in ("short", "long")},
    "memtester": TIME,
    "internet-connectivity": {**CARD, "url": ("url", "--url={input}", None)},
    "gateway-connectivity": CARD,
    "rack-controller-connectivity": CARD,
    "wipe-disks": {"quick_erase": ("boolean", "--quick-erase", None), "secure_erase": ("boolean", "--secure-erase", None)},
}


def everything():
    return [(kind, name) for kind, expected in EXPECTED.items() for name in expected]


def source(kind, name):
    with open(os.path.join(SCRIPTS, kind, name), encoding="utf-8") as stream:
        return stream.read()


def metadata(text):
    start = re.search(r"^ ?# -+ Start MAAS 1\.0 script metadata -+$", text, re.MULTILINE)
    end = re.search(r"^ ?# -+ End MAAS 1\.0 script metadata -+$", text, re.MULTILINE)
    lines = text[start.end() : end.start()].splitlines()
    assert all("#" in line for line in lines if line.strip()), "every line between the markers needs a #"
    block = "\n".join(line.partition("#")[2][1:] for line in lines if line.strip())
    return yaml_lite.load_lite(block)


def seconds(timeout):
    if isinstance(timeout, str):
        hours, minutes, rest = (int(part) for part in timeout.split(":"))
        return hours * 3600 + minutes * 60 + rest
    return timeout or 0


class Metadata(unittest.TestCase):
    maxDiff = None

    def test_the_scripts_are_those_of_the_reference(self):
        for kind, expected in EXPECTED.items():
            self.assertEqual(set(expected), set(os.listdir(os.path.join(SCRIPTS, kind))))

    def test_what_the_blocks_say(self):
        for kind, expected in EXPECTED.items():
            for name, (title, hardware, parallel, timeout, tags, destructive) in expected.items():
                with self.subTest(name):
                    found = metadata(source(kind, name))
                    self.assertEqual((name, title, kind), (found["name"], found["title"], found["script_type"]))
                    self.assertTrue(found["description"])
                    self.assertEqual((hardware, parallel), (found["hardware_type"], found["parallel"]))
                    self.assertEqual(timeout, seconds(found.get("timeout")))
                    self.assertEqual((tags, destructive), (found.get("tags", ""), found.get("destructive", False)))
                    self.assertIn(hardware, HARDWARE)
                    for parameter in (found.get("parameters") or {}).values():
                        self.assertIn("type", parameter)

    def test_packages_and_that_our_image_has_them(self):
        """What is there already needs no network."""
        with open(os.path.join(os.path.dirname(os.path.dirname(SCRIPTS)), "images", "image", "packages.txt"), encoding="utf-8") as stream:
            image = {line.split("#")[0].strip() for line in stream}
        for kind, name in everything():
            with self.subTest(name):
                apt = (metadata(source(kind, name)).get("packages") or {}).get("apt", [])
                apt = [apt] if isinstance(apt, str) else apt
                self.assertEqual(PACKAGES.get(name, []), apt)
                self.assertLessEqual(set(apt), image)

    def test_declared_results(self):
        for kind, name in everything():
            with self.subTest(name):
                results = metadata(source(kind, name)).get("results") or {}
                self.assertEqual(RESULTS.get(name, []), sorted(results))
                self.assertTrue(all(result["title"] and result["description"] for result in results.values()))

    def test_parameters(self):
        for kind, name in everything():
            with self.subTest(name):
                parameters = metadata(source(kind, name)).get("parameters") or {}
                found = {key: (one["type"], one.get("argument_format"), one.get("max")) for key, one in parameters.items()}
                self.assertEqual(PARAMETERS.get(name, {}), found)

    def test_which_run_under_the_network_that_will_be_deployed(self):
        under = {name for kind, name in everything() if metadata(source(kind, name)).get("apply_configured_networking")}
        self.assertEqual({"internet-connectivity", "gateway-connectivity", "rack-controller-connectivity"}, under)

    def test_only_one_test_runs_by_default(self):
        tagged = [name for name in EXPECTED["testing"] if "commissioning" in str(metadata(source("testing", name)).get("tags", ""))]
        self.assertEqual(["smartctl-validate"], tagged)

    def test_storage_tests_take_the_path_alone(self):
        for name, row in EXPECTED["testing"].items():
            if row[1] == "storage":
                parameter = metadata(source("testing", name))["parameters"]["storage"]
                self.assertEqual({"type": "storage", "argument_format": "{path}"}, parameter)

    def test_they_are_executable_programs(self):
        for kind, expected in EXPECTED.items():
            for name in expected:
                with self.subTest(name):
                    path, text = os.path.join(SCRIPTS, kind, name), source(kind, name)
                    self.assertTrue(os.access(path, os.X_OK))
                    if text.startswith("#!/usr/bin/python3\n"):
                        compile(text, path, "exec", dont_inherit=True)
                    else:
                        self.assertTrue(text.startswith("#!/bin/sh\n"))
                        subprocess.run(["sh", "-n", path], check=True)

    def test_scripts_that_share_a_body_share_it_to_the_letter(self):
        for names in (
            ("smartctl-validate", "smartctl-short", "smartctl-long", "smartctl-conveyance"),
            ("badblocks", "badblocks-destructive"),
        ):
            bodies = {source("testing", name).partition("End MAAS 1.0 script metadata")[2] for name in names}
            self.assertEqual(1, len(bodies), names)
