"""The common shape of the probes that bring home one table of the database."""

from __future__ import annotations

from collections.abc import Sequence

from ainur_tui.model.signal import Reading, Signal
from ainur_tui.model.table import Column, Row, Table
from ainur_tui.systems.base import Clock, Probe
from ainur_tui.systems.postgres.client import Database
from ainur_tui.systems.postgres.shown import Shown

SLOW = 60.0
"""Seconds between looks at what is dear to read or slow to change, at least: no two have the same,
so that they do not fall into one second again and again."""
UNHURRIED = 15.0
"""Seconds a look may take that nothing vital rests on: all of them stand in line for the one held
connection, behind those that tell whether the database is there."""

GRANT = 'the role does not see other sessions\' work: GRANT pg_monitor TO "{}";'


class Look(Probe):
    """A probe of one table, not more often than every ``least`` seconds."""

    target = "db"
    signals: tuple[Signal, ...] = ()
    least = 5.0
    title: str
    source: str
    columns: Sequence[Column]

    def __init__(
        self, database: Database, clock: Clock, shown: Shown, *, interval: float, deadline: float
    ) -> None:
        self.interval = max(interval, self.least)
        self.deadline = max(deadline, UNHURRIED)
        self.database = database
        self.clock = clock
        self.shown = shown

    def table(self, rows: list[Row], note: str | None = None) -> Table:
        """The rows as read now."""
        return Table(
            name=self.name, target=self.target, title=self.title, columns=list(self.columns),
            rows=rows, observed_at=self.clock.now(), source=self.source, interval=self.interval,
            note=note,
        )  # fmt: skip

    def reading(self, signal: Signal, value: float | None, note: str | None = None) -> Reading:
        """One signal as read now."""
        return Reading(
            target=self.target, signal=signal.name, value=value, source=self.source,
            observed_at=self.clock.now(), note=note,
        )  # fmt: skip

    def relation(self, schema: object, name: object) -> str:
        """A relation as people call it: without the schema everybody has."""
        return self.shown.text(f"{schema}.{name}".removeprefix("public."), 140)
