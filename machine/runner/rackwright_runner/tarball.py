"""
Unpack what the region sends. Only plain files and directories below scripts/, and the one file beside it, ../config/netplan.yaml;
anything else (absolute paths, other `..`, links, devices) refuses the whole archive before a byte of it is written.
"""

from __future__ import annotations

import io
import os
import tarfile

from .workdir import Workdir

NETPLAN_MEMBER = "../config/netplan.yaml"
EXECUTABLE_DIRS = ("commissioning", "testing", "release")


class BadArchive(Exception):
    """The archive is damaged or reaches outside of its directory."""


def unpack(content: bytes, work: Workdir) -> None:
    """@raises BadArchive"""
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:*") as archive:
            members = [(member, target_of(member, work)) for member in archive.getmembers()]
            for member, target in members:
                _write(archive, member, target, work)
    except (tarfile.TarError, EOFError) as error:
        raise BadArchive(f"cannot read the archive of scripts ({len(content)} bytes): {error}") from error


def target_of(member: tarfile.TarInfo, work: Workdir) -> str:
    """Where a member goes. @raises BadArchive"""
    if not (member.isreg() or member.isdir()):
        raise BadArchive(f"the archive of scripts holds {member.name!r}, which is no plain file: nothing of it was unpacked")
    if member.name == NETPLAN_MEMBER:
        return work.netplan
    parts = [part for part in member.name.split("/") if part not in ("", ".")]
    if member.name.startswith("/") or ".." in parts or "\0" in member.name or (not parts and not member.isdir()):
        raise BadArchive(f"the archive of scripts holds {member.name!r}, which is outside of it: nothing of it was unpacked")
    return os.path.join(work.scripts, *parts)


def _write(archive: tarfile.TarFile, member: tarfile.TarInfo, target: str, work: Workdir) -> None:
    if member.isdir():
        os.makedirs(target, exist_ok=True)
        return
    os.makedirs(os.path.dirname(target), exist_ok=True)
    source = archive.extractfile(member)
    if source is None:
        raise BadArchive(f"the archive of scripts holds {member.name!r} without content")
    # A script that runs right now keeps its old file: never write into it, always replace it.
    fresh = target + ".new"
    if os.path.lexists(fresh):
        os.unlink(fresh)
    with source, open(fresh, "xb") as sink:
        while chunk := source.read(1024 * 1024):
            sink.write(chunk)
    top = os.path.relpath(target, work.scripts).split(os.sep)[0]
    os.chmod(fresh, 0o755 if top in EXECUTABLE_DIRS else 0o600)
    os.replace(fresh, target)
