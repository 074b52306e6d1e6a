"""Volume groups and arrays of an earlier system on disks that the plan leaves alone: they keep their names, also after the next start."""

import json
import os
import re

from .blockdev import descendants
from .items import Raid, VolumeGroup


def name_clashes(storage, planned_paths, present, ctx):
    """What would be called like a group of the plan, as problems that name the disk. Reads only."""
    others = [device.path for device in present if device.path not in planned_paths]
    groups = {group.name for group in storage.groups if isinstance(group, VolumeGroup)}
    arrays = {group.name for group in storage.groups if isinstance(group, Raid)}
    if groups:
        yield from _volume_groups(groups, others, ctx)
    if arrays:
        yield from _arrays(arrays, others, ctx)


def _volume_groups(names, disks, ctx):
    if not ctx.has_tool("pvs"):
        return  # told as a missing program
    # It answers 5 when one of many volumes is damaged, and still lists the others.
    text = ctx.run(["pvs", "--reportformat", "json", "--options", "pv_name,vg_name"], check=False)
    try:
        rows = [row for report in json.loads(text)["report"] for row in report["pv"]]
    except (ValueError, KeyError, TypeError):
        yield "pvs does not say which volume groups are on the disks here: its answer is in the log"
        return
    for disk in disks:
        here = {os.path.basename(disk), *descendants(disk)}
        for row in rows:
            if row["vg_name"] in names and os.path.basename(os.path.realpath(row["pv_name"])) in here:
                yield _told("volume group", row["vg_name"], row["pv_name"], disk)


def _arrays(names, disks, ctx):
    if not ctx.has_tool("mdadm"):
        return
    for disk in disks:
        for path in [disk, *(f"/dev/{name}" for name in descendants(disk))]:
            # Fails on what is no member. The name is HOST:NAME, or NAME alone.
            text = ctx.run(["mdadm", "--examine", "--export", path], check=False)
            found = re.search(r"^MD_NAME=(?:.*:)?(.*)$", text, re.MULTILINE)
            if found and found.group(1) in names:
                yield _told("RAID", found.group(1), path, disk)


def _told(what, name, path, disk):
    return (f"disk {disk}, which is not in the plan, has a {what} {name!r} of an earlier system on {path}: "
            f"wipe that disk, or give the {what} of the plan another name")


def only(paths):
    """Options by which a program of LVM sees these devices alone. Every release since 2.02 takes a filter; --devices came with 2.03.12."""
    # Of the characters that device names have, these mean something in a pattern.
    exact = [re.sub(r"[.+]", r"[\g<0>]", path) for path in paths]
    patterns = ", ".join([*(f'"a|^{path}$|"' for path in exact), '"r|.*|"'])
    return ["--config", f"devices {{ filter = [ {patterns} ] }}"]
