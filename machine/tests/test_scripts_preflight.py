"""What a machine measures of its surroundings: against real servers on loopback, and a ping that plays the network."""

from __future__ import annotations

import email.utils
import http.server
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
import unittest

from test_scripts_run import SCRIPTS, ScriptCase

ANSWER = b"\x52\x57\x81\x80" + bytes(8)


class Preflight(ScriptCase):
    def setUp(self):
        super().setUp()
        self.off = 0.0
        case = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def date_time_string(self, timestamp=None):
                return email.utils.formatdate((timestamp or time.time()) - case.off, usegmt=True)

            def do_GET(self):
                self.send_response(401)
                self.end_headers()

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self.port = server.server_address[1]
        self.path_mtu = 1500
        self.put("net/eth0/mtu", "1500\n")
        self.put("net/lo/mtu", "65536\n")
        self.interface = "eth0"
        self.servers = ""

    def measure(self, base=None, **env):
        limit = self.path_mtu - 28
        self.tool("ping", f'echo "$*" >> {self.root}/pings; while [ $# -gt 1 ]; do [ "$1" = -s ] && size=$2; shift; done; [ "$size" -le {limit} ]')
        self.tool("ip", f"""echo '[{{"dst":"127.0.0.1","dev":"{self.interface}"}}]'""")
        env = {
            "MAAS_RESOURCES_FILE": self.put("r.json", '{"api_version": "1.0"}'),
            "MAAS_MACHINE_EXTRA_FILE": f"{self.root}/none",
            "MAAS_STORAGE_CONFIG_FILE": f"{self.root}/none",
            "MAAS_BASE_URL": base or f"http://127.0.0.1:{self.port}",
            "SYS_CLASS_NET": f"{self.root}/net",
            "RTC_SINCE_EPOCH": f"{self.root}/rtc",
            "RESOLV_CONF": f"{self.root}/none:{self.put('resolv.conf', self.servers)}",
            "PREFLIGHT_SECONDS": "1",
            **env,
        }
        printed = json.loads(self.run_script("commissioning/50-maas-01-commissioning", **env))
        self.assertEqual("1.0", printed["api_version"])
        return printed.get("preflight")

    def test_where_all_is_well(self):
        began = time.time()
        self.put("rtc", f"{int(began)}\n")
        found = self.measure()
        self.assertEqual([{"address": "127.0.0.1", "reached": True}], found["region"])
        self.assertEqual({"interface": "eth0", "target": "127.0.0.1", "mtu": 1500, "passes": 1500}, found["path"])
        # The hardware's clock stands still here, and each clock is told by the second.
        most = time.time() - began + 2
        self.assertLessEqual(abs(found["clock_offset_seconds"]), most)
        self.assertLessEqual(abs(found["hardware_clock_offset_seconds"]), most)
        self.assertEqual(([], []), (found["troubles"], found["name_servers"]))
        self.assertIn("-M do -c 2 -i 0.2 -W 1 -s 1472 127.0.0.1\n", self.text("pings"))

    def test_larger_packets_that_get_lost(self):
        self.put("net/eth0/mtu", "9000\n")
        self.assertEqual((9000, 1500), (lambda path: (path["mtu"], path["passes"]))(self.measure()["path"]))
        self.path_mtu = 1430
        self.assertEqual(1420, self.measure()["path"]["passes"])

    def test_a_network_that_answers_no_ping_says_nothing_of_its_mtu(self):
        self.path_mtu = 0
        self.assertEqual(0, self.measure()["path"]["passes"])

    def test_the_host_itself_has_no_path(self):
        self.interface = "lo"
        self.assertNotIn("path", self.measure())

    def test_clocks_that_are_off(self):
        self.off = 7200
        began = time.time()
        self.put("rtc", f"{int(began) - 7200 + 3600}\n")
        found = self.measure()
        most = time.time() - began + 2
        self.assertAlmostEqual(7200, found["clock_offset_seconds"], delta=most)
        self.assertAlmostEqual(3600, found["hardware_clock_offset_seconds"], delta=most)

    def test_name_servers_that_answer_and_one_that_does_not(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
            server.bind(("127.0.0.1", 0))
            server.settimeout(20)

            def answer():
                query, peer = server.recvfrom(512)
                # The first is lost.
                query, peer = server.recvfrom(512)
                server.sendto(query[:2] + ANSWER[2:], peer)

            thread = threading.Thread(target=answer)
            thread.start()
            self.servers = "# x\nsearch lan\nnameserver 127.0.0.1\nnameserver 127.0.0.2\nnameserver 127.0.0.1\n"
            found = self.measure(DNS_PORT=str(server.getsockname()[1]))
            thread.join()
        self.assertEqual([("127.0.0.1", True), ("127.0.0.2", False)], [(one["address"], one["answers"]) for one in found["name_servers"]])

    def test_a_region_that_is_not_reached(self):
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            found = self.measure(f"http://127.0.0.1:{closed.getsockname()[1]}")
        self.assertEqual([{"address": "127.0.0.1", "reached": False}], found["region"])
        self.assertNotIn("path", found)
        self.assertNotIn("clock_offset_seconds", found)

    def test_a_region_whose_name_nobody_knows(self):
        found = self.measure("http://region.invalid:5248")
        self.assertEqual([], found["region"])
        self.assertRegex(found["troubles"][0], "^region.invalid: ")

    def test_whatever_happens_the_inventory_is_printed(self):
        self.assertIsNone(self.measure("http://[::1:bad"))
        self.assertIn("could not be measured", self.said)


class RealNetwork(ScriptCase):
    """A cable between two network namespaces whose far end takes smaller packets than the near one, as a switch port may."""

    def setUp(self):
        super().setUp()
        missing = [name for name in ("ip", "ping") if not shutil.which(name)]
        if os.geteuid() != 0 or missing:
            self.skipTest(f"no real packets were measured: this needs {'root' if not missing else ' and '.join(missing)}")
        self.near, self.far = f"pf{os.getpid()}n", f"pf{os.getpid()}f"
        for name in (self.near, self.far):
            try:
                self.ip("netns", "add", name)
            except subprocess.CalledProcessError as error:
                self.skipTest(f"no real packets were measured: no network namespace can be made: {error.stderr}")
            self.addCleanup(self.ip, "netns", "del", name)
        self.ip("link", "add", "eth0", "netns", self.near, "type", "veth", "peer", "name", "eth0", "netns", self.far)
        for name, address, mtu in ((self.near, "10.9.9.1/24", "9000"), (self.far, "10.9.9.2/24", "1500")):
            self.ip("-n", name, "address", "add", address, "dev", "eth0")
            self.ip("-n", name, "link", "set", "eth0", "mtu", mtu, "up")

    def ip(self, *arguments):
        return subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True)

    def test_jumbo_frames_that_the_other_end_does_not_take(self):
        script = f"{SCRIPTS}/commissioning/50-maas-01-commissioning"
        program = f"found = {{'__name__': 'it'}}; exec(open('{script}').read(), found); print(found['path_to']('10.9.9.2'))"
        command = ["ip", "netns", "exec", self.near, sys.executable, "-c", program]
        # ip netns exec mounts a sysfs of that namespace: /sys/class/net is its own.
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual("{'interface': 'eth0', 'target': '10.9.9.2', 'mtu': 9000, 'passes': 1500}\n", done.stdout, done.stderr)


if __name__ == "__main__":
    unittest.main()
