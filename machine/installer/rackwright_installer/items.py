"""The storage items of a plan (curtin's storage version 1, the part that is supported) as values."""

import re
from dataclasses import dataclass, field
from typing import Dict, List, Optional

MIB = 1024 * 1024

# fstype of the plan -> program that makes it
MKFS = {
    "ext2": "mkfs.ext2",
    "ext4": "mkfs.ext4",
    "xfs": "mkfs.xfs",
    "btrfs": "mkfs.btrfs",
    "vfat": "mkfs.vfat",
    "fat32": "mkfs.vfat",
    "swap": "mkswap",
}
FAT = ("vfat", "fat32")


@dataclass
class Disk:
    id: str
    ptable: Optional[str]
    serial: Optional[str]
    model: Optional[str]
    path: Optional[str]
    wipe: Optional[str]
    grub_device: bool
    size_bytes: Optional[int]
    block_size_bytes: Optional[int]


@dataclass
class Partition:
    id: str
    device: str
    number: int
    size_bytes: int
    offset_bytes: Optional[int]
    flag: Optional[str]
    uuid: Optional[str]


@dataclass
class Raid:
    id: str
    name: str
    level: int
    devices: List[str]
    spares: List[str]
    ptable: Optional[str]


@dataclass
class VolumeGroup:
    id: str
    name: str
    devices: List[str]


@dataclass
class Volume:
    id: str
    name: str
    group: str
    size_bytes: int


@dataclass
class Bcache:
    id: str
    backing: str
    cache: str
    mode: str


@dataclass
class Format:
    id: str
    volume: str
    fstype: str
    uuid: str
    label: Optional[str]


@dataclass
class Mount:
    id: str
    # The format item; None for a filesystem in memory, of which `fstype` says what it is.
    device: Optional[str]
    path: str
    options: Optional[str]
    fstype: Optional[str] = None


@dataclass
class Storage:
    disks: List[Disk] = field(default_factory=list)
    partitions: List[Partition] = field(default_factory=list)
    # Raid, VolumeGroup, Volume and Bcache in the order of the plan: each is made of what comes before it.
    groups: List[object] = field(default_factory=list)
    formats: Dict[str, Format] = field(default_factory=dict)
    mounts: List[Mount] = field(default_factory=list)

    def partitions_of(self, disk):
        return sorted((p for p in self.partitions if p.device == disk.id), key=lambda p: p.number)

    def format_of(self, volume):
        return next((f for f in self.formats.values() if f.volume == volume), None)

    def mounted(self, path):
        """The format of what is mounted at `path`, or None."""
        mount = next((m for m in self.mounts if m.path == path), None)
        return self.formats[mount.device] if mount and mount.device else None

    def group(self, name):
        return next((g for g in self.groups if g.id == name), None)

    def below(self, volume):
        """The groups that a disk, partition or group lies on, itself first."""
        part = next((p for p in self.partitions if p.id == volume), None)
        found = self.group(part.device if part else volume)
        if found is None:
            return []
        members = {
            Raid: lambda: [*found.devices, *found.spares], VolumeGroup: lambda: found.devices, Volume: lambda: [found.group],
            Bcache: lambda: [found.backing, found.cache],
        }[type(found)]()
        return [found, *(deeper for member in members for deeper in self.below(member))]

    def grub_disk(self):
        return next((d for d in self.disks if d.grub_device), None)


def parse_size(value):
    """Bytes of `1024B`, `512MB`-style binary sizes or a number, as curtin reads them; None when it is no size."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value if value >= 0 else None
    match = re.fullmatch(r"(\d+)\s*([KMGT]?)B?", str(value), re.IGNORECASE)
    if not match:
        return None
    return int(match.group(1)) * 1024 ** " KMGT".index(match.group(2).upper() or " ")


def starts(partitions):
    """Start of each partition in bytes, in the order given: its offset, else behind the one before, on a whole MiB."""
    found = []
    end = 4 * MIB
    for partition in partitions:
        start = partition.offset_bytes if partition.offset_bytes is not None else -(-end // MIB) * MIB
        found.append(start)
        end = start + partition.size_bytes
    return found
