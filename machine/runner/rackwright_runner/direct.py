"""
The configured network by iproute2 alone, for systems without netplan: addresses, routes, bonds, bridges and VLANs as they are, and what was
before. No DHCP and no name servers: who asks for the first is told, and names are looked up as before.
"""

from __future__ import annotations

import json
import os
from typing import Any, Callable

from . import devices
from .settings import Settings


class DirectFailed(Exception):
    """A command did not do what it should, or something is asked for that only netplan can do."""


# How netplan calls what bonds and bridges are made with, and how iproute2 does.
_BOND = {"mode": "mode", "mii-monitor-interval": "miimon", "transmit-hash-policy": "xmit_hash_policy", "lacp-rate": "lacp_rate"}


class Direct:
    """`command` runs one and gives its exit code and what it printed. What was before is kept in a file: the runner may be killed."""

    def __init__(self, settings: Settings, state_path: str, command: Callable[[list[str]], tuple[int, str]]):
        self._settings = settings
        self._state_path = state_path
        self._command = command

    @property
    def is_applied(self) -> bool:
        return os.path.exists(self._state_path)

    def apply(self, network: dict[str, Any]) -> None:
        """@raises DirectFailed; `revert` then takes back what was done"""
        for group in ("ethernets", "bonds", "bridges", "vlans"):
            for name, device in (network.get(group) or {}).items():
                if device.get("dhcp4") or device.get("dhcp6"):
                    raise DirectFailed(f"{name} gets its address by DHCP, which needs netplan, and this system has none.\n")
        self._save()
        names = {key: self._ethernet(key, device) for key, device in (network.get("ethernets") or {}).items()}
        for link in names.values():
            self._ip("address", "flush", "dev", link)
            self._ip("link", "set", "dev", link, "down")
        self._build(network, names)
        found = [(names[key], dev) for group in ("ethernets", "bonds", "bridges", "vlans") for key, dev in (network.get(group) or {}).items()]
        for link, device in found:
            if device.get("mtu"):
                self._ip("link", "set", "dev", link, "mtu", str(device["mtu"]))
            self._ip("link", "set", "dev", link, "up")
        for link, device in found:
            for address in device.get("addresses") or []:
                # Another machine with this address would be found in use by the tests themselves.
                self._ip("address", "add", address, "dev", link, *(["nodad"] if ":" in address else []))
        for link, device in found:
            for route in device.get("routes") or []:
                metric = ["metric", str(route["metric"])] if route.get("metric") is not None else []
                family = "-6" if ":" in str(route["via"]) else "-4"
                self._ip(family, "route", "replace", str(route["to"]), "via", str(route["via"]), "dev", link, *metric)

    def revert(self) -> list[str]:
        """Back to what was before. Returns what did not work; one thing that fails keeps no other from being put back."""
        failures: list[str] = []
        with open(self._state_path, encoding="utf-8") as stream:
            before = json.load(stream)
        known = {link["name"] for link in before["links"]}
        for name in [link["ifname"] for link in self._json("link", "show") if link["ifname"] not in known]:
            self._try(failures, "link", "delete", "dev", name)
        for link in before["links"]:
            name = link["name"]
            for words in (["link", "set", "dev", name, "nomaster"], ["address", "flush", "dev", name, "scope", "global"]):
                self._try(failures, *words)
            self._try(failures, "link", "set", "dev", name, "mtu", str(link["mtu"]), "up" if link["up"] else "down")
            for address in link["addresses"]:
                self._try(failures, "address", "add", address, "dev", name)
        for words in before["routes"]:
            self._try(failures, *words)
        os.unlink(self._state_path)
        return failures

    def _save(self) -> None:
        links = [
            {
                "name": link["ifname"],
                "mtu": link["mtu"],
                "up": "UP" in link["flags"],
                "addresses": [f"{a['local']}/{a['prefixlen']}" for a in link.get("addr_info", []) if a.get("scope") == "global"],
            }
            for link in self._json("address", "show")
            if link["ifname"] != "lo"
        ]
        routes = []
        for family in ("-4", "-6"):
            for route in self._json(family, "route", "show"):
                if route.get("protocol") == "kernel" or not route.get("dev"):
                    continue
                via = ["via", route["gateway"]] if route.get("gateway") else []
                metric = ["metric", str(route["metric"])] if route.get("metric") else []
                routes.append([family, "route", "replace", route["dst"], *via, "dev", route["dev"], *metric])
        fresh = self._state_path + ".new"
        with open(fresh, "w", encoding="utf-8") as stream:
            json.dump({"links": links, "routes": routes}, stream)
        os.replace(fresh, self._state_path)

    def _ethernet(self, key: str, device: dict[str, Any]) -> str:
        mac = (device.get("match") or {}).get("macaddress")
        name = devices.interface_name(self._settings, mac) if mac else key
        if name is None:
            raise DirectFailed(f"The machine has no interface with the MAC address {mac} of {key}.\n")
        return name

    def _build(self, network: dict[str, Any], names: dict[str, str]) -> None:
        """Bonds, bridges and VLANs, each after what it stands on."""
        waiting = {key: (group, dev) for group in ("bonds", "bridges", "vlans") for key, dev in (network.get(group) or {}).items()}
        while waiting:
            ready = [key for key, (_, dev) in waiting.items() if all(port in names for port in _ports(dev))]
            if not ready:
                raise DirectFailed(f"{', '.join(sorted(waiting))}: what they stand on is not in the configured network.\n")
            for key in ready:
                group, device = waiting.pop(key)
                self._create(group, key, device, names)
                names[key] = key

    def _create(self, group: str, key: str, device: dict[str, Any], names: dict[str, str]) -> None:
        options = device.get("parameters") or {}
        if group == "vlans":
            self._ip("link", "add", "link", names[device["link"]], "name", key, "type", "vlan", "id", str(device["id"]))
            return
        if group == "bonds":
            words = [word for name, ours in _BOND.items() if name in options for word in (ours, str(options[name]))]
            self._ip("link", "add", "name", key, "type", "bond", *words)
        else:
            self._ip("link", "add", "name", key, "type", "bridge", "stp_state", "1" if options.get("stp") else "0", "forward_delay", "0")
        if device.get("macaddress"):
            self._ip("link", "set", "dev", key, "address", device["macaddress"])
        for port in device.get("interfaces") or []:
            self._ip("link", "set", "dev", names[port], "master", key)

    def _ip(self, *words: str) -> str:
        code, text = self._command(["ip", *words])
        if code != 0:
            raise DirectFailed(f"`ip {' '.join(words)}` ended with {code}:\n{text}")
        return text

    def _json(self, *words: str) -> list[dict[str, Any]]:
        text = self._ip("-j", *words)
        try:
            return [item for item in json.loads(text or "[]") if item]
        except ValueError:
            raise DirectFailed(f"`ip -j {' '.join(words)}` printed what cannot be read:\n{text}") from None

    def _try(self, failures: list[str], *words: str) -> None:
        try:
            self._ip(*words)
        except DirectFailed as failure:
            failures.append(str(failure))


def _ports(device: dict[str, Any]) -> list[str]:
    return [device["link"]] if "link" in device else list(device.get("interfaces") or [])
