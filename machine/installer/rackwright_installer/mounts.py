"""Mounts the new system below the target folder, and takes it away again."""

import os

from .errors import InstallError

VIRTUAL = ("dev", "proc", "sys", "run")


def mount_all(plan, paths, ctx):
    """Filesystems in path order, a parent before what lies in it."""
    os.makedirs(ctx.target, mode=0o755, exist_ok=True)
    for mount in sorted((m for m in plan.storage.mounts if m.path != "none"), key=lambda m: m.path):
        point = os.path.normpath(ctx.target + mount.path)
        os.makedirs(point, exist_ok=True)
        if mount.device is None:
            # In memory: the new system mounts it, and nothing is installed into it.
            continue
        made = plan.storage.formats[mount.device]
        kind = {"fat32": "vfat"}.get(made.fstype, made.fstype)
        options = ["-o", mount.options] if mount.options else []
        ctx.run(["mount", "-t", kind, *options, paths[made.volume], point])


def mount_virtual(ctx):
    """What programs in a chroot need. rslave, else unmounting one here would unmount it in the running system."""
    for name in VIRTUAL:
        point = f"{ctx.target}/{name}"
        os.makedirs(point, exist_ok=True)
        if not os.path.ismount(point):
            ctx.run(["mount", "--rbind", f"/{name}", point])
            ctx.run(["mount", "--make-rslave", point])


def mounted_below(folder):
    folder = os.path.realpath(folder)
    with open("/proc/self/mountinfo", encoding="utf-8") as file:
        points = [line.split()[4].replace("\\040", " ") for line in file]
    return [point for point in points if point == folder or point.startswith(folder + "/")]


def unmount_all(ctx):
    """Leave nothing mounted below the target. Lazily only when something still holds it open."""
    if mounted_below(ctx.target):
        ctx.run(["sync", "--file-system", ctx.target])
        ctx.run(["umount", "--recursive", ctx.target], check=False)
    if mounted_below(ctx.target):
        ctx.log.write(f"{ctx.target} is held open; detaching it")
        ctx.run(["umount", "--recursive", "--lazy", ctx.target], check=False)
    left = mounted_below(ctx.target)
    if left:
        raise InstallError(f"cannot unmount {', '.join(left)}")
