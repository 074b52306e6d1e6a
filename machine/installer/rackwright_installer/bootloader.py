"""Makes the disk start: GRUB and a grub.cfg written by hand, since grub-mkconfig takes 12 s on an emulated machine."""

import os
import re

from .errors import InstallError
from .groups import mapper_path
from .items import Raid, Volume
from .preflight import GRUB_TARGETS
from .partitioning import fstab_uuid
from .target import write_file


def install_bootloader(plan, paths, ctx):
    version, kernel, initrd = find_kernel(ctx.target)
    ctx.log.write(f"kernel {version}")
    options = kernel_options(plan, ctx.cmdline())
    write_file(ctx.target, "/boot/grub/grub.cfg", grub_cfg(plan, version, kernel, initrd, options))
    # Read by update-grub when a later kernel is installed.
    defaults = f'GRUB_CMDLINE_LINUX="{" ".join(options)}"\n' + ("GRUB_TERMINAL=\"console serial\"\n" if _serial(plan, options) else "")
    write_file(ctx.target, "/etc/default/grub.d/50-rackwright.cfg", defaults)
    refresh_initrd(plan, version, ctx)
    grub_install(plan, paths, ctx)


def refresh_initrd(plan, version, ctx):
    """So that the initrd knows the arrays by their names: the image's was made where there were none."""
    if not any(isinstance(group, Raid) for group in plan.storage.groups):
        return
    write_file(ctx.target, "/etc/mdadm/mdadm.conf", "HOMEHOST <system>\nMAILADDR root\n" + ctx.run(["mdadm", "--detail", "--scan"]))
    if os.path.exists(f"{ctx.target}/usr/sbin/update-initramfs"):
        ctx.run(["chroot", ctx.target, "update-initramfs", "-u", "-k", version])


def find_kernel(root):
    """Version, kernel and initrd file name of the newest kernel in /boot."""
    folder = f"{root}/boot"
    names = os.listdir(folder) if os.path.isdir(folder) else []
    versions = [name[len("vmlinuz-"):] for name in names if name.startswith("vmlinuz-")]
    for version in sorted(versions, key=_version_key, reverse=True):
        for initrd in (f"initrd.img-{version}", f"initrd-{version}"):
            if initrd in names:
                return version, f"vmlinuz-{version}", initrd
    raise InstallError("the image has no kernel with an initrd in /boot: use an image that can be deployed")


def _version_key(version):
    return [(1, int(part), "") if part.isdigit() else (0, 0, part) for part in re.findall(r"\d+|\D+", version)]


def kernel_options(plan, cmdline):
    """Options behind `---` of this boot (without it, the consoles) and those of the plan, each once, in that order."""
    kept = []
    if plan.keep_boot_options:
        kept = cmdline[cmdline.index("---") + 1:] if "---" in cmdline else [w for w in cmdline if w.startswith("console=")]
        kept = [word for word in kept if re.fullmatch(r"[A-Za-z0-9_.,:=/@%+\[\]*-]+", word) and word != "---"]
    # What only the network boot means.
    kept = [word for word in kept if not word.startswith(("BOOTIF=", "netroot", "initrd=", "cloud-config-url=", "root="))]
    return list(dict.fromkeys([*kept, *plan.kernel_options]))


def _serial(plan, options):
    """Number and speed of the serial console GRUB should speak on. UEFI firmware mirrors its own console there already."""
    if plan.boot_method != "bios":
        return None
    for option in options:
        match = re.fullmatch(r"console=ttyS(\d)(?:,(\d+).*)?", option)
        if match:
            return match.group(1), match.group(2) or "115200"
    return None


def grub_cfg(plan, version, kernel, initrd, options):
    storage = plan.storage
    root = storage.mounted("/")
    boot = storage.mounted("/boot")
    folder = "" if boot else "/boot"
    holder = boot or root
    serial = _serial(plan, options)
    lines = ["# Written at installation; update-grub replaces it.", "set default=0", "set timeout=2"]
    if serial:
        lines += [f"serial --unit={serial[0]} --speed={serial[1]}", "terminal_input console serial", "terminal_output console serial"]
    module = {"ext2": "ext2", "ext4": "ext2", "xfs": "xfs", "btrfs": "btrfs", "vfat": "fat", "fat32": "fat"}[holder.fstype]
    below = storage.below(holder.volume)
    groups = (["insmod diskfilter", "insmod mdraid1x"] if any(isinstance(g, Raid) for g in below) else []) + (
        ["insmod lvm"] if any(isinstance(g, Volume) for g in below) else [])
    arguments = " ".join([f"root={_root_device(storage, root)}", "ro", *options])
    return "\n".join([
        *lines,
        "insmod part_gpt", "insmod part_msdos", *groups, f"insmod {module}",
        f"search --no-floppy --fs-uuid --set=root {fstab_uuid(holder)}",
        f"menuentry 'Linux {version}' {{",
        f"  linux {folder}/{kernel} {arguments}",
        f"  initrd {folder}/{initrd}",
        "}",
    ]) + "\n"


def _root_device(storage, root):
    """A volume by its name: initrds activate it by that, and look for a UUID on what is active already."""
    volume = storage.group(root.volume)
    if isinstance(volume, Volume):
        return mapper_path(storage.group(volume.group).name, volume.name)
    return f"UUID={fstab_uuid(root)}"


def grub_install(plan, paths, ctx):
    """By the image's own grub-install where it has one, so that later updates match; else by this system's."""
    target = GRUB_TARGETS[plan.architecture, plan.boot_method]
    here = os.path.isdir(f"{ctx.target}/usr/lib/grub/{target}") and os.path.exists(f"{ctx.target}/usr/sbin/grub-install")
    root = "" if here else ctx.target
    if not here and not os.path.isdir(f"{ctx.system_root}/usr/lib/grub/{target}"):
        raise InstallError(f"neither the image nor this system has GRUB for {target} (/usr/lib/grub/{target})")
    command = ["grub-install", f"--target={target}", f"--boot-directory={root}/boot", "--recheck"]
    if plan.boot_method == "uefi":
        # The removable path is found by every firmware, also after its variables were lost; boot order is the controller's business.
        command += [f"--efi-directory={root}/boot/efi", "--removable", "--no-nvram"]
    else:
        command.append(paths[plan.storage.grub_disk().id])
    ctx.run(["chroot", ctx.target, *command] if here else command)
