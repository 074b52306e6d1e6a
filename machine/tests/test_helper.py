"""maas-run-scripts, on a region that is played; apps/region/src/metadata/running-machine.process.test.ts runs it on a real one."""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import tempfile
import unittest

from test_runner_region import Region, RunnerCase, archive, entry

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "helper"))

from rackwright_helper import creds  # noqa: E402
from rackwright_helper.errors import Failed  # noqa: E402
from rackwright_helper.main import main  # noqa: E402
from rackwright_runner import log  # noqa: E402

KEY = "c:t:tsec"
TOKEN = {"consumer_key": "c2", "token_key": "t2", "token_secret": "s2"}


class ApiRegion(Region):
    """Creates machines and hands out their credentials, to whoever signs with the secret."""

    token = TOKEN

    def machines(self, handler, query):
        if not self.authorized(handler):
            handler.reply(401, b"Authorization Error: Invalid API key.")
            return
        self.created.append(handler.body)
        handler.reply(200, json.dumps({"system_id": "abc123"}).encode())

    def answer(self, handler):
        if handler.path == "/MAAS/api/2.0/machines/abc123/?op=get_token":
            handler.reply(200, json.dumps(self.token).encode())
            return
        super().answer(handler)


def script(text):
    return f"#!/bin/sh\n{text}\n"


def look(name, result_id, **more):
    return entry(name, result_id, default=True, tags=["deploy-info", "node"], has_started=True, has_finished=True, **more)


class HelperCase(RunnerCase):
    def setUp(self):
        super().setUp()
        before, quiet, program = os.getcwd(), log.quiet, log.program
        os.chdir(self.root)
        self.addCleanup(os.chdir, before)
        self.addCleanup(lambda: (setattr(log, "quiet", quiet), setattr(log, "program", program)))
        # What the command leaves behind would be found here.
        temporary = os.path.join(self.root, "tmp")
        os.mkdir(temporary)
        kept = tempfile.tempdir
        tempfile.tempdir = temporary
        self.addCleanup(setattr, tempfile, "tempdir", kept)
        self.temporary = temporary

    def api(self, *plans):
        region = ApiRegion(plans)
        self.addCleanup(region.close)
        return region

    def call(self, *argv, stdin=""):
        out, err, before = io.StringIO(), io.StringIO(), sys.stdin
        sys.stdin = io.StringIO(stdin)
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                code = main(list(argv), self.settings)
        finally:
            sys.stdin = before
        return code, out.getvalue(), err.getvalue()

    def refused(self, expected, *argv, **more):
        """One line, and an exit code that says so."""
        code, out, err = self.call(*argv, **more)
        self.assertEqual((code, out), (1, ""))
        self.assertRegex(err, expected)
        self.assertEqual(err.count("\n"), 1, err)

    def config(self, region, secret="tsec"):
        text = creds.text(f"{region.url}/MAAS", "abc123", {"consumer_key": "c", "token_key": "t", "token_secret": secret})
        return self.make("m-creds.yaml", text)


class RegisterTest(HelperCase):
    def test_sends_name_and_deployed_alone_and_keeps_the_credentials_to_itself(self):
        region = self.api(None)
        code, out, err = self.call("register-machine", "--hostname", "mymachine", f"{region.url}/MAAS/", KEY)
        self.assertEqual((code, err, out.splitlines()[-1]), (0, "", "abc123"))
        names = [line for line in region.created[0].decode().splitlines() if line.startswith("Content-Disposition")]
        self.assertEqual([line.split('"')[1] for line in names], ["hostname", "deployed"])
        self.assertEqual(os.stat("mymachine-creds.yaml").st_mode & 0o777, 0o600)
        with open("mymachine-creds.yaml", encoding="utf-8") as stream:
            self.assertEqual(
                stream.read(),
                'reporting:\n  maas:\n    consumer_key: "c2"\n'
                f'    endpoint: "{region.url}/MAAS/metadata/status/abc123"\n    token_key: "t2"\n    token_secret: "s2"\n',
            )
        self.refused("is there already", "register-machine", "--hostname", "mymachine", f"{region.url}/MAAS", KEY)
        self.assertEqual(len(region.created), 1, "nothing is registered twice")

    def test_key_from_standard_input(self):
        region = self.api(None)
        self.assertEqual(self.call("register-machine", "--hostname", "m", region.url, "-", stdin=KEY + "\n")[0], 0)

    def test_what_is_wrong_is_said_in_a_line(self):
        region = self.api(None)
        url = f"{region.url}/MAAS"
        self.refused("401.*Check the API key", "register-machine", "--hostname", "m", url, "c:t:wrong")
        self.refused("three parts", "register-machine", "--hostname", "m", url, "secret")
        self.refused("shell's prompt", "register-machine", "--hostname", "m", ">", KEY)
        self.refused("refused", "register-machine", "--hostname", "m", "http://127.0.0.1:1/MAAS", KEY)
        self.refused("no host name", "register-machine", "--hostname", "../m", url, KEY)
        self.assertEqual(os.path.exists("m-creds.yaml"), False)
        region.token = None
        self.refused("registered as abc123.*no credentials", "register-machine", "--hostname", "m", url, KEY)

    def test_token_to_a_file_or_to_standard_output(self):
        region = self.api(None)
        code, out, _ = self.call("get-machine-token", f"{region.url}/MAAS", KEY, "abc123")
        self.assertEqual((code, "token_secret: \"s2\"" in out), (0, True))
        self.assertEqual(self.call("get-machine-token", f"{region.url}/MAAS", KEY, "abc123", "f.yml")[0], 0)
        self.assertEqual((creds.read("f.yml").token_secret, os.stat("f.yml").st_mode & 0o777), ("s2", 0o600))
        self.refused("404", "get-machine-token", f"{region.url}/MAAS", KEY, "other")
        self.refused("Cannot write", "get-machine-token", f"{region.url}/MAAS", KEY, "abc123", "no/such/folder")


class ReportTest(HelperCase):
    def test_runs_what_only_looks_one_after_the_other_and_reports_it(self):
        scripts = {
            "commissioning/20-first": script('echo "$MAAS_BASE_URL" > "$MAAS_RESOURCES_FILE"; echo first'),
            "commissioning/50-second": script('cat "$MAAS_RESOURCES_FILE"'),
            "commissioning/lshw": script("echo no lshw >&2; exit 1"),
            "commissioning/bmc": script("touch changed"),
            "commissioning/mine": script("touch changed"),
            "testing/test": script("touch changed"),
            "out/20-first.1": "from before",
        }
        sections = {
            "commissioning_scripts": [
                look("20-first", 1),
                look("50-second", 2),
                look("lshw", 3, parallel=2),
                entry("bmc", 4, default=True, tags=["bmc-config"]),
                entry("mine", 5, default=False, tags=["deploy-info"]),
            ],
            "testing_scripts": [entry("test", 6, stage="testing", default=True, tags=["deploy-info"])],
        }
        region = self.region(archive(scripts, sections))
        code, out, err = self.call("report-results", "--config", self.config(region))
        self.assertEqual((code, err), (0, ""))
        self.assertEqual(out, "Reported 3 results. Of these failed: lshw; the region has what they printed.\n")
        self.assertEqual(
            region.said(),
            ["WORKING:20-first", "WORKING:20-first=0", "WORKING:50-second", "WORKING:50-second=0", "WORKING:lshw", "WORKING:lshw=1"],
        )
        results = region.results()
        self.assertEqual(results["20-first"]["files"]["20-first"], b"first\n", "nothing of the last time is in it")
        self.assertEqual(results["50-second"]["files"]["50-second.out"].decode(), f"{region.url}\n")
        self.assertEqual(results["50-second"]["script_result_id"], "2")
        self.assertEqual(os.path.exists("changed"), False)
        self.assertEqual(os.listdir(self.temporary), [], "what was fetched is gone")

    def test_installs_nothing_and_leaves_the_network_alone(self):
        scripts = {f"commissioning/{name}": script("touch changed") for name in ("packed", "net")}
        sections = {
            "commissioning_scripts": [
                look("packed", 1, packages={"apt": ["no-such-package-of-any-archive"]}),
                look("net", 2, apply_configured_networking=True),
            ]
        }
        region = self.region(archive(scripts, sections))
        code, out, _ = self.call("report-results", "--config", self.config(region), "--debug")
        self.assertEqual((code, "failed: net, packed" in out), (0, True))
        self.assertEqual(region.said(), ["WORKING:net=1", "WORKING:packed=1"])
        self.assertIn(b"needs no-such-package", region.results()["packed"]["files"]["packed"])
        self.assertEqual(os.path.exists("changed"), False)

    def test_token_and_url_instead_of_a_file(self):
        region = self.region(archive({"commissioning/a": script("echo a")}, {"commissioning_scripts": [look("a", 1)]}))
        url = f"{region.url}/MAAS/metadata/"
        self.assertEqual(self.call("report-results", "--machine-token", "-", "--metadata-url", url, stdin=KEY)[0], 0)
        self.assertEqual(region.said(), ["WORKING:a", "WORKING:a=0"])
        self.refused("--config FILE, or both", "report-results", "--machine-token", KEY)

    def test_what_is_wrong_is_said_in_a_line(self):
        region = self.region(None)
        report = ("report-results", "--config")
        self.refused("no scripts.*Deployed", *report, self.config(region))
        self.refused("403.*no longer", *report, self.config(region, "old"))
        self.refused("No such file", *report, "absent.yaml")
        self.refused("no reporting.maas.consumer_key", *report, self.make("a.yaml", "reporting: {maas: {token_key: x}}"))
        self.refused("no reporting.maas.consumer_key", *report, self.make("b.yaml", "- 1\n"))
        self.refused("is no YAML", *report, self.make("c.yaml", "a: [1\n"))
        away = "reporting: {maas: {consumer_key: c, token_key: t, token_secret: s, endpoint: 'http://127.0.0.1:1/MAAS/metadata/status/x'}}"
        self.refused("refused", *report, self.make("d.yaml", away))
        self.refused("is http://REGION", *report, self.make("e.yaml", away.replace("/metadata/status/x", "")))

    def test_a_region_that_takes_no_results_any_more(self):
        region = self.region(archive({"commissioning/a": script("echo a")}, {"commissioning_scripts": [look("a", 1)]}))

        def released(_number, handler):
            if handler.command == "POST":
                handler.reply(409, b"a signal makes no sense now")
            return handler.command == "POST"

        region.faults.append(released)
        self.refused("refused the results of a: is the machine still Deployed", "report-results", "--config", self.config(region))

    def test_an_archive_that_reaches_out_of_its_directory_is_refused_whole(self):
        region = self.region(archive({"../../evil": "x", "commissioning/a": script("touch changed")}, {"commissioning_scripts": [look("a", 1)]}))
        self.refused("make no sense", "report-results", "--config", self.config(region))
        self.assertEqual((os.path.exists("changed"), region.said()), (False, []))


class WrittenByHandTest(unittest.TestCase):
    def test_endpoint_says_where_the_region_is(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "creds.yaml")
            with open(path, "w", encoding="utf-8") as stream:
                stream.write("reporting:\n maas:\n  consumer_key: a\n  token_key: b\n  token_secret: c\n  endpoint: http://h:5240/MAAS/metadata/status/x\n")
            found = creds.read(path)
        self.assertEqual((found.maas_url, found.base_url, found.enlisted), ("http://h:5240/MAAS", "http://h:5240", True))
        with self.assertRaises(Failed):
            creds.from_key("a:b", "http://h/")


if __name__ == "__main__":
    unittest.main()
