"""
Signals to the region. A result that could not be delivered is kept and sent again before the next word; nothing is lost to a region that
restarts, and results made before this machine was enlisted wait here for their credentials.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Callable

from . import multipart
from .client import Client, RequestFailed
from .index import Row
from .log import say


@dataclass
class Signal:
    """Fields and files of one `op=signal`. Files may be read when they are sent: many results may wait, and together they are large."""

    status: str
    row: Row | None = None
    error: str = ""
    exit_status: int | None = None
    runtime: float | None = None
    files: dict[str, bytes] | Callable[[], dict[str, bytes]] = field(default_factory=dict)
    extra: dict[str, str] = field(default_factory=dict)

    def fields(self) -> dict[str, str]:
        found = {"op": "signal", "status": self.status, **self.extra}
        if self.error:
            found["error"] = self.error
        if self.row is not None:
            found["name"] = self.row.name
            if self.row.script_result_id is not None:
                found["script_result_id"] = str(self.row.script_result_id)
            if self.row.script_version_id is not None:
                found["script_version_id"] = str(self.row.script_version_id)
        if self.exit_status is not None:
            found["exit_status"] = str(self.exit_status)
        if self.runtime is not None:
            found["runtime"] = f"{self.runtime:.3f}"
        return found


class Reporter:
    def __init__(self, client: Client, version: str, sends: bool):
        self.client = client
        self.version = version
        self.sends = sends
        self._lock = threading.Lock()
        # One result at a time: each holds its outputs in memory while it is sent.
        self._sending = threading.Lock()
        self._unsent: list[Signal] = []
        # Names of results that the region does not want, now or later.
        self.refused: list[str] = []

    def _url(self) -> str:
        assert self.client.credentials is not None
        return self.client.credentials.version_url(self.version)

    @property
    def _open(self) -> bool:
        return self.sends and self.client.credentials is not None and self.client.credentials.enlisted

    def _post(self, signal: Signal, stubborn: bool = False, retry: bool = True) -> None:
        body, kind = multipart.encode(signal.fields(), signal.files() if callable(signal.files) else signal.files)
        headers = {"Content-Type": kind}
        if retry:
            self.client.ask(self._url(), body, headers, stubborn)
        else:
            self.client.once(self._url(), body, headers)

    def heartbeat(self) -> None:
        """One try: the next beat comes soon enough."""
        if self._open:
            try:
                self._post(Signal("WORKING"), retry=False)
            except RequestFailed as failure:
                say(f"heartbeat not delivered: {failure}")

    def progress(self, signal: Signal, stubborn: bool = False) -> bool:
        """What the region should know now but can do without. False when it did not get it."""
        if not self._open:
            return not self.sends
        try:
            self._post(signal, stubborn)
        except RequestFailed as failure:
            say(f"{signal.status} not delivered: {failure}")
            return False
        return True

    def result(self, signal: Signal) -> None:
        """What must arrive; kept for later when it does not arrive now."""
        if not self.sends:
            return
        with self._lock:
            self._unsent.append(signal)
        self.flush()

    def flush(self, stubborn: bool = False) -> bool:
        """Send what waits, oldest first. False when some of it still waits."""
        with self._sending:
            return self._flush(stubborn)

    def _flush(self, stubborn: bool) -> bool:
        while self._open:
            with self._lock:
                if not self._unsent:
                    return True
                signal = self._unsent.pop(0)
            try:
                self._post(signal, stubborn)
            except RequestFailed as failure:
                name = signal.row.name if signal.row else signal.status
                if failure.final:
                    say(f"the region refused the result of {name}: {failure}")
                    self.refused.append(name)
                    continue
                with self._lock:
                    self._unsent.insert(0, signal)
                say(f"the result of {name} waits: {failure}")
                return False
        return not self._unsent

    def final(self, signal: Signal) -> bool:
        """The last word of a stage. False when it could not be said."""
        if not self.sends:
            return True
        if not self._open:
            say(f"cannot report {signal.status}: this machine has no credentials")
            return False
        delivered = self.flush(stubborn=True)
        try:
            self._post(signal, stubborn=True)
        except RequestFailed as failure:
            if signal.status == "OK" and failure.status in (401, 403):
                # OK ends the token's life. The region had taken it, only its answer was lost.
                say("the region has closed this machine's session: its work is done")
                return delivered
            say(f"cannot report {signal.status}: {failure}")
            return False
        return delivered


class Heartbeat:
    """Says WORKING every `seconds` until stopped; never after the final word, which ends the token's life."""

    def __init__(self, reporter: Reporter, seconds: float):
        self._reporter = reporter
        self._seconds = seconds
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def _run(self) -> None:
        while True:
            self._reporter.heartbeat()
            if self._stop.wait(self._seconds):
                return

    def __enter__(self) -> Heartbeat:
        self._thread.start()
        return self

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def __exit__(self, *_: object) -> None:
        self.stop()
