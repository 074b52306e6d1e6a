"""What a script needs installed: apt, snap, and files by URL. Packages that are there already need no network."""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
import urllib.parse
import urllib.request
import zipfile
from typing import Any

from .execute import Outputs, run
from .index import Row
from .settings import Settings
from .workdir import Workdir

_SNAP_MODES = {"classic": "--classic", "dev": "--devmode", "jail": "--jailmode"}
_INSTALL_LIMIT_SECONDS = 1800.0


def _listed(value: Any) -> list:
    return value if isinstance(value, list) else [] if value in (None, "") else [value]


def installed(name: str) -> bool:
    if shutil.which("dpkg-query") is None:
        return False
    ask = subprocess.run(["dpkg-query", "-W", "-f=${db:Status-Status}", "--", name], capture_output=True, text=True, check=False)
    return ask.returncode == 0 and ask.stdout == "installed"


def wanted(row: Row) -> dict[str, list]:
    """What is left to install; empty when nothing is."""
    found = {
        "apt": [name for name in _listed(row.packages.get("apt")) if not installed(name)],
        "snap": _listed(row.packages.get("snap")),
        "url": _listed(row.packages.get("url")),
    }
    return {kind: entries for kind, entries in found.items() if entries}


class Installer:
    def __init__(self, row: Row, work: Workdir, settings: Settings, outputs: Outputs):
        self.row = row
        self.settings = settings
        self.outputs = outputs
        self.downloads = work.downloads(row.name)

    def install(self, packages: dict[str, list]) -> int:
        """Exit code of the first thing that fails, else 0."""
        os.makedirs(self.downloads, exist_ok=True)
        steps = [lambda: self.apt(packages.get("apt", []))]
        steps += [lambda entry=entry: self.snap(entry) for entry in packages.get("snap", [])]
        steps += [lambda url=url: self.url(url) for url in packages.get("url", [])]
        for step in steps:
            code = step()
            if code != 0:
                return code
        return 0

    def run(self, *command: str) -> int:
        self.outputs.write(f"Installing for {self.row.name}: {' '.join(command)}\n")
        return run(list(command), {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}, self.outputs, _INSTALL_LIMIT_SECONDS).code

    def apt(self, names: list[str]) -> int:
        if not names:
            return 0
        lists = self.settings.apt_lists_dir
        if not os.path.isdir(lists) or not any("_Packages" in name or "_dists_" in name for name in os.listdir(lists)):
            code = self.run("apt-get", "-qy", "update")
            if code != 0:
                return code
        return self.run("apt-get", "-qy", "--no-install-recommends", "install", "--", *names)

    def snap(self, entry: Any) -> int:
        entry = {"name": entry} if isinstance(entry, str) else entry
        if shutil.which("snap") is None:
            self.outputs.write(f"Not applicable here: the snap {entry['name']} cannot be installed, since this image has no snapd.\n")
            return 1
        options = [f"--channel={entry['channel']}"] if entry.get("channel") else []
        if entry.get("mode") in _SNAP_MODES:
            options.append(_SNAP_MODES[entry["mode"]])
        return self.run("snap", "install", *options, entry["name"])

    def url(self, url: str) -> int:
        name = os.path.basename(urllib.parse.unquote(urllib.parse.urlsplit(url).path)) or "download"
        target = os.path.join(self.downloads, name)
        self.outputs.write(f"Downloading {url} for {self.row.name}\n")
        try:
            with urllib.request.urlopen(url, timeout=self.settings.http_timeout_seconds) as reply, open(target, "wb") as sink:
                shutil.copyfileobj(reply, sink)
            if name.endswith(".deb"):
                return self.run("apt-get", "-qy", "--no-install-recommends", "install", target)
            if name.endswith(".snap"):
                return self.run("snap", "install", "--dangerous", target)
            self._extract(target)
        except (OSError, ValueError, tarfile.TarError, zipfile.BadZipFile) as error:
            self.outputs.write(f"Cannot fetch {url}: {error}\n")
            return 1
        return 0

    def _extract(self, path: str) -> None:
        if tarfile.is_tarfile(path):
            with tarfile.open(path) as archive:
                for member in archive.getmembers():
                    self._inside(member.name)
                    if member.issym() or member.islnk():
                        base = os.path.dirname(member.name) if member.issym() else ""
                        self._inside(os.path.join(base, member.linkname))
                    elif not (member.isreg() or member.isdir()):
                        raise ValueError(f"{member.name} is a device")
                archive.extractall(self.downloads, **({"filter": "tar"} if hasattr(tarfile, "tar_filter") else {}))
            os.unlink(path)
        elif zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                for name in archive.namelist():
                    self._inside(name)
                archive.extractall(self.downloads)
            os.unlink(path)

    def _inside(self, name: str) -> None:
        if os.path.isabs(name) or os.path.normpath(name).split(os.sep)[0] == "..":
            raise ValueError(f"{name} is outside of the archive")
