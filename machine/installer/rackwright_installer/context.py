"""Where things are on the machine, the log, and how commands are run. Tests pass other places."""

import os
import shlex
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass

from .errors import InstallError


class Log:
    """Everything that happened, for /tmp/install.log and the console."""

    def __init__(self, path, console=sys.stdout):
        self.path = path
        self._console = console
        # 0600: the commands and their output describe the machine.
        self._file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8")

    def write(self, text):
        stamp = time.strftime("%H:%M:%S", time.gmtime())
        for line in text.splitlines() or [""]:
            self._file.write(f"{stamp} {line}\n")
            if self._console:
                print(line, file=self._console, flush=True)
        self._file.flush()

    def close(self):
        self._file.close()


@dataclass
class Context:
    log: Log
    state_dir: str = "/run/rackwright"
    local_image: str = "/run/netroot/root.squashfs"
    efi_dir: str = "/sys/firmware/efi"
    cmdline_path: str = "/proc/cmdline"
    # Left out by tests that use an image without kernel or boot loader.
    with_bootloader: bool = True
    # Before /sys: of tests.
    sys_root: str = ""
    # Where /usr/lib/grub of the running system is.
    system_root: str = "/"

    @property
    def target(self):
        return os.path.join(self.state_dir, "target")

    def has_tool(self, name):
        return shutil.which(name) is not None

    def run(self, argv, text=None, check=True, timeout=1800, extra_env=None):
        """Run a command, log it with its output, and give back its standard output."""
        self.log.write("+ " + " ".join(shlex.quote(word) for word in argv))
        env = {**os.environ, "LC_ALL": "C.UTF-8", **(extra_env or {})}
        try:
            done = subprocess.run(
                argv, input=text, stdin=None if text is not None else subprocess.DEVNULL,
                capture_output=True, text=True, errors="replace", timeout=timeout, env=env, check=False,
            )
        except FileNotFoundError as error:
            raise InstallError(f"{argv[0]} is not installed in this system") from error
        except subprocess.TimeoutExpired as error:
            raise InstallError(f"{' '.join(argv)} did not finish in {timeout} s") from error
        for part in (done.stdout, done.stderr):
            if part.strip():
                self.log.write(part.rstrip()[-4000:])
        if check and done.returncode != 0:
            said = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:] or ["it said nothing"]
            raise InstallError(f"{' '.join(argv)} failed with {done.returncode}: {said[0]}")
        return done.stdout

    def write_sys(self, path, text, check=True):
        """Tell the kernel by a file of /sys."""
        self.log.write(f"+ echo {text} > {path}")
        try:
            with open(path, "w", encoding="ascii") as file:
                file.write(text)
        except OSError as error:
            self.log.write(f"{path}: {error}")
            if check:
                raise InstallError(f"the kernel refused {text!r} for {path}: {error}") from error

    def cmdline(self):
        with open(self.cmdline_path, encoding="utf-8") as file:
            return file.read().split()
