"""Parameters of a result become arguments of its script."""

from __future__ import annotations

import re
from typing import Any

from . import devices
from .index import Row
from .settings import Settings

_DEFAULT_FORMATS = {"storage": "--storage={path}", "interface": "--interface={name}"}


class MissingDevice(Exception):
    """The disk or interface of this result is not in the machine. The script ends with exit code 2."""


def runtime_seconds(row: Row) -> float:
    """How long the script may work: a runtime parameter goes before the script's timeout; 0 is without limit."""
    for parameter in row.parameters.values():
        if isinstance(parameter, dict) and parameter.get("type") == "runtime":
            value = parameter.get("value")
            return row.timeout_seconds if value in (None, "") else float(value)
    return row.timeout_seconds


def render(row: Row, settings: Settings) -> list[str]:
    """@raises MissingDevice"""
    arguments: list[str] = []
    for name, parameter in sorted(row.parameters.items()):
        if isinstance(parameter, dict):
            arguments += _render_one(name, parameter, row, settings)
    return arguments


def _render_one(name: str, parameter: dict[str, Any], row: Row, settings: Settings) -> list[str]:
    kind, value = parameter.get("type"), parameter.get("value", parameter.get("default"))
    form = parameter.get("argument_format") or _DEFAULT_FORMATS.get(str(kind)) or f"--{name}={{input}}"
    if kind == "storage":
        return _fill(form, _storage(value, settings))
    if kind == "interface":
        return _fill(form, _interface(value, settings))
    if kind == "boolean":
        # Its format is a fixed switch: there is nothing to say for false.
        return _fill(form, {"input": "true"}) if str(value).lower() in ("true", "1", "yes", "on") else []
    if kind == "runtime":
        value = int(runtime_seconds(row))
    if value is None or value == "":
        return []
    if isinstance(value, (list, tuple)):
        value = ",".join(str(one) for one in value)
    return _fill(form, {"input": str(value)})


def _storage(value: Any, settings: Settings) -> dict[str, str]:
    if not isinstance(value, dict):
        raise MissingDevice(
            f"Storage device {value!r} was asked for, but no disk of this machine is known for it. Commission the machine, then run this again."
        )
    path = devices.disk_path(settings, value)
    shown = {key: str(value.get(key) or "") for key in ("name", "model", "serial")}
    if path is None:
        raise MissingDevice(
            f"Disk {shown['name'] or '?'} (model {shown['model'] or 'unknown'}, serial {shown['serial'] or 'unknown'}, "
            f"path {value.get('id_path') or 'unknown'}) is not in this machine. It may have failed or been taken out: check it, then "
            "commission the machine again."
        )
    return {**shown, "name": path.rsplit("/", 1)[-1], "path": path, "input": path}


def _interface(value: Any, settings: Settings) -> dict[str, str]:
    if not isinstance(value, dict):
        raise MissingDevice(
            f"Network interface {value!r} was asked for, but no interface of this machine is known for it. Commission the machine, then run "
            "this again."
        )
    mac = str(value.get("mac_address") or "")
    name = devices.interface_name(settings, mac) if mac else None
    if name is None:
        raise MissingDevice(
            f"Interface {value.get('name') or '?'} with MAC address {mac or 'unknown'} is not in this machine. Check the card, then "
            "commission the machine again."
        )
    shown = {key: str(value.get(key) or "") for key in ("vendor", "product")}
    return {**shown, "name": name, "mac": mac, "input": name}


def _fill(form: str, values: dict[str, str]) -> list[str]:
    """Split first, fill then: a model name with a blank stays one argument, and braces in a value mean nothing."""
    return [re.sub(r"\{(\w+)\}", lambda match: values.get(match.group(1), match.group(0)), word) for word in form.split()]
