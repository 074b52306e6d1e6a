"""
What scripts print, to the region while they run. The region says in its index that it takes that; where it does not, nothing is asked. What
counts is the upload at the end, so a piece that cannot be delivered costs whoever looks on a moment, and never the script.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

from .client import Client, RequestFailed
from .index import Row
from .log import say

# Of one script, kept until it is sent; of more that comes in one interval the oldest is passed over.
KEPT_BYTES = 256 * 1024
# Requests in one interval, however many scripts run at once.
PIECES_AT_ONCE = 8
LONGEST_PAUSE_SECONDS = 30.0


@dataclass(frozen=True)
class Door:
    """What the region announces."""

    path: str
    most_bytes: int


def announced(index: Any) -> Door | None:
    """From index.json; None when the region says nothing of it that is understood."""
    ours = index.get("rackwright") if isinstance(index, dict) else None
    door = ours.get("live_output") if isinstance(ours, dict) else None
    if not isinstance(door, dict):
        return None
    path, most = door.get("path"), door.get("most_bytes")
    if not isinstance(path, str) or not path or "//" in path or path.startswith("/") or ".." in path:
        return None
    return Door(path, min(most, KEPT_BYTES)) if isinstance(most, int) and most > 0 else None


class Tail:
    """The newest of what one script has printed and nobody has been sent."""

    def __init__(self, result_id: int, offset: int):
        self.result_id = result_id
        self._lock = threading.Lock()
        self._offset = offset
        self._bytes = bytearray()

    def add(self, chunk: bytes) -> None:
        with self._lock:
            self._bytes += chunk
            self._drop(len(self._bytes) - KEPT_BYTES)

    def piece(self, most: int) -> tuple[int, bytes]:
        """The oldest that waits, and its place in all that was printed."""
        with self._lock:
            return self._offset, bytes(self._bytes[:most])

    def sent(self, end: int) -> None:
        """Everything before `end` is where it belongs."""
        with self._lock:
            self._drop(end - self._offset)

    def _drop(self, count: int) -> None:
        if count > 0:
            del self._bytes[:count]
            self._offset += count


class Live:
    """One thread for all scripts; it ends with the runner."""

    def __init__(self, client: Client, version: str, seconds: float):
        self._client = client
        self._version = version
        self._seconds = seconds
        self._door: Door | None = None
        self._refused = False
        self._tails: list[Tail] = []
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def announce(self, door: Door | None) -> None:
        self._door = None if self._refused else door

    def open(self, row: Row) -> Tail | None:
        """Where the script's output goes too; None when nobody wants it."""
        if self._door is None or row.script_result_id is None:
            return None
        tail = Tail(row.script_result_id, row.output_offset)
        with self._lock:
            self._tails.append(tail)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="live output", daemon=True)
                self._thread.start()
        return tail

    def close(self, tail: Tail | None) -> None:
        """The script is over: the rest of what it printed is in the upload."""
        with self._lock:
            if tail in self._tails:
                self._tails.remove(tail)

    def stop(self) -> None:
        self._stop.set()

    def _run(self) -> None:
        pause = self._seconds
        while not self._stop.wait(pause):
            with self._lock:
                tails = self._tails[:PIECES_AT_ONCE]
                # Others come first the next time.
                self._tails = self._tails[PIECES_AT_ONCE:] + tails
            delivered = all([self._send(tail) for tail in tails])
            pause = self._seconds if delivered else min(pause * 2, LONGEST_PAUSE_SECONDS)

    def _send(self, tail: Tail) -> bool:
        """False when it is worth trying again later."""
        door, known = self._door, self._client.credentials
        if door is None or known is None or not known.enlisted:
            return True
        offset, piece = tail.piece(door.most_bytes)
        if not piece:
            return True
        url = f"{known.version_url(self._version)}{door.path}?script_result_id={tail.result_id}&offset={offset}"
        try:
            self._client.once(url, piece, {"Content-Type": "application/octet-stream"})
        except RequestFailed as failure:
            if failure.status == 409:
                # The region takes it that this script is over.
                self.close(tail)
            elif failure.final:
                say(f"output is sent at the end of each script only: {failure}")
                self._refused, self._door = True, None
            else:
                return False
            return True
        tail.sent(offset + len(piece))
        return True
