"""Everything that can be known before the first write. Nothing here changes a disk."""

import glob
import os

from .blockdev import find_disk, list_disks, uses
from .errors import Refused
from .groups import needed_tools
from .items import MIB, MKFS, starts
from .leftovers import name_clashes

GRUB_TARGETS = {("amd64", "bios"): "i386-pc", ("amd64", "uefi"): "x86_64-efi", ("arm64", "uefi"): "arm64-efi"}


def check(plan, ctx):
    """The device of each disk item. Raises Refused with every problem found."""
    problems = [*_missing_tools(plan, ctx), *_boot_problems(plan, ctx)]
    devices = {}
    if ctx.has_tool("lsblk"):
        present = list_disks(ctx)
        for disk in plan.storage.disks:
            device, wrong = find_disk(disk, present)
            if device is None:
                problems.append(f"disk {disk.id}: {wrong}")
                continue
            problems += [f"disk {disk.id}: {text}" for text in _disk_problems(plan.storage, disk, device)]
            if device.path in [known.path for known in devices.values()]:
                problems.append(f"disk {disk.id}: {device.path} is already another disk of the plan")
            devices[disk.id] = device
        if len(devices) == len(plan.storage.disks):
            problems += name_clashes(plan.storage, {device.path for device in devices.values()}, present, ctx)
    if problems:
        raise Refused(problems)
    return devices


def _missing_tools(plan, ctx):
    needed = {"lsblk", "wipefs", "sfdisk", "partx", "blockdev", "mount", "umount", "unsquashfs"}
    needed |= needed_tools(plan.storage)
    needed |= {MKFS[made.fstype] for made in plan.storage.formats.values()}
    return [f"this system has no {name}" for name in sorted(needed) if not ctx.has_tool(name)]


def _disk_problems(storage, disk, device):
    if device.read_only:
        yield f"{device.path} is read-only"
    for use in uses(device.path):
        yield f"{device.path} is in use: {use}"
    # A disk that is not as large as the commissioned one is another disk; partitions were sized for that one.
    if disk.size_bytes is not None and disk.size_bytes != device.size_bytes:
        yield f"{device.path} has {device.size_bytes} bytes, but the plan was made for {disk.size_bytes}: commission again"
    if disk.block_size_bytes is not None and device.sector_bytes > disk.block_size_bytes:
        yield f"{device.path} has sectors of {device.sector_bytes} bytes, not {disk.block_size_bytes}: commission again"
    parts = storage.partitions_of(disk)
    end = max((start + part.size_bytes for part, start in zip(parts, starts(parts))), default=0)
    if end > device.size_bytes - MIB:
        yield f"{device.path} is too small: partitions end at {end} of {device.size_bytes} bytes"


def _boot_problems(plan, ctx):
    if not ctx.with_bootloader:
        return
    if plan.boot_method == "uefi" and not os.path.isdir(ctx.efi_dir):
        yield "the plan says uefi, but this machine was started by its BIOS: change the firmware setting or deploy again"
    if plan.boot_method == "bios" and os.path.isdir(ctx.efi_dir):
        yield "the plan says bios, but this machine was started by UEFI: commission again, so that the layout gets an ESP"
    if plan.boot_method == "uefi" and secure_boot(ctx) and not os.path.exists(f"{ctx.system_root}/usr/lib/shim"):
        yield "Secure Boot is on and the image has no signed boot loader (shim-signed): turn it off or use another image"


def secure_boot(ctx):
    """Whether the firmware starts signed programs only: the variable's last byte, behind four of attributes."""
    for path in glob.glob(f"{ctx.efi_dir}/efivars/SecureBoot-*"):
        with open(path, "rb") as file:
            return file.read()[-1:] == b"\x01"
    return False
