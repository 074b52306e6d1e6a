"""
Run scripts under the network that the machine will be deployed with: its netplan in place of the ephemeral one, tried by a signal to the
region, and the ephemeral one back in the end, whatever happened in between.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import time

from . import bonds, devices, yaml_lite
from .direct import Direct, DirectFailed
from .execute import Outputs
from .log import say
from .settings import Settings
from .workdir import Workdir

# One network at a time.
_network = threading.Lock()


class NetworkFailed(Exception):
    """The configured network could not be put in place. `exit_code` is that of what failed; `dark` are links without a carrier then."""

    def __init__(self, message: str, exit_code: int = 1, dark: tuple[str, ...] = ()):
        super().__init__(message)
        self.exit_code = exit_code
        self.dark = dark


class ConfiguredNetwork:
    """`reaches_region()` says whether the region can be reached now. `network`: instead of what the region sent, part of it."""

    def __init__(self, work: Workdir, settings: Settings, log: Outputs | None, reaches_region, network: dict | None = None):
        self.work = work
        self.settings = settings
        self.log = log
        self.reaches_region = reaches_region
        self.network = network
        # Where there is no netplan iproute2 has to do.
        state = os.path.join(work.config, "network-before.json")
        self._direct = Direct(settings, state, lambda command: self._command(command, 30))

    def __enter__(self) -> ConfiguredNetwork:
        _network.acquire()
        try:
            self._apply()
        except BaseException:
            _network.release()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._revert()
        finally:
            _network.release()

    def _apply(self) -> None:
        if not os.path.isfile(self.work.netplan):
            raise NetworkFailed(f"The region sent no {self.work.netplan}: the machine has no configured network to apply.\n")
        if shutil.which("netplan") is None:
            self._apply_directly()
            return
        self._move(self.settings.netplan_dir, self.work.netplan_backup)
        try:
            self._write(os.path.join(self.settings.netplan_dir, "netplan.yaml"))
            self._netplan_apply()
            self._check()
        except BaseException:
            self._revert()
            raise

    def _apply_directly(self) -> None:
        try:
            self._direct.apply(bonds.read(self.work.netplan) if self.network is None else self.network)
            self._check()
        except NetworkFailed:
            self._revert()
            raise
        except (DirectFailed, KeyError, TypeError, AttributeError) as failure:
            self._revert()
            what = failure if isinstance(failure, DirectFailed) else f"The configured network makes no sense: {failure!r}\n"
            raise NetworkFailed(str(what)) from failure
        except BaseException:
            self._revert()
            raise

    def _check(self) -> None:
        if self.reaches_region():
            return
        # That was tried for a while: what has no carrier by now has none.
        names = os.listdir(f"{self.settings.sys_root}/class/net")
        dark = tuple(name for name in sorted(names) if name != "lo" and devices.link_is_down(self.settings, name))
        hint = f" Without a link: {', '.join(dark)}." if dark else ""
        raise NetworkFailed(
            f"Under the configured network the region cannot be reached: check addresses, VLANs and cabling.{hint}\n", dark=dark
        )

    def _write(self, path: str) -> None:
        if self.network is None:
            shutil.copyfile(self.work.netplan, path)
        else:
            with open(path, "w", encoding="utf-8") as stream:
                stream.write(yaml_lite.dump({"network": self.network}))
        os.chmod(path, 0o600)

    def recover(self) -> None:
        """Back to the network of the ephemeral system, where a runner that was killed left the configured one behind."""
        if self._direct.is_applied or (os.path.isdir(self.work.netplan_backup) and os.listdir(self.work.netplan_backup)):
            say("an earlier run was ended under the configured network: going back to that of the ephemeral system")
            with _network:
                self._revert()

    def _revert(self) -> None:
        if shutil.which("netplan") is None:
            if self._direct.is_applied:
                for failure in self._direct.revert():
                    self._note(failure)
            return
        for name in os.listdir(self.settings.netplan_dir):
            os.unlink(os.path.join(self.settings.netplan_dir, name))
        self._move(self.work.netplan_backup, self.settings.netplan_dir)
        try:
            self._netplan_apply()
        except NetworkFailed as failure:
            self._note(str(failure))

    def _note(self, failure: str) -> None:
        say(f"going back to the network of the ephemeral system: {failure}")
        if self.log:
            self.log.write(f"Going back to the network of the ephemeral system: {failure}")

    def _move(self, source: str, target: str) -> None:
        os.makedirs(source, exist_ok=True)
        os.makedirs(target, exist_ok=True)
        for name in sorted(os.listdir(source)):
            shutil.move(os.path.join(source, name), os.path.join(target, name))

    def _netplan_apply(self) -> None:
        """netplan leaves links that the new configuration does not name: take them away first."""
        self._clear_links()
        code, text = self._command(["netplan", "apply", "--debug"], self.settings.netplan_apply_seconds)
        if code != 0:
            raise NetworkFailed(f"`netplan apply` ended with {code}:\n{text}", code)
        for _ in range(self.settings.networkd_tries):
            if self._command(["networkctl", "--no-pager", "--no-legend", "list"], 10)[1].find("configuring") < 0:
                return
            time.sleep(self.settings.networkd_delay)

    def _clear_links(self) -> None:
        root = f"{self.settings.sys_root}/class/net"
        for name in sorted(os.listdir(root)):
            path = os.path.realpath(os.path.join(root, name))
            if name == "lo" or not os.path.isdir(path):
                continue
            virtual = "/devices/virtual/" in path
            self._command(["ip", "link", "delete", "dev", name] if virtual else ["ip", "link", "set", "dev", name, "down"], 10)

    def _command(self, command: list[str], limit: float) -> tuple[int, str]:
        try:
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=limit, check=False
            )
        except subprocess.TimeoutExpired:
            return 124, f"`{' '.join(command)}` did not end within {limit:g} s\n"
        except OSError as error:
            return error.errno or 1, f"`{' '.join(command)}` cannot be run: {error.strerror}\n"
        return done.returncode, done.stdout.decode("utf-8", "replace")
