"""Decodes the plan's storage list; every item that is not understood is a problem that names it."""

import re

from .group_items import GROUP_READERS, volumes
from .items import MIB, MKFS, Disk, Format, Mount, Partition, Raid, Storage, parse_size, starts

UUID = r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
# Of items: names of groups and paths are in them.
NAME = r"[A-Za-z0-9_][A-Za-z0-9_.:@%+=,-]*"
PATH = r"/|(/[A-Za-z0-9_@%+=:,.-]+)+"
# An option of fstab's fourth field; blanks and # would end the field or the line.
OPTIONS = r"[A-Za-z0-9_=,.:/@%+-]+"

# Characters of a label at most, by what mkfs takes.
LABELS = {"ext2": 16, "ext4": 16, "xfs": 12, "btrfs": 255, "vfat": 11, "fat32": 11, "swap": 15}

# Filesystems that need no device.
IN_MEMORY = ("tmpfs", "ramfs")

TEXTS = ("type", "device", "volume", "fstype", "path", "ptable", "flag", "wipe", "uuid", "label", "options", "serial", "model", "name", "volgroup")


def read_storage(raw, sizes, problems):
    """The Storage, or None when the list itself is unusable. Appends to `problems`."""
    if not isinstance(raw, dict) or raw.get("version") != 1 or not isinstance(raw.get("config"), list):
        problems.append("storage is no curtin storage configuration of version 1")
        return None
    storage = Storage()
    seen = set()
    readers = {"disk": _disk, "partition": _partition, "format": _format, "mount": _mount, **GROUP_READERS}
    for index, item in enumerate(raw["config"]):
        if not isinstance(item, dict) or not isinstance(item.get("id"), str) or not re.fullmatch(NAME, item["id"]):
            problems.append(f"storage item {index} has no usable id")
            continue
        odd = [key for key in TEXTS if not isinstance(item.get(key, ""), (str, type(None)))]
        if odd:
            problems.append(f"storage item {item['id']}: {', '.join(odd)} must be text")
            continue
        reader = readers.get(item.get("type"))
        if reader is None:
            problems.append(f"storage item {item['id']}: type {item.get('type')!r} is not supported")
        elif item["id"] in seen:
            problems.append(f"storage item {item['id']} is there twice")
        else:
            seen.add(item["id"])
            reader(item, storage, sizes, lambda text, name=item["id"]: problems.append(f"storage item {name}: {text}"))
    _check_layouts(storage, problems)
    return storage


def _disk(item, storage, sizes, problem):
    if item.get("preserve"):
        problem("preserve is not supported")
    if item.get("ptable") not in ("gpt", "msdos", None):
        problem(f"partition table {item['ptable']!r} is not supported: gpt or msdos")
    if item.get("wipe") not in ("superblock", "superblock-recursive", None):
        problem(f"wipe {item['wipe']!r} is not supported: superblock")
    names = {key: item.get(key) or None for key in ("serial", "model", "path")}
    if not names["serial"] and not names["path"]:
        problem("has neither serial nor path to find it by")
    if names["path"] and not re.fullmatch(r"/dev/[A-Za-z0-9_@%+=:,./-]+", names["path"]):
        problem(f"path {names['path']!r} is no device path")
    size = sizes.get(item["id"]) if isinstance(sizes, dict) else None
    size = size if isinstance(size, dict) else {}
    storage.disks.append(Disk(
        id=item["id"], ptable=item.get("ptable"), wipe=item.get("wipe"), grub_device=item.get("grub_device") is True,
        size_bytes=size.get("sizeBytes"), block_size_bytes=size.get("blockSizeBytes"), **names,
    ))


def _partition(item, storage, _sizes, problem):
    if item.get("preserve"):
        problem("preserve is not supported")
    raids = [group for group in storage.groups if isinstance(group, Raid)]
    device = next((disk for disk in [*storage.disks, *raids] if disk.id == item.get("device")), None)
    if device is None:
        problem(f"device {item.get('device')!r} is no disk or RAID that comes before it")
        return
    if device.ptable is None:
        problem(f"disk {device.id} has no partition table")
    number, size = item.get("number"), parse_size(item.get("size"))
    offset = parse_size(item["offset"]) if "offset" in item else None
    if not isinstance(number, int) or not 1 <= number <= (4 if device.ptable == "msdos" else 128):
        problem(f"number {number!r} is not possible")
    elif any(p.device == device.id and p.number == number for p in storage.partitions):
        problem(f"number {number} is taken on {device.id}")
    elif size is None or size < MIB:
        problem(f"size {item.get('size')!r} is no size of at least 1 MiB")
    elif "offset" in item and (offset is None or offset < MIB or offset % MIB):
        problem(f"offset {item['offset']!r} is no whole MiB behind the first")
    elif item.get("flag") not in ("bios_grub", "boot", "swap", "linux", "", None):
        problem(f"flag {item['flag']!r} is not supported")
    elif item.get("uuid") and not re.fullmatch(UUID, str(item["uuid"])):
        problem(f"uuid {item['uuid']!r} is no UUID")
    else:
        storage.partitions.append(Partition(
            id=item["id"], device=device.id, number=number, size_bytes=size, offset_bytes=offset,
            flag=item.get("flag") or None, uuid=item.get("uuid"),
        ))


def _format(item, storage, _sizes, problem):
    fstype, label = item.get("fstype"), item.get("label") or None
    if storage.format_of(item.get("volume")):
        problem(f"volume {item['volume']} is formatted twice")
    elif any(disk.id == item.get("volume") and disk.ptable for disk in storage.disks):
        problem(f"disk {item['volume']} has a partition table and cannot be formatted")
    elif item.get("volume") not in volumes(storage):
        problem(f"volume {item.get('volume')!r} is nothing that comes before it and can be formatted")
    elif fstype not in MKFS:
        problem(f"fstype {fstype!r} is not supported: {', '.join(sorted(MKFS))}")
    elif not re.fullmatch(UUID, str(item.get("uuid"))):
        problem(f"uuid {item.get('uuid')!r} is no UUID")
    elif label and not re.fullmatch(r"[A-Za-z0-9_. -]{1,%d}" % LABELS[fstype], str(label)):
        problem(f"label {label!r} does not fit {fstype}")
    else:
        storage.formats[item["id"]] = Format(item["id"], item["volume"], fstype, str(item["uuid"]).lower(), label)


def _mount(item, storage, _sizes, problem):
    made, path, options = storage.formats.get(item.get("device")), item.get("path"), item.get("options") or None
    special = item.get("fstype") if "device" not in item else None
    if made is None and special is None:
        problem(f"device {item.get('device')!r} is no format item that comes before it")
        return
    if special is not None and special not in IN_MEMORY:
        problem(f"fstype {special!r} needs a device")
    if made is not None and made.fstype == "swap":
        path = "none"
    elif not isinstance(path, str) or not re.fullmatch(PATH, path) or "/.." in path:
        problem(f"path {path!r} is no absolute path")
    elif any(mount.path == path for mount in storage.mounts):
        problem(f"{path} is mounted twice")
    if options and not re.fullmatch(OPTIONS, str(options)):
        problem(f"options {options!r} cannot stand in fstab")
    storage.mounts.append(Mount(item["id"], item.get("device"), path, options, special))


def _check_layouts(storage, problems):
    """Partitions of a disk lie one behind the other and inside the commissioned size."""
    for disk in storage.disks:
        end, parts = 0, storage.partitions_of(disk)
        for partition, start in zip(parts, starts(parts)):
            if start < end:
                problems.append(f"storage item {partition.id}: overlaps the partition before it")
            end = start + partition.size_bytes
        if isinstance(disk.size_bytes, int) and parts and end > disk.size_bytes - MIB:
            problems.append(f"disk {disk.id}: its partitions end at {end} and the disk has {disk.size_bytes} bytes")
