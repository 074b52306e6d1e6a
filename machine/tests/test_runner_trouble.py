"""A region that restarts, refuses, drops connections or lies; a clock that is wrong; archives with bad intentions."""

from __future__ import annotations

import email.utils
import io
import os
import socket
import tarfile
import threading
import time

from test_runner_region import RunnerCase, archive, entry  # first: it finds the runner
from rackwright_runner import yaml_lite
from rackwright_runner.report import Signal


def shell(body):
    return "#!/bin/sh\n" + body + "\n"


ONE = {"commissioning_scripts": [entry("a", 1)]}


class RegionInTrouble(RunnerCase):
    def plan(self, body="true"):
        return archive({"commissioning/a": shell(f"echo x >> {self.root}/count; {body}")}, ONE)

    def assert_ran_once(self, region):
        with open(f"{self.root}/count", encoding="utf-8") as stream:
            self.assertEqual("x\n", stream.read())
        self.assertEqual(["WORKING:a=0", "OK"], region.said()[-2:])

    def test_503_is_tried_again(self):
        region = self.region(self.plan(), None)
        region.faults.append(lambda number, handler: number % 2 == 1 and (handler.reply(503, b"starting"), True)[1])
        self.assertEqual(0, self.runner(region).run())
        self.assert_ran_once(region)

    def test_a_dropped_connection_is_tried_again(self):
        region = self.region(self.plan(), None)

        def drop(number, handler):
            if number % 2 == 1:
                handler.connection.shutdown(socket.SHUT_RDWR)
                return True
            return False

        region.faults.append(drop)
        self.assertEqual(0, self.runner(region).run())
        self.assert_ran_once(region)

    def test_a_half_sent_archive_is_fetched_again(self):
        plan = self.plan()
        region = self.region(plan, None)
        cut = []

        def half(_number, handler):
            if handler.path.endswith("maas-scripts") and not cut:
                cut.append(True)
                handler.send_response(200)
                handler.send_header("Content-Length", str(len(plan)))
                handler.end_headers()
                handler.wfile.write(plan[:700])
                return True
            return False

        region.faults.append(half)
        self.assertEqual(0, self.runner(region).run())
        self.assert_ran_once(region)

    def test_a_region_that_is_away_longer_than_all_retries_gets_the_result_later(self):
        region = self.region(self.plan(), None)
        away = threading.Event()
        dropped = []

        def outage(_number, handler):
            if b"exit_status" in handler.body and not away.is_set():
                away.set()
                threading.Timer(0.4, lambda: region.faults.clear()).start()
            if away.is_set():
                dropped.append(handler.path)
                handler.reply(502)
                return True
            return False

        region.faults.append(outage)
        self.assertEqual(0, self.runner(region).run())
        self.assertGreater(len(dropped), len(self.settings.retry_delays))
        self.assert_ran_once(region)

    def test_a_wrong_clock_is_learnt_from_the_refusal(self):
        region = self.region(self.plan(), None)
        future = time.time() + 10_000_000

        def too_old(_number, handler):
            header = handler.headers.get("Authorization", "")
            stamp = int(header.split('oauth_timestamp="')[1].split('"')[0])
            if abs(stamp - future) > 300:
                handler.send_response_only(401)
                handler.send_header("Date", email.utils.formatdate(future, usegmt=True))
                handler.end_headers()
                return True
            return False

        region.faults.append(too_old)
        self.assertEqual(0, self.runner(region).run())
        self.assert_ran_once(region)

    def test_wrong_credentials_end_with_1(self):
        region = self.region(self.plan(), None)
        region.token_secret = "another"
        self.assertEqual(1, self.runner(region).run())
        self.assertEqual([], region.signals)
        self.assertFalse(os.path.exists(f"{self.root}/count"))

    def test_ok_whose_answer_is_lost_counts_as_said(self):
        """The region took OK and with it the token away: what follows is 403."""
        region = self.region(None)

        def lose(_number, handler):
            if region.token_secret is None:
                handler.reply(403)
                return True
            if b"\r\n\r\nOK\r\n" in handler.body:
                region.token_secret = None
                handler.connection.shutdown(socket.SHUT_RDWR)
                return True
            return False

        region.faults.append(lose)
        self.assertEqual(0, self.runner(region).run())

    def test_a_refused_result_does_not_block_the_rest(self):
        region = self.region(self.plan(), None)
        region.faults.append(lambda _n, handler: b"exit_status" in handler.body and (handler.reply(409), True)[1])
        self.assertEqual(0, self.runner(region).run())
        self.assertEqual("OK", region.said()[-1])

    def test_heartbeats_go_on_while_a_script_works_and_end_before_the_last_word(self):
        self.settings = type(self.settings)(**{**vars(self.settings), "heartbeat_seconds": 0.05})
        body = f"for i in $(seq 200); do [ -e {self.root}/enough ] && exit 0; sleep 0.02; done; exit 1"
        region = self.region(self.plan(body), None)
        done = []
        thread = threading.Thread(target=lambda: done.append(self.runner(region).run()))
        thread.start()
        self.until(lambda: region.statuses().count("WORKING") >= 3, "three heartbeats came")
        self.make("enough", "")
        thread.join()
        self.assertEqual([0], done)
        self.assertEqual("OK", region.statuses()[-1])

    def test_signals_keep_the_files_of_odd_names(self):
        region = self.region(None)
        self.runner(region).reporter.result(Signal("WORKING", exit_status=0, files={'we"ird\\name': b"\r\n--x\r\n"}))
        self.assertEqual([b"\r\n--x\r\n"], list(region.signals[0]["files"].values()))


class HostileArchive(RunnerCase):
    def refuse(self, name, kind=tarfile.REGTYPE, link=""):
        info = tarfile.TarInfo(name)
        info.type, info.linkname = kind, link
        info.size = 4 if kind == tarfile.REGTYPE else 0
        plan = archive({"commissioning/a": shell("true")}, ONE, [(info, io.BytesIO(b"evil").getvalue())])
        region = self.region(plan, None)
        self.assertEqual(1, self.runner(region).run())
        self.assertEqual(["FAILED"], region.said())
        self.assertIn("archive of scripts", region.signals[-1]["error"])
        self.assertFalse(os.path.exists(self.work.index), "nothing may be unpacked")
        return region

    def test_traversal(self):
        for name in ("../evil", "commissioning/../../evil", "/etc/evil", "../config/evil", "../config/../evil"):
            with self.subTest(name):
                self.refuse(name)
                self.assertFalse(os.path.exists(os.path.join(self.work.root, "evil")))

    def test_links_and_devices(self):
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE):
            with self.subTest(kind):
                self.refuse("commissioning/x", kind, "/etc/passwd")

    def test_no_archive_at_all(self):
        region = self.region(b"<html>proxy error</html>")
        self.assertEqual(1, self.runner(region).run())
        self.assertEqual(["FAILED"], region.said())

    def test_a_name_in_the_index_that_leaves_the_directory(self):
        for bad in (entry("../../x", 1), {**entry("a", 1), "path": "../../bin/sh"}, {"name": "a"}):
            with self.subTest(bad["name"]):
                region = self.region(archive({}, {"commissioning_scripts": [bad]}))
                self.assertEqual(1, self.runner(region).run())
                self.assertEqual(["FAILED"], region.said())

    def test_the_netplan_member_lands_in_config(self):
        info = tarfile.TarInfo("../config/netplan.yaml")
        info.size = 8
        region = self.region(archive({"commissioning/a": shell("true")}, ONE, [(info, b"network:")]), None)
        self.assertEqual(0, self.runner(region).run())
        with open(self.work.netplan, encoding="ascii") as stream:
            self.assertEqual("network:", stream.read())


class Yaml(RunnerCase):
    def test_what_preseeds_and_scripts_write(self):
        text = """#cloud-config
datasource:
  MAAS: {consumer_key: k, "token_key": 't''x', metadata_url: "http://[fd00::1]:5248/MAAS/metadata/"}
packages: []
list:
- a
- k: v # comment
  deep:
    - [1, -2, 3.5, null]
text: |
  one
    two

  three
folded: >-
  a
  b
plain: a b: c
quoted: "x\\ty: #no"
empty:
yes_it_is: true
"""
        self.assertEqual(
            {
                "datasource": {"MAAS": {"consumer_key": "k", "token_key": "t'x", "metadata_url": "http://[fd00::1]:5248/MAAS/metadata/"}},
                "packages": [],
                "list": ["a", {"k": "v", "deep": [[1, -2, 3.5, None]]}],
                "text": "one\n  two\n\nthree\n",
                "folded": "a b",
                "plain": "a b: c",
                "quoted": "x\ty: #no",
                "empty": None,
                "yes_it_is": True,
            },
            yaml_lite.load_lite(text),
        )

    def test_dump_and_load(self):
        value = {"a": [1, "x: y", None, True], "b": {"c": "ü\n"}}
        self.assertEqual(value, yaml_lite.load_lite(yaml_lite.dump(value)))

    def test_not_yaml(self):
        for text in ("a: [1, 2", "a: 'x", "a: 1\n   b: 2\n", "a: 1\nplain\n"):
            with self.subTest(text), self.assertRaises(yaml_lite.YamlError):
                yaml_lite.load_lite(text)
