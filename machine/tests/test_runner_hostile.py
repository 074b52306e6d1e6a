"""Scripts that print without end, print what is no text, write bombs, hang, and put pipes where their files were: bounded, told, nothing lost."""

from __future__ import annotations

import os
import subprocess
import sys
import time

from test_runner_region import RunnerCase, archive, entry  # first: it finds the runner
from rackwright_runner import capture, enlist, execute, yaml_lite

MIB = 1024 * 1024


def shell(body):
    return "#!/bin/sh\n" + body + "\n"


class Hostile(RunnerCase):
    def run_one(self, body, code=0, name="a", **more):
        region = self.region(archive({f"commissioning/{name}": body}, {"commissioning_scripts": [entry(name, 1, **more)]}), None)
        self.assertEqual(code, self.runner(region).run())
        return region

    def test_a_hundred_megabytes_are_bounded_on_disk_and_on_the_wire_and_keep_their_end(self):
        print_it = "head -c 104857600 /dev/zero | tr '\\0' 'x'; echo; echo why it failed >&2; ls -l $OUTPUT_COMBINED_PATH >&3; exit 9"
        body = shell(f"exec 3>{self.root}/size; {print_it}")
        region = self.run_one(body, 1)
        with open(f"{self.root}/size", encoding="utf-8") as stream:
            self.assertLessEqual(int(stream.read().split()[4]), capture.HEAD_BYTES)
        told = region.results()["a"]
        self.assertEqual("9", told["exit_status"])
        for name in ("a", "a.out"):
            content = told["files"][name]
            self.assertLessEqual(len(content), capture.MOST_BYTES)
            self.assertTrue(content.startswith(b"xxx"))
            self.assertIn(b"\n[Cut here: ", content)
        # In the end that is kept; not last of all: what two pipes hold at the same time has no order.
        _, _, kept_end = told["files"]["a"].partition(b"\n[Cut here: ")
        self.assertIn(b"why it failed\n", kept_end)
        self.assertEqual(b"why it failed\n", told["files"]["a.err"])

    def test_a_hundred_megabytes_need_little_memory(self):
        # In a process of its own: what another test still gives up counts for nothing.
        program = (
            "import os, tracemalloc; from rackwright_runner import execute;"
            f"outputs = execute.Outputs({f'{self.root}/out'!r}, 'a'); outputs.clear(); tracemalloc.start();"
            "ended = execute.run(['head', '-c', '104857600', '/dev/zero'], dict(os.environ), outputs, 0);"
            "print(ended.code, tracemalloc.get_traced_memory()[1])"
        )
        runner = os.path.dirname(os.path.dirname(execute.__file__))
        done = subprocess.run([sys.executable, "-c", program], cwd=runner, capture_output=True, text=True, check=False)
        self.assertEqual("", done.stderr)
        code, peak = map(int, done.stdout.split())
        self.assertEqual(0, code)
        self.assertLess(peak, 40 * MIB)

    def test_bytes_that_are_no_text_arrive_as_they_are(self):
        region = self.run_one(shell(r"printf '\000\377\376\033[31m\r\b\n\303'"))
        self.assertEqual(b"\0\xff\xfe\x1b[31m\r\b\n\xc3", region.results()["a"]["files"]["a.out"])
        region = self.run_one(shell(r"printf 'caf\351\r\n'"))
        self.assertEqual(b"caf\xe9\r\n", region.results()["a"]["files"]["a"])

    def test_a_full_disk_costs_output_and_not_the_script(self):
        full = capture.Capture("/dev/full")
        full.write(b"x" * 100)
        full.write(b"y" * 100)
        full.close()

    def test_what_is_no_plain_file_is_not_waited_for(self):
        """A pipe that nobody writes to, a device without end, a directory, a file that went away."""
        spoil = "rm -f $OUTPUT_STDOUT_PATH $OUTPUT_STDERR_PATH; mkfifo $OUTPUT_STDOUT_PATH $RESULT_PATH; mkdir $OUTPUT_STDERR_PATH; "
        began = time.monotonic()
        region = self.run_one(shell(spoil + "rm $OUTPUT_COMBINED_PATH; ln -s /dev/zero $OUTPUT_COMBINED_PATH; echo hello"))
        self.assertLess(time.monotonic() - began, 30)
        self.assertEqual({"a": b"", "a.out": b"", "a.err": b""}, region.results()["a"]["files"])
        self.assertIn("WORKING:a=0", region.statuses())

    def test_a_huge_result_is_sent_bounded(self):
        region = self.run_one(shell("head -c 30000000 /dev/zero | tr '\\0' 'a' > $RESULT_PATH"))
        self.assertEqual(capture.MOST_RESULT_BYTES, len(region.results()["a"]["files"]["a.yaml"]))

    def test_bombs_in_what_a_script_says_of_the_bmc(self):
        laughs = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
            f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(12)
        )
        deep = "power_type: ipmi\nx: " + "[" * 20000
        endless = "power_type: ipmi\nx: &x [*x]\n"
        for bomb in (laughs + "power_type: ipmi\n", deep, endless, "power_type: " + "x" * 100_000):
            path = self.make("bomb.yaml", bomb)
            began = time.monotonic()
            found = enlist.read_power(path)
            # Without a YAML library an alias is a word like any other.
            self.assertTrue(found is None or len(enlist.as_json(found[1])) < 100_000)
            self.assertLess(time.monotonic() - began, 30)
        os.unlink(path)
        os.mkfifo(path)
        self.assertIsNone(enlist.read_power(path))
        path = self.make("good.yaml", "power_type: ipmi\npower_pass: 'a *b &c'\npower_address: 10.0.0.9\n")
        self.assertEqual(("ipmi", {"power_pass": "a *b &c", "power_address": "10.0.0.9"}), enlist.read_power(path))

    def test_names_with_quotes_and_line_breaks(self):
        name = 'we"ird\' $(reboot)\nname;'
        region = self.run_one(shell("echo fine"), name=name)
        told = region.results()[name]
        self.assertEqual([b"fine\n", b"fine\n", b""], list(told["files"].values()))

    def test_names_that_lead_elsewhere_and_fields_of_wrong_types_refuse_the_index(self):
        for wrong in (
            {"name": "../a"},
            {"name": "a/b"},
            {"name": ""},
            {"name": 5},
            {"path": "/etc/passwd"},
            {"path": "commissioning/../../x"},
            {"path": 7},
            {"timeout_seconds": "soon"},
            {"parallel": "x"},
            {"hardware_type": "x"},
            {"parameters": [1]},
            {"parameters": "x"},
            {"packages": 7},
            {"script_result_id": {}},
            {"output_offset": "far"},
        ):
            sections = {"commissioning_scripts": [{**entry("a", 1), **wrong}]}
            region = self.region(archive({"commissioning/a": shell("true")}, sections), None)
            self.assertEqual(1, self.runner(region).run(), wrong)
            self.assertEqual("FAILED", region.statuses()[-1], wrong)
            self.assertIn("index.json", region.signals[-1]["error"], wrong)

    def test_a_script_that_hangs_and_hears_no_signal_is_ended(self):
        began = time.monotonic()
        region = self.run_one("#!/bin/sh\ntrap '' TERM INT HUP\necho begun\nwhile :; do sleep 1; done\n", 1, timeout_seconds=0.3)
        self.assertLess(time.monotonic() - began, 30)
        self.assertIn("TIMEDOUT:a=124", region.statuses())
        self.assertEqual(b"begun\n", region.results()["a"]["files"]["a"])

    def test_after_a_restart_the_script_runs_again_with_what_it_had_printed_and_knows_it(self):
        """The first boot ends in the middle of the script, as `reboot` does it; the region lists it as started."""
        body = shell("echo HAS_STARTED=$HAS_STARTED")
        rows = [entry("a", 1, has_started=True, output_offset=5), entry("b", 2)]
        scripts = {"commissioning/a": body, "commissioning/b": body, "out/a.1": "once\n"}
        region = self.region(archive(scripts, {"commissioning_scripts": rows}), None)
        self.assertEqual(0, self.runner(region).run())
        self.assertEqual(b"once\nHAS_STARTED=True\n", region.results()["a"]["files"]["a"])
        self.assertEqual(b"HAS_STARTED=False\n", region.results()["b"]["files"]["b"])


class Small(RunnerCase):
    def test_files_of_scripts_are_read_as_far_as_they_make_sense(self):
        self.assertEqual({"a": 1}, yaml_lite.load_small(self.make("s", "a: 1\n")))
        for name in ("nothing", ""):
            with self.assertRaises(yaml_lite.YamlError):
                yaml_lite.load_small(os.path.join(self.root, name))
