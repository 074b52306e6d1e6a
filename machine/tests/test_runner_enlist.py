"""An unknown machine, options by hand, custom networking."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile

from test_runner_region import RunnerCase, archive, entry  # first: it finds the runner
from rackwright_runner import credentials, devices, tarball
from rackwright_runner.main import main
from rackwright_runner.parameters import MissingDevice, render
from rackwright_runner.index import row

LAUNCHER = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "runner", "maas-run-remote-scripts")
BMC = "printf 'power_type: ipmi\\npower_address: 10.0.0.9\\n' > $BMC_CONFIG_PATH"


def shell(body):
    return "#!/bin/sh\n" + body + "\n"


def anonymous(name, **more):
    return entry(name, None, **more)


class Enlistment(RunnerCase):
    def enlist(self, bmc="true", **region_options):
        rows = [anonymous("20-first"), anonymous("30-bmc"), anonymous("any", parallel=2)]
        scripts = {"commissioning/20-first": shell("true"), "commissioning/30-bmc": shell(bmc), "commissioning/any": shell("true")}
        region = self.region(archive(scripts, {"commissioning_scripts": rows}), None)
        for name, value in region_options.items():
            setattr(region, name, value)
        self.assertEqual(0, self.runner(region, token=False).run())
        return region

    def test_with_a_bmc(self):
        region = self.enlist(BMC)
        created = region.created
        self.assertEqual(1, len(created))
        self.assertEqual("52:54:00:00:00:01", created[0]["mac_addresses"])
        self.assertEqual("True", created[0]["commission"])
        self.assertEqual("ipmi", created[0]["power_type"])
        self.assertEqual({"power_address": "10.0.0.9"}, json.loads(created[0]["power_parameters"]))
        self.assertEqual("S3", created[0]["header"])
        self.assertRegex(created[0]["architecture"], "^[a-z0-9]+$")
        # What ran before there were credentials is told by name, in order; nothing twice.
        self.assertEqual(["20-first", "30-bmc", "any"], [s["name"] for s in region.signals if "exit_status" in s])
        self.assertFalse(any("script_result_id" in s or "power_type" in s for s in region.signals))
        self.assertEqual("OK", region.said()[-1])

    def test_without_a_bmc_the_machine_is_registered_after_the_serial_scripts(self):
        region = self.enlist()
        self.assertEqual(1, len(region.created))
        self.assertNotIn("power_type", region.created[0])
        self.assertEqual(["20-first", "30-bmc", "any"], [s["name"] for s in region.signals if "exit_status" in s])

    def test_refused_power_data_is_left_out(self):
        region = self.enlist(BMC, refuse_power=True)
        self.assertEqual(1, len(region.created))
        self.assertNotIn("power_type", region.created[0])

    def test_a_known_machine_goes_quietly(self):
        region = self.region(archive({}, {}))
        region.known = "true"
        self.assertEqual(0, self.runner(region, token=False).run())
        self.assertEqual([("GET", "/MAAS/api/2.0/machines/?op=is_registered&mac_address=52%3A54%3A00%3A00%3A00%3A01")], region.requests)

    def test_nothing_to_run_still_enlists(self):
        region = self.region(archive({}, {"commissioning_scripts": []}), None)
        self.assertEqual(0, self.runner(region, token=False).run())
        self.assertEqual(1, len(region.created))

    def test_a_preseed_without_credentials_is_an_error(self):
        region = self.region(archive({}, {"commissioning_scripts": []}), None)
        region.preseed = lambda: "#cloud-config\n{}\n"
        self.assertEqual(1, self.runner(region, token=False).run())
        self.assertEqual([], region.signals)


class ByHand(RunnerCase):
    def prepare(self):
        rows = {
            "commissioning_scripts": [entry("a", 1, has_finished=True, has_started=True)],
            "testing_scripts": [entry("t", 2, "testing")],
        }
        return archive({"commissioning/a": shell(f"echo a >> {self.root}/ran"), "testing/t": shell(f"echo t >> {self.root}/ran")}, rows)

    def ran(self):
        with open(f"{self.root}/ran", encoding="ascii") as stream:
            return stream.read().split()

    def run_main(self, region, *options):
        keys = ["--url", f"{region.url}/MAAS/metadata/", "--ckey", "c", "--tkey", "t", "--tsec", "tsec"]
        return main([*keys, *options, self.work.root], self.settings)

    def setUp(self):
        super().setUp()
        # main() gives itself precedence, which the test process must not have.
        import rackwright_runner.main as module

        before, module._take_precedence = module._take_precedence, lambda: None
        self.addCleanup(setattr, module, "_take_precedence", before)

    def test_no_download_runs_all_that_is_here(self):
        region = self.region(self.prepare(), None)
        self.assertEqual(0, self.run_main(region))
        self.assertEqual(["t"], self.ran())
        before = len(region.requests)
        self.assertEqual(0, self.run_main(region, "--no-download"))
        self.assertEqual(["t", "a", "t"], self.ran())
        self.assertFalse(any("maas-scripts" in path for _, path in region.requests[before:]))
        self.assertEqual("OK", region.said()[-1])

    def test_no_send_downloads_runs_all_of_it_and_says_nothing(self):
        region = self.region(self.prepare())
        self.assertEqual(0, self.run_main(region, "--no-send"))
        self.assertEqual(["a", "t"], self.ran())
        self.assertEqual([("GET", "/MAAS/metadata/2012-03-01/maas-scripts")], region.requests)

    def test_later_downloads_do_not_forget_earlier_scripts(self):
        first = archive({"commissioning/a": shell(f"echo a >> {self.root}/ran")}, {"commissioning_scripts": [entry("a", 1)]})
        second = archive({"testing/t": shell(f"echo t >> {self.root}/ran")}, {"testing_scripts": [entry("t", 2, "testing")]})
        region = self.region(first, second)
        self.assertEqual(0, self.run_main(region))
        self.assertEqual(0, self.run_main(region, "--no-download", "--no-send"))
        self.assertEqual(["a", "t", "a", "t"], self.ran())

    def test_the_command_with_neither_needs_no_region(self):
        tarball.unpack(self.prepare(), self.work)
        # The place it has on a machine: DIR/bin, found again without naming DIR.
        bin_dir = os.path.join(self.work.root, "bin")
        shutil.copytree(os.path.dirname(LAUNCHER), bin_dir, ignore=shutil.ignore_patterns("__pycache__", "*.in"))
        command = [sys.executable, os.path.join(bin_dir, "maas-run-remote-scripts"), "--no-download", "--no-send", "--config", "/none"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertEqual(["a", "t"], self.ran())
        self.assertTrue(os.path.isfile(os.path.join(self.work.out, "t.2", "t.out")))
        with open(f"{self.root}/ran", encoding="ascii") as stream:
            self.assertEqual("a\nt\n", stream.read())

    def test_no_download_without_scripts_says_nothing_to_the_region(self):
        region = self.region(None)
        self.assertEqual(1, self.run_main(region, "--no-download"))
        self.assertEqual([], region.requests)

    def test_no_region_known(self):
        self.settings = type(self.settings)(**{**vars(self.settings), "cmdline_path": "/none"})
        self.assertEqual(1, main([self.work.root], self.settings))


class Credentials(RunnerCase):
    def test_from_cloud_init_s_copy(self):
        text = "#cloud-config\ndatasource:\n  MAAS:\n    metadata_url: http://r:5248/MAAS/metadata/\n    token_secret: s\n"
        self.make("cloud.cfg.d/91_kernel_cmdline_url.cfg", text)
        found = credentials.find(self.settings, None, lambda _url: self.fail("no need to fetch"))
        self.assertEqual(("http://r:5248/MAAS", "http://r:5248", True), (found.maas_url, found.base_url, found.enlisted))

    def test_from_the_kernel_command_line(self):
        asked = []
        text = b"datasource: {MAAS: {metadata_url: 'http://r:5248/MAAS/metadata/enlist'}}"
        found = credentials.find(self.settings, None, lambda url: asked.append(url) or text)
        self.assertEqual(["http://x/y?op=get_enlist_preseed&secret=S3"], asked)
        self.assertEqual("http://r:5248/MAAS/metadata/2012-03-01/", found.version_url("2012-03-01"))
        self.assertFalse(found.enlisted)
        self.assertEqual("S3", credentials.boot_secret(self.settings))


class Parameters(RunnerCase):
    def arguments(self, **parameters):
        return render(row("testing", {**entry("a", 1, "testing"), "parameters": parameters}), self.settings)

    def test_disks_by_serial_whatever_their_name_is_today(self):
        value = {"name": "sda", "model": "", "serial": "DISK0", "id_path": "/dev/none"}
        self.assertEqual(["--storage=/dev/vda"], self.arguments(storage={"type": "storage", "value": value}))
        self.assertEqual(["/dev/vda"], self.arguments(storage={"type": "storage", "argument_format": "{path}", "value": value}))

    def test_disks_without_serial_by_path(self):
        path = self.make("dev/disk", "")
        value = {"name": "sda", "model": "", "serial": "", "id_path": path}
        self.assertEqual([path], self.arguments(storage={"type": "storage", "argument_format": "{path}", "value": value}))

    def test_interfaces_by_mac(self):
        value = {"name": "ens3", "mac_address": "52:54:00:00:00:01", "vendor": "A B", "product": "{name}"}
        form = "--if {name} --v {vendor} --p {product}"
        found = self.arguments(interface={"type": "interface", "argument_format": form, "value": value})
        self.assertEqual(["--if", "eth0", "--v", "A B", "--p", "{name}"], found)

    def test_placeholders_and_missing_devices(self):
        for parameter in ({"type": "storage", "value": "all"}, {"type": "interface", "value": {"mac_address": "00:00:00:00:00:09"}}):
            with self.subTest(parameter), self.assertRaises(MissingDevice):
                self.arguments(p=parameter)

    def test_the_other_kinds(self):
        found = self.arguments(
            a={"type": "string", "value": "x; rm -rf /"},
            b={"type": "boolean", "argument_format": "--yes", "value": True},
            c={"type": "boolean", "argument_format": "--no", "value": False},
            d={"type": "url", "value": ["http://a", "http://b"], "argument_format": "-u {input}"},
            e={"type": "choice", "value": "", "default": "z"},
        )
        self.assertEqual(["--a=x; rm -rf /", "--yes", "-u", "http://a,http://b"], found)

    def test_macs_are_those_of_hardware(self):
        self.make("sys/class/net/br0/address", "52:54:00:00:00:02\n")
        self.make("sys/class/net/br0/type", "1\n")
        self.assertEqual(["52:54:00:00:00:01"], devices.physical_macs(self.settings))


class CustomNetworking(RunnerCase):
    """`ip`, `netplan` and `networkctl` are fakes that write down their calls: the real ones would take this host's network away."""

    def setUp(self):
        super().setUp()
        for name in ("ip", "networkctl"):
            self.make(f"bin/{name}", shell(f"echo {name} $* >> {self.root}/calls"), 0o755)
        self.netplan("exit 0")
        before = os.environ["PATH"]
        os.environ["PATH"] = f"{self.root}/bin:{before}"
        self.addCleanup(os.environ.__setitem__, "PATH", before)
        self.make("netplan/50-cloud-init.yaml", "ephemeral")

    def netplan(self, body):
        log = f"echo netplan $* $(cat {self.root}/netplan/*) >> {self.root}/calls"
        self.make("bin/netplan", shell(f"{log}\n{body}"), 0o755)

    def calls(self, word="netplan"):
        with open(f"{self.root}/calls", encoding="utf-8") as stream:
            return [line.strip() for line in stream if line.startswith(word)]

    def run_test(self, body="true", netplan=b"network: {version: 2}", code=0):
        info = tarfile.TarInfo("../config/netplan.yaml")
        info.size = len(netplan or b"")
        nic = {"interface": {"type": "interface", "value": {"name": "e", "mac_address": "52:54:00:00:00:01"}}}
        rows = [entry("n", 5, "testing", parallel=1, hardware_type=4, apply_configured_networking=True, parameters=nic)]
        extra = [] if netplan is None else [(info, netplan)]
        region = self.region(archive({"testing/n": shell(body)}, {"testing_scripts": rows}, extra))
        self.assertEqual(code, self.runner(region).run())
        with open(f"{self.root}/netplan/50-cloud-init.yaml", encoding="ascii") as stream:
            self.assertEqual("ephemeral", stream.read())
        self.assertEqual(["50-cloud-init.yaml"], os.listdir(f"{self.root}/netplan"))
        return region

    def test_the_script_runs_under_the_configured_network_and_it_is_undone(self):
        region = self.run_test(f"cat {self.root}/netplan/*")
        self.assertEqual(b"network: {version: 2}", region.results()["n"]["files"]["n.out"])
        self.assertEqual(["netplan apply --debug network: {version: 2}", "netplan apply --debug ephemeral"], self.calls())
        self.assertEqual(["ip link set dev eth0 down"] * 2, self.calls("ip"))
        self.assertEqual(["TESTING", "APPLYING_NETCONF:n", "APPLYING_NETCONF:n", "WORKING:n", "WORKING:n=0", "OK"], region.said())

    def test_no_netplan_sent(self):
        region = self.run_test(netplan=None, code=1)
        self.assertIn("APPLYING_NETCONF:n=1", region.said())
        self.assertNotIn("WORKING:n", region.said())

    def test_apply_fails(self):
        self.netplan('case "$(cat %s/netplan/*)" in network*) echo broken; exit 78;; esac' % self.root)
        region = self.run_test(code=1)
        self.assertIn("APPLYING_NETCONF:n=78", region.said())
        self.assertIn(b"broken", region.results()["n"]["files"]["n"])

    def test_region_out_of_reach_under_the_configured_network(self):
        region_lost = f"touch {self.root}/lost; "
        back = f'case "$(cat {self.root}/netplan/*)" in eph*) rm {self.root}/lost;; *) {region_lost};; esac'
        self.netplan(back)
        lost = os.path.join(self.root, "lost")
        original = self.region

        def region(*plans):
            made = original(*plans)
            made.faults.append(lambda _n, handler: os.path.exists(lost) and (handler.reply(502), True)[1])
            return made

        self.region = region
        found = self.run_test(code=1)
        self.assertIn("APPLYING_NETCONF:n=1", found.said())
        self.assertIn(b"cannot be reached", found.results()["n"]["files"]["n"])

    def test_a_lost_link_is_told(self):
        region = self.run_test(f"echo 0 > {self.root}/sys/class/net/eth0/carrier; exit 1", code=1)
        self.assertEqual(b'{\n "link_connected": false\n}\n', region.results()["n"]["files"]["n.yaml"])
