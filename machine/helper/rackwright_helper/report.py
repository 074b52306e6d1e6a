"""
report-results: fetch the scripts that the region has for this machine, run those that only look, and report what they print.

The system is somebody's and in use. So it runs built-in scripts tagged deploy-info and nothing else, installs no package for them,
leaves the network as it is, and keeps what it fetches in a directory that it removes.
"""

from __future__ import annotations

import os
import tempfile

from rackwright_runner import index, tarball
from rackwright_runner.batch import Context, run_batch
from rackwright_runner.client import Client, RequestFailed
from rackwright_runner.credentials import Credentials
from rackwright_runner.index import Row
from rackwright_runner.packages import wanted
from rackwright_runner.report import Reporter, Signal
from rackwright_runner.settings import Settings
from rackwright_runner.workdir import Workdir

from .errors import Failed

TAG = "deploy-info"
VERSION = "2012-03-01"


def report_results(credentials: Credentials, settings: Settings) -> None:
    """@raises Failed"""
    with tempfile.TemporaryDirectory(prefix="maas-run-scripts-") as folder:
        work = Workdir(folder)
        work.create()
        client = Client(settings, credentials)
        rows = _fetch(client, work)
        _Report(client, work, settings).run(rows)


def _fetch(client: Client, work: Workdir) -> list[Row]:
    assert client.credentials is not None
    try:
        status, content = client.ask(client.credentials.version_url(VERSION) + "maas-scripts")
    except RequestFailed as failure:
        if failure.status in (401, 403):
            hint = " These credentials are not, or no longer, this machine's: get-machine-token fetches the present ones, if it is still deployed."
        else:
            hint = " Check the endpoint in the credentials." if failure.status in (None, 404) else ""
        raise Failed(f"Cannot fetch the scripts of this machine: {failure}.{hint}") from None
    nothing = "The region has no scripts for this machine to report with: is it Deployed?"
    if status == 204 or not content:
        raise Failed(nothing)
    try:
        tarball.unpack(content, work)
        entries = ((index.raw(work) or {}).get("1.0") or {}).get("commissioning_scripts") or []
        chosen = [entry for entry in entries if entry.get("default") is True and TAG in (entry.get("tags") or [])]
        # All of them, whatever the region has of them from before: the hardware may be another by now.
        rows = [index.row("commissioning", {**entry, "has_started": False, "has_finished": False}) for entry in chosen]
    except (tarball.BadArchive, index.BadIndex, KeyError, TypeError, AttributeError, ValueError) as error:
        raise Failed(f"The region sent scripts that make no sense: {error}.") from None
    if not rows:
        raise Failed(nothing)
    return [row for batch in index.batches(rows) for row in batch]


class _Report:
    def __init__(self, client: Client, work: Workdir, settings: Settings):
        self.client = client
        self.work = work
        self.settings = settings
        self.reporter = Reporter(client, VERSION, sends=True)
        self.ended: dict[str, int] = {}

    def run(self, rows: list[Row]) -> None:
        assert self.client.credentials is not None
        resources = os.path.join(self.work.config, "resources.json")
        base_url = self.client.credentials.base_url
        context = Context(self.settings, self.work, self.reporter, base_url, resources, self._finished)
        for row in rows:
            lacks = [str(name) for entries in wanted(row).values() for name in entries]
            if lacks or row.apply_configured_networking:
                self._refuse(row, f"needs {', '.join(lacks)}" if lacks else "changes the network")
            else:
                run_batch([row], context)
        if not self.reporter.flush():
            raise Failed("The region could not be reached for all results: run report-results again.")
        if self.reporter.refused:
            raise Failed(f"The region refused the results of {', '.join(self.reporter.refused)}: is the machine still Deployed?")
        failed = sorted(name for name, code in self.ended.items() if code != 0)
        print(f"Reported {len(rows)} results." + (f" Of these failed: {', '.join(failed)}; the region has what they printed." if failed else ""))

    def _finished(self, row: Row, signal: Signal) -> None:
        self.ended[row.name] = signal.exit_status or 0

    def _refuse(self, row: Row, why: str) -> None:
        text = f"{row.name} {why}: that is not done to a system that is in use.\n".encode()
        signal = Signal("WORKING", row, exit_status=1, files={row.name: text, f"{row.name}.err": text})
        self._finished(row, signal)
        self.reporter.result(signal)
