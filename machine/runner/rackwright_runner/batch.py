"""Run what belongs together: the network it asks for, its packages, one thread per result, and the results to the region."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Callable

from . import bonds, devices, yaml_lite
from .execute import Ended, Outputs, environment, prepare, run
from .index import Row
from .live import Live
from .log import say
from .netconfig import ConfiguredNetwork, NetworkFailed
from .packages import Installer, wanted
from .parameters import MissingDevice, render, runtime_seconds
from .report import Reporter, Signal
from .settings import Settings
from .workdir import Workdir


@dataclass
class Context:
    """What every script of a stage shares. `finished` is called with each result before it is uploaded."""

    settings: Settings
    work: Workdir
    reporter: Reporter
    base_url: str
    resources: str
    finished: Callable[[Row, Signal], None]
    # Takes what scripts print while they run.
    live: Live | None = None

    def report(self, row: Row, signal: Signal) -> None:
        self.finished(row, signal)
        self.reporter.result(signal)


def run_batch(rows: list[Row], context: Context) -> None:
    outputs = {row.key: prepare(row, context.work) for row in rows}
    if not any(row.apply_configured_networking for row in rows):
        _install_and_run(rows, outputs, context)
        return
    for row in rows:
        context.reporter.progress(Signal("APPLYING_NETCONF", row))
    network = bonds.read(context.work.netplan)
    sides: dict[str | None, list[Row]] = {}
    for row in rows:
        sides.setdefault(bonds.side_of(row, network), []).append(row)
    # All that is no side of a bond together; then one side after the other, in the place of its bond.
    for side in sorted(sides, key=lambda side: side or ""):
        part = None if side is None else bonds.alone(network, side)
        _run_under(part, sides[side], outputs, context)


def _run_under(network: dict | None, rows: list[Row], outputs: dict, context: Context) -> None:
    first = rows[0]

    def reaches_region() -> bool:
        return context.reporter.progress(Signal("APPLYING_NETCONF", first))

    try:
        with ConfiguredNetwork(context.work, context.settings, outputs[first.key], reaches_region, network):
            _install_and_run(rows, outputs, context)
    except NetworkFailed as failure:
        say(f"{first.label}: {failure}")
        for row in rows:
            outputs[row.key].write(str(failure))
            _note_lost_link(row, outputs[row.key], context, lambda name: name in failure.dark)
            context.report(row, Signal("APPLYING_NETCONF", row, exit_status=failure.exit_code, files=outputs[row.key].files))


def _install_and_run(rows: list[Row], outputs: dict, context: Context) -> None:
    codes: dict[str, int] = {}
    ready = []
    for row in rows:
        code = _install(row, outputs[row.key], codes, context)
        if code == 0:
            ready.append(row)
        else:
            context.report(row, Signal("INSTALLING", row, exit_status=code, files=outputs[row.key].files))
    if len(ready) == 1:
        _run_row(ready[0], outputs[ready[0].key], context)
        return
    with ThreadPoolExecutor(max_workers=max(1, len(ready))) as pool:
        running = [pool.submit(_run_row, row, outputs[row.key], context) for row in ready]
    for one in running:
        one.result()


def _install(row: Row, outputs: Outputs, codes: dict[str, int], context: Context) -> int:
    """Install once per script; its further results share the outcome."""
    if row.name not in codes:
        packages = wanted(row)
        if not packages:
            codes[row.name] = 0
            return 0
        context.reporter.progress(Signal("INSTALLING", row))
        codes[row.name] = Installer(row, context.work, context.settings, outputs).install(packages)
    elif codes[row.name] != 0:
        outputs.write(f"The packages of {row.name} could not be installed; see its first result.\n")
    if codes[row.name] == 0:
        prepare(row, context.work)
    return codes[row.name]


def _run_row(row: Row, outputs: Outputs, context: Context) -> None:
    context.reporter.progress(Signal("WORKING", row))
    say(f"{row.stage}: {row.label}")
    os.makedirs(context.work.downloads(row.name), exist_ok=True)
    began = time.monotonic()
    ended = _execute(row, outputs, context)
    runtime = time.monotonic() - began
    if ended.code != 0:
        say(f"{row.stage}: {row.label} " + ("took too long" if ended.timed_out else f"ended with {ended.code}"))
        _note_lost_link(row, outputs, context, lambda name: devices.link_is_down(context.settings, name))
    status = "TIMEDOUT" if ended.timed_out else "WORKING"
    context.report(row, Signal(status, row, exit_status=ended.code, runtime=runtime, files=outputs.files))


def _execute(row: Row, outputs: Outputs, context: Context) -> Ended:
    try:
        arguments = render(row, context.settings)
    except MissingDevice as missing:
        outputs.write(f"{missing}\n")
        return Ended(2)
    limit = runtime_seconds(row)
    env = environment(row, context.work, context.settings, outputs, context.base_url, context.resources)
    command = [os.path.join(context.work.scripts, row.path), *arguments]
    tail = context.live.open(row) if context.live else None
    try:
        return run(command, env, outputs, limit + context.settings.kill_grace_seconds if limit > 0 else 0, tail)
    finally:
        if context.live:
            context.live.close(tail)


def _note_lost_link(row: Row, outputs: Outputs, context: Context, is_down: Callable[[str], bool]) -> None:
    """A network script that failed under the configured network because its link went down says so, unless it did already."""
    if not row.apply_configured_networking:
        return
    for parameter in row.parameters.values():
        value = parameter.get("value") if isinstance(parameter, dict) and parameter.get("type") == "interface" else None
        if not isinstance(value, dict) or not value.get("mac_address"):
            continue
        name = devices.interface_name(context.settings, value["mac_address"])
        if name is not None and is_down(name):
            _add_result(outputs, "link_connected", False)


def _add_result(outputs: Outputs, key: str, value: object) -> None:
    result = {}
    if os.path.lexists(outputs.result):
        try:
            result = yaml_lite.load_small(outputs.result) or {}
        except yaml_lite.YamlError:
            return
    if isinstance(result, dict) and key not in result:
        with open(outputs.result, "w", encoding="utf-8") as stream:
            stream.write(yaml_lite.dump({**result, key: value}))
