"""Stages, order, results: what the region sees of a normal boot, and of a boot with trouble."""

from __future__ import annotations

import os
import time

from test_runner_region import RunnerCase, archive, entry


def shell(body):
    return "#!/bin/sh\n" + body + "\n"


class Commissioning(RunnerCase):
    def test_all_pass_then_nothing_more(self):
        plan = archive(
            {"commissioning/a": shell("echo out; echo err >&2; echo 'status: passed' > $RESULT_PATH")},
            {"commissioning_scripts": [entry("a", 1)]},
        )
        region = self.region(plan, None)
        self.assertEqual(0, self.runner(region).run())
        self.assertEqual(["WORKING:a", "WORKING:a=0", "OK"], region.said())
        files = region.results()["a"]["files"]
        # Two pipes: which of two lines written in one moment comes first in the combined output, nobody can tell.
        self.assertEqual([b"err", b"out"], sorted(files.pop("a").split()))
        self.assertEqual({"a.out": b"out\n", "a.err": b"err\n", "a.yaml": b"status: passed\n"}, files)
        self.assertEqual("1", region.results()["a"]["script_result_id"])
        self.assertGreaterEqual(float(region.results()["a"]["runtime"]), 0)

    def test_nothing_to_run_is_ok(self):
        region = self.region(None)
        self.assertEqual(0, self.runner(region).run())
        self.assertEqual(["WORKING", "OK"], region.statuses())

    def test_a_failing_script_fails_the_stage_after_all_ran(self):
        plan = archive(
            {"commissioning/a": shell("exit 7"), "commissioning/b": shell("true"), "testing/t": shell("true")},
            {"commissioning_scripts": [entry("a", 1), entry("b", 2)], "testing_scripts": [entry("t", 3, "testing")]},
        )
        region = self.region(plan)
        self.assertEqual(1, self.runner(region).run())
        self.assertEqual(["WORKING:a", "WORKING:a=7", "WORKING:b", "WORKING:b=0", "FAILED"], region.said())
        self.assertEqual("1 commissioning script failed: a", region.signals[-1]["error"])

    def test_downloads_again_until_only_testing_is_left(self):
        tests = [entry("t", 9, "testing")]
        files = {"testing/t": shell("true")}
        plans = [
            archive({"commissioning/a": shell("true"), **files}, {"commissioning_scripts": [entry("a", 1)], "testing_scripts": tests}),
            archive({"commissioning/b": shell("true"), **files}, {"commissioning_scripts": [entry("b", 2)], "testing_scripts": tests}),
            archive(files, {"testing_scripts": tests}),
        ]
        region = self.region(*plans)
        self.assertEqual(0, self.runner(region).run())
        self.assertEqual(
            ["WORKING:a", "WORKING:a=0", "WORKING:b", "WORKING:b=0", "TESTING", "WORKING:t", "WORKING:t=0", "OK"], region.said()
        )

    def test_a_failing_test(self):
        region = self.region(archive({"testing/t": shell("exit 1")}, {"testing_scripts": [entry("t", 9, "testing")]}))
        self.assertEqual(1, self.runner(region).run())
        self.assertEqual(["TESTING", "WORKING:t", "WORKING:t=1", "FAILED"], region.said())

    def test_release_scripts(self):
        region = self.region(archive({"release/w": shell("true")}, {"release_scripts": [entry("w", 9, "release")]}))
        self.assertEqual(0, self.runner(region).run())
        self.assertEqual(["RELEASING", "WORKING:w", "WORKING:w=0", "OK"], region.said())

    def test_finished_rows_stay_finished_and_restarted_ones_know_it(self):
        sections = {"commissioning_scripts": [entry("a", 1, has_started=True, has_finished=True), entry("b", 2, has_started=True)]}
        scripts = {"commissioning/a": shell("true"), "commissioning/b": shell("echo $HAS_STARTED"), "out/b.2": "before\n"}
        region = self.region(archive(scripts, sections), None)
        self.assertEqual(0, self.runner(region).run())
        self.assertEqual(["b"], region.order())
        self.assertEqual(b"before\nTrue\n", region.results()["b"]["files"]["b"])
        self.assertEqual(b"True\n", region.results()["b"]["files"]["b.out"])

    def test_a_reset_row_runs_again(self):
        """A recommission script resets the built-in ones: the same ids, never started."""
        plan = archive({"commissioning/a": shell("true")}, {"commissioning_scripts": [entry("a", 1)]})
        region = self.region(plan, plan, None)
        self.assertEqual(0, self.runner(region).run())
        self.assertEqual(["a", "a"], region.order())

    def test_a_region_that_forgets_all_results_does_not_keep_the_machine_for_ever(self):
        region = self.region(archive({"commissioning/a": shell("true")}, {"commissioning_scripts": [entry("a", 1)]}))
        self.assertEqual(1, self.runner(region).run())
        self.assertEqual(10, len(region.order()))
        self.assertIn("asks for a again after 10 runs", region.signals[-1]["error"])

    def test_a_row_whose_result_got_lost_is_sent_again_not_run_again(self):
        scripts = {"commissioning/a": shell(f"echo x >> {self.root}/count")}
        first = archive(scripts, {"commissioning_scripts": [entry("a", 1)]})
        again = archive(scripts, {"commissioning_scripts": [entry("a", 1, has_started=True)]})
        region = self.region(first, again)
        self.assertEqual(0, self.runner(region).run())
        with open(f"{self.root}/count", encoding="utf-8") as stream:
            self.assertEqual("x\n", stream.read())
        self.assertEqual(["WORKING:a=0", "WORKING:a=0", "OK"], region.statuses()[-3:])

    def test_environment(self):
        body = "env | grep -E '^(MAAS|OUTPUT|RESULT|DOWNLOAD|RUNTIME|HAS_|BMC)' | sort"
        rows = [entry("s", 1, timeout_seconds=60.0), entry("p", 2, parallel=2)]
        region = self.region(
            archive({"commissioning/s": shell(body), "commissioning/p": shell(body)}, {"commissioning_scripts": rows}), None
        )
        self.assertEqual(0, self.runner(region).run())
        serial = dict(line.split("=", 1) for line in region.results()["s"]["files"]["s.out"].decode().splitlines())
        out = f"{self.work.root}/out/s.1/s"
        resources = serial.pop("MAAS_RESOURCES_FILE")
        self.assertTrue(resources.startswith(self.work.root))
        self.assertEqual(
            {
                "MAAS_BASE_URL": region.url,
                "MAAS_STORAGE_CONFIG_FILE": "/storage-config.json",
                "MAAS_MACHINE_EXTRA_FILE": "/machine-extra.json",
                "OUTPUT_COMBINED_PATH": out,
                "OUTPUT_STDOUT_PATH": out + ".out",
                "OUTPUT_STDERR_PATH": out + ".err",
                "RESULT_PATH": out + ".yaml",
                "DOWNLOAD_PATH": f"{self.work.root}/scripts/downloads/s",
                "RUNTIME": "60",
                "HAS_STARTED": "False",
                "BMC_CONFIG_PATH": f"{self.work.root}/config/bmc-config.yaml",
            },
            serial,
        )
        self.assertNotIn(b"BMC_CONFIG_PATH", region.results()["p"]["files"]["p.out"])

    def test_bmc_configuration_is_told_once_and_at_once(self):
        write = "printf 'power_type: ipmi\\npower_address: 10.0.0.9\\npower_pass: \"a: b\"\\n' > $BMC_CONFIG_PATH"
        rows = [entry("30-bmc", 1), entry("40-later", 2)]
        scripts = {"commissioning/30-bmc": shell(write), "commissioning/40-later": shell("true")}
        region = self.region(archive(scripts, {"commissioning_scripts": rows}), None)
        self.assertEqual(0, self.runner(region).run())
        told = [(at, signal) for at, signal in enumerate(region.signals) if "power_type" in signal]
        self.assertEqual(1, len(told))
        self.assertEqual('{"power_address": "10.0.0.9", "power_pass": "a: b"}', told[0][1]["power_parameters"])
        self.assertLess(told[0][0], region.statuses().index("WORKING:40-later"))


class Running(RunnerCase):
    def run_one(self, body, code=0, name="a", **more):
        region = self.region(archive({f"commissioning/{name}": body}, {"commissioning_scripts": [entry(name, 1, **more)]}), None)
        self.assertEqual(code, self.runner(region).run())
        return region

    def test_an_overdue_script_is_killed_with_its_children(self):
        began = time.monotonic()
        region = self.run_one(shell(f"echo start; sleep 60 & echo $! > {self.root}/pid; wait"), 1, timeout_seconds=0.2)
        self.assertLess(time.monotonic() - began, 5)
        self.assertIn("TIMEDOUT:a=124", region.statuses())
        self.assertEqual(b"start\n", region.results()["a"]["files"]["a"])
        with open(f"{self.root}/pid", encoding="ascii") as stream:
            pid = int(stream.read())
        self.until(lambda: gone(pid), "the child of the killed script is gone")

    def test_exit_code_124_of_a_script_is_no_timeout(self):
        self.assertIn("WORKING:a=124", self.run_one(shell("exit 124"), 1).statuses())

    def test_a_runtime_parameter_replaces_the_timeout(self):
        runtime = {"runtime": {"type": "runtime", "value": 5}}
        region = self.run_one(shell('echo "$@" $RUNTIME'), timeout_seconds=0.001, parameters=runtime)
        self.assertEqual(b"--runtime=5 5\n", region.results()["a"]["files"]["a.out"])

    def test_no_interpreter(self):
        region = self.run_one("#!/no/such/interpreter\n", 1)
        self.assertIn("WORKING:a=2", region.statuses())
        self.assertIn(b"Cannot run", region.results()["a"]["files"]["a"])

    def test_binary_output_and_invalid_utf8_arrive_as_they_are(self):
        for octal, wanted in ((r"\000\377\r\001", b"\0\xff\r\1"), (r"caf\351\rx", b"caf\xe9\rx")):
            region = self.run_one(shell(f"printf '{octal}'"))
            self.assertEqual(wanted, region.results()["a"]["files"]["a.out"])

    def test_progress_bars_are_settled(self):
        region = self.run_one(shell(r"printf '10%%\r100%%\nab\b\bxy\n'"))
        self.assertEqual(b"100%\nxy\n", region.results()["a"]["files"]["a"])

    def test_a_process_left_behind_does_not_hold_up_the_end(self):
        began = time.monotonic()
        import rackwright_runner.execute as execute

        before, execute._DRAIN_SECONDS = execute._DRAIN_SECONDS, 0.1
        self.addCleanup(setattr, execute, "_DRAIN_SECONDS", before)
        region = self.run_one(shell("sleep 60 & echo done"))
        self.assertLess(time.monotonic() - began, 5)
        self.assertEqual(b"done\n", region.results()["a"]["files"]["a"])

    def test_a_missing_disk_ends_with_2_and_says_why(self):
        disk = {"storage": {"type": "storage", "value": {"name": "sdz", "model": "M", "serial": "GONE", "id_path": "/dev/none"}}}
        region = self.run_one(shell("true"), 1, parameters=disk)
        self.assertIn("WORKING:a=2", region.statuses())
        self.assertIn(b"serial GONE", region.results()["a"]["files"]["a"])

    def test_package_failure_is_told_as_such(self):
        region = self.run_one(shell("true"), 1, packages={"url": [f"file://{self.root}/nothing.tar"]})
        self.assertEqual(["INSTALLING:a", "INSTALLING:a=1", "FAILED"], region.said())

    def test_urls_are_unpacked_for_the_script_and_leave_no_log(self):
        bundle = self.make("bundle.tar", "")
        with open(bundle, "wb") as stream:
            stream.write(archive({"tool": "#!/bin/sh\necho tool\n"}, {}))
        region = self.run_one(shell("$DOWNLOAD_PATH/tool"), packages={"url": f"file://{bundle}"})
        self.assertEqual({"a": b"tool\n", "a.out": b"tool\n", "a.err": b""}, region.results()["a"]["files"])


class Order(RunnerCase):
    def test_serial_then_instances_then_any_by_hardware_type(self):
        rows = [
            entry("node", 1, "testing"),
            entry("disk", 2, "testing", hardware_type=3),
            entry("cpu-z", 3, "testing", hardware_type=1),
            entry("cpu-a", 4, "testing", hardware_type=1),
            entry("any", 5, "testing", hardware_type=1, parallel=2),
            entry("inst", 6, "testing", parallel=1, hardware_type=3),
            entry("memory", 7, "testing", hardware_type=2),
        ]
        region = self.region(archive({f"testing/{row['name']}": shell("true") for row in rows}, {"testing_scripts": rows}))
        self.assertEqual(0, self.runner(region).run())
        self.assertEqual(["cpu-a", "cpu-z", "memory", "disk", "node", "inst", "any"], region.order())

    def test_rows_of_a_group_run_together_and_groups_one_after_the_other(self):
        """Each row of a group waits for the other one: alone, it would wait in vain."""
        meet = f"touch {self.root}/$1; for i in $(seq 200); do [ -e {self.root}/$2 ] && exit 0; sleep 0.02; done; exit 1"
        rows, scripts = [], {}
        for name, pair in (("one", "ab"), ("two", "cd")):
            scripts[f"testing/{name}"] = shell(meet)
            for at, (mine, other) in enumerate((pair, pair[::-1])):
                parameters = {"p": {"type": "string", "argument_format": "{input}", "value": mine}}
                parameters["q"] = {"type": "string", "argument_format": "{input}", "value": other}
                rows.append(entry(name, len(rows) + 1, "testing", parallel=1, parameters=parameters))
        region = self.region(archive(scripts, {"testing_scripts": rows}))
        self.assertEqual(0, self.runner(region).run())
        self.assertEqual(["one", "one", "two", "two"], region.order())


def gone(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as stream:
            return stream.read().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True
