"""Find the disk or interface that a parameter means. Names change between boots; serial numbers and MACs do not."""

from __future__ import annotations

import os

from .settings import Settings


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            return stream.read().strip()
    except OSError:
        return ""


def _same(left: str, right: str) -> bool:
    """udev writes spaces as underscores, sysfs pads with blanks."""
    return left.replace("_", " ").split() == right.replace("_", " ").split()


def _udev(settings: Settings, name: str) -> dict[str, str]:
    number = _read(f"{settings.sys_root}/block/{name}/dev")
    text = _read(f"{settings.udev_data_dir}/b{number}") if number else ""
    return dict(line[2:].split("=", 1) for line in text.splitlines() if line.startswith("E:") and "=" in line)


def _identities(settings: Settings, name: str) -> tuple[set[str], set[str]]:
    """Models and serials a disk goes by."""
    block = f"{settings.sys_root}/block/{name}"
    udev = _udev(settings, name)
    models = {_read(f"{block}/device/model"), udev.get("ID_MODEL", "")}
    serials = {_read(f"{block}/device/serial"), _read(f"{block}/serial")}
    serials |= {udev.get("ID_SERIAL_SHORT", ""), udev.get("ID_SCSI_SERIAL", ""), udev.get("ID_SERIAL", "")}
    return models - {""}, serials - {""}


def disk_path(settings: Settings, value: dict) -> str | None:
    """`/dev/<name>` of the disk with this model and serial, else its id_path when that exists."""
    model, serial = str(value.get("model") or ""), str(value.get("serial") or "")
    if serial:
        for name in sorted(os.listdir(f"{settings.sys_root}/block")):
            models, serials = _identities(settings, name)
            if any(_same(serial, known) for known in serials):
                if not model or not models or any(_same(model, known) for known in models):
                    return f"{settings.dev_root}/{name}"
    id_path = str(value.get("id_path") or "")
    return id_path if id_path and os.path.exists(id_path) else None


def interface_name(settings: Settings, mac: str) -> str | None:
    """Current name of the interface with this MAC; a physical one before bonds and bridges that borrowed its address."""
    root = f"{settings.sys_root}/class/net"
    matches = []
    for name in sorted(os.listdir(root)):
        own = _read(f"{root}/{name}/bonding_slave/perm_hwaddr") or _read(f"{root}/{name}/address")
        if own.lower() == mac.lower():
            matches.append((not os.path.exists(f"{root}/{name}/device"), name))
    return min(matches)[1] if matches else None


def link_is_down(settings: Settings, name: str) -> bool:
    return _read(f"{settings.sys_root}/class/net/{name}/carrier") != "1"


def physical_macs(settings: Settings) -> list[str]:
    """MACs of the Ethernet devices (ARPHRD_ETHER = 1) that are hardware."""
    root = f"{settings.sys_root}/class/net"
    macs = []
    for name in sorted(os.listdir(root)):
        path = f"{root}/{name}"
        if _read(f"{path}/type") != "1" or not os.path.exists(f"{path}/device"):
            continue
        mac = (_read(f"{path}/bonding_slave/perm_hwaddr") or _read(f"{path}/address")).lower()
        if mac and mac != "00:00:00:00:00:00" and mac not in macs:
            macs.append(mac)
    return macs
