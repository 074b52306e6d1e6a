"""Both sides of a bond under the configured network, each in the place of the bond; `ip`, `netplan` and `networkctl` are fakes."""

from __future__ import annotations

import json
import os
import tarfile

from test_runner_region import RunnerCase, archive, entry  # first: it finds the runner
from rackwright_runner import bonds


def shell(body):
    return "#!/bin/sh\n" + body + "\n"


def network(**more):
    found = {
        "version": 2,
        "ethernets": {
            "eth0": {"match": {"macaddress": "52:54:00:00:00:01"}, "set-name": "eth0", "mtu": 1500},
            "eth1": {"match": {"macaddress": "52:54:00:00:00:02"}, "set-name": "eth1", "mtu": 1500},
            "eth2": {"match": {"macaddress": "52:54:00:00:00:03"}, "set-name": "eth2", "addresses": ["10.1.0.2/24"]},
        },
        "bonds": {
            "bond0": {
                "macaddress": "52:54:00:00:00:01",
                "interfaces": ["eth0", "eth1"],
                "parameters": {"mode": "802.3ad"},
                "mtu": 9000,
                "addresses": ["10.0.0.2/24"],
                "routes": [{"to": "default", "via": "10.0.0.1"}],
                "nameservers": {"addresses": ["10.0.0.1"]},
            }
        },
    }
    found.update(more)
    return found


def about(name, mac):
    return {"interface": {"type": "interface", "value": {"name": name, "mac_address": mac}}}


class OneSide(RunnerCase):
    def test_a_side_takes_the_place_of_its_bond(self):
        before = network()
        found = bonds.alone(before, "eth1")
        self.assertEqual(network(), before)
        self.assertNotIn("bonds", found)
        self.assertEqual({"match": {"macaddress": "52:54:00:00:00:01"}, "set-name": "eth0", "mtu": 1500, "optional": True}, found["ethernets"]["eth0"])
        self.assertEqual(before["ethernets"]["eth2"], found["ethernets"]["eth2"])
        self.assertEqual(
            {
                "match": {"macaddress": "52:54:00:00:00:02"},
                "set-name": "eth1",
                "mtu": 9000,
                "addresses": ["10.0.0.2/24"],
                "routes": [{"to": "default", "via": "10.0.0.1"}],
                "nameservers": {"addresses": ["10.0.0.1"]},
            },
            found["ethernets"]["eth1"],
        )

    def test_what_is_built_on_the_bond_is_built_on_the_side(self):
        plain = network()
        plain["bonds"]["bond0"].pop("addresses")
        plain["bridges"] = {"br0": {"interfaces": ["bond0"], "parameters": {"stp": False}, "addresses": ["10.0.0.3/24"], "mtu": 1500}}
        plain["vlans"] = {"bond0.5": {"id": 5, "link": "bond0", "addresses": ["10.5.0.2/24"]}, "br0.6": {"id": 6, "link": "br0"}}
        found = bonds.alone(plain, "eth0")
        self.assertEqual(["10.0.0.3/24"], found["ethernets"]["eth0"]["addresses"])
        self.assertEqual(["eth0", "eth0"], [vlan["link"] for vlan in found["vlans"].values()])
        self.assertEqual({"version", "ethernets", "vlans"}, set(found))

    def test_only_sides_of_bonds_are_taken_apart(self):
        rows = {name: entry(name, 1, parameters=about(name, "x")) for name in ("eth0", "eth2", "bond0")}
        from rackwright_runner.index import row

        self.assertEqual(["eth0", None, None], [bonds.side_of(row("testing", one), network()) for one in rows.values()])

    def test_a_netplan_that_makes_no_sense_takes_nothing_apart(self):
        for text in ("", "network: 5", "- a", "network: {bonds: {b: 5}}", "[" * 10_000, "\x00"):
            path = self.make("np.yaml", text)
            found = bonds.read(path)
            self.assertIsInstance(found, dict)


class UnderEachSide(RunnerCase):
    def setUp(self):
        super().setUp()
        for number, name in ((2, "eth1"), (3, "eth2")):
            self.make(f"sys/class/net/{name}/address", f"52:54:00:00:00:0{number}\n")
            self.make(f"sys/class/net/{name}/carrier", "1\n")
            self.make(f"sys/class/net/{name}/device/vendor", "x\n")
        for name in ("ip", "networkctl"):
            self.make(f"bin/{name}", shell("exit 0"), 0o755)
        self.make("bin/netplan", shell(f"(cat {self.root}/netplan/* | tr -d '\\n'; echo) >> {self.root}/applied"), 0o755)
        before = os.environ["PATH"]
        os.environ["PATH"] = f"{self.root}/bin:{before}"
        self.addCleanup(os.environ.__setitem__, "PATH", before)
        self.make("netplan/50-cloud-init.yaml", "ephemeral")

    def run_tests(self, body, code=0):
        content = json.dumps({"network": network()}).encode()
        info = tarfile.TarInfo("../config/netplan.yaml")
        info.size = len(content)
        names = {"eth0": "01", "eth1": "02", "eth2": "03"}
        rows = [
            entry("n", 5 + at, "testing", parallel=1, hardware_type=4, apply_configured_networking=True, parameters=about(name, f"52:54:00:00:00:{mac}"))
            for at, (name, mac) in enumerate(names.items())
        ]
        region = self.region(archive({"testing/n": shell(body)}, {"testing_scripts": rows}, [(info, content)]))
        self.assertEqual(code, self.runner(region).run())
        self.assertEqual(["50-cloud-init.yaml"], os.listdir(f"{self.root}/netplan"))
        ended = {s["script_result_id"]: s for s in region.signals if "exit_status" in s}
        return region, ended

    def test_each_side_runs_under_a_network_of_its_own_and_the_others_together(self):
        region, ended = self.run_tests(f"cat {self.root}/netplan/*")
        seen = {at: json.loads(one["files"]["n.out"])["network"] for at, one in ended.items()}
        self.assertEqual(network(), seen["7"])
        self.assertEqual(bonds.alone(network(), "eth0"), seen["5"])
        self.assertEqual(bonds.alone(network(), "eth1"), seen["6"])
        with open(f"{self.root}/applied", encoding="utf-8") as stream:
            applied = [line.strip() == "ephemeral" for line in stream]
        self.assertEqual([False, True] * 3, applied, "put back after each")
        self.assertEqual(0, sum(s["status"] == "FAILED" for s in region.signals))

    def test_one_side_that_fails_says_so_and_the_network_is_put_back(self):
        _, ended = self.run_tests(f'echo 0 > {self.root}/sys/class/net/eth1/carrier; [ "$1" != --interface=eth1 ]', 1)
        self.assertEqual({"5": "0", "6": "1", "7": "0"}, {at: one["exit_status"] for at, one in ended.items()})
        self.assertIn(b'"link_connected": false', ended["6"]["files"]["n.yaml"])
        self.assertNotIn("n.yaml", ended["5"]["files"])

    def test_a_side_without_a_cable_says_so_though_no_test_could_be_run(self):
        self.make("bin/netplan", shell(f"case $(cat {self.root}/netplan/*) in eph*) rm -f {self.root}/lost;; *) {self.lose};; esac"), 0o755)
        original = self.region

        def region(*plans):
            made = original(*plans)
            made.faults.append(lambda _n, handler: os.path.exists(f"{self.root}/lost") and (handler.reply(502), True)[1])
            return made

        self.region = region
        _, ended = self.run_tests("true", 1)
        self.assertEqual({"5": "WORKING", "6": "APPLYING_NETCONF", "7": "WORKING"}, {at: one["status"] for at, one in ended.items()})
        self.assertIn(b'"link_connected": false', ended["6"]["files"]["n.yaml"])
        self.assertIn(b"Without a link: eth1.", ended["6"]["files"]["n"])

    @property
    def lose(self):
        """In a fake netplan: eth1 in the place of the bond reaches nothing."""
        return (
            f"if grep -q optional {self.root}/netplan/* && ! grep -A9 '\"eth1\"' {self.root}/netplan/* | grep -q optional; "
            f"then touch {self.root}/lost; echo 0 > {self.root}/sys/class/net/eth1/carrier; fi"
        )

    def test_a_script_that_hangs_is_ended_and_the_network_is_put_back(self):
        info = tarfile.TarInfo("../config/netplan.yaml")
        content = json.dumps({"network": network()}).encode()
        info.size = len(content)
        row = entry("n", 5, "testing", apply_configured_networking=True, parameters=about("eth0", "52:54:00:00:00:01"), timeout_seconds=0.3)
        region = self.region(archive({"testing/n": shell("sleep 60")}, {"testing_scripts": [row]}, [(info, content)]))
        self.assertEqual(1, self.runner(region).run())
        self.assertIn("TIMEDOUT:n=124", region.statuses())
        self.assertEqual(["50-cloud-init.yaml"], os.listdir(f"{self.root}/netplan"))

    def test_after_a_runner_that_was_killed_the_next_one_puts_it_back_first(self):
        os.makedirs(self.work.netplan_backup)
        os.rename(f"{self.root}/netplan/50-cloud-init.yaml", f"{self.work.netplan_backup}/50-cloud-init.yaml")
        self.make("netplan/netplan.yaml", "configured")
        region = self.region(None)
        self.assertEqual(0, self.runner(region).run())
        self.assertEqual(["50-cloud-init.yaml"], os.listdir(f"{self.root}/netplan"))
        with open(f"{self.root}/applied", encoding="utf-8") as stream:
            self.assertEqual("ephemeral\n", stream.read())
        self.assertEqual([], os.listdir(self.work.netplan_backup))


