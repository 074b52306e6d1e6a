"""Reads a plan and lists everything in it that cannot be done, without looking at the machine."""

import json
import re
from dataclasses import dataclass
from typing import Any, Dict, List

from .errors import Refused
from .items import Bcache, Storage
from .storage_items import read_storage

LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"


@dataclass
class Plan:
    system_id: str
    hostname: str
    fqdn: str
    architecture: str
    storage: Storage
    network: Dict[str, Any]
    source: Dict[str, Any]
    boot_method: str
    kernel_options: List[str]
    keep_boot_options: bool
    files: List[Dict[str, str]]
    reporting: Dict[str, str]
    netboot_off_url: str
    late_commands: List[List[str]]
    power_action: str


def load(path):
    try:
        with open(path, encoding="utf-8") as file:
            raw = json.load(file)
    except (OSError, ValueError) as error:
        raise Refused([f"the plan {path} cannot be read: {error}"]) from error
    return parse(raw)


def parse(raw):
    """The plan as values. Raises Refused with every problem found, not only the first."""
    if not isinstance(raw, dict):
        raise Refused(["the plan is no JSON object"])
    if raw.get("version") != 1:
        raise Refused([f"plan version {raw.get('version')!r} is not known to this installer, which does version 1"])
    problems = []
    reporting = _mapping(raw, "reporting", problems)
    source = _mapping(raw, "source", problems)
    bootloader = _mapping(raw, "bootloader", problems)
    kernel = _mapping(raw, "kernel", problems)
    storage = read_storage(raw.get("storage"), raw.get("disks") or {}, problems)
    _check_names(raw, problems)
    _check_source(source, problems)
    _check_urls(raw, reporting, problems)
    files = _mapping(raw, "cloudInit", problems).get("files")
    _check_files(files, problems)
    options = kernel.get("options")
    _check_kernel_options(options, problems)
    method = bootloader.get("method")
    if method not in ("bios", "uefi"):
        problems.append(f"bootloader.method {method!r} is neither bios nor uefi")
    _check_boot(storage, method, raw.get("architecture"), problems)
    late = raw.get("lateCommands", [])
    if not isinstance(late, list) or not all(_is_words(command) and command for command in late):
        problems.append("lateCommands is no list of non-empty lists of words")
    network = raw.get("network")
    if not isinstance(network, dict) or network.get("version") != 2:
        problems.append("network is no netplan version 2 object")
    if raw.get("powerAction", "none") not in ("reboot", "none"):
        problems.append(f"powerAction {raw.get('powerAction')!r} is neither reboot nor none")
    if problems:
        raise Refused(problems)
    return Plan(
        system_id=raw["systemId"], hostname=raw["hostname"], fqdn=raw["fqdn"], architecture=raw["architecture"],
        storage=storage, network=network, source=source, boot_method=method, kernel_options=options,
        keep_boot_options=kernel.get("keepBootOptions") is not False, files=files, reporting=reporting,
        netboot_off_url=raw["netbootOff"]["url"], late_commands=late, power_action=raw.get("powerAction", "none"),
    )


def _mapping(raw, key, problems):
    value = raw.get(key)
    if isinstance(value, dict):
        return value
    problems.append(f"{key} is missing or no object")
    return {}


def _is_words(value):
    return isinstance(value, list) and all(isinstance(word, str) for word in value)


def _check_names(raw, problems):
    for key, pattern in (("hostname", LABEL), ("fqdn", rf"{LABEL}(\.{LABEL})*"), ("systemId", r"[A-Za-z0-9-]+")):
        if not isinstance(raw.get(key), str) or not re.fullmatch(pattern, raw[key]):
            problems.append(f"{key} {raw.get(key)!r} is not allowed")


def _check_source(source, problems):
    if source.get("type") != "squashfs":
        problems.append(f"source.type {source.get('type')!r} is not supported: only squashfs")
    if not re.fullmatch(r"http://[^\s/]+/\S+|cp:///\S+", str(source.get("uri"))):
        problems.append(f"source.uri {source.get('uri')!r} is neither http://... nor cp:///directory")
    if not re.fullmatch(r"[0-9a-f]{64}", str(source.get("sha256"))):
        problems.append("source.sha256 is not 64 lower-case hexadecimal digits")
    if not isinstance(source.get("sizeBytes"), int) or source["sizeBytes"] <= 0:
        problems.append("source.sizeBytes is not a positive number")


def _check_urls(raw, reporting, problems):
    netboot_off = raw.get("netbootOff")
    url = netboot_off.get("url") if isinstance(netboot_off, dict) else None
    for name, value in (("reporting.endpoint", reporting.get("endpoint")), ("netbootOff.url", url)):
        if not re.fullmatch(r"https?://[^\s/]+(/\S*)?", str(value)):
            problems.append(f"{name} {value!r} is no http URL")
    for key in ("consumerKey", "tokenKey", "tokenSecret"):
        if not isinstance(reporting.get(key), str) or not reporting[key]:
            problems.append(f"reporting.{key} is missing")


def _check_files(files, problems):
    if not isinstance(files, list):
        problems.append("cloudInit.files is no list")
        return
    for index, entry in enumerate(files):
        path = entry.get("path") if isinstance(entry, dict) else None
        if not isinstance(path, str) or not re.fullmatch(r"(/[A-Za-z0-9_@%+=:,.-]+)+", path) or "/.." in path:
            problems.append(f"cloudInit.files[{index}].path {path!r} is no absolute path")
        elif not isinstance(entry.get("content"), str) or not re.fullmatch(r"0?[0-7]{3}", str(entry.get("mode"))):
            problems.append(f"cloudInit file {path} needs content and an octal mode such as 0600")


def _check_kernel_options(options, problems):
    if not _is_words(options):
        problems.append("kernel.options is no list of words")
        return
    for option in options:
        # grub.cfg and /etc/default/grub are read by shells of their own.
        if not re.fullmatch(r"[A-Za-z0-9_.,:=/@%+\[\]*-]+", option):
            problems.append(f"kernel option {option!r} has a character that a boot loader would take for its own")


def _check_boot(storage, method, architecture, problems):
    if architecture not in ("amd64", "arm64") or (architecture == "arm64" and method == "bios"):
        problems.append(f"no boot loader for architecture {architecture!r} started by {method!r}")
    if storage is None:
        return
    if not storage.mounted("/"):
        problems.append("no filesystem is mounted on /")
    holder = storage.mounted("/boot") or storage.mounted("/")
    if holder and any(isinstance(group, Bcache) for group in storage.below(holder.volume)):
        problems.append("GRUB cannot read a bcache: give /boot a partition of its own")
    if method == "uefi":
        efi = storage.mounted("/boot/efi")
        if efi is None or efi.fstype not in ("vfat", "fat32"):
            problems.append("uefi needs a fat32 filesystem mounted on /boot/efi")
        elif storage.below(efi.volume):
            problems.append("firmware cannot read /boot/efi on a RAID, volume or bcache: put it on a partition of a disk")
    elif method == "bios":
        disk = storage.grub_disk()
        if disk is None:
            problems.append("no disk has grub_device: GRUB has nowhere to go")
        elif disk.ptable == "gpt" and not any(p.flag == "bios_grub" for p in storage.partitions_of(disk)):
            problems.append(f"disk {disk.id} has a GPT and no bios_grub partition for GRUB")
