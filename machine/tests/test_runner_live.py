"""What scripts print, sent while they run: announced, in pieces, again when lost, and never at the script's expense."""

from __future__ import annotations

import dataclasses
import json
import os
import threading
import urllib.parse

from test_runner_region import RunnerCase, archive, entry  # first: it finds the runner
from rackwright_runner import live


def shell(body):
    return "#!/bin/sh\n" + body + "\n"


def with_door(plan_scripts, sections, door={"path": "live-output/", "most_bytes": 65536}):
    """The archive of a region that takes live output."""
    ours = {} if door is None else {"rackwright": {"live_output": door}}
    return archive({**plan_scripts, "index.json": json.dumps({"1.0": sections, **ours})}, {})


class LiveOutput(RunnerCase):
    def setUp(self):
        super().setUp()
        self.settings = dataclasses.replace(self.settings, live_seconds=0.02)
        self.pieces = []
        self.answers = []
        self.lock = threading.Lock()

    def live_region(self, body, door={"path": "live-output/", "most_bytes": 65536}, **row):
        sections = {"commissioning_scripts": [entry("a", 7, **row)]}
        region = self.region(with_door({"commissioning/a": shell(body)}, sections, door), None)
        region.faults.append(self.take)
        return region

    def take(self, _number, handler):
        parts = urllib.parse.urlsplit(handler.path)
        if not parts.path.endswith("/live-output/"):
            return False
        query = urllib.parse.parse_qs(parts.query)
        with self.lock:
            status = self.answers.pop(0) if self.answers else 204
            self.pieces.append((query["script_result_id"][0], int(query["offset"][0]), handler.body, status))
            os.makedirs(f"{self.root}/seen", exist_ok=True)
            for mark in (len(self.pieces), "end" if handler.body.endswith(b"end\n") else "some"):
                with open(f"{self.root}/seen/{mark}", "w", encoding="ascii"):
                    pass
        handler.reply(status)
        return True

    def wait_for(self, mark):
        """In a script: until so many pieces came, or the one that ends in `end`; 10 s at most."""
        return f"for i in $(seq 500); do [ -e {self.root}/seen/{mark} ] && break; sleep 0.02; done"

    def stored(self):
        """What a region has of it: pieces that it took, put at their places."""
        text = bytearray()
        for _, offset, piece, status in self.pieces:
            if status == 204:
                text += b"\0" * (offset - len(text))
                text[offset : offset + len(piece)] = piece
        return bytes(text)

    def test_it_is_sent_as_it_is_written(self):
        region = self.live_region(f"echo one; {self.wait_for(1)}; echo two >&2; {self.wait_for(2)}; echo three")
        self.assertEqual(0, self.runner(region).run())
        self.assertEqual([("7", 0, b"one\n", 204), ("7", 4, b"two\n", 204)], self.pieces[:2])
        self.assertEqual(b"one\ntwo\nthree\n", region.results()["a"]["files"]["a"])

    def test_a_piece_that_is_lost_comes_again(self):
        self.answers = [502, 403]
        region = self.live_region(f"echo one; {self.wait_for(1)}; echo two; {self.wait_for(3)}")
        self.assertEqual(0, self.runner(region).run())
        self.assertEqual([502, 403, 204], [piece[3] for piece in self.pieces[:3]])
        self.assertEqual(b"one\ntwo\n", self.stored())

    def test_a_region_that_says_nothing_of_it_is_not_asked(self):
        for door in (None, {}, {"path": "", "most_bytes": 1}, {"path": "http://elsewhere/", "most_bytes": 1}, {"path": "x/", "most_bytes": "many"}):
            region = self.live_region("echo one; sleep 0.2", door)
            self.assertEqual(0, self.runner(region).run())
            self.assertEqual([], self.pieces)
            self.assertEqual(b"one\n", region.results()["a"]["files"]["a"])

    def test_refused_once_it_is_off_for_good(self):
        for status in (404, 405, 400):
            self.pieces, self.answers = [], [status]
            region = self.live_region("for n in 1 2 3 4 5 6; do echo $n; sleep 0.05; done")
            self.assertEqual(0, self.runner(region).run())
            self.assertEqual([status], [piece[3] for piece in self.pieces])
            self.assertEqual(b"1\n2\n3\n4\n5\n6\n", region.results()["a"]["files"]["a"])

    def test_a_script_that_is_over_for_the_region_is_left_alone(self):
        self.answers = [409]
        region = self.live_region("for n in 1 2 3 4; do echo $n; sleep 0.05; done")
        self.assertEqual(0, self.runner(region).run())
        self.assertEqual(1, len(self.pieces))

    def test_too_much_to_be_sent_is_passed_over(self):
        region = self.live_region(f"head -c 3000000 /dev/zero; echo end; {self.wait_for('end')}")
        self.assertEqual(0, self.runner(region).run())
        self.assertTrue(all(len(piece[2]) <= 65536 for piece in self.pieces))
        # All that was printed last is there; what is missing is missing in the middle.
        self.assertEqual(3000004, len(self.stored()))
        self.assertTrue(self.stored().endswith(b"\0end\n"))
        self.assertEqual(3000004, len(region.results()["a"]["files"]["a"]))

    def test_after_a_restart_it_goes_on_where_it_was(self):
        region = self.live_region(f"echo after; {self.wait_for(1)}", has_started=True, output_offset=500)
        self.assertEqual(0, self.runner(region).run())
        self.assertEqual(("7", 500, b"after\n", 204), self.pieces[0])

    def test_a_region_that_does_not_answer_holds_up_nothing(self):
        """Its door takes requests and says nothing."""
        stuck = threading.Event()
        self.addCleanup(stuck.set)
        region = self.live_region("for n in 1 2 3; do echo $n; sleep 0.05; done")
        region.faults.insert(0, lambda _n, handler: "/live-output/" in handler.path and stuck.wait(30))
        self.assertEqual(0, self.runner(region).run())
        self.assertEqual(b"1\n2\n3\n", region.results()["a"]["files"]["a"])

    def test_memory_is_bounded(self):
        tail = live.Tail(1, 0)
        for _ in range(1000):
            tail.add(b"x" * 65536)
        offset, piece = tail.piece(10**9)
        self.assertEqual((1000 * 65536 - live.KEPT_BYTES, live.KEPT_BYTES), (offset, len(piece)))
        tail.sent(offset)
        self.assertEqual(offset, tail.piece(1)[0])
        tail.sent(offset + 10)
        self.assertEqual(offset + 10, tail.piece(1)[0])
