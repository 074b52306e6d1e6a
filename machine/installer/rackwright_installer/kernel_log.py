"""What the kernel says of failing disks: mostly the reason behind the words of the command that failed."""

import re

from .errors import InstallError

TROUBLE = re.compile(
    r"I/O error|(?:medium|target) error|Unrecovered read error|Aborting journal|Remounting filesystem read-only"
    r"|(?:EXT4-fs|XFS|BTRFS)\b.*\b(?:error|corruption)",
    re.IGNORECASE,
)
# Drives without a medium complain in every machine that has one.
NO_DISK = re.compile(r"\b(?:fd|sr|loop)\d")
MOST_LINES = 2
LINE_LIMIT = 160


def disk_trouble(ctx):
    """The first lines of the kernel's log that speak of it, as one text; "" when none does. All of its warnings go to our own log."""
    try:
        said = ctx.run(["dmesg", "--notime", "--level=emerg,alert,crit,err,warn"], check=False, timeout=20)
    except InstallError as error:
        ctx.log.write(str(error))
        return ""
    lines = [line.strip() for line in said.splitlines() if TROUBLE.search(line) and not NO_DISK.search(line)]
    return "; ".join(line[:LINE_LIMIT] for line in lines[:MOST_LINES])
