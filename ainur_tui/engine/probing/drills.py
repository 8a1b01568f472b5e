"""Measured times of drills and recoveries, from the record of runs however old they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from ainur_tui.engine import record
from ainur_tui.engine.journal import Journal
from ainur_tui.engine.runs.recovery import RECOVERED, rebuild
from ainur_tui.model.action import Run
from ainur_tui.model.journal import JournalEntry
from ainur_tui.rules import drills
from ainur_tui.systems.base import Clock, Probe, Sample

KEPT = 500
"""Runs that are remembered, the newest."""


def _measures(run: Run) -> bool:
    """One whose verdict a later engine read does not: nobody saw when it was over."""
    told = run.plan.action in drills.ACTIONS and run.state == "verified"
    return told and not run.message.startswith(RECOVERED)


def runs_of(entries: Iterable[JournalEntry]) -> list[Run]:
    """The runs among entries of a record that measure something."""
    return [run for run in rebuild(entries).values() if _measures(run)][-KEPT:]


def of_record(path: Path) -> list[drills.Drill]:
    """What a record has measured; needs no engine, and one that is not there has nothing."""
    try:
        return drills.measured(runs_of(record.of_actions(path, drills.ACTIONS)))
    except OSError:
        return []


class DrillsProbe(Probe):
    """Reads the record once, and from then on what ``runs`` tells: the engine's own, newest first.
    Never fails: a record that cannot be read says so itself."""

    name = drills.TABLE
    target = "db"
    interval = 15.0
    deadline = 10.0
    signals = ()

    def __init__(self, journal: Journal, runs: Callable[[], list[Run]], clock: Clock) -> None:
        self._journal = journal
        self._runs = runs
        self._clock = clock
        self._known: dict[str, Run] | None = None

    async def read(self) -> Sample:
        """The table of times."""
        if self._known is None:
            try:
                entries = await self._journal.of_actions(drills.ACTIONS)
            except OSError:
                entries = []
            self._known = {run.id: run for run in runs_of(entries)}
        self._known |= {run.id: run for run in reversed(self._runs()) if _measures(run)}
        self._known = dict(list(self._known.items())[-KEPT:])
        now = self._clock.now()
        found = drills.measured(self._known.values())
        return Sample(tables=[drills.table(found, now, self.interval, "the record of runs")])
