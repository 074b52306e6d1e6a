"""
What a script prints, to a file of bounded size: the beginning as it comes, and of the rest the newest, which is where most programs say what
went wrong. A script that prints without end fills neither this machine's memory nor the region's.
"""

from __future__ import annotations

import os
import stat

# Together what the region keeps of one output (apps/region/src/app/script-files.ts).
HEAD_BYTES = 12 * 1024 * 1024
TAIL_BYTES = 4 * 1024 * 1024 - 4096
MOST_BYTES = 16 * 1024 * 1024
# A result is a few lines; more than this the region passes over as none.
MOST_RESULT_BYTES = 1024 * 1024


class Capture:
    """Appends to `path`; what was there before is part of it."""

    def __init__(self, path: str):
        self._file = open(path, "ab", buffering=0)  # noqa: SIM115  (closed by close)
        self._room = max(0, HEAD_BYTES - os.fstat(self._file.fileno()).st_size)
        self._tail = bytearray()
        self._cut = 0
        self._closed = False

    def write(self, chunk: bytes) -> None:
        """Never fails: a full disk costs output, and does not stop the script."""
        if self._closed:
            return
        head, rest = chunk[: self._room], chunk[self._room :]
        self._room -= len(head)
        if head and not self._append(head):
            self._room = 0
            self._cut += len(head)
        if rest:
            self._tail += rest
            # Trimmed by the megabyte: each time costs a copy of all of it.
            if len(self._tail) > TAIL_BYTES + 1024 * 1024:
                self._trim()

    def close(self) -> None:
        self._closed = True
        self._trim()
        if self._cut > 0:
            self._append(b"\n[Cut here: %d bytes are not kept.]\n" % self._cut)
        self._append(bytes(self._tail))
        self._file.close()

    def _trim(self) -> None:
        excess = len(self._tail) - TAIL_BYTES
        if excess > 0:
            del self._tail[:excess]
            self._cut += excess

    def _append(self, data: bytes) -> bool:
        try:
            while data:
                data = data[self._file.write(data) or 0 :]
        except OSError:
            return False
        return True


def read(path: str, most: int) -> bytes | None:
    """The beginning of a plain file, None for anything else: a script may have put a pipe or a device in its place, which would never end."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            return None
        with open(handle, "rb", closefd=False) as stream:
            return stream.read(most)
    except OSError:
        return None
    finally:
        os.close(handle)
