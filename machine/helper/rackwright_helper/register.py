"""register-machine and get-machine-token."""

from __future__ import annotations

import os
import platform
import sys

from . import creds
from .errors import Failed
from .region import Region


def register_machine(url: str, key: str, hostname: str | None) -> None:
    name = hostname or platform.node().split(".")[0]
    path = f"{name}-creds.yaml"
    if not name or "/" in name:
        raise Failed(f"{name!r} is no host name: give another with --hostname.")
    if os.path.lexists(path):
        raise Failed(f"{path} is there already: this machine is registered. To register it anew, move the file away.")
    region = Region(url, key)
    system_id = region.create_machine(name)
    try:
        creds.write(path, creds.text(region.url, system_id, region.token(system_id)))
    except Failed as failure:
        # The machine exists by now: whoever tries again has to know it.
        raise Failed(f"{name} was registered as {system_id}, but its credentials were not stored: {failure}") from None
    print(f"Registered {name} as {system_id}; its credentials are in {path}. Next: report-results --config {path}")
    print(system_id)


def get_machine_token(url: str, key: str, system_id: str, path: str | None) -> None:
    region = Region(url, key)
    text = creds.text(region.url, system_id, region.token(system_id))
    if path is None:
        sys.stdout.write(text)
        return
    creds.write(path, text)
    print(f"The credentials of {system_id} are in {path}.")
