"""`maas-run-remote-scripts`: options, credentials, priorities."""

from __future__ import annotations

import argparse
import os
import sys

from . import credentials
from .client import Client, RequestFailed
from .log import say
from .runner import Runner
from .settings import Settings
from .workdir import Workdir

DEFAULT_CONFIG = "/etc/cloud/cloud.cfg.d/91_kernel_cmdline_url.cfg"
DEFAULT_VERSION = "2012-03-01"


def parser() -> argparse.ArgumentParser:
    found = argparse.ArgumentParser(
        prog="maas-run-remote-scripts", description="Download the scripts this machine is to run, run them, and report their results."
    )
    add = found.add_argument
    add("--config", default=DEFAULT_CONFIG, metavar="FILE", help="cloud-config file with the region's URL and this machine's keys")
    add("--ckey", metavar="KEY", help="OAuth consumer key, instead of the one in the config")
    add("--tkey", metavar="KEY", help="OAuth token key")
    add("--csec", metavar="SECRET", help="OAuth consumer secret")
    add("--tsec", metavar="SECRET", help="OAuth token secret")
    add("--apiver", default=DEFAULT_VERSION, metavar="VERSION", help="version of the metadata service (%(default)s)")
    add("--url", metavar="URL", help="metadata service, e.g. http://10.0.0.1:5248/MAAS/metadata/")
    add("--no-send", action="store_true", help="run the scripts but report nothing")
    add("--no-download", action="store_true", help="run the scripts that are here already, all of them")
    add("storage_directory", nargs="?", default=default_directory(), metavar="DIR", help="working directory (%(default)s)")
    return found


def default_directory() -> str:
    """Parent of the bin directory that this package was unpacked to."""
    return os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))


def main(argv: list[str], settings: Settings | None = None) -> int:
    options = parser().parse_args(argv)
    settings = settings or Settings()
    client = Client(settings, secret=credentials.boot_secret(settings))
    needs_region = not (options.no_send and options.no_download)
    try:
        client.credentials = _credentials(options, settings, client)
    except (credentials.NoRegion, RequestFailed) as error:
        if needs_region:
            say(str(error))
            return 1
    _take_precedence()
    runner = Runner(
        settings, Workdir(options.storage_directory), client, options.apiver, sends=not options.no_send, downloads=not options.no_download
    )
    try:
        return runner.run()
    except RequestFailed as error:
        say(f"cannot reach the region: {error}")
        return 1


def _credentials(options: argparse.Namespace, settings: Settings, client: Client) -> credentials.Credentials:
    if options.url:
        found = credentials.Credentials(options.url)
    else:
        found = credentials.find(settings, options.config, lambda url: client.ask(url, stubborn=True)[1])
    given = {"consumer_key": options.ckey, "token_key": options.tkey, "consumer_secret": options.csec, "token_secret": options.tsec}
    return credentials.Credentials(**{**vars(found), **{name: value for name, value in given.items() if value is not None}})


def _take_precedence() -> None:
    """The heartbeat must go on while a stress test eats the machine. Needs root; by hand as a user it does without."""
    try:
        with open("/proc/self/oom_score_adj", "w", encoding="ascii") as stream:
            stream.write("-1000")
        os.setpriority(os.PRIO_PROCESS, 0, -20)
    except OSError as error:
        print(f"maas-run-remote-scripts: runs without precedence: {error}", file=sys.stderr)
