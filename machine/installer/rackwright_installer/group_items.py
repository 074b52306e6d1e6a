"""Decodes RAIDs, volume groups, volumes and bcaches of the plan."""

import re

from .items import MIB, Bcache, Raid, Volume, VolumeGroup, parse_size

# What LVM, md and the shells of an initrd all take for a name.
NAME = r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,126}"
# Level -> members that it needs at least
LEVELS = {0: 2, 1: 2, 5: 3, 6: 4, 10: 3}
CACHE_MODES = ("writeback", "writethrough", "writearound")
EXTENT = 4 * MIB


def volumes(storage):
    """Ids of what can carry a filesystem or be a member: nothing partitioned, nothing that is one already."""
    devices = [device for device in [*storage.disks, *storage.groups] if not isinstance(device, VolumeGroup)]
    whole = [device.id for device in devices if getattr(device, "ptable", None) is None]
    taken = {member for group in storage.groups for member in _members(group)}
    taken |= {made.volume for made in storage.formats.values()}
    return [name for name in whole + [p.id for p in storage.partitions if p.flag != "bios_grub"] if name not in taken]


def _members(group):
    if isinstance(group, Raid):
        return [*group.devices, *group.spares]
    if isinstance(group, VolumeGroup):
        return group.devices
    return [group.backing, group.cache] if isinstance(group, Bcache) else []


def _free(storage, names, problem):
    """Whether all of them can be members, each once."""
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        problem("its devices are no list of names")
        return False
    free = volumes(storage)
    bad = [name for name in names if name not in free or names.count(name) > 1]
    for name in dict.fromkeys(bad):
        problem(f"{name!r} is not free, or does not come before it")
    return not bad


def _named(item, problem):
    if re.fullmatch(NAME, str(item.get("name"))):
        return True
    problem(f"name {item.get('name')!r} is not allowed")
    return False


def read_raid(item, storage, _sizes, problem):
    level, devices, spares = item.get("raidlevel"), item.get("devices"), item.get("spare_devices") or []
    level = int(level) if str(level) in [str(known) for known in LEVELS] else None
    if level is None:
        problem(f"raidlevel {item.get('raidlevel')!r} is none of {', '.join(map(str, LEVELS))}")
    elif item.get("ptable") not in ("gpt", "msdos", None):
        problem(f"partition table {item['ptable']!r} is not supported: gpt or msdos")
    elif _named(item, problem) and _free(storage, devices, problem) and _free(storage, [*devices, *spares], problem):
        if len(devices) < LEVELS[level]:
            problem(f"RAID {level} needs {LEVELS[level]} devices, not {len(devices)}")
        elif level == 0 and spares:
            problem("RAID 0 cannot have spares")
        else:
            storage.groups.append(Raid(item["id"], item["name"], level, devices, spares, item.get("ptable")))


def read_volume_group(item, storage, _sizes, problem):
    if _named(item, problem) and _free(storage, item.get("devices"), problem):
        if item["devices"]:
            storage.groups.append(VolumeGroup(item["id"], item["name"], item["devices"]))
        else:
            problem("has no device")


def read_volume(item, storage, _sizes, problem):
    size = parse_size(item.get("size"))
    if not isinstance(storage.group(item.get("volgroup")), VolumeGroup):
        problem(f"volgroup {item.get('volgroup')!r} is no volume group that comes before it")
    elif size is None or size < EXTENT or size % EXTENT:
        problem(f"size {item.get('size')!r} is no whole number of 4 MiB")
    elif _named(item, problem):
        storage.groups.append(Volume(item["id"], item["name"], item["volgroup"], size))


def read_bcache(item, storage, _sizes, problem):
    backing, cache = item.get("backing_device"), item.get("cache_device")
    shared = any(isinstance(group, Bcache) and group.cache == cache for group in storage.groups)
    if item.get("cache_mode") not in CACHE_MODES:
        problem(f"cache_mode {item.get('cache_mode')!r} is none of {', '.join(CACHE_MODES)}")
    elif _free(storage, [backing] if shared else [backing, cache], problem):
        storage.groups.append(Bcache(item["id"], backing, cache, item["cache_mode"]))


GROUP_READERS = {
    "raid": read_raid,
    "lvm_volgroup": read_volume_group,
    "lvm_partition": read_volume,
    "bcache": read_bcache,
}
