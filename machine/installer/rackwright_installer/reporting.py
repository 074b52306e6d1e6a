"""Progress as curtin and cloud-init report it: JSON events by POST, signed with the machine's token.

A thread sends them in order, so that a slow or absent controller never slows or fails the install. Only the last event, which decides the
machine's status, is waited for."""

import base64
import contextlib
import json
import os
import queue
import threading
import time

from .oauth import post_until

EVENT_RETRY_SECONDS = 75
FINAL_RETRY_SECONDS = 600
# The log's end tells why; a body of a few hundred KiB passes every proxy's limit.
LOG_LIMIT_BYTES = 512 * 1024


class Reporter:
    def __init__(self, endpoint, token, log, retry_seconds=EVENT_RETRY_SECONDS, final_seconds=FINAL_RETRY_SECONDS):
        self._endpoint, self._token, self._log = endpoint, token, log
        self._retry_seconds, self._final_seconds = retry_seconds, final_seconds
        self._queue = queue.Queue()
        self._last_sent = False
        self._thread = threading.Thread(target=self._send_all, name="reporting", daemon=True)
        self._thread.start()

    def start(self, name, description):
        self._log.write(f"start: {name}: {description}")
        self._put({"event_type": "start", "name": name, "description": description, "level": "INFO"})

    def finish(self, name, description, result, files=None):
        self._log.write(f"finish: {name}: {result}: {description}")
        event = {"event_type": "finish", "name": name, "description": description, "result": result}
        event["level"] = "INFO" if result == "SUCCESS" else "ERROR"
        if files:
            event["files"] = files
        self._put(event)

    def progress(self, name, description, done_bytes, total_bytes=None):
        """How far a step is. Left out while older events wait: what counts then is already late."""
        if self._queue.qsize() > 5:
            return
        event = {"event_type": "progress", "name": name, "description": description, "bytes": done_bytes, "level": "DEBUG"}
        if total_bytes:
            event["total_bytes"] = total_bytes
            event["percent"] = min(100, done_bytes * 100 // total_bytes)
        self._put(event)

    @contextlib.contextmanager
    def stage(self, name, description):
        self.start(name, description)
        try:
            yield
        except BaseException as error:
            self.finish(name, f"{description}: {error}", "FAIL")
            raise
        self.finish(name, description, "SUCCESS")

    def close(self):
        """Send what waits. True when the last event was taken."""
        self._queue.put(None)
        self._thread.join()
        return self._last_sent

    def _put(self, event):
        self._queue.put({"origin": "curtin", "timestamp": time.time(), **event})

    def _send_all(self):
        while True:
            event = self._queue.get()
            if event is None:
                return
            final = event["event_type"] == "finish" and "/" not in event["name"]
            self._send(event, self._final_seconds if final else self._retry_seconds)

    def _send(self, event, seconds):
        # json.dumps escapes all that is not ASCII, which the endpoint asks for.
        body = json.dumps(event).encode("ascii")
        status = post_until(self._endpoint, body, "application/json", self._token, seconds)
        self._last_sent = isinstance(status, int) and status < 300
        if not self._last_sent:
            self._log.write(f"report {event['event_type']} {event['name']} was not taken by the controller: {status}")


def log_file(log):
    """The install log as a file of an event."""
    with open(log.path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        file.seek(max(0, size - LOG_LIMIT_BYTES))
        content = file.read()
    return {"path": "/tmp/install.log", "encoding": "base64", "content": base64.b64encode(content).decode("ascii")}
