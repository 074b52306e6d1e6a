"""What is installed for a script, with package programs that write down how they were called and answer as recorded."""

from __future__ import annotations

import os
import tempfile
import unittest
from unittest import mock

from test_runner_region import Settings, Workdir  # noqa: F401  (first: it finds the runner)
from rackwright_runner import packages
from rackwright_runner.execute import Outputs
from rackwright_runner.index import Row


class Packages(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="packages-test-")
        self.addCleanup(temporary.cleanup)
        self.root = temporary.name
        os.makedirs(f"{self.root}/bin")
        for name in ("sh", "cat"):
            os.symlink(f"/bin/{name}", f"{self.root}/bin/{name}")
        patch = mock.patch.dict(os.environ, {"PATH": f"{self.root}/bin"})
        patch.start()
        self.addCleanup(patch.stop)
        self.outputs = Outputs(f"{self.root}/out", "x")
        os.makedirs(self.outputs.directory)

    def tool(self, name, body="exit 0"):
        path = f"{self.root}/bin/{name}"
        with open(path, "w", encoding="utf-8") as stream:
            stream.write(f'#!/bin/sh\necho "{name} $*" >> {self.root}/calls\n{body}\n')
        os.chmod(path, 0o755)

    def text(self, path):
        with open(path, encoding="utf-8") as stream:
            return stream.read()

    def install(self, wants):
        row = Row(stage="testing", name="x", path="testing/x", packages=wants)
        left = packages.wanted(row)
        if not left:
            return 0
        settings = Settings(apt_lists_dir=f"{self.root}/lists")
        return packages.Installer(row, Workdir(self.root), settings, self.outputs).install(left)

    def test_what_is_there_needs_no_network(self):
        self.tool("dpkg-query", "printf installed")
        self.assertEqual(0, self.install({"apt": ["jq", "curl"]}))
        self.assertNotIn("apt-get", self.text(f"{self.root}/calls"))

    def test_lists_are_fetched_once_and_what_is_missing_installed(self):
        self.tool("dpkg-query", 'case "$*" in *curl*) printf installed ;; *) exit 1 ;; esac')
        self.tool("apt-get")
        self.assertEqual(0, self.install({"apt": ["jq", "curl"]}))
        calls = self.text(f"{self.root}/calls")
        self.assertIn("apt-get -qy update\napt-get -qy --no-install-recommends install -- jq\n", calls)
        os.makedirs(f"{self.root}/lists")
        with open(f"{self.root}/lists/deb_dists_bookworm_main_Packages", "wb"):
            pass
        os.unlink(f"{self.root}/calls")
        self.install({"apt": "jq"})
        self.assertNotIn("update", self.text(f"{self.root}/calls"))

    def test_a_closed_network_fails_with_what_apt_said(self):
        self.tool("apt-get", "echo \"E: Failed to fetch http://mirror.example/debian/dists/bookworm/InRelease  Could not resolve 'mirror.example'\" >&2; exit 100")
        self.assertEqual(100, self.install({"apt": "jq"}))
        self.assertIn("Could not resolve 'mirror.example'", self.text(self.outputs.err))

    def test_snaps_with_channel_and_mode(self):
        self.tool("snap")
        self.assertEqual(0, self.install({"snap": [{"name": "a", "channel": "edge", "mode": "classic"}, "b", {"name": "c", "mode": "jail"}]}))
        self.assertEqual("snap install --channel=edge --classic a\nsnap install b\nsnap install --jailmode c\n", self.text(f"{self.root}/calls"))

    def test_an_image_without_snapd_says_that_it_does_not_apply(self):
        self.assertEqual(1, self.install({"snap": "a"}))
        self.assertIn("Not applicable here: the snap a cannot be installed, since this image has no snapd.\n", self.text(self.outputs.err))

    def test_a_snap_store_that_is_not_reached(self):
        self.tool("snap", 'echo "error: unable to contact snap store" >&2; exit 1')
        self.assertEqual(1, self.install({"snap": ["a", "b"]}))
        self.assertIn("error: unable to contact snap store", self.text(self.outputs.err))
        self.assertEqual("snap install a\n", self.text(f"{self.root}/calls"), "the first that fails ends it")


if __name__ == "__main__":
    unittest.main()
