"""30-maas-01-bmc-config against recorded answers of ipmitool, and SMBIOS structures made byte by byte."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import unittest

SCRIPT = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "scripts", "commissioning", "30-maas-01-bmc-config")

LAN = """Set in Progress         : Set Complete
Auth Type Support       : MD5
IP Address Source       : Static Address
IP Address              : {address}
Subnet Mask             : 255.255.255.0
MAC Address             : 52:54:00:aa:bb:cc
RMCP+ Cipher Suites     : {suites}
Cipher Suite Priv Max   : {privileges}
                        :     X=Cipher Suite Unused
"""
USERS = """ID  Name\t     Callin  Link Auth\tIPMI Msg   Channel Priv Limit
1                    false   false      true       ADMINISTRATOR
2   ADMIN            false   false      true       ADMINISTRATOR
3   {third}true    true       true       ADMINISTRATOR
4   (Empty User)     true    false      false      NO ACCESS
"""
MC = """Device ID                 : 32
Device Revision           : 1
Firmware Revision         : 1.0
IPMI Version              : {version}
"""


def user_list(*users):
    """As ipmitool 1.8.19 prints it: tabs in the header, columns of 4, 17, 8, 11 and 11 characters in the rows (lib/ipmi_user.c)."""
    row = "%-4d%-17s%-8s%-11s%-11s%-s\n"
    rows = (row % (number, name, "true", "false", "true", "ADMINISTRATOR" if name else "NO ACCESS") for number, name in users)
    return "ID  Name\t     Callin  Link Auth\tIPMI Msg   Channel Priv Limit\n" + "".join(rows)


# Writes its arguments down and answers from files, as the BMC of a common server board does.
IPMITOOL = """#!/bin/sh
shift 2
echo "$*" >> @ROOT@/calls
case "$*" in
  "mc info") cat @ROOT@/mc ;;
  "lan print @CHANNEL@") n=$(cat @ROOT@/asked 2> /dev/null || echo 0); echo $((n + 1)) > @ROOT@/asked
    if [ "$n" -ge "$(cat @ROOT@/address_after)" ]; then cat @ROOT@/lan; else sed 's/^IP Address  .*/IP Address : 0.0.0.0/' @ROOT@/lan; fi ;;
  "lan print "*) echo "Invalid channel" >&2; exit 1 ;;
  "lan6 print @CHANNEL@") [ -e @ROOT@/lan6 ] && cat @ROOT@/lan6 || exit 1 ;;
  "user list @CHANNEL@") cat @ROOT@/users ;;
  "user summary @CHANNEL@") printf 'Maximum IDs\\t    : %s\\nEnabled User Count  : 2\\nFixed Name Count    : 2\\n' "$(cat @ROOT@/most)" ;;
  "exec "*) cat "${1#exec }" "$2" 2> /dev/null >> @ROOT@/executed; stat -c %a "$2" >> @ROOT@/modes; cat @ROOT@/exec_says ;;
  "raw 0x2c"*) exit 1 ;;
  *) exit 0 ;;
esac
"""


def load():
    sys.dont_write_bytecode, before = True, sys.dont_write_bytecode
    loader = importlib.machinery.SourceFileLoader("bmc_config", SCRIPT)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("bmc_config", loader))
    loader.exec_module(module)
    sys.dont_write_bytecode = before
    return module


class Ipmi(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="bmc-test-")
        self.addCleanup(temporary.cleanup)
        self.root = temporary.name
        self.channel("1")
        self.put("mc", MC.format(version="2.0"))
        self.put("most", "10")
        self.put("bin/systemd-detect-virt", "#!/bin/sh\necho none; exit 1\n", 0o755)
        for name in ("modprobe", "udevadm"):
            self.put(f"bin/{name}", "#!/bin/sh\nexit 0\n", 0o755)
        self.put("dev/ipmi0", "")
        self.put("lan", LAN.format(address="10.0.0.9", suites="0,1,2,3,6,7,8,11,12,17", privileges="XXXaXXXXXXXXXXX"))
        self.put("users", USERS.format(third="(Empty User)     "))
        self.put("address_after", "0")
        self.put("exec_says", "Set User Password command successful (user 3)\n")

    def put(self, path, text, mode=0o644):
        full = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8") as stream:
            stream.write(text)
        os.chmod(full, mode)

    def channel(self, number):
        self.put("bin/ipmitool", IPMITOOL.replace("@ROOT@", self.root).replace("@CHANNEL@", number), 0o755)

    def text(self, path):
        with open(os.path.join(self.root, path), encoding="utf-8") as stream:
            return stream.read()

    def run_script(self, *arguments):
        env = {
            **os.environ,
            "PATH": f"{self.root}/bin:{os.environ['PATH']}",
            "SYS_ROOT": f"{self.root}/sys",
            "DEV_ROOT": f"{self.root}/dev",
            "BMC_CONFIG_PATH": f"{self.root}/bmc.yaml",
            "RESULT_PATH": f"{self.root}/result.yaml",
            "BMC_ADDRESS_WAIT": "0.5",
        }
        done = subprocess.run([sys.executable, SCRIPT, *arguments], env=env, capture_output=True, text=True, timeout=30, check=False)
        self.assertEqual(0, done.returncode, done.stderr)
        return done.stdout

    def found(self):
        return json.loads(self.text("bmc.yaml"))

    def test_a_user_is_made_in_the_first_free_place(self):
        self.run_script()
        found = self.found()
        password = found.pop("power_pass")
        self.assertEqual(
            {
                "power_type": "ipmi",
                "power_address": "10.0.0.9",
                "power_user": "maas",
                "power_driver": "LAN_2_0",
                "power_boot_type": "auto",
                "cipher_suite_id": "17",
                "privilege_level": "ADMIN",
                "mac_address": "52:54:00:aa:bb:cc",
            },
            found,
        )
        self.assertRegex(password, r"^[\w.+-]{16}$")
        calls = self.text("calls")
        self.assertIn("user set name 3 maas\n", calls)
        self.assertIn("user enable 3\n", calls)
        self.assertIn("channel setaccess 1 3 callin=on link=on ipmi=on privilege=4\n", calls)
        self.assertIn("lan set 1 cipher_privs XXXaXXXXXaXXXXX\n", calls)
        self.assertNotIn(password, calls, "passwords must not be seen in the list of processes")
        self.assertIn(f"user set password 3 {password}\n", self.text("executed"))
        self.assertEqual("600\n", self.text("modes"))
        self.assertFalse(os.path.exists(f"{self.root}/result.yaml"))
        self.assertEqual(0o600, os.stat(f"{self.root}/bmc.yaml").st_mode & 0o777)

    def test_our_user_is_taken_again_and_options_are_followed(self):
        self.put("users", USERS.format(third="maas             "))
        self.run_script("--password=Given one#0123456", "--ipmi-privilege-level=OPERATOR", "--ipmi-cipher-suite-id=3", "--ipmi-k-g=key 1")
        found = self.found()
        self.assertEqual(
            ("Given one#0123456", "OPERATOR", "3", "key 1"),
            tuple(found[k] for k in ("power_pass", "privilege_level", "cipher_suite_id", "k_g")),
        )
        calls = self.text("calls")
        self.assertNotIn("user set name", calls)
        self.assertNotIn("cipher_privs", calls)
        self.assertIn('user set password 3 "Given one#0123456" 20\n', self.text("executed"))
        self.assertIn('channel setkg plain "key 1" 1\n', self.text("executed"))

    def test_a_bmc_without_address_asks_dhcp(self):
        # Each look at a channel counts; the address comes while the script waits.
        self.put("address_after", "1")
        self.run_script()
        self.assertEqual("10.0.0.9", self.found()["power_address"])
        self.assertIn("lan set 1 ipsrc dhcp\n", self.text("calls"))

    def test_no_address_at_all_is_skipped_with_the_reason(self):
        self.put("address_after", "999")
        self.assertIn("no address by DHCP", self.run_script())
        self.assertEqual("status: skipped\n", self.text("result.yaml"))
        self.assertFalse(os.path.exists(f"{self.root}/bmc.yaml"))

    def test_a_refused_password_is_no_bmc(self):
        self.put("exec_says", "Set User Password command failed (user 3): Invalid data field in request\n")
        self.assertIn("failed", self.run_script())
        self.assertEqual("status: skipped\n", self.text("result.yaml"))

    def test_all_users_taken(self):
        self.put(
            "users",
            USERS.format(third="x                ").replace("(Empty User)", "y           ")
            + "".join(f"{n:<4}user{n:<13}true    true       true       USER\n" for n in range(5, 11)),
        )
        self.assertIn("all 10 users of the BMC are taken", self.run_script())

    def test_bmcs_of_many_kinds(self):
        lan = "Set in Progress         : Set Complete\nIP Address Source       : DHCP Address\n"
        closed = "Cipher Suite Priv Max   : XXXXXXXXXXXXXXX\n                        :     X=Cipher Suite Unused\n"
        for title, channel, most, address, suites, users, slot, suite, opened in (
            ("iDRAC: the first is reserved, the second the vendor's", "1", "16", "10.0.0.9", "0,1,2,3,17", ((1, ""), (2, "root"), (3, "")), "3", "17", "4"),
            ("iLO: channel 2, no list of privileges", "2", "12", "10.0.0.9", "0,1,2,3", ((1, "Administrator"), (2, ""), (3, "")), "3", "3", None),
            ("XCC: full names without a space between the columns", "1", "12", "10.0.0.9", "3,17", ((1, "USERID"), (3, "sixteen-letters-")), "4", "17", "1"),
            ("OpenBMC: suite 17 alone", "1", "15", "10.0.0.9", "17", ((1, "root"), (2, ""), (3, "")), "3", "17", "0"),
            ("none of the suites that are safe", "1", "10", "10.0.0.9", "0,1,2", ((2, "ADMIN"),), "3", None, None),
        ):
            with self.subTest(title):
                for name in ("calls", "bmc.yaml", "asked", "executed", "modes"):
                    if os.path.exists(f"{self.root}/{name}"):
                        os.unlink(f"{self.root}/{name}")
                self.channel(channel)
                self.put("most", most)
                privileges = "Cipher Suite Priv Max   : Not Available\n" if opened is None and suite else closed
                mac = "MAC Address             : d0:94:66:00:00:01\n"
                self.put("lan", f"{lan}IP Address              : {address}\n{mac}RMCP+ Cipher Suites     : {suites}\n{privileges}")
                self.put("users", user_list(*users))
                self.run_script()
                found, calls = self.found(), self.text("calls")
                self.assertEqual((address, suite), (found["power_address"], found.get("cipher_suite_id")))
                self.assertIn(f"user set name {slot} maas\n", calls)
                self.assertIn(f"channel setaccess {channel} {slot} callin=on", calls)
                self.assertEqual(opened is not None, "cipher_privs" in calls)
                if opened is not None:
                    at = int(opened)
                    self.assertIn(f"lan set {channel} cipher_privs {'X' * at}a{'X' * (14 - at)}\n", calls)

    def test_a_long_name_of_ours_is_found_again(self):
        self.put("users", user_list((2, "ADMIN"), (3, "maas-of-the-lab"), (4, "(Empty User)")))
        self.run_script("--username=maas-of-the-lab")
        self.assertNotIn("user set name", self.text("calls"))
        self.assertIn("user enable 3\n", self.text("calls"))
        self.put("users", user_list((2, "ADMIN"), (3, "(Empty User)"), (4, "")))
        os.unlink(f"{self.root}/bmc.yaml")
        self.run_script()
        self.assertIn("user set name 3 maas\n", self.text("calls"))

    def test_of_a_bmc_that_speaks_both_what_racks_speak_is_taken(self):
        os.makedirs(f"{self.root}/sys/firmware/dmi/entries/42-0")
        with open(f"{self.root}/sys/firmware/dmi/entries/42-0/raw", "wb") as stream:
            stream.write(redfish_interface())
        self.run_script()
        self.assertEqual("ipmi", self.found()["power_type"])
        self.assertNotIn("raw 0x2c", self.text("calls"))
        os.unlink(f"{self.root}/bmc.yaml")
        os.unlink(f"{self.root}/dev/ipmi0")
        self.assertIn("Redfish: the network card of the Redfish host interface is not in this system", self.run_script())

    def test_an_old_bmc_speaks_ipmi_1_5(self):
        self.put("mc", MC.format(version="1.5"))
        self.put("lan", "IP Address              : 10.0.0.9\nMAC Address             : d0:94:66:00:00:01\n")
        self.run_script()
        found = self.found()
        self.assertEqual("LAN", found["power_driver"])
        self.assertNotIn("cipher_suite_id", found)

    def test_a_bmc_that_speaks_ipv6_alone(self):
        self.put("lan", LAN.format(address="0.0.0.0", suites="17", privileges="aaaaaaaaaaaaaaa"))
        self.put(
            "lan6",
            "IPv6 Static Address 0:\n    Enabled:        no\n    Address:        ::/0\n"
            "IPv6 Dynamic Address 0:\n    Source/Type:    DHCPv6\n    Address:        fe80::1/64\n"
            "IPv6 Dynamic Address 1:\n    Source/Type:    SLAAC\n    Address:        2001:db8::9/64\n",
        )
        self.run_script()
        self.assertEqual("2001:db8::9", self.found()["power_address"])

    def test_a_virtual_machine_without_bmc(self):
        os.unlink(f"{self.root}/dev/ipmi0")
        self.put("bin/systemd-detect-virt", "#!/bin/sh\necho qemu\n", 0o755)
        said = self.run_script()
        self.assertTrue(said.startswith("Not applicable here: no BMC was found. This is a virtual machine (qemu)"), said)
        self.assertIn("no /dev/ipmi0", said)
        self.assertEqual("status: skipped\n", self.text("result.yaml"))

    def test_a_custom_script_was_first(self):
        self.put("bmc.yaml", "power_type: manual\n")
        self.assertIn("earlier script", self.run_script())
        self.assertFalse(os.path.exists(f"{self.root}/calls"))


def redfish_interface(kind=0x40, protocol=0x04, service=b"\xa9\xfe\x00\x11", port=443):
    """SMBIOS type 42 (DSP0134 section 7.43, DSP0270 section 8)."""
    card = bytes([0x02]) + (0x046B).to_bytes(2, "little") + (0xFFB0).to_bytes(2, "little") + b"\x00\x00"
    body = bytes(16) + b"\x01\x01" + b"\xa9\xfe\x00\x12".ljust(16, b"\0") + b"\xff\xff\x00\x00".ljust(16, b"\0")
    body += b"\x01\x01" + service.ljust(16, b"\0") + b"\xff\xff\x00\x00".ljust(16, b"\0") + port.to_bytes(2, "little") + bytes(5)
    return bytes([42, 0, 0, 0, kind, len(card)]) + card + bytes([1, protocol, len(body)]) + body + b"\0\0"


class Smbios(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.module = load()

    def test_a_redfish_host_interface(self):
        found = self.module.host_interface(redfish_interface())
        card = found.pop("card")
        self.assertEqual({"host": "169.254.0.18", "prefix": 16, "service": "169.254.0.17", "port": 443}, found)
        self.assertEqual(0x02, card[0])

    def test_what_is_none(self):
        for raw in (b"", b"\x2a\x00\x00\x00\x40", redfish_interface(kind=0x02), redfish_interface(protocol=0x02), redfish_interface()[:60]):
            self.assertIsNone(self.module.host_interface(raw))

    def test_the_card_is_found_by_its_usb_numbers(self):
        with tempfile.TemporaryDirectory() as root:
            usb = f"{root}/devices/usb1/1-2"
            os.makedirs(f"{usb}/1-2:1.0/net/usb0")
            for name, value in (("idVendor", "046b"), ("idProduct", "ffb0")):
                with open(f"{usb}/{name}", "w", encoding="ascii") as stream:
                    stream.write(value + "\n")
            os.symlink(f"{usb}/1-2:1.0", f"{usb}/1-2:1.0/net/usb0/device")
            os.makedirs(f"{root}/class/net")
            os.symlink(f"{usb}/1-2:1.0/net/usb0", f"{root}/class/net/usb0")
            before, self.module.SYS = self.module.SYS, root
            self.addCleanup(setattr, self.module, "SYS", before)
            self.assertEqual("usb0", self.module.interface_for(self.module.host_interface(redfish_interface())))

    def test_passwords_have_all_kinds_of_characters(self):
        for _ in range(50):
            word = self.module.make_password()
            self.assertRegex(word, r"^(?=.*[a-z])(?=.*[A-Z])(?=.*\d)(?=.*[_.+-])[\w.+-]{16}$")
