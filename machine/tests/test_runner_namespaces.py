"""
The configured network on a machine that is a network namespace, with a gateway in another: what is reached under it, by which side of a
bond, and that all is put back. Needs root; netplan would speak to the system's own networkd, so it is iproute2 that is tried.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import textwrap
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
RUNNER = os.path.join(os.path.dirname(HERE), "runner")
SCRIPTS = os.path.join(os.path.dirname(HERE), "scripts", "testing")


def why_not() -> str | None:
    if os.geteuid() != 0:
        return "network namespaces need root"
    for program in ("ip", "ping"):
        if shutil.which(program) is None:
            return f"there is no {program}"
    if subprocess.run(["ip", "netns", "add", f"rwnet-{os.getpid()}-try"], capture_output=True, check=False).returncode != 0:
        return "network namespaces cannot be made here"
    run("ip", "netns", "delete", f"rwnet-{os.getpid()}-try")
    return None


def run(*command: str, **options) -> str:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60, check=False, **options)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(command)}: {done.returncode}\n{done.stdout}")
    return done.stdout


# Runs within the machine's namespace: apply, look, put back, look again.
DRIVER = """
import json, os, subprocess, sys
sys.path.insert(0, {runner!r})
sys.dont_write_bytecode = True
from rackwright_runner import bonds, log
from rackwright_runner.netconfig import ConfiguredNetwork, NetworkFailed
from rackwright_runner.settings import Settings
from rackwright_runner.workdir import Workdir

def call(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)

def state():
    links = json.loads(call("ip", "-j", "address", "show").stdout)
    routes = json.loads(call("ip", "-j", "-4", "route", "show").stdout)
    return [
        [[l["ifname"], "UP" in l["flags"], l["mtu"], l.get("master"), sorted(a["local"] for a in l["addr_info"] if a["scope"] == "global")] for l in links],
        sorted([r["dst"], r.get("gateway", ""), r["dev"]] for r in routes),
    ]

root, side, script = sys.argv[1:4]
work = Workdir(root)
work.create()
settings = Settings(netplan_dir=os.path.join(root, "etc-netplan"))
network = bonds.read(work.netplan)
part = bonds.alone(network, side) if side else None
found = dict(before=state())
reached = lambda: call("ping", "-c", "1", "-W", "1", "10.77.0.1").returncode == 0
try:
    with ConfiguredNetwork(work, settings, None, reached, part):
        found["within"] = state()
        if script == "crash":
            raise RuntimeError("the script went wrong")
        if script == "kill":
            os.kill(os.getpid(), 9)
        if script:
            os.environ["RESULT_PATH"] = os.path.join(root, "result.yaml")
            os.environ["LINK_SECONDS"] = "2"
            done = call(sys.executable, script, "--interface=" + (side or "eth0"))
            found["script"] = [done.returncode, done.stdout]
except NetworkFailed as failure:
    found["failed"] = str(failure)
except RuntimeError as failure:
    found["crashed"] = str(failure)
found["after"] = state()
print("FOUND " + json.dumps(found))
"""

RECOVER = """
import sys
sys.path.insert(0, {runner!r})
sys.dont_write_bytecode = True
from rackwright_runner.netconfig import ConfiguredNetwork
from rackwright_runner.settings import Settings
from rackwright_runner.workdir import Workdir
ConfiguredNetwork(Workdir(sys.argv[1]), Settings(netplan_dir=sys.argv[1] + "/etc-netplan"), None, lambda: True).recover()
"""


class InNamespaces(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        reason = why_not()
        if reason:
            self.skipTest(f"LEFT OUT: {reason}")
        self.machine, self.gateway = (f"rwnet-{os.getpid()}-{word}" for word in ("m", "g"))
        for name in (self.machine, self.gateway):
            run("ip", "netns", "add", name)
            self.addCleanup(run, "ip", "netns", "delete", name)
            run("ip", "-n", name, "link", "set", "lo", "up")
        run("ip", "-n", self.gateway, "link", "add", "br0", "type", "bridge", "forward_delay", "0")
        for number in (0, 1):
            run("ip", "-n", self.machine, "link", "add", f"eth{number}", "type", "veth", "peer", "name", f"port{number}", "netns", self.gateway)
            run("ip", "-n", self.machine, "link", "set", f"eth{number}", "address", f"52:54:00:77:00:0{number}", "up")
            run("ip", "-n", self.gateway, "link", "set", f"port{number}", "master", "br0", "up")
        run("ip", "-n", self.gateway, "link", "set", "br0", "up")
        # Else it would answer for its addresses at every port, whatever that is connected to.
        quiet = "echo 1 > /proc/sys/net/ipv4/conf/all/arp_ignore"
        run("ip", "netns", "exec", self.gateway, "sh", "-c", quiet)
        for address in ("10.77.0.1/24", "10.66.0.1/24"):
            run("ip", "-n", self.gateway, "address", "add", address, "dev", "br0")
        # The ephemeral network: what DHCP would have given, and the way out.
        run("ip", "-n", self.machine, "address", "add", "10.66.0.50/24", "dev", "eth0")
        run("ip", "-n", self.machine, "route", "add", "default", "via", "10.66.0.1")
        temporary = tempfile.TemporaryDirectory(prefix="runner-net-")
        self.addCleanup(temporary.cleanup)
        self.root = temporary.name
        os.makedirs(f"{self.root}/config")
        # A system without netplan, whatever this one has.
        os.makedirs(f"{self.root}/bin")
        for program in ("ip", "ping", "env", "sh", "cat"):
            os.symlink(shutil.which(program) or program, f"{self.root}/bin/{program}")
        self.environment = {**os.environ, "PATH": f"{self.root}/bin"}

    def configure(self, **groups):
        ethernets = {f"eth{n}": {"match": {"macaddress": f"52:54:00:77:00:0{n}"}, "set-name": f"eth{n}", "mtu": 1400} for n in (0, 1)}
        network = {"version": 2, "ethernets": ethernets, **groups}
        with open(f"{self.root}/config/netplan.yaml", "w", encoding="utf-8") as stream:
            json.dump({"network": network}, stream)
        return network

    def bonded(self):
        address = {"addresses": ["10.77.0.2/24"], "routes": [{"to": "default", "via": "10.77.0.1"}], "mtu": 1400}
        return self.configure(bonds={"bond0": {"interfaces": ["eth0", "eth1"], "parameters": {"mode": "active-backup"}, **address}})

    def drive(self, side="", script=""):
        command = ["ip", "netns", "exec", self.machine, sys.executable, "-c", textwrap.dedent(DRIVER).format(runner=RUNNER), self.root, side, script]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60, check=False, env=self.environment)
        line = next((line for line in done.stdout.splitlines() if line.startswith("FOUND ")), None)
        if script == "kill":
            return None
        self.assertIsNotNone(line, done.stdout + done.stderr)
        return json.loads(line[6:])

    def addresses(self, state):
        return {link[0]: link[4] for link in state[0] if link[4]}

    def test_each_side_of_a_bond_reaches_the_gateway_with_the_address_of_the_bond(self):
        self.bonded()
        for side in ("eth0", "eth1"):
            found = self.drive(side, f"{SCRIPTS}/gateway-connectivity")
            self.assertEqual({side: ["10.77.0.2"]}, self.addresses(found["within"]))
            self.assertIn(["default", "10.77.0.1", side], found["within"][1])
            self.assertEqual(0, found["script"][0], found["script"][1])
            self.assertEqual(found["before"], found["after"])

    def test_the_broken_side_is_found_and_the_other_is_fine(self):
        self.bonded()
        # Its cable leads nowhere: the link is up, and nothing answers.
        run("ip", "-n", self.gateway, "link", "set", "port1", "nomaster")
        found = self.drive("eth1", f"{SCRIPTS}/gateway-connectivity")
        self.assertIn("cannot be reached", found["failed"])
        self.assertEqual(found["before"], found["after"])
        self.assertNotIn("failed", self.drive("eth0"))
        # No cable at all: it says which link has none.
        run("ip", "-n", self.gateway, "link", "set", "port1", "down")
        self.assertIn("Without a link: eth1.", self.drive("eth1")["failed"])

    def test_a_bridge_with_a_port_and_a_machine_of_plain_addresses(self):
        bridge = {"interfaces": ["eth0"], "parameters": {"stp": False}, "addresses": ["10.77.0.3/24"], "mtu": 1400}
        self.configure(bridges={"br7": bridge})
        found = self.drive()
        self.assertEqual({"br7": ["10.77.0.3"]}, self.addresses(found["within"]))
        self.assertEqual(["br7"], [link[3] for link in found["within"][0] if link[0] == "eth0"])
        self.assertEqual(found["before"], found["after"])

    def test_it_is_put_back_whatever_goes_wrong(self):
        network = self.configure()
        before = self.drive()["before"]
        # Nothing answers there.
        network["ethernets"]["eth0"]["addresses"] = ["10.99.0.2/24"]
        for wrong, said in (
            ({"eth0": {**network["ethernets"]["eth0"]}}, "cannot be reached"),
            ({"eth0": {**network["ethernets"]["eth0"], "addresses": ["10.77.0.300/24"]}}, "ended with"),
            ({"eth0": {"match": {"macaddress": "52:54:00:77:00:99"}}}, "no interface with the MAC address"),
            ({"eth0": {**network["ethernets"]["eth0"], "dhcp4": True}}, "needs netplan"),
            ({"eth0": {**network["ethernets"]["eth0"], "routes": [{"via": "10.99.0.1"}]}}, "makes no sense"),
        ):
            self.configure(ethernets=wrong)
            found = self.drive()
            self.assertIn(said, found["failed"])
            self.assertEqual(before, found["after"], said)
        self.configure(bridges={"br7": {"interfaces": ["eth7"]}})
        self.assertIn("not in the configured network", self.drive()["failed"])
        self.bonded()
        found = self.drive("eth0", "crash")
        self.assertEqual(["the script went wrong", before], [found["crashed"], found["after"]])

    def test_after_a_runner_that_was_killed_the_next_one_puts_it_back(self):
        self.bonded()
        before = run("ip", "-n", self.machine, "-4", "-o", "address", "show")
        self.drive("eth0", "kill")
        self.assertIn("10.77.0.2", run("ip", "-n", self.machine, "-4", "-o", "address", "show"))
        command = ["ip", "netns", "exec", self.machine, sys.executable, "-c", RECOVER.format(runner=RUNNER), self.root]
        run(*command, env=self.environment)
        self.assertEqual(before, run("ip", "-n", self.machine, "-4", "-o", "address", "show"))
        self.assertIn("default via 10.66.0.1", run("ip", "-n", self.machine, "route", "show"))

    def test_the_bond_itself(self):
        self.bonded()
        made = subprocess.run(["ip", "-n", self.machine, "link", "add", "try0", "type", "bond"], capture_output=True, check=False)
        if made.returncode != 0:
            self.skipTest(f"LEFT OUT: this kernel has no bonds: {made.stderr.decode().strip()}")
        run("ip", "-n", self.machine, "link", "delete", "try0")
        found = self.drive()
        self.assertEqual({"bond0": ["10.77.0.2"]}, self.addresses(found["within"]))
        self.assertEqual(found["before"], found["after"])
