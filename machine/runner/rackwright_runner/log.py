"""One place for what the runner says about itself; cloud-init keeps it in /var/log/cloud-init-output.log."""

import sys
import threading
import time

_lock = threading.Lock()


def say(message: str) -> None:
    stamp = time.strftime("%H:%M:%S", time.gmtime())
    with _lock:
        print(f"[{stamp}] maas-run-remote-scripts: {message}", file=sys.stderr, flush=True)
