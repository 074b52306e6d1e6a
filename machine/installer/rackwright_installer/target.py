"""Writes the configuration of the installed system below the target folder."""

import os
import shutil

from . import yamltext
from .errors import InstallError
from .items import FAT
from .partitioning import fstab_uuid

NETPLAN = "/etc/netplan/50-rackwright.yaml"


def write_file(root, path, content, mode=0o644):
    """Replace a file of the target. A link in the image never leads out of the target, and no reader sees half a file."""
    folder = os.path.dirname(root + path)
    os.makedirs(folder, exist_ok=True)
    inside = os.path.realpath(root)
    if os.path.commonpath([inside, os.path.realpath(folder)]) != inside:
        raise InstallError(f"{os.path.dirname(path)} of the image is a link that leads out of the new system")
    new = f"{root}{path}.new"
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w", encoding="utf-8") as file:
        file.write(content)
        os.fchmod(file.fileno(), mode)
    os.replace(new, root + path)


def configure(plan, root):
    write_file(root, "/etc/fstab", fstab(plan.storage))
    write_file(root, "/etc/hostname", plan.hostname + "\n")
    write_file(root, "/etc/hosts", hosts(plan))
    # Empty: systemd makes a new one at the first start. The copy of D-Bus would keep the image's.
    write_file(root, "/etc/machine-id", "", 0o444)
    for path in ("/var/lib/dbus/machine-id", "/etc/netplan/50-cloud-init.yaml"):
        if os.path.lexists(root + path):
            os.unlink(root + path)
    # What cloud-init learnt in the system the image was made from.
    shutil.rmtree(f"{root}/var/lib/cloud", ignore_errors=True)
    # netplan warns about files that others may read.
    write_file(root, NETPLAN, netplan(plan.network), 0o600)
    resolv = resolv_conf(plan.network)
    if resolv and not os.path.exists(f"{root}/lib/systemd/systemd-resolved"):
        write_file(root, "/etc/resolv.conf", resolv)
    for entry in plan.files:
        write_file(root, entry["path"], entry["content"], int(entry["mode"], 8))


def fstab(storage):
    lines = ["# <what> <where> <type> <options> <dump> <check order>"]
    for mount in sorted(storage.mounts, key=lambda mount: mount.path):
        if mount.device is None:
            lines.append(f"{mount.fstype} {mount.path} {mount.fstype} {mount.options or 'defaults'} 0 0")
            continue
        made = storage.formats[mount.device]
        what = f"UUID={fstab_uuid(made)}"
        if made.fstype == "swap":
            lines.append(f"{what} none swap {mount.options or 'sw'} 0 0")
            continue
        kind = "vfat" if made.fstype in FAT else made.fstype
        options = mount.options or {"/": _root_options(made.fstype), "/boot/efi": "umask=0077"}.get(mount.path, "defaults")
        # xfs and btrfs check themselves when they are mounted.
        order = 0 if made.fstype in ("xfs", "btrfs") else 1 if mount.path == "/" else 2
        lines.append(f"{what} {mount.path} {kind} {options} 0 {order}")
    return "\n".join(lines) + "\n"


def _root_options(fstype):
    return "errors=remount-ro" if fstype in ("ext2", "ext4") else "defaults"


def hosts(plan):
    names = plan.hostname if plan.fqdn == plan.hostname else f"{plan.fqdn} {plan.hostname}"
    return (
        f"127.0.0.1 localhost\n127.0.1.1 {names}\n\n"
        "::1 localhost ip6-localhost ip6-loopback\nff02::1 ip6-allnodes\nff02::2 ip6-allrouters\n"
    )


def netplan(network):
    head = "# Written at installation. Change it as you like; nothing writes it again before the next installation.\n"
    return head + yamltext.dump({"network": network})


def resolv_conf(network):
    """Name servers for systems without systemd-resolved, where nobody hands netplan's on; None when the plan has none."""
    servers, search = [], []
    for kind in ("ethernets", "bonds", "bridges", "vlans"):
        for device in network.get(kind, {}).values():
            names = device.get("nameservers", {})
            servers += [server for server in names.get("addresses", []) if server not in servers]
            search += [domain for domain in names.get("search", []) if domain not in search]
    if not servers:
        return None
    # The C library reads the first three (resolv.conf(5)).
    lines = [f"nameserver {server}" for server in servers[:3]]
    return "\n".join(([f"search {' '.join(search)}"] if search else []) + lines) + "\n"
