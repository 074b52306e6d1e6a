"""The install, stage by stage, under the names that curtin reports. Running it again from the start is always possible: nothing of an
earlier attempt is needed, and all of it is taken down first."""

import contextlib
import os
import time

from . import preflight, source
from .bootloader import install_bootloader
from .errors import InstallError
from .mounts import mount_all, mount_virtual, mounted_below, unmount_all
from .oauth import post_until
from .partitioning import format_all, partition_all
from .target import configure, netplan

PROGRESS_SECONDS = 5
NETBOOT_OFF_SECONDS = 300
IMAGE_ON_DISK = "/.rackwright-image.squashfs"


def install(plan, ctx, reporter):
    try:
        with reporter.stage("cmd-install/stage-early", "preparing for installation"):
            unmount_all(ctx)
            devices = preflight.check(plan, ctx)
            image = source.fetch_to_ram(plan, ctx, throttled(reporter, "cmd-install/stage-early", "fetching the image"))
        with reporter.stage("cmd-install/stage-partitioning", "configuring storage"):
            paths = partition_all(plan, devices, ctx)
            format_all(plan, paths, ctx)
            mount_all(plan, paths, ctx)
        with reporter.stage("cmd-install/stage-network", "configuring network"):
            ctx.log.write(netplan(plan.network))
        with reporter.stage("cmd-install/stage-extract", "writing the image to disk"):
            extract(plan, ctx, reporter, image)
        with reporter.stage("cmd-install/stage-curthooks", "configuring the installed system"):
            configure(plan, ctx.target)
            mount_virtual(ctx)
            if ctx.with_bootloader:
                install_bootloader(plan, paths, ctx)
        with reporter.stage("cmd-install/stage-hook", "finalizing installation"):
            ctx.run(["sync", "--file-system", ctx.target])
        with reporter.stage("cmd-install/stage-late", "executing late commands"):
            for command in plan.late_commands:
                late_command(command, ctx)
            unmount_all(ctx)
            netboot_off(plan, ctx)
    finally:
        clean_up(ctx)


def extract(plan, ctx, reporter, image):
    name = "cmd-install/stage-extract"
    if image is None:
        fetched = ctx.target + IMAGE_ON_DISK
        image = source.download(plan.source, fetched, throttled(reporter, name, "fetching the image"))
    unpacked = plan.source.get("unpackedSizeBytes")
    source.unpack(image, ctx.target, unpacked, ctx, throttled(reporter, name, "writing the image to disk"))
    with contextlib.suppress(FileNotFoundError):
        os.unlink(ctx.target + IMAGE_ON_DISK)


def throttled(reporter, name, description):
    """A progress callback that reports at most every few seconds, and the end."""
    last = [time.monotonic()]

    def progress(done_bytes, total_bytes):
        now = time.monotonic()
        if now - last[0] >= PROGRESS_SECONDS or done_bytes == total_bytes:
            last[0] = now
            reporter.progress(name, description, done_bytes, total_bytes)

    return progress


def late_command(command, ctx):
    """Runs in the ephemeral system with TARGET_MOUNT_POINT set; `curtin in-target -- ...` is run inside the new one."""
    if command[:3] == ["curtin", "in-target", "--"]:
        command = ["chroot", ctx.target, *command[3:]]
    ctx.run(command, extra_env={"TARGET_MOUNT_POINT": ctx.target})


def netboot_off(plan, ctx):
    """From now on the machine starts from its disk. Without it the next start would install again, so it has to arrive."""
    status = post_until(
        plan.netboot_off_url, b"op=netboot_off", "application/x-www-form-urlencoded", plan.reporting, NETBOOT_OFF_SECONDS
    )
    ctx.log.write(f"netboot_off: {status}")
    if not isinstance(status, int) or status >= 300:
        raise InstallError(f"the controller did not take netboot_off at {plan.netboot_off_url}: {status}")


def clean_up(ctx):
    """Also after a failure: nothing stays mounted, so that the disk can be looked at or the install be run again."""
    try:
        unmount_all(ctx)
        image_folder = os.path.join(ctx.state_dir, "image")
        if mounted_below(image_folder):
            ctx.run(["umount", image_folder], check=False)
    except InstallError as error:
        ctx.log.write(str(error))
