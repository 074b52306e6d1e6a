"""Run one script: its outputs to files while it runs, its time limited, its whole process group ended with it."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import threading
import time
from dataclasses import dataclass

from . import capture, terminal
from .index import SERIAL, Row
from .live import Tail
from .log import say
from .parameters import runtime_seconds
from .settings import Settings
from .workdir import Workdir

TIMED_OUT = 124
# After a script ended, how long a background process of it may hold its output open.
_DRAIN_SECONDS = 5.0


@dataclass(frozen=True)
class Outputs:
    """Files of one result, all in out/<name>.<id>/."""

    directory: str
    name: str

    @property
    def combined(self) -> str:
        return os.path.join(self.directory, self.name)

    @property
    def out(self) -> str:
        return self.combined + ".out"

    @property
    def err(self) -> str:
        return self.combined + ".err"

    @property
    def result(self) -> str:
        return self.combined + ".yaml"

    def paths(self) -> list[str]:
        return [self.combined, self.out, self.err, self.result]

    def files(self) -> dict[str, bytes]:
        """What is uploaded: the three outputs always, the result when the script wrote one."""
        found = {}
        for path in self.paths():
            name = self.name + path[len(self.combined) :]
            if path != self.result:
                found[name] = terminal.settle(capture.read(path, capture.MOST_BYTES) or b"")
            elif (result := capture.read(path, capture.MOST_RESULT_BYTES)) is not None:
                found[name] = result
        return found

    def clear(self) -> None:
        os.makedirs(self.directory, exist_ok=True)
        for path in self.paths():
            if os.path.isdir(path) and not os.path.islink(path):
                shutil.rmtree(path)
            elif os.path.lexists(path):
                os.unlink(path)

    def write(self, text: str) -> None:
        """Our own words, where the script's would be."""
        for path in (self.combined, self.err):
            sink = capture.Capture(path)
            sink.write(text.encode("utf-8", "replace"))
            sink.close()


def outputs_of(row: Row, work: Workdir) -> Outputs:
    return Outputs(os.path.join(work.out, row.out_name), row.name)


def prepare(row: Row, work: Workdir) -> Outputs:
    """Empty outputs; for a script that had started before a reboot, those that the region has of it."""
    outputs = outputs_of(row, work)
    outputs.clear()
    if row.has_started:
        for path in outputs.paths():
            before = os.path.join(work.scripts, "out", row.out_name + path[len(outputs.combined) :])
            if os.path.isfile(before):
                shutil.copyfile(before, path)
    return outputs


def environment(row: Row, work: Workdir, settings: Settings, outputs: Outputs, base_url: str, resources: str) -> dict[str, str]:
    found = dict(os.environ)
    found.update(
        MAAS_BASE_URL=base_url,
        MAAS_RESOURCES_FILE=resources,
        MAAS_STORAGE_CONFIG_FILE=settings.storage_config_file,
        MAAS_MACHINE_EXTRA_FILE=settings.machine_extra_file,
        OUTPUT_COMBINED_PATH=outputs.combined,
        OUTPUT_STDOUT_PATH=outputs.out,
        OUTPUT_STDERR_PATH=outputs.err,
        RESULT_PATH=outputs.result,
        DOWNLOAD_PATH=work.downloads(row.name),
        RUNTIME=str(int(runtime_seconds(row))),
        HAS_STARTED=str(row.has_started),
    )
    found.pop("BMC_CONFIG_PATH", None)
    if row.stage == "commissioning" and row.parallel == SERIAL:
        found["BMC_CONFIG_PATH"] = work.bmc_config
    return found


@dataclass(frozen=True)
class Ended:
    """How a script ended: 124 after a kill, the errno when it could not be started, 128 + n after signal n."""

    code: int
    timed_out: bool = False


def run(command: list[str], env: dict[str, str], outputs: Outputs, limit_seconds: float, live: Tail | None = None) -> Ended:
    """Run to the end. `limit_seconds` 0: no limit. `live` gets what it prints too."""
    # Before the script is there: it may put something else in the place of these files.
    combined, out, err = (capture.Capture(path) for path in (outputs.combined, outputs.out, outputs.err))
    seen = [live.add] if live else []
    lock = threading.Lock()
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=env,
            start_new_session=True,
        )
        _unburden(process.pid)
        pumps = [
            threading.Thread(target=_pump, args=(process.stdout, [combined.write, out.write, *seen], lock), daemon=True),
            threading.Thread(target=_pump, args=(process.stderr, [combined.write, err.write, *seen], lock), daemon=True),
        ]
        return _wait(process, pumps, limit_seconds)
    except OSError as error:
        words = f"Cannot run {command[0]}: {error.strerror}. Is its first line an interpreter of this system?\n".encode()
        combined.write(words)
        err.write(words)
        return Ended(error.errno or errno.ENOENT)
    finally:
        with lock:
            for one in (combined, out, err):
                one.close()


def _wait(process: subprocess.Popen, pumps: list[threading.Thread], limit_seconds: float) -> Ended:
    for pump in pumps:
        pump.start()
    timed_out = False
    try:
        code = process.wait(limit_seconds or None)
    except subprocess.TimeoutExpired:
        timed_out, code = True, TIMED_OUT
        _kill(process)
    deadline = time.monotonic() + _DRAIN_SECONDS
    for pump in pumps:
        pump.join(max(0.0, deadline - time.monotonic()))
    if any(pump.is_alive() for pump in pumps):
        # What it left behind in its session would hold the outputs open for ever.
        _kill_group(process.pid)
        for pump in pumps:
            pump.join(_DRAIN_SECONDS)
    return Ended(code if code >= 0 else 128 - code, timed_out)


def _pump(source, sinks, lock: threading.Lock) -> None:
    with source:
        while True:
            chunk = os.read(source.fileno(), 65536)
            if not chunk:
                return
            with lock:
                for sink in sinks:
                    sink(chunk)


def _kill_group(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except OSError:
        pass


def _kill(process: subprocess.Popen) -> None:
    say(f"killing process group {process.pid}: it ran longer than it may")
    _kill_group(process.pid)
    try:
        process.wait(_DRAIN_SECONDS)
    except subprocess.TimeoutExpired:
        # It waits for a device that does not answer, and nothing ends that: go on without it.
        say(f"process {process.pid} does not end: what it waits for in the kernel does not either")


def _unburden(pid: int) -> None:
    """Scripts yield to the runner: lowest priority, and first to go when memory runs out."""
    try:
        os.setpriority(os.PRIO_PGRP, pid, 19)
        with open(f"/proc/{pid}/oom_score_adj", "w", encoding="ascii") as stream:
            stream.write("0")
    except OSError:
        pass
