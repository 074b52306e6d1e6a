"""Makes RAIDs, volume groups, volumes and bcaches, by the programs of this system."""

import os
import re
import time

from .errors import InstallError
from .items import Bcache, Raid, Volume, VolumeGroup
from .leftovers import only

TOOLS = {
    Raid: ("mdadm",),
    VolumeGroup: ("pvcreate", "pvs", "vgcreate"),
    Volume: ("lvcreate",),
    Bcache: ("make-bcache", "bcache-super-show"),
}
EXTENT_BYTES = 4 * 1024 * 1024


def needed_tools(storage):
    return {tool for group in storage.groups for tool in TOOLS[type(group)]}


def make_group(group, plan, paths, ctx):
    """Where the device that the group offers is; None for a volume group, which offers none itself."""
    return {Raid: _raid, VolumeGroup: _volume_group, Volume: _volume, Bcache: _bcache}[type(group)](group, plan, paths, ctx)


def _raid(raid, plan, paths, ctx):
    name = f"/dev/md/{raid.name}"
    command = ["mdadm", "--create", name, "--run", "--metadata=1.2", f"--homehost={plan.hostname}", f"--name={raid.name}",
               f"--level={raid.level}", f"--raid-devices={len(raid.devices)}"]
    if raid.spares:
        command.append(f"--spare-devices={len(raid.spares)}")
    ctx.run([*command, *(paths[member] for member in [*raid.devices, *raid.spares])])
    return real_node(ctx, name)


def _volume_group(group, _plan, paths, ctx):
    members = [paths[member] for member in group.devices]
    ctx.run(["pvcreate", *only(members), "--yes", "--force", *members])
    ctx.run(["vgcreate", *only(members), "--yes", "--physicalextentsize", "4m", group.name, *members])


def _volume(volume, plan, paths, ctx):
    group = plan.storage.group(volume.group)
    extents = str(volume.size_bytes // EXTENT_BYTES)
    members = [paths[member] for member in group.devices]
    ctx.run(["lvcreate", *only(members), "--yes", "--wipesignatures", "y", "--extents", extents, "--name", volume.name, group.name])
    return mapper_path(group.name, volume.name)


def mapper_path(group, volume):
    """The name that the device mapper gives a volume: hyphens within the names are doubled."""
    return f"/dev/mapper/{group.replace('-', '--')}-{volume.replace('-', '--')}"


def _bcache(bcache, plan, paths, ctx):
    cache, backing = paths[bcache.cache], paths[bcache.backing]
    first = next(g for g in plan.storage.groups if isinstance(g, Bcache) and g.cache == bcache.cache)
    if first is bcache:
        ctx.run(["make-bcache", "-C", cache])
    ctx.run(["make-bcache", "-B", backing])
    found = re.search(r"^cset\.uuid\s+(\S+)", ctx.run(["bcache-super-show", cache]), re.MULTILINE)
    if not found:
        raise InstallError(f"bcache-super-show {cache} names no cache set")
    for path in (cache, backing):
        if not os.path.exists(sys_folder(ctx, path)):
            # udev registers what it sees; it is told here where there is none.
            ctx.write_sys("/sys/fs/bcache/register", path, check=False)
    folder = sys_folder(ctx, backing)
    wait_for(ctx, f"{folder}/dev")
    wait_for(ctx, f"{ctx.sys_root}/sys/fs/bcache/{found.group(1)}")
    ctx.write_sys(f"{folder}/attach", found.group(1))
    ctx.write_sys(f"{folder}/cache_mode", bcache.mode)
    return "/dev/" + os.path.basename(os.path.realpath(f"{folder}/dev"))


def sys_folder(ctx, path):
    return f"{ctx.sys_root}/sys/class/block/{os.path.basename(os.path.realpath(path))}/bcache"


def wait_for(ctx, path, seconds=15):
    if ctx.has_tool("udevadm"):
        ctx.run(["udevadm", "settle", "--timeout", str(seconds)], check=False)
    deadline = time.monotonic() + seconds
    while not os.path.exists(path):
        if time.monotonic() > deadline:
            raise InstallError(f"{path} did not appear within {seconds} s")
        time.sleep(0.05)


def real_node(ctx, path):
    """`/dev/md127` of `/dev/md/data`: what its partitions are named by."""
    wait_for(ctx, path)
    return os.path.realpath(path)
