"""Reports against a real HTTP server in this process."""

import base64
import contextlib
import json
import os
import tempfile
import threading
import unittest
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import test_installer_plan  # noqa: F401  (puts the installer on the path)

from rackwright_installer.context import Log
from rackwright_installer.oauth import post_until
from rackwright_installer.reporting import LOG_LIMIT_BYTES, Reporter, log_file

TOKEN = {"consumerKey": "K", "tokenKey": "T", "tokenSecret": "a&b c"}


class Controller(ThreadingHTTPServer):
    """Answers POST with the statuses in `answers`, then 204; keeps what came. GET and HEAD serve `files`."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers, self.posts, self.files = [], [], {}
        self.cut_after = None
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    def events(self):
        return [json.loads(body) for path, _, body in self.posts if path.startswith("/status")]


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status = self.server.answers.pop(0) if self.server.answers else 204
        self.server.posts.append((self.path, dict(self.headers), body))
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        content = self.server.files.get(self.path)
        if content is None:
            self.send_error(404)
            return
        start = int(self.headers.get("Range", "bytes=0-")[6:-1])
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        if self.command == "GET":
            part = content[start:]
            if self.server.cut_after is not None:
                part, self.server.cut_after = part[: self.server.cut_after], None
                self.close_connection = True
            self.wfile.write(part)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def controller():
    server = Controller()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class ReportingTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.log = Log(os.path.join(folder.name, "install.log"), console=None)
        self.addCleanup(self.log.close)

    def test_events_in_order_signed_and_ascii(self):
        with controller() as server:
            reporter = Reporter(f"{server.url}/status/abc", TOKEN, self.log)
            reporter.start("cmd-install", "begin")
            with reporter.stage("cmd-install/stage-early", "grüße"):
                reporter.progress("cmd-install/stage-early", "fetching", 50, 200)
            with self.assertRaises(ValueError), reporter.stage("cmd-install/stage-late", "late"):
                raise ValueError("no disk")
            reporter.finish("cmd-install", "no disk", "FAIL", [log_file(self.log)])
            self.assertTrue(reporter.close())
            events = server.events()
        names = [(event["event_type"], event["name"], event.get("result")) for event in events]
        self.assertEqual(names, [
            ("start", "cmd-install", None),
            ("start", "cmd-install/stage-early", None),
            ("progress", "cmd-install/stage-early", None),
            ("finish", "cmd-install/stage-early", "SUCCESS"),
            ("start", "cmd-install/stage-late", None),
            ("finish", "cmd-install/stage-late", "FAIL"),
            ("finish", "cmd-install", "FAIL"),
        ])
        self.assertEqual((events[2]["bytes"], events[2]["percent"]), (50, 25))
        for event in events:
            self.assertEqual(event["origin"], "curtin")
            self.assertIsInstance(event["timestamp"], float)
        self.assertIn("no disk", events[5]["description"])
        uploaded = events[-1]["files"][0]
        self.assertEqual((uploaded["path"], uploaded["encoding"]), ("/tmp/install.log", "base64"))
        self.assertIn("grüße", base64.b64decode(uploaded["content"]).decode("utf-8"))
        for _, headers, body in server.posts:
            self.assertTrue(body.isascii())
            self.assertEqual(headers["Content-Type"], "application/json")
            self.assertEqual(_signature(headers["Authorization"]), "&a%26b%20c")

    def test_an_absent_controller_is_waited_for_at_the_end_only(self):
        with controller() as server:
            server.answers = [500, 503]
            reporter = Reporter(f"{server.url}/status/abc", TOKEN, self.log, retry_seconds=0, final_seconds=30)
            reporter.start("cmd-install", "begin")
            reporter.finish("cmd-install", "done", "SUCCESS")
            self.assertTrue(reporter.close())
            self.assertEqual([event["event_type"] for event in server.events()], ["start", "finish", "finish"])

    def test_a_controller_that_never_comes_fails_nothing(self):
        with controller() as server:
            gone = server.url
        reporter = Reporter(f"{gone}/status/abc", TOKEN, self.log, retry_seconds=0, final_seconds=0)
        reporter.start("cmd-install", "begin")
        reporter.finish("cmd-install", "done", "SUCCESS")
        self.assertFalse(reporter.close())
        with open(self.log.path, encoding="utf-8") as file:
            self.assertIn("was not taken by the controller", file.read())

    def test_a_refusal_for_good_is_not_repeated(self):
        with controller() as server:
            server.answers = [403, 204]
            self.assertEqual(post_until(f"{server.url}/x", b"", "text/plain", TOKEN, 30), 403)
            self.assertEqual(len(server.posts), 1)

    def test_only_the_end_of_a_long_log_is_sent(self):
        self.log.write("first\n" + "x" * LOG_LIMIT_BYTES + "\nlast")
        content = base64.b64decode(log_file(self.log)["content"])
        self.assertEqual(len(content), LOG_LIMIT_BYTES)
        self.assertTrue(content.endswith(b"last\n"))


def _signature(authorization):
    value = dict(part.split("=", 1) for part in authorization[len("OAuth "):].split(", "))["oauth_signature"]
    return urllib.parse.unquote(value.strip('"'))


if __name__ == "__main__":
    unittest.main()
