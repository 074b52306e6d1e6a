"""What block devices are there, and what uses them. Reads only."""

import json
import os
import re
import stat
import time
from dataclasses import dataclass
from typing import List, Set

from .errors import InstallError


@dataclass
class BlockDevice:
    path: str
    size_bytes: int
    sector_bytes: int
    serials: Set[str]
    model: str
    read_only: bool


def list_disks(ctx):
    """Whole disks; loop, ram and optical devices only count when a plan names them by path."""
    text = ctx.run(["lsblk", "--json", "--bytes", "--nodeps", "--output", "NAME,SIZE,SERIAL,MODEL,RO,LOG-SEC,TYPE"])
    return [_device(row) for row in json.loads(text)["blockdevices"] if row["type"] in ("disk", "loop")]


def _device(row):
    name = row["name"]
    serials = {row["serial"] or ""}
    for path in ("serial", "device/serial"):
        serials.add(_read(f"/sys/class/block/{name}/{path}"))
    serials |= _udev_serials(name)
    # JSON of older lsblk holds numbers and booleans as text.
    return BlockDevice(
        path=f"/dev/{name}", size_bytes=int(row["size"]), sector_bytes=int(row["log-sec"]),
        serials={serial.strip() for serial in serials if serial.strip()}, model=(row["model"] or "").strip(),
        read_only=row["ro"] in (True, "1"),
    )


def _udev_serials(name):
    """Serials in udev's database, which knows them for ATA and SCSI disks."""
    number = _read(f"/sys/class/block/{name}/dev")
    found = re.findall(r"^E:ID_(?:SCSI_)?SERIAL(?:_SHORT)?=(.*)$", _read(f"/run/udev/data/b{number}"), re.MULTILINE)
    return set(found)


def _read(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().strip()
    except OSError:
        return ""


def find_disk(disk, devices):
    """The device an item means. Gives back (device, None) or (None, what is wrong)."""
    if disk.serial:
        found = [device for device in devices if disk.serial.strip() in device.serials]
        if len(found) > 1 and disk.model:
            found = [device for device in found if same_model(device.model, disk.model)]
        by = f"serial {disk.serial!r}"
        if len(found) == 1 and disk.model and found[0].model and not same_model(found[0].model, disk.model):
            return None, f"{found[0].path} has {by} but is a {found[0].model!r}, not a {disk.model!r}"
    else:
        real = os.path.realpath(disk.path)
        found = [device for device in devices if device.path == real]
        by = f"path {disk.path}"
    if len(found) == 1:
        return found[0], None
    here = ", ".join(f"{d.path} ({'/'.join(sorted(d.serials)) or 'no serial'})" for d in devices) or "none"
    if not found:
        return None, f"no disk with {by}; disks here: {here}"
    return None, f"{len(found)} disks have {by}: {', '.join(device.path for device in found)}"


def same_model(left, right):
    """udev writes blanks as underscores and cuts long names."""
    left, right = (re.sub(r"[\s_]+", "_", text.strip()).lower() for text in (left, right))
    return left.startswith(right) or right.startswith(left)


def descendants(path) -> List[str]:
    """Kernel names of all that lies on a disk, the farthest first: logical volumes, arrays, then partitions."""
    name = os.path.basename(path)
    found: List[str] = []

    def visit(node):
        base = f"/sys/class/block/{node}"
        parts = sorted(entry for entry in _listdir(base) if os.path.exists(f"{base}/{entry}/partition"))
        for child in parts + sorted(_listdir(f"{base}/holders")):
            visit(child)
            if child not in found:
                found.append(child)

    visit(name)
    return found


def _listdir(path):
    try:
        return os.listdir(path)
    except OSError:
        return []


def uses(path):
    """Where the disk or anything on it is in use: mount points and swap areas."""
    names = [os.path.basename(path), *descendants(path)]
    numbers = {_read(f"/sys/class/block/{name}/dev") for name in names} - {""}
    paths = {f"/dev/{name}" for name in names}
    found = []
    for line in _read("/proc/self/mountinfo").splitlines():
        left, _, right = line.partition(" - ")
        fields, source = left.split(), right.split()[1] if len(right.split()) > 1 else ""
        # btrfs shows a device number of its own, so its source counts too.
        if fields[2] in numbers or os.path.realpath(source) in paths:
            found.append(f"mounted on {fields[4]}")
    for line in _read("/proc/swaps").splitlines()[1:]:
        if os.path.realpath(line.split()[0]) in paths:
            found.append(f"swap on {line.split()[0]}")
    return found


def partition_path(disk_path, number):
    return f"{disk_path}{'p' if disk_path[-1].isdigit() else ''}{number}"


def wait_for_node(ctx, path, seconds=15):
    """Until udev (or devtmpfs) has made the node."""
    if ctx.has_tool("udevadm"):
        ctx.run(["udevadm", "settle", "--timeout", str(seconds)], check=False)
    deadline = time.monotonic() + seconds
    while True:
        try:
            if stat.S_ISBLK(os.stat(path).st_mode):
                return
        except OSError:
            pass
        if time.monotonic() > deadline:
            raise InstallError(f"{path} did not appear within {seconds} s after partitioning")
        time.sleep(0.05)
