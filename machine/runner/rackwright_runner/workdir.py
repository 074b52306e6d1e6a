"""The working directory: scripts/ (what was downloaded), out/ (one directory per result), config/."""

from __future__ import annotations

import os


class Workdir:
    def __init__(self, root: str):
        self.root = os.path.abspath(root)
        self.scripts = os.path.join(self.root, "scripts")
        self.out = os.path.join(self.root, "out")
        self.config = os.path.join(self.root, "config")
        self.index = os.path.join(self.scripts, "index.json")
        self.bmc_config = os.path.join(self.config, "bmc-config.yaml")
        self.netplan = os.path.join(self.config, "netplan.yaml")
        self.netplan_backup = os.path.join(self.config, "netplan.bak")

    def create(self) -> None:
        for path in (self.scripts, self.out, self.config):
            os.makedirs(path, exist_ok=True)

    def downloads(self, name: str) -> str:
        return os.path.join(self.scripts, "downloads", name)
