"""index.json: what is to run. One Row per script and device."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from typing import Any

from .workdir import Workdir

STAGES = ("commissioning", "testing", "release")
# cpu, memory, storage, network, gpu; what is about the whole machine comes last.
_HARDWARE_ORDER = {1: 0, 2: 1, 3: 2, 4: 3, 5: 4, 0: 5}
SERIAL, INSTANCE, ANY = 0, 1, 2


class BadIndex(Exception):
    """index.json cannot be read: nothing can be run."""


@dataclass(frozen=True)
class Row:
    stage: str
    name: str
    path: str
    script_result_id: int | None = None
    script_version_id: int | None = None
    timeout_seconds: float = 0.0
    parallel: int = SERIAL
    hardware_type: int = 0
    parameters: dict[str, Any] = field(default_factory=dict)
    packages: dict[str, Any] = field(default_factory=dict)
    apply_configured_networking: bool = False
    has_started: bool = False
    has_finished: bool = False
    # Where its output goes on, as the region has it from before a restart.
    output_offset: int = 0

    @property
    def key(self) -> tuple[str, str, int | None]:
        return (self.stage, self.name, self.script_result_id)

    @property
    def out_name(self) -> str:
        """Directory below out/."""
        return self.name if self.script_result_id is None else f"{self.name}.{self.script_result_id}"

    @property
    def label(self) -> str:
        """Name for people, with the device it is about."""
        for parameter in self.parameters.values():
            value = parameter.get("value") if isinstance(parameter, dict) else None
            if isinstance(value, dict) and value.get("name"):
                return f"{self.name} ({value['name']})"
        return self.name

    def order(self) -> tuple[int, str, int]:
        return (_HARDWARE_ORDER.get(self.hardware_type, 9), self.name, self.script_result_id or 0)


def row(stage: str, entry: dict[str, Any]) -> Row:
    name, path = entry["name"], entry["path"]
    if not isinstance(name, str) or not name or "/" in name or name in (".", ".."):
        raise BadIndex(f"index.json names a script {name!r}")
    if os.path.isabs(path) or ".." in path.split("/"):
        raise BadIndex(f"index.json gives the script {name} the path {path!r}, outside of its directory")
    for key, kind in (("script_result_id", int), ("script_version_id", int), ("parameters", dict), ("packages", dict)):
        if not isinstance(entry.get(key), (kind, type(None))):
            raise BadIndex(f"index.json gives the script {name} as {key} {entry[key]!r:.100}")
    return Row(
        stage=stage,
        name=name,
        path=path,
        script_result_id=entry.get("script_result_id"),
        script_version_id=entry.get("script_version_id"),
        timeout_seconds=float(entry.get("timeout_seconds") or 0),
        parallel=int(entry.get("parallel") or 0),
        hardware_type=int(entry.get("hardware_type") or 0),
        parameters=entry.get("parameters") or {},
        packages=entry.get("packages") or {},
        apply_configured_networking=bool(entry.get("apply_configured_networking")),
        has_started=bool(entry.get("has_started")),
        has_finished=bool(entry.get("has_finished")),
        output_offset=int(entry.get("output_offset") or 0),
    )


def read(work: Workdir) -> dict[str, list[Row]]:
    """Rows by stage. @raises BadIndex"""
    try:
        with open(work.index, encoding="utf-8") as stream:
            return parse(json.load(stream))
    except (OSError, ValueError) as error:
        raise BadIndex(f"cannot read {work.index}: {error}") from error


def parse(document: Any) -> dict[str, list[Row]]:
    try:
        sections = document["1.0"]
        return {stage: [row(stage, entry) for entry in sections.get(f"{stage}_scripts") or []] for stage in STAGES}
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise BadIndex(f"index.json is not of version 1.0: {error!r}") from error


def remember(work: Workdir, before: dict[str, Any] | None) -> None:
    """
    Later archives hold only what is still to run. Keep what earlier ones had in the index on disk, so that `--no-download` by hand runs
    everything again.
    """
    if not before:
        return
    with open(work.index, encoding="utf-8") as stream:
        now = json.load(stream)
    for section, entries in (before.get("1.0") or {}).items():
        present = now["1.0"].setdefault(section, [])
        known = {(entry.get("name"), entry.get("script_result_id")) for entry in present}
        by_name = {entry.get("name") for entry in present}
        for entry in entries:
            unnamed = entry.get("script_result_id") is None and entry.get("name") in by_name
            if (entry.get("name"), entry.get("script_result_id")) not in known and not unnamed:
                present.append(entry)
    fresh = work.index + ".new"
    with open(fresh, "w", encoding="utf-8") as stream:
        json.dump(now, stream, indent=1, sort_keys=True)
    os.replace(fresh, work.index)


def raw(work: Workdir) -> dict[str, Any] | None:
    try:
        with open(work.index, encoding="utf-8") as stream:
            return json.load(stream)
    except (OSError, ValueError):
        return None


def batches(rows: list[Row]) -> list[list[Row]]:
    """What runs together, in order: serial ones alone, instances by name, then all of kind `any`, those that change the network last."""
    ordered = sorted(rows, key=Row.order)
    found = [[one] for one in ordered if one.parallel == SERIAL]
    groups: dict[str, list[Row]] = {}
    for one in ordered:
        if one.parallel == INSTANCE:
            groups.setdefault(one.name, []).append(one)
    found += groups.values()
    together = [one for one in ordered if one.parallel not in (SERIAL, INSTANCE)]
    for networking in (False, True):
        batch = [one for one in together if one.apply_configured_networking is networking]
        if batch:
            found.append(batch)
    return found
