"""
One side of a bond alone. A bond goes on when one of its sides is broken, so a test through the bond does not see it: each side is tested in
its place, with the bond's addresses and routes, and without the bond.
"""

from __future__ import annotations

import copy
from typing import Any

from . import capture, yaml_lite
from .index import Row

_GROUPS = ("ethernets", "bonds", "bridges", "vlans")
# What makes a device what it is; everything else is how it is reached, and goes to the side.
_OWN = ("match", "set-name", "interfaces", "parameters", "macaddress", "id", "link", "openvswitch", "optional")
MOST_BYTES = 1024 * 1024


def read(path: str) -> dict[str, Any]:
    """The value of `network:` in a netplan file; empty when it cannot be read, which netplan then says itself."""
    content = capture.read(path, MOST_BYTES)
    try:
        network = (yaml_lite.load((content or b"").decode("utf-8")) or {}).get("network")
    except (yaml_lite.YamlError, UnicodeDecodeError, AttributeError, RecursionError):
        return {}
    return network if isinstance(network, dict) else {}


def side_of(row: Row, network: dict[str, Any]) -> str | None:
    """Name of the interface that this result is about, when it is one side of a bond of the configured network."""
    for parameter in row.parameters.values():
        value = parameter.get("value") if isinstance(parameter, dict) and parameter.get("type") == "interface" else None
        name = value.get("name") if isinstance(value, dict) else None
        if name and _holder(network, "bonds", name):
            return name
    return None


def alone(network: dict[str, Any], side: str) -> dict[str, Any]:
    """The network with `side` in the place of its bond, and of a bridge that has the bond for a port."""
    found = copy.deepcopy(network)
    device = found["ethernets"][side]
    name = side
    for group in ("bonds", "bridges"):
        holder = _holder(found, group, name)
        if holder is None:
            continue
        taken = found[group].pop(holder)
        device.update({key: value for key, value in taken.items() if key not in _OWN})
        for vlan in (found.get("vlans") or {}).values():
            if vlan.get("link") == holder:
                vlan["link"] = side
        name = holder
    # Without it netplan would wait for the other sides, which nobody uses now.
    for other in found["ethernets"]:
        if other != side and _holder(network, "bonds", other):
            found["ethernets"][other]["optional"] = True
    for group in _GROUPS:
        if group in found and not found[group]:
            del found[group]
    return found


def _holder(network: dict[str, Any], group: str, port: str) -> str | None:
    for name, device in (network.get(group) or {}).items():
        if isinstance(device, dict) and port in (device.get("interfaces") or []):
            return name
    return None
