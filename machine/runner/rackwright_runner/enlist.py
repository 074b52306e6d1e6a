"""A machine that the region does not know introduces itself, and gets the credentials of the record that was made for it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import Any
from urllib.parse import quote, urlencode

from . import credentials, devices, yaml_lite
from .client import Client, RequestFailed
from .log import say
from .settings import Settings

_DEBIAN_NAMES = {"x86_64": "amd64", "i686": "i386", "aarch64": "arm64", "ppc64le": "ppc64el", "mips64": "mips64el"}


class EnlistFailed(Exception):
    """The region did not take this machine in."""


def architecture() -> str:
    """Debian's name: it is the system's that runs, where uname's is the kernel's."""
    if shutil.which("dpkg"):
        asked = subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True, check=False)
        if asked.returncode == 0 and asked.stdout.strip():
            return asked.stdout.strip()
    machine = os.uname().machine
    return _DEBIAN_NAMES.get(machine, machine)


def read_power(path: str) -> tuple[str, dict[str, Any]] | None:
    """What a script found out about the BMC: power type and its parameters."""
    if not os.path.lexists(path):
        return None
    try:
        found = yaml_lite.load_small(path)
    except yaml_lite.YamlError as error:
        say(f"cannot read {path}, the BMC stays unknown: {error}")
        return None
    if not isinstance(found, dict) or not found.get("power_type"):
        return None
    return str(found["power_type"]), {key: value for key, value in found.items() if key != "power_type"}


def as_json(parameters: dict[str, Any]) -> str:
    return json.dumps(parameters, sort_keys=True)


def is_registered(client: Client, settings: Settings) -> bool:
    """Whether another record of this machine exists, which then is not ours to touch."""
    assert client.credentials is not None
    macs = devices.physical_macs(settings)
    if not macs:
        return False
    query = urlencode([("op", "is_registered")] + [("mac_address", mac) for mac in macs])
    _, body = client.ask(f"{client.credentials.maas_url}/api/2.0/machines/?{query}", stubborn=True)
    return body.strip() == b"true"


def register(client: Client, settings: Settings, power: tuple[str, dict[str, Any]] | None) -> str:
    """Make the record, then take its credentials over. Returns the system id. @raises EnlistFailed"""
    system_id = _create(client, settings, power)
    assert client.credentials is not None
    query = {"op": "get_preseed", **({"secret": client.secret} if client.secret else {})}
    url = f"{client.credentials.maas_url}/metadata/latest/by-id/{quote(system_id)}/?{urlencode(query)}"
    try:
        _, text = client.ask(url, stubborn=True)
        found = credentials.from_preseed(text.decode("utf-8"))
    except (RequestFailed, UnicodeDecodeError, yaml_lite.YamlError) as error:
        raise EnlistFailed(f"enlisted as {system_id}, but its preseed cannot be read: {error}") from error
    if found is None or not found.enlisted:
        raise EnlistFailed(f"enlisted as {system_id}, but its preseed holds no credentials")
    client.credentials = found
    say(f"enlisted as {system_id}")
    return system_id


def _create(client: Client, settings: Settings, power: tuple[str, dict[str, Any]] | None) -> str:
    assert client.credentials is not None
    fields = {
        "architecture": architecture(),
        "mac_addresses": ",".join(devices.physical_macs(settings)),
        "commission": "True",
    }
    if power:
        fields.update(power_type=power[0], power_parameters=as_json(power[1]))
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    if client.secret:
        # Ties the new record to this boot, so that the same secret opens its preseed.
        headers["X-Boot-Secret"] = client.secret
    url = f"{client.credentials.maas_url}/api/2.0/machines/"
    try:
        _, body = client.ask(url, urlencode(fields).encode("ascii"), headers, stubborn=True)
        return str(json.loads(body)["system_id"])
    except (RequestFailed, ValueError, KeyError, TypeError) as error:
        if power:
            say(f"enlisting with {power[0]} power was refused, going on without: {error}")
            return _create(client, settings, None)
        raise EnlistFailed(f"the region did not enlist this machine: {error}") from error
