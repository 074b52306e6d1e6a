"""The command line."""

from __future__ import annotations

import argparse
import sys

from rackwright_runner import log
from rackwright_runner.settings import Settings

from . import creds
from .errors import Failed
from .region import maas_url
from .register import get_machine_token, register_machine
from .report import report_results

# The timer, or whoever typed it, comes again: there is no need to wait for half an hour.
RETRY_DELAYS = (1.0, 2.0, 4.0)


def parser() -> argparse.ArgumentParser:
    found = argparse.ArgumentParser(prog="maas-run-scripts", description="Register a machine that runs already, and report its hardware.")
    commands = found.add_subparsers(dest="command", required=True, metavar="COMMAND")
    url = {"metavar": "MAAS_URL", "help": "the region: http://HOST:5240/MAAS"}
    key = {"metavar": "API_KEY", "help": "of an administrator: CONSUMER:TOKEN:SECRET; - reads it from standard input"}

    register = commands.add_parser("register-machine", help="add this machine to the region as one that is deployed")
    register.add_argument("--hostname", metavar="NAME", help="name of the machine (default: the one it has)")
    register.add_argument("url", **url)
    register.add_argument("key", **key)

    token = commands.add_parser("get-machine-token", help="fetch the credentials of a machine that the region knows")
    token.add_argument("url", **url)
    token.add_argument("key", **key)
    token.add_argument("system_id", metavar="SYSTEM_ID")
    token.add_argument("file", metavar="FILE", nargs="?", help="where to write them (default: standard output)")

    report = commands.add_parser("report-results", help="run the scripts that look at the hardware, and report what they find")
    report.add_argument("--config", metavar="FILE", help="the machine's credentials, as register-machine writes them")
    report.add_argument("--machine-token", metavar="TOKEN", help="instead of the file: CONSUMER:TOKEN:SECRET, or - for standard input")
    report.add_argument("--metadata-url", metavar="URL", help="with --machine-token: http://HOST:5240/MAAS/metadata/")
    report.add_argument("--debug", action="store_true", help="say each step")
    return found


def main(argv: list[str], settings: Settings | None = None) -> int:
    options = parser().parse_args(argv)
    log.program = "maas-run-scripts"
    log.quiet = not getattr(options, "debug", False)
    try:
        if options.command == "register-machine":
            register_machine(options.url, options.key, options.hostname)
        elif options.command == "get-machine-token":
            get_machine_token(options.url, options.key, options.system_id, options.file)
        else:
            report_results(_credentials(options), settings or Settings(retry_delays=RETRY_DELAYS))
    except Failed as failure:
        print(f"maas-run-scripts: {failure}", file=sys.stderr)
        return 1
    return 0


def _credentials(options: argparse.Namespace):
    if options.config and not options.machine_token:
        return creds.read(options.config)
    if not (options.machine_token and options.metadata_url) or options.config:
        raise Failed("report-results takes --config FILE, or both --machine-token TOKEN and --metadata-url URL.")
    token = sys.stdin.readline() if options.machine_token == "-" else options.machine_token
    return creds.from_key(token, maas_url(options.metadata_url) + "/")
