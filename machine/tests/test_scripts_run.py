"""The built-in scripts at work: for real where this host allows it, else with tools that give recorded answers."""

from __future__ import annotations

import http.server
import json
import os
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import unittest

MACHINE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SCRIPTS = os.path.join(MACHINE, "scripts")


class ScriptCase(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="scripts-test-")
        self.addCleanup(temporary.cleanup)
        self.root = temporary.name
        os.makedirs(f"{self.root}/bin")

    def put(self, path, text="", mode=0o644):
        full = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "wb") as stream:
            stream.write(text if isinstance(text, bytes) else text.encode())
        os.chmod(full, mode)
        return full

    def tool(self, name, body):
        """A program of that name that goes before the real one."""
        self.put(f"bin/{name}", f"#!/bin/sh\n{body}\n", 0o755)

    def run_script(self, script, *arguments, code=0, only_fakes=False, **env):
        path = f"{self.root}/bin" + ("" if only_fakes else f":{os.environ['PATH']}")
        env = {**os.environ, "PATH": path, "RESULT_PATH": f"{self.root}/result.yaml", **env}
        command = [os.path.join(SCRIPTS, script), *arguments]
        if only_fakes:
            with open(command[0], encoding="utf-8") as stream:
                command.insert(0, sys.executable if "python3" in stream.readline() else "/bin/sh")
        done = subprocess.run(command, env=env, capture_output=True, timeout=60, check=False)
        self.assertEqual(code, done.returncode, done.stderr.decode("utf-8", "replace") + done.stdout.decode("utf-8", "replace"))
        self.said = done.stderr.decode("utf-8", "replace")
        return done.stdout.decode("utf-8", "replace")

    def text(self, path):
        with open(os.path.join(self.root, path), encoding="utf-8") as stream:
            return stream.read()

    def result(self):
        return self.text("result.yaml") if os.path.exists(f"{self.root}/result.yaml") else ""


class Commissioning(ScriptCase):
    def test_inventory_is_downloaded_and_printed(self):
        with open(os.path.join(MACHINE, "resources", "machine-resources"), "rb") as stream:
            program = stream.read()
        asked = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_GET(self):
                asked.append(self.path)
                self.send_response(200)
                self.end_headers()
                self.wfile.write(program)

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=lambda: server.serve_forever(poll_interval=0.02), daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        env = {
            "MAAS_BASE_URL": f"http://127.0.0.1:{server.server_address[1]}",
            "MAAS_RESOURCES_FILE": f"{self.root}/resources.json",
            "DOWNLOAD_PATH": f"{self.root}/downloads",
            "MAAS_MACHINE_EXTRA_FILE": self.put("extra.json", '{"tags": ["mine"]}'),
            "MAAS_STORAGE_CONFIG_FILE": f"{self.root}/none.json",
        }
        self.run_script("commissioning/20-maas-03-machine-resources", **env)
        self.assertRegex(asked[0], r"^/MAAS/machine-resources/[a-z0-9]+$")
        printed = self.run_script("commissioning/50-maas-01-commissioning", **env)
        self.assertTrue(printed.startswith('{\n  "'))
        found = json.loads(printed)
        self.assertEqual({"tags": ["mine"]}, found["machine-extra"])
        self.assertNotIn("storage-extra", found)
        self.assertEqual("1.0", found["api_version"])

    def test_inventory_that_cannot_be_fetched_fails(self):
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        self.tool("sleep", "exit 0")
        self.tool("curl", "exit 7")
        self.run_script("commissioning/20-maas-03-machine-resources", code=1, MAAS_BASE_URL=url, MAAS_RESOURCES_FILE=f"{self.root}/r")
        self.assertIn(f"Cannot download {url}", self.said)

    def test_half_an_inventory_fails(self):
        self.run_script("commissioning/50-maas-01-commissioning", code=1, MAAS_RESOURCES_FILE=self.put("r.json", '{"a": '))
        self.assertIn("is no JSON", self.said)
        self.run_script("commissioning/50-maas-01-commissioning", code=1, MAAS_RESOURCES_FILE=f"{self.root}/none")
        self.assertIn("Did 20-maas-03-machine-resources pass?", self.said)

    def test_hints_by_model_keep_what_was_there(self):
        resources = {"resources": {"system": {"vendor": "NVIDIA", "product": "DGXA100 920-23687"}}}
        env = {
            "MAAS_RESOURCES_FILE": self.put("r.json", json.dumps(resources)),
            "MAAS_MACHINE_EXTRA_FILE": self.put("extra.json", '{"platform": "x", "tags": ["mine"]}'),
        }
        self.run_script("commissioning/40-maas-01-machine-config-hints", **env)
        self.assertEqual({"platform": "x", "tags": ["dgx", "mine"]}, json.loads(self.text("extra.json")))

    def test_no_hints_write_nothing(self):
        env = {"MAAS_RESOURCES_FILE": self.put("r.json", "{}"), "MAAS_MACHINE_EXTRA_FILE": f"{self.root}/extra.json"}
        self.run_script("commissioning/40-maas-01-machine-config-hints", **env)
        self.assertFalse(os.path.exists(f"{self.root}/extra.json"))

    def test_the_boot_secret_is_cut_out(self):
        line = "quiet cloud-config-url=http://r/?op=get_preseed&secret=S3CRET&x=1 BOOTIF=01-52-54-00-00-00-01 secret=S3CRET"
        found = self.run_script("commissioning/maas-kernel-cmdline", PROC_CMDLINE=self.put("cmdline", line + "\n"))
        self.assertNotIn("S3CRET", found)
        self.assertIn("secret=REDACTED&x=1 BOOTIF=01-52-54-00-00-00-01", found)

    def test_modaliases_once_each(self):
        for name, alias in (("a", "pci:v1\n"), ("b", "usb:v2\n"), ("c/d", "pci:v1\n"), ("e", "\n")):
            self.put(f"sys/{name}/modalias", alias)
        self.assertEqual("pci:v1\nusb:v2\n", self.run_script("commissioning/maas-list-modaliases", SYS_DEVICES=f"{self.root}/sys"))

    def test_serial_ports_with_hardware(self):
        for name, kind in (("ttyS0", "4"), ("ttyS1", "0")):
            self.put(f"tty/{name}/device/x")
            self.put(f"tty/{name}/type", kind)
        self.put("tty/ttyS0/irq", "4\n")
        self.put("tty/tty0/dev", "4:0\n")
        self.assertEqual("/dev/ttyS0 irq=4\n", self.run_script("commissioning/maas-serial-ports", SYS_CLASS_TTY=f"{self.root}/tty"))

    def test_lldp_without_daemon_does_not_wait(self):
        self.tool("lldpctl", "exit 9")
        self.put("proc/uptime", "100.0 1.0\n")
        self.assertIn("<lldp ", self.run_script("commissioning/maas-capture-lldpd", PROC_ROOT=f"{self.root}/proc"))

    def test_lldp_of_a_daemon_that_listened_long_enough(self):
        self.tool("lldpctl", 'echo "<lldp>$*</lldp>"')
        self.put("proc/uptime", "100.0 1.0\n")
        self.put("proc/7/comm", "lldpd\n")
        self.put("proc/7/stat", "7 (lldpd) S " + " ".join(["1"] * 18) + f" {39 * os.sysconf('SC_CLK_TCK')} 0\n")
        self.assertEqual("<lldp>-f xml</lldp>\n", self.run_script("commissioning/maas-capture-lldpd", PROC_ROOT=f"{self.root}/proc"))

    def test_lldpd_is_set_up_once(self):
        self.tool("lldpd", "exit 0")
        self.tool("systemctl", f"echo $* >> {self.root}/calls")
        defaults = f"{self.root}/etc/lldpd"
        self.run_script("commissioning/20-maas-01-install-lldpd", LLDPD_DEFAULTS=defaults)
        self.assertRegex(self.text("etc/lldpd"), r'^DAEMON_ARGS=".*-r .*"\n$')
        self.assertEqual("lldpd listens already.\n", self.run_script("commissioning/20-maas-01-install-lldpd", LLDPD_DEFAULTS=defaults))

    def test_interfaces_without_address_ask_for_one(self):
        for name in ("eth0", "eth1"):
            self.put(f"net/{name}/device/x")
            self.put(f"net/{name}/type", "1\n")
        with_address = [{"ifname": "eth0", "addr_info": [{"scope": "global"}]}, {"ifname": "eth1", "addr_info": []}]
        self.put("addresses.json", json.dumps(with_address))
        self.tool("ip", f'[ "$1" = -j ] && exec cat {self.root}/addresses.json; echo ip $* >> {self.root}/calls')
        after = json.dumps([with_address[0], {"ifname": "eth1", "addr_info": [{"scope": "global"}]}])
        self.tool("networkctl", f"echo networkctl $* >> {self.root}/calls; echo '{after}' > {self.root}/addresses.json")
        self.tool("udhcpc", f"echo udhcpc $* >> {self.root}/calls; echo '{after}' > {self.root}/addresses.json")
        for name in ("cat", "sh"):
            os.symlink(f"/bin/{name}", f"{self.root}/bin/{name}")
        env = {"SYS_CLASS_NET": f"{self.root}/net", "NETWORKD_DIR": f"{self.root}/networkd", "DHCP_SECONDS": "5"}
        said = self.run_script("commissioning/20-maas-02-dhcp-unconfigured-ifaces", only_fakes=True, **env)
        self.assertEqual("eth1: has an address\n", said)
        self.assertIn("ip link set dev eth1 up\n", self.text("calls"))
        self.assertNotIn("eth0", self.text("calls"))

    def test_support_information_never_fails(self):
        self.assertIn("-----BEGIN MEMORY-----", self.run_script("commissioning/maas-support-info"))

    def test_fruid_of_other_machines_is_empty(self):
        self.assertEqual("", self.run_script("commissioning/maas-get-fruid-api-data", SYS_CLASS_NET=f"{self.root}/net"))

    def test_fruid_of_a_switch(self):
        self.put("net/usb0/address", "02:00:00:00:00:01\n")
        self.put("net/eth0/address", "52:54:00:00:00:01\n")
        fruid = '{"Actions": [], "Information": {"Product Name": "Wedge-DC-F", "Product Serial Number": "AI24014789"}, "Resources": []}'
        self.tool("ip", f'echo "$*" >> {self.root}/calls')
        self.tool("curl", f"""case "$*" in *'[fe80::1%25usb0]:8080/api/sys/mb/fruid') echo '{fruid}' ;; *) exit 7 ;; esac""")
        env = {"SYS_CLASS_NET": f"{self.root}/net"}
        self.assertEqual(fruid + "\n", self.run_script("commissioning/maas-get-fruid-api-data", **env))
        self.assertEqual("link set dev usb0 up\n", self.text("calls"))
        self.tool("curl", "exit 28")
        self.assertEqual("", self.run_script("commissioning/maas-get-fruid-api-data", **env))
        self.assertIn("BMC on usb0 did not answer", self.said)


class Testing(ScriptCase):
    def test_memtester_takes_a_sensible_share(self):
        self.tool("memtester", "echo memtester $*")
        for available, size in ((16 << 20, 14746), (512 << 10, 384), (100 << 10, 50)):
            meminfo = self.put("meminfo", f"MemTotal: 1 kB\nMemAvailable: {available} kB\n")
            self.assertIn(f"memtester {size}M 1\n", self.run_script("testing/memtester", PROC_MEMINFO=meminfo))

    def test_memtester_for_a_time(self):
        meminfo = self.put("meminfo", "MemAvailable: 102400 kB\n")
        env = {"PROC_MEMINFO": meminfo, "OUTPUT_STDOUT_PATH": f"{self.root}/out"}
        self.tool("memtester", "echo ok; exec sleep 30")
        self.assertIn("No error in 0.3 s.", self.run_script("testing/memtester", "--runtime=0.3", **env))
        self.tool("memtester", "echo 'FAILURE: 0x1 != 0x2'; exec sleep 30")
        self.run_script("testing/memtester", "--runtime=0.3", code=1, **env)
        self.tool("memtester", "echo 'cannot lock'; exit 1")
        self.run_script("testing/memtester", "--runtime=0.3", code=1, **env)

    def test_stress_for_the_given_time(self):
        self.tool("stress-ng", "echo $*")
        self.assertIn("--timeout 5s", self.run_script("testing/stress-ng-cpu-short", "--runtime=5"))
        self.assertIn("--timeout 300s", self.run_script("testing/stress-ng-memory-short", RUNTIME="300"))
        self.tool("stress-ng", "exit 2")
        self.run_script("testing/stress-ng-memory-short", code=2)

    def test_7z_results(self):
        table = "Avr:             186   3036   5650  |              195   3331   6494\nTot:             190   3183   6072\n"
        self.tool("7z", f"cat {self.put('table', table)}")
        self.run_script("testing/7z")
        self.assertEqual(
            "results:\n  compression_ru_mips: 3036\n  compression_rating_mips: 5650\n"
            "  decompression_ru_mips: 3331\n  decompression_rating_mips: 6494\n",
            self.result(),
        )

    def test_7z_results_with_a_column_for_speed(self):
        table = "Avr:       285    96    264    254  |       6343    98    524    513\nTot:              97    394    383\n"
        self.tool("7z", f"cat {self.put('table', table)}")
        self.run_script("testing/7z")
        self.assertIn("ru_mips: 264\n  compression_rating_mips: 254\n  decompression_ru_mips: 524\n", self.result())

    def test_7z_on_a_slow_machine_measures_what_it_has_time_for(self):
        table = self.put("table", "Avr:             186   3036   5650  |              195   3331   6494\n")
        self.tool("7z", f"echo \"$*\" >> {self.root}/calls; sleep 0.2; cat {table}")
        calls = os.path.join(self.root, "calls")
        self.assertIn("left out", self.run_script("testing/7z", RUNTIME="1"))
        with open(calls, encoding="utf-8") as stream:
            self.assertEqual("b -md18\n", stream.read())
        self.assertIn("compression_ru_mips: 3036", self.result())
        os.unlink(calls)
        self.run_script("testing/7z", RUNTIME="300")
        with open(calls, encoding="utf-8") as stream:
            self.assertEqual("b -md18\nb\n", stream.read())

    def test_badblocks_for_real(self):
        disk = self.put("disk", bytes(range(256)) * 4096)
        self.run_script("testing/badblocks", disk)
        self.assertEqual("results:\n  badblocks: 0\n  read_errors: 0\n  write_errors: 0\n  comparison_errors: 0\n", self.result())
        with open(disk, "rb") as stream:
            self.assertEqual(bytes(range(256)) * 4096, stream.read())
        self.run_script("testing/badblocks-destructive", disk)
        with open(disk, "rb") as stream:
            self.assertEqual(bytes(1 << 20), stream.read())

    def test_bad_blocks_fail(self):
        self.tool("badblocks", "echo 'Pass completed, 3 bad blocks found. (1/0/2 errors)'")
        self.run_script("testing/badblocks", self.put("disk", bytes(8192)), code=1)
        self.assertIn("comparison_errors: 2", self.result())

    def test_fio_results(self):
        side = {"bw": 100.5, "iops": 25.9}
        self.tool("fio", f"echo \"$*\" >> {self.root}/calls; echo '{json.dumps({'jobs': [{'read': side, 'write': side}]})}'")
        self.run_script("testing/fio", "/dev/sdx")
        self.assertIn("  random_read: 100\n  random_read_iops: 25\n", self.result())
        self.assertEqual(8, len(self.result().splitlines()) - 1)
        with open(os.path.join(self.root, "calls"), encoding="utf-8") as stream:
            self.assertNotIn("time_based", stream.read(), "a small disk is not read for a minute")

    def test_ntp(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
            server.bind(("127.0.0.1", 0))
            server.settimeout(20)

            def answer():
                _, peer = server.recvfrom(512)
                server.sendto(b"\x24\x02" + bytes(38) + struct.pack("!II", 3900000000, 0), peer)

            thread = threading.Thread(target=answer)
            thread.start()
            config = self.put("ntp.conf", f"# x\nserver 127.0.0.1:{server.getsockname()[1]} iburst\n")
            self.tool("timedatectl", "exit 1")
            self.assertIn("from ours", self.run_script("testing/ntp", NTP_CONFIG_FILES=config))
            thread.join()

    def test_ntp_without_servers_is_skipped(self):
        self.tool("timedatectl", "exit 1")
        self.assertIn("Not applicable here: ", self.run_script("testing/ntp", NTP_CONFIG_FILES=f"{self.root}/none"))
        self.assertEqual("status: skipped\n", self.result())


class Connectivity(ScriptCase):
    def setUp(self):
        super().setUp()
        self.put("net/eth0/carrier", "1\n")
        self.put("net/eth1/carrier", "0\n")
        self.env = {"SYS_CLASS_NET": f"{self.root}/net", "LINK_SECONDS": "0"}
        for name in ("ping", "curl"):
            self.tool(name, f'echo "{name} $*" >> {self.root}/calls; case "$*" in *bad*) exit 1 ;; esac')

    def test_all_urls_by_their_kind(self):
        self.run_script("testing/internet-connectivity", "--interface=eth0", "--url=http://a/x,icmp://10.0.0.1,b.example", **self.env)
        calls = self.text("calls")
        self.assertIn("--interface eth0 --output /dev/null http://a/x\n", calls)
        self.assertIn("-I eth0 10.0.0.1\n", calls)
        self.assertIn("-I eth0 b.example\n", calls)
        self.assertEqual("link_connected: true\n", self.result())

    def test_one_that_is_missed_fails(self):
        said = self.run_script("testing/internet-connectivity", "--interface=eth0", "--url=http://a,http://bad", code=1, **self.env)
        self.assertIn("Not reached: http://bad", said)

    def test_a_closed_network_has_no_internet(self):
        self.tool("ip", "echo '[]'")
        said = self.run_script("testing/internet-connectivity", "--interface=eth0", "--url=http://bad", **self.env)
        self.assertIn("Not applicable here: this is a closed network", said)
        self.assertEqual("status: skipped\n", self.result())
        # What is near is reached, and what is near and is not is missed.
        self.run_script("testing/internet-connectivity", "--interface=eth0", "--url=http://near", **self.env)
        self.run_script("testing/internet-connectivity", "--interface=eth0", "--url=http://near,http://bad", code=1, **self.env)
        self.tool("ip", """case "$*" in *-6*) echo '[{"dst":"default","gateway":"fe80::1"}]' ;; *) echo '[]' ;; esac""")
        self.run_script("testing/internet-connectivity", "--interface=eth0", "--url=http://bad", code=1, **self.env)

    def test_no_link(self):
        self.run_script("testing/internet-connectivity", "--interface=eth1", code=1, **self.env)
        self.assertEqual("link_connected: false\n", self.result())

    def test_gateways_of_the_interface(self):
        self.tool("ip", """case "$*" in *-4*eth0*) echo '[{"dst":"default","gateway":"10.0.0.1"}]' ;; *) echo '[]' ;; esac""")
        self.run_script("testing/gateway-connectivity", "--interface=eth0", **self.env)
        self.assertIn("ping -c 3 -W 3 -I eth0 10.0.0.1\n", self.text("calls"))
        self.tool("ip", "echo '[]'")
        self.assertIn("Not applicable here: no default gateway", self.run_script("testing/gateway-connectivity", "--interface=eth0", **self.env))
        self.assertEqual("status: skipped\n", self.result())

    def test_a_bond_that_has_lost_a_side_is_degraded(self):
        self.put("net/bond0/carrier", "1\n")
        self.put("net/bond0/bonding/slaves", "eth0 eth1\n")
        self.tool("ip", "echo '[]'")
        for script in ("gateway", "internet", "rack-controller"):
            with self.subTest(script):
                env = {**self.env, "MAAS_BASE_URL": "http://10.0.0.2:5248"}
                said = self.run_script(f"testing/{script}-connectivity", "--interface=bond0", **env)
                self.assertIn("bond0 is a bond that goes on without eth1:", said)
                self.assertEqual("link_connected: true\nstatus: degraded\n", self.result())
        self.run_script("testing/internet-connectivity", "--interface=bond0", "--url=http://bad,http://near", code=1, **self.env)
        self.assertEqual("link_connected: true\n", self.result(), "what is not reached is worse")
        self.put("net/eth1/carrier", "1\n")
        self.run_script("testing/internet-connectivity", "--interface=bond0", "--url=http://near", **self.env)
        self.assertEqual("link_connected: true\n", self.result())

    def test_the_rack(self):
        self.run_script("testing/rack-controller-connectivity", "--interface=eth0", MAAS_BASE_URL="http://10.0.0.2:5248", **self.env)
        self.assertIn("http://10.0.0.2:5248/MAAS/metadata/\n", self.text("calls"))


class Wipe(ScriptCase):
    SIZE = 6 * 1024 * 1024

    def setUp(self):
        super().setUp()
        for name in ("swapoff", "vgchange", "mdadm", "wipefs"):
            self.tool(name, "exit 0")

    def disk(self, name):
        self.put(f"sys/block/{name}/device/x")
        self.put(f"sys/block/{name}/size", str(self.SIZE // 512))
        self.put(f"sys/block/{name}/ro", "0")
        return self.put(f"dev/{name}", b"\xaa" * self.SIZE)

    def wipe(self, *options, code=0):
        return self.run_script("release/wipe-disks", *options, code=code, SYS_ROOT=f"{self.root}/sys", DEV_ROOT=f"{self.root}/dev")

    def content(self, name):
        with open(f"{self.root}/dev/{name}", "rb") as stream:
            return stream.read()

    def test_zeros_over_all_disks_and_nothing_else(self):
        self.disk("sda")
        self.disk("sdb")
        self.disk("loop0")
        self.assertIn("2 disks wiped.", self.wipe())
        self.assertEqual(bytes(self.SIZE), self.content("sda"))
        self.assertEqual(bytes(self.SIZE), self.content("sdb"))
        self.assertEqual(b"\xaa" * self.SIZE, self.content("loop0"))

    def test_quick(self):
        self.disk("sda")
        self.wipe("--quick-erase")
        ends = 2 * 1024 * 1024
        self.assertEqual(bytes(ends) + b"\xaa" * (self.SIZE - 2 * ends) + bytes(ends), self.content("sda"))

    HDPARM = (
        "Security: \n\tMaster password revision code = 65534\n\t\tsupported\n\tnot\tenabled\n\tnot\tlocked\n\tnot\tfrozen\n"
        "\tnot\texpired: security count\n\t\tsupported: enhanced erase\n"
    )

    def hdparm(self, text, erase="exit 0"):
        self.put("hdparm", text)
        self.tool(
            "hdparm", f'echo "$*" >> {self.root}/calls; case "$*" in -I*) cat {self.root}/hdparm ;; *security-erase*) {erase} ;; esac'
        )

    def test_ata_secure_erase(self):
        self.disk("sda")
        self.hdparm(self.HDPARM)
        self.wipe("--secure-erase")
        calls = self.text("calls")
        self.assertIn(f"--user-master u --security-erase-enhanced rackwright {self.root}/dev/sda\n", calls)
        self.assertEqual(b"\xaa" * (self.SIZE - (4 << 20)), self.content("sda")[2 << 20 : -2 << 20], "the disk erases itself")

    def test_frozen_disks_fall_back(self):
        self.disk("sda")
        self.hdparm(self.HDPARM.replace("\tnot\tfrozen", "\t\tfrozen"))
        self.assertIn("froze", self.wipe("--secure-erase", "--quick-erase"))
        self.assertNotIn("security-set-pass", self.text("calls"))
        self.assertNotEqual(bytes(self.SIZE), self.content("sda"))
        self.wipe("--secure-erase")
        self.assertEqual(bytes(self.SIZE), self.content("sda"))

    def test_what_has_no_secure_erase_is_overwritten_and_told_why(self):
        supported = "\t\tsupported\n"
        for title, text, code, reason in (
            ("a disk without security", self.HDPARM.replace(supported, "\tnot\tsupported\n", 1), 0, "no ATA security feature set"),
            ("a SAS disk", "/dev/sda:\nSG_IO: bad/missing sense data, sb[]:  70 00 05 00 00 00 00 0d 00 00\n", 0, "no ATA security feature set"),
            ("a virtual disk", " HDIO_DRIVE_CMD(identify) failed: Inappropriate ioctl for device\n", 25, "Inappropriate ioctl"),
            ("a locked disk", self.HDPARM.replace("\tnot\tlocked", "\t\tlocked"), 0, "locked with a password that is not ours"),
        ):
            with self.subTest(title):
                self.disk("sda")
                self.put("hdparm", text)
                self.tool("hdparm", f'echo "$*" >> {self.root}/calls; cat {self.root}/hdparm; exit {code}')
                self.assertRegex(self.wipe("--secure-erase"), f"no secure erase: .*{reason}")
                self.assertNotIn("security", self.text("calls"))
                self.assertEqual(bytes(self.SIZE), self.content("sda"))

    def test_normal_where_the_disk_has_no_enhanced_erase(self):
        self.disk("sda")
        self.hdparm(self.HDPARM.replace("\t\tsupported: enhanced", "\tnot\tsupported: enhanced"))
        self.assertIn("ATA security erase (normal)", self.wipe("--secure-erase"))
        self.assertIn("--user-master u --security-erase rackwright", self.text("calls"))

    def test_a_failed_secure_erase_takes_its_password_back(self):
        self.disk("sda")
        self.hdparm(self.HDPARM, "exit 5")
        self.wipe("--secure-erase")
        self.assertIn("--security-disable", self.text("calls"))
        self.assertEqual(bytes(self.SIZE), self.content("sda"))

    def nvme(self, **control):
        namespace = {"nsze": 200000, "flbas": 2}
        self.tool(
            "nvme",
            f"""echo "$*" >> {self.root}/calls
case "$1" in id-ctrl) echo '{json.dumps(control)}' ;; id-ns) echo '{json.dumps(namespace)}' ;; esac""",
        )

    def test_nvme(self):
        self.disk("nvme0n1")
        path = f"{self.root}/dev/nvme0n1"
        self.nvme(oacs=2, fna=4, oncs=8)
        self.wipe("--secure-erase")
        self.assertIn(f"format {path} --ses=2 --lbaf=2 --force", self.text("calls"))
        self.wipe()
        self.assertIn(f"write-zeroes {path} --start-block=196608 --block-count=3391\n", self.text("calls"))
        self.nvme(oacs=0, oncs=0)
        self.wipe("--secure-erase")
        self.assertEqual(bytes(self.SIZE), self.content("nvme0n1"))

    def test_nvme_that_refuses_or_has_no_cryptographic_erase(self):
        self.disk("nvme0n1")
        path = f"{self.root}/dev/nvme0n1"
        self.nvme(oacs=2, fna=0, oncs=0)
        self.wipe("--secure-erase")
        self.assertIn(f"format {path} --ses=1 ", self.text("calls"))
        self.disk("nvme0n1")
        self.put("control", json.dumps({"oacs": 2, "fna": 4, "oncs": 8}))
        self.tool("nvme", f'case "$1" in id-ctrl) cat {self.root}/control ;; id-ns) echo {{}} ;; *) echo "NVMe status: Invalid Command Opcode(0x4001)" >&2; exit 1 ;; esac')
        said = self.wipe("--secure-erase")
        self.assertRegex(said, r"no secure erase: .*Invalid Command Opcode")
        self.assertIn("no Write Zeroes (the size of the namespace is unknown)", said)
        self.assertEqual(bytes(self.SIZE), self.content("nvme0n1"))

    def test_one_disk_that_fails_does_not_stop_the_others(self):
        self.disk("sda")
        self.disk("sdb")
        os.unlink(f"{self.root}/dev/sda")
        self.wipe(code=1)
        self.assertIn("1 of 2 disks could not be wiped: sda", self.said)
        self.assertEqual(bytes(self.SIZE), self.content("sdb"))
