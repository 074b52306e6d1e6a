"""Takes old arrays, volumes, caches and signatures off a disk, so that nothing assembles itself from them again."""

import os

from .blockdev import descendants

MIB = 1024 * 1024


def wipe_disk(ctx, device):
    stop_holders(ctx, device.path)
    partitions = [f"/dev/{name}" for name in descendants(device.path)]
    for path in [*partitions, device.path]:
        if not os.path.exists(path):
            continue
        if ctx.has_tool("mdadm"):
            # Says no when there is no array superblock; version 1.0 and 0.90 ones lie near the end, where wipefs may not look.
            ctx.run(["mdadm", "--zero-superblock", "--force", path], check=False)
        ctx.run(["wipefs", "--all", "--force", path])
        zero_ends(path)
    ctx.run(["blockdev", "--rereadpt", device.path], check=False)


def stop_holders(ctx, disk_path):
    """Stop what was assembled on the disk, the outermost first. What does not stop shows itself when the table is written."""
    for name in descendants(disk_path):
        base = f"/sys/class/block/{name}"
        if os.path.isdir(f"{base}/bcache"):
            _write(f"{base}/bcache/stop", ctx)
        elif os.path.isdir(f"{base}/md"):
            ctx.run(["mdadm", "--stop", f"/dev/{name}"], check=False)
        elif os.path.isdir(f"{base}/dm"):
            with open(f"{base}/dm/name", encoding="utf-8") as file:
                ctx.run(["dmsetup", "remove", "--force", "--retry", file.read().strip()], check=False)
    for name in [os.path.basename(disk_path), *descendants(disk_path)]:
        # A cache device has no holder of its own: its set is stopped through the link to it.
        if os.path.isdir(f"/sys/class/block/{name}/bcache/set"):
            _write(f"/sys/class/block/{name}/bcache/set/stop", ctx)


def _write(path, ctx):
    ctx.log.write(f"+ echo 1 > {path}")
    try:
        with open(path, "w", encoding="ascii") as file:
            file.write("1")
    except OSError as error:
        ctx.log.write(f"{path}: {error}")


def zero_ends(path):
    """Zero the first and last MiB: bcache keeps its superblock at 4 KiB, boot code and backup tables lie at the ends."""
    descriptor = os.open(path, os.O_RDWR)
    try:
        size = os.lseek(descriptor, 0, os.SEEK_END)
        for start in (0, max(0, size - MIB)):
            os.lseek(descriptor, start, os.SEEK_SET)
            left = min(MIB, size - start)
            while left > 0:
                left -= os.write(descriptor, bytes(left))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
