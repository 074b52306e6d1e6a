"""From the first fetch to the last word: commissioning until nothing new comes, then testing or release."""

from __future__ import annotations

import os
import tempfile
import time
from collections import Counter
from dataclasses import replace

from . import enlist, index, tarball
from .batch import Context, run_batch
from .client import Client, RequestFailed
from .index import SERIAL, Row
from .live import Live, announced
from .log import say
from .netconfig import ConfiguredNetwork
from .report import Heartbeat, Reporter, Signal
from .settings import Settings
from .workdir import Workdir

# A recommission script resets the others once or twice; more is a region that forgets.
MOST_RUNS = 10


class Runner:
    def __init__(self, settings: Settings, work: Workdir, client: Client, version: str, sends: bool = True, downloads: bool = True):
        self.settings = settings
        self.work = work
        self.client = client
        self.version = version
        self.sends = sends
        self.downloads = downloads
        self.reporter = Reporter(client, version, sends)
        self.live = Live(client, version, settings.live_seconds)
        # Results of this process, by row: a region that missed one gets it again instead of a second run.
        self._done: dict[tuple, Signal] = {}
        self._power_known = False
        self._runs: Counter = Counter()

    @property
    def _introduces_itself(self) -> bool:
        return self.sends and self.client.credentials is not None and not self.client.credentials.enlisted

    def run(self) -> int:
        """0 when all passed and the region knows it, else 1."""
        self.work.create()
        ConfiguredNetwork(self.work, self.settings, None, lambda: True).recover()
        if not self.downloads and not os.path.exists(self.work.index):
            # A slip by hand: not the machine's failure.
            say(f"there are no scripts in {self.work.scripts}; run without --no-download first")
            return 1
        if os.path.exists(self.work.bmc_config):
            os.unlink(self.work.bmc_config)
        if self._introduces_itself and enlist.is_registered(self.client, self.settings):
            say("the region knows this machine already, nothing to do")
            time.sleep(self.settings.registered_wait_seconds)
            return 0
        with Heartbeat(self.reporter, self.settings.heartbeat_seconds) as heartbeat:
            try:
                word = self._stages()
            except (RequestFailed, enlist.EnlistFailed, index.BadIndex, tarball.BadArchive, OSError) as error:
                word = Signal("FAILED", error=str(error))
            heartbeat.stop()
        self.live.stop()
        say(word.error or ("all scripts passed" if self._done else "nothing to run"))
        delivered = self.reporter.final(word)
        return 0 if word.status == "OK" and delivered else 1

    def _stages(self) -> Signal:
        """The last word to the region."""
        plan = self._plan()
        while rows := self._todo(plan, "commissioning"):
            failed = self._run_stage("commissioning", rows)
            if failed:
                return _failed("commissioning", failed)
            if not (self.downloads and self.sends):
                break
            plan = self._plan()
        if self._introduces_itself:
            self._register(None)
        for stage, status in (("testing", "TESTING"), ("release", "RELEASING")):
            rows = self._todo(plan, stage)
            if not rows:
                continue
            self.reporter.progress(Signal(status), stubborn=True)
            failed = self._run_stage(stage, rows)
            if failed:
                return _failed(stage, failed)
        return Signal("OK")

    def _plan(self) -> dict[str, list[Row]]:
        """What is to run now; empty when the region has nothing."""
        if not self.downloads:
            return index.read(self.work)
        assert self.client.credentials is not None
        # Rows that the region still thinks unfinished would come again.
        self.reporter.flush(stubborn=True)
        status, content = self.client.ask(self.client.credentials.version_url(self.version) + "maas-scripts", stubborn=True)
        if status == 204 or not content:
            return {}
        before = index.raw(self.work)
        tarball.unpack(content, self.work)
        plan = index.read(self.work)
        self.live.announce(announced(index.raw(self.work)) if self.sends else None)
        index.remember(self.work, before)
        return plan

    def _todo(self, plan: dict[str, list[Row]], stage: str) -> list[Row]:
        """Rows to run. By hand, without downloading or sending: all. Else what has not finished, neither there nor here."""
        rows = plan.get(stage, [])
        if not (self.downloads and self.sends):
            return [replace(row, has_started=False, has_finished=False) for row in rows]
        fresh = []
        for row in rows:
            if row.has_finished:
                continue
            mine = self._done.get(row.key) or self._done.get((row.stage, row.name, None))
            # A row that was started here and is listed as never started was reset: run it again (recommission).
            if mine is not None and row.has_started:
                self.reporter.result(replace(mine, row=row))
            else:
                fresh.append(row)
        self._runs.update(row.key for row in fresh)
        for row in fresh:
            if self._runs[row.key] > MOST_RUNS:
                raise index.BadIndex(f"the region asks for {row.label} again after {MOST_RUNS} runs of it: its results do not stay there")
        return fresh

    def _run_stage(self, stage: str, rows: list[Row]) -> list[str]:
        """Run all of them. Returns the labels of those that failed."""
        failed: list[str] = []
        handle, resources = tempfile.mkstemp(prefix="resources-", suffix=".json", dir=self.work.config)
        os.close(handle)

        def finished(row: Row, signal: Signal) -> None:
            self._done[row.key] = signal
            if signal.exit_status != 0:
                failed.append(row.label)
            elif stage == "commissioning" and row.parallel == SERIAL:
                self._tell_power()

        base_url = self.client.credentials.base_url if self.client.credentials else ""
        context = Context(self.settings, self.work, self.reporter, base_url, resources, finished, self.live)
        try:
            for batch in index.batches(rows):
                if self._introduces_itself and batch[0].parallel != SERIAL:
                    self._register(None)
                run_batch(batch, context)
        finally:
            os.unlink(resources)
        return failed

    def _tell_power(self) -> None:
        """Once, as soon as a script knows the BMC: a machine that fails later can then still be switched."""
        power = None if self._power_known else enlist.read_power(self.work.bmc_config)
        if power is None:
            return
        self._power_known = True
        if self._introduces_itself:
            self._register(power)
            return
        self.reporter.result(Signal("WORKING", extra={"power_type": power[0], "power_parameters": enlist.as_json(power[1])}))

    def _register(self, power) -> None:
        enlist.register(self.client, self.settings, power)
        self.reporter.flush()


def _failed(stage: str, labels: list[str]) -> Signal:
    count = f"{len(labels)} {stage} script{'' if len(labels) == 1 else 's'} failed"
    return Signal("FAILED", error=f"{count}: {', '.join(sorted(labels))}")
