"""Writes partition tables and filesystems."""

import os

from .blockdev import BlockDevice, partition_path, wait_for_node
from .groups import make_group
from .items import FAT, starts
from .wipe import stop_holders, wipe_disk, zero_ends

# GPT partition types (UEFI specification, table 5-7; GRUB manual, "BIOS installation").
BIOS_GRUB = "21686148-6449-6E6F-744E-656564454649"
EFI_SYSTEM = "C12A7328-F81F-11D2-BA4B-00A0C93EC93B"
LINUX = "0FC63DAF-8483-4772-8E79-3D69D8477DE4"
SWAP = "0657FD6D-A4AB-43C4-84E5-0933C84B4F4F"


def partition_all(plan, devices, ctx):
    """Device path by item id, of disks and partitions. Everything old on the plan's disks is gone afterwards."""
    paths = {}
    # On all of them first: what spans several would be started again from a disk that is not wiped yet.
    for disk in plan.storage.disks:
        stop_holders(ctx, devices[disk.id].path)
    for disk in plan.storage.disks:
        device = devices[disk.id]
        paths[disk.id] = device.path
        wipe_disk(ctx, device)
        if disk.ptable is None:
            continue
        partition_device(plan, disk, device, paths, ctx)
    for group in plan.storage.groups:
        path = make_group(group, plan, paths, ctx)
        paths[group.id] = path
        if getattr(group, "ptable", None):
            partition_device(plan, group, virtual_device(path), paths, ctx)
    return paths


def partition_device(plan, item, device, paths, ctx):
    parts = plan.storage.partitions_of(item)
    script = sfdisk_script(plan.storage, item, device)
    ctx.run(["sfdisk", "--quiet", "--wipe", "always", "--wipe-partitions", "always", device.path], text=script)
    tell_kernel(ctx, device, parts)
    for partition in parts:
        path = partition_path(device.path, partition.number)
        wait_for_node(ctx, path)
        # A filesystem that began here before, and that the old table did not show.
        ctx.run(["wipefs", "--all", "--force", path])
        zero_ends(path)
        paths[partition.id] = path


def virtual_device(path):
    """A RAID as what is partitioned: md counts in sectors of 512 bytes."""
    return BlockDevice(path=path, size_bytes=0, sector_bytes=512, serials=set(), model="", read_only=False)


def tell_kernel(ctx, device, partitions):
    """sfdisk has the kernel read the table. A kernel that cannot read GPTs, or read this one too early, is told each partition by partx."""
    if ctx.has_tool("udevadm"):
        ctx.run(["udevadm", "settle", "--timeout", "15"], check=False)
    if not all(os.path.exists(partition_path(device.path, partition.number)) for partition in partitions):
        ctx.run(["partx", "--update", device.path], check=False)


def sfdisk_script(storage, disk, device):
    """Input of sfdisk(8): one line per partition, in sectors of the disk."""
    sector = device.sector_bytes
    lines = [f"label: {'gpt' if disk.ptable == 'gpt' else 'dos'}", "unit: sectors", ""]
    parts = storage.partitions_of(disk)
    for part, start in zip(parts, starts(parts)):
        fields = [f"start={start // sector}", f"size={part.size_bytes // sector}"]
        made = storage.format_of(part.id)
        fields += _gpt_fields(part, made) if disk.ptable == "gpt" else _mbr_fields(part, made)
        lines.append(f"{partition_path(device.path, part.number)} : {', '.join(fields)}")
    return "\n".join(lines) + "\n"


def _gpt_fields(part, made):
    fields = []
    fat = made is not None and made.fstype in FAT
    if part.flag == "bios_grub":
        fields.append(f"type={BIOS_GRUB}")
    elif part.flag == "boot" and fat:
        fields.append(f"type={EFI_SYSTEM}")
    elif made is not None and made.fstype == "swap":
        fields.append(f"type={SWAP}")
    else:
        fields.append(f"type={LINUX}")
    if part.flag == "boot" and not fat:
        fields.append('attrs="LegacyBIOSBootable"')
    if part.uuid:
        fields.append(f"uuid={part.uuid.upper()}")
    return fields


def _mbr_fields(part, made):
    if made is not None and made.fstype == "swap":
        return ["type=82"]
    fields = ["type=ef" if made is not None and made.fstype in FAT and part.flag == "boot" else "type=83"]
    return [*fields, "bootable"] if part.flag == "boot" else fields


def format_all(plan, paths, ctx):
    for made in plan.storage.formats.values():
        ctx.run(mkfs_command(made, paths[made.volume]))


def mkfs_command(made, path):
    label = made.label
    if made.fstype in ("ext2", "ext4"):
        # Lazy: the kernel zeroes inode tables after the first mount, which saves minutes on large disks.
        command = [f"mkfs.{made.fstype}", "-F", "-q", "-U", made.uuid, "-E", "lazy_itable_init=1"]
        return [*command, *(["-L", label] if label else []), path]
    if made.fstype in FAT:
        width = ["-F", "32"] if made.fstype == "fat32" else []
        return ["mkfs.vfat", *width, "-i", volume_id(made.uuid), *(["-n", label] if label else []), path]
    if made.fstype == "xfs":
        return ["mkfs.xfs", "-q", "-f", "-m", f"uuid={made.uuid}", *(["-L", label] if label else []), path]
    if made.fstype == "btrfs":
        return ["mkfs.btrfs", "-q", "-f", "-U", made.uuid, *(["-L", label] if label else []), path]
    return ["mkswap", "-f", "-U", made.uuid, *(["-L", label] if label else []), path]


def volume_id(uuid):
    """FAT has 32 bits of identity: the first eight digits."""
    return uuid[:8]


def fstab_uuid(made):
    """The UUID that blkid and fstab know the filesystem by."""
    if made.fstype in FAT:
        digits = volume_id(made.uuid).upper()
        return f"{digits[:4]}-{digits[4:]}"
    return made.uuid
