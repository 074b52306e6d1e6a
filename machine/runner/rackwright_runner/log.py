"""One place for what we say about ourselves; of the runner cloud-init keeps it in /var/log/cloud-init-output.log."""

import sys
import threading
import time

_lock = threading.Lock()
# Who speaks, and whether at all: a command that people type shows its steps only when it is asked to.
program = "maas-run-remote-scripts"
quiet = False


def say(message: str) -> None:
    if quiet:
        return
    stamp = time.strftime("%H:%M:%S", time.gmtime())
    with _lock:
        print(f"[{stamp}] {program}: {message}", file=sys.stderr, flush=True)
