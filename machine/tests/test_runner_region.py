"""A region for the runner's tests: the metadata service and the few API calls a machine makes, over real HTTP on loopback."""

from __future__ import annotations

import email
import email.policy
import email.utils
import http.server
import io
import json
import os
import sys
import tarfile
import tempfile
import threading
import time
import unittest
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "runner"))

from rackwright_runner import log  # noqa: E402
from rackwright_runner.client import Client  # noqa: E402
from rackwright_runner.credentials import Credentials  # noqa: E402
from rackwright_runner.runner import Runner  # noqa: E402
from rackwright_runner.settings import Settings  # noqa: E402
from rackwright_runner.workdir import Workdir  # noqa: E402

if not os.environ.get("RUNNER_TEST_VERBOSE"):
    log.say.__globals__["print"] = lambda *_args, **_kwargs: None


def entry(name, result_id=None, stage="commissioning", **more):
    """One entry of index.json."""
    found = {
        "name": name,
        "path": f"{stage}/{name}",
        "script_result_id": result_id,
        "script_version_id": 3,
        "timeout_seconds": 0.0,
        "parallel": 0,
        "hardware_type": 0,
        "parameters": {},
        "packages": {},
        "for_hardware": [],
        "apply_configured_networking": False,
        "has_started": False,
        "has_finished": False,
    }
    found.update(more)
    return found


def archive(scripts, sections, extra=()):
    """The tar of `maas-scripts`. `scripts`: path to text; `extra`: prepared members."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        files = {"index.json": json.dumps({"1.0": sections}), **scripts}
        for path, text in files.items():
            content = text if isinstance(text, bytes) else text.encode()
            info = tarfile.TarInfo(path)
            info.size, info.mode = len(content), 0o755
            tar.addfile(info, io.BytesIO(content))
        for info, content in extra:
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


class Region:
    """`plans`: what each download answers, None is 204, the last stays. `faults`: called with (n, handler) per request, True when it answered."""

    def __init__(self, plans):
        self.plans = list(plans)
        self.signals = []
        self.requests = []
        self.created = []
        self.known = "false"
        self.refuse_power = False
        self.faults = []
        self.token_secret = "tsec"
        self.lock = threading.Lock()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=lambda: self.server.serve_forever(poll_interval=0.02), daemon=True)
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def statuses(self):
        """Signals as short words: WORKING (heartbeat), WORKING:name, WORKING:name=exit."""
        found = []
        for signal in self.signals:
            word = signal["status"]
            word += f":{signal['name']}" if "name" in signal else ""
            word += f"={signal['exit_status']}" if "exit_status" in signal else ""
            found.append(word)
        return found

    def said(self):
        """Statuses without heartbeats, whose first one races with the first script."""
        return [word for word in self.statuses() if word != "WORKING"]

    def results(self):
        return {signal["name"]: signal for signal in self.signals if "exit_status" in signal}

    def order(self):
        """Names of scripts in the order in which they began."""
        return [s["name"] for s in self.signals if "name" in s and "exit_status" not in s and s["status"] == "WORKING"]

    def _handler(self):
        region = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.0"

            def log_message(self, *_):
                pass

            def reply(self, status, content=b"", **headers):
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), value)
                self.end_headers()
                self.wfile.write(content)

            def handle_any(self):
                length = int(self.headers.get("Content-Length") or 0)
                self.body = self.rfile.read(length)
                with region.lock:
                    region.requests.append((self.command, self.path))
                    number = len(region.requests)
                    faults = list(region.faults)
                if any(fault(number, self) for fault in faults):
                    return
                region.answer(self)

            do_GET = do_POST = handle_any

        return Handler

    def authorized(self, handler):
        header = handler.headers.get("Authorization", "")
        fields = dict(part.strip().split("=", 1) for part in header.removeprefix("OAuth ").split(",") if "=" in part)
        signature = urllib.parse.unquote(fields.get("oauth_signature", '""').strip('"'))
        return signature == f"&{self.token_secret}"

    def answer(self, handler):
        parts = urllib.parse.urlsplit(handler.path)
        query = urllib.parse.parse_qs(parts.query)
        if parts.path == "/MAAS/api/2.0/machines/":
            self.machines(handler, query)
        elif parts.path == "/MAAS/metadata/latest/by-id/abc123/" and query.get("secret") == ["S3"]:
            handler.reply(200, self.preseed().encode())
        elif parts.path == "/MAAS/metadata/2012-03-01/maas-scripts":
            anonymous = "Authorization" not in handler.headers
            if not anonymous and not self.authorized(handler):
                handler.reply(403)
                return
            with self.lock:
                plan = self.plans.pop(0) if len(self.plans) > 1 else self.plans[0]
            handler.reply(204) if plan is None else handler.reply(200, plan, Content_Type="application/x-tar")
        elif parts.path == "/MAAS/metadata/2012-03-01/" and handler.command == "POST":
            self.signal(handler)
        else:
            handler.reply(404)

    def machines(self, handler, query):
        if query.get("op") == ["is_registered"]:
            handler.reply(200, self.known.encode())
            return
        form = {name: values[0] for name, values in urllib.parse.parse_qs(handler.body.decode()).items()}
        form["header"] = handler.headers.get("X-Boot-Secret")
        if self.refuse_power and "power_type" in form:
            handler.reply(400, b'{"power_type": ["no"]}')
            return
        self.created.append(form)
        handler.reply(200, json.dumps({"system_id": "abc123"}).encode())

    def preseed(self):
        keys = {"metadata_url": f"{self.url}/MAAS/metadata/", "consumer_key": "c", "token_key": "t", "token_secret": "tsec"}
        return "#cloud-config\ndatasource:\n  MAAS:\n" + "".join(f"    {k}: {v}\n" for k, v in keys.items())

    def signal(self, handler):
        if not self.authorized(handler):
            handler.reply(401)
            return
        kind = handler.headers["Content-Type"]
        message = email.message_from_bytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + handler.body, policy=email.policy.HTTP)
        found = {"files": {}}
        for part in message.iter_parts():
            name, content = part.get_param("name", header="content-disposition"), part.get_payload(decode=True)
            if part.get_filename() is None:
                found[name] = content.decode()
            else:
                found["files"][name] = content
        assert found.pop("op") == "signal"
        with self.lock:
            self.signals.append(found)
        handler.reply(200, b"OK")


class RunnerCase(unittest.TestCase):
    """A machine in a temporary directory."""

    maxDiff = None

    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="runner-test-")
        self.addCleanup(temporary.cleanup)
        self.root = temporary.name
        self.work = Workdir(os.path.join(self.root, "user_data.sh.X"))
        self.make("sys/block/vda/dev", "254:0\n")
        self.make("sys/block/vda/serial", "DISK0\n")
        self.make("sys/class/net/eth0/address", "52:54:00:00:00:01\n")
        self.make("sys/class/net/eth0/type", "1\n")
        self.make("sys/class/net/eth0/carrier", "1\n")
        self.make("sys/class/net/eth0/device/vendor", "0x1af4\n")
        self.settings = Settings(
            heartbeat_seconds=3600,
            kill_grace_seconds=0.0,
            retry_delays=(0.01, 0.01, 0.01),
            stubborn_seconds=5,
            stubborn_delay=0.05,
            http_timeout_seconds=5,
            registered_wait_seconds=0,
            cmdline_path=self.make("cmdline", "quiet cloud-config-url=http://x/y?op=get_enlist_preseed&secret=S3\n"),
            cloud_cfg_dir=os.path.join(self.root, "cloud.cfg.d"),
            sys_root=os.path.join(self.root, "sys"),
            udev_data_dir=os.path.join(self.root, "udev"),
            netplan_dir=os.path.join(self.root, "netplan"),
            networkd_delay=0,
        )

    def make(self, path, text, mode=0o644):
        full = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8") as stream:
            stream.write(text)
        os.chmod(full, mode)
        return full

    def region(self, *plans):
        region = Region(plans)
        self.addCleanup(region.close)
        return region

    def runner(self, region, token=True, **options):
        client = Client(self.settings, secret="S3")
        client.credentials = Credentials(f"{region.url}/MAAS/metadata/", "c", "t", "tsec" if token else "")
        return Runner(self.settings, self.work, client, "2012-03-01", **options)

    def until(self, condition, what, seconds=10):
        end = time.monotonic() + seconds
        while not condition():
            self.assertLess(time.monotonic(), end, f"waited in vain until {what}")
            time.sleep(0.01)
