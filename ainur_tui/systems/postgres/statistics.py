"""Rates of the database's own counters, its answer time, and its tables."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from msgspec.structs import replace

from ainur_tui.model.event import Event
from ainur_tui.model.signal import Reading, Signal
from ainur_tui.model.table import Column, Row, Table
from ainur_tui.systems.base import Clock, Probe, Sample
from ainur_tui.systems.postgres import queries, signals
from ainur_tui.systems.postgres.client import Database, version_text
from ainur_tui.systems.postgres.look import SLOW, UNHURRIED
from ainur_tui.systems.postgres.shown import Shown

if TYPE_CHECKING:
    from asyncpg import Record

FIRST_GAP = 1.0
"""Seconds between the two samples of a first read."""

_DEAR = 0.01
"""Seconds a look at all files may take before it is done more seldom."""
_SELDOM = 5
_DEAD_SHARE = 0.2
_DEAD_LEAST = 10_000


class UpProbe(Probe):
    """Whether the database answers a trivial query, and how fast; restarts and role changes."""

    name = "db.up"
    target = "db"
    signals = (signals.UP, signals.LATENCY, signals.LOOKING)

    def __init__(
        self, database: Database, clock: Clock, *, interval: float, deadline: float
    ) -> None:
        self.interval = interval
        self.deadline = deadline
        self._database = database
        self._clock = clock
        self._known: tuple[float, bool] | None = None

    async def read(self) -> Sample:
        async with self._database.sampling() as connection:
            began = self._clock.monotonic()
            row = (await connection.fetch(queries.PING))[0]
            seconds = self._clock.monotonic() - began
            version = version_text(connection)
        at = self._clock.now()
        role = "replica" if row["replica"] else "primary"
        readings = [
            Reading(
                target="db", signal=signal.name, value=value, source="SELECT over our connection",
                observed_at=at, note=f"PostgreSQL {version}, {role}",
            )
            for signal, value in ((signals.UP, 1.0), (signals.LATENCY, seconds))
        ]  # fmt: skip
        spent = self._database.cost.last_minute()
        words = f"in the last {spent.over:.0f} s"
        readings.append(_reading(signals.LOOKING, spent.seconds * 1000, at, words, spent.by))
        events = self._events(row, role, at)
        return Sample(readings, events=events)

    def _events(self, row: Record, role: str, at: float) -> list[Event]:
        before, self._known = self._known, (row["started_at"], row["replica"])
        if before is None:
            return []
        found = []
        if before[0] != row["started_at"]:
            found.append(
                Event(
                    key=f"db-start-{row['started_at']:.0f}", at=row["started_at"], kind="restart",
                    target="db", text="PostgreSQL was started",
                )
            )  # fmt: skip
        if before[1] != row["replica"]:
            found.append(
                Event(
                    key=f"db-role-{at:.0f}", at=at, kind="state", target="db",
                    text=f"the database is a {role} now",
                )
            )  # fmt: skip
        return found


class StatisticsProbe(Probe):
    """Deltas of ``pg_stat_database``; the first read takes two samples a second apart.

    Counters that shrink or were reset are a gap, never a negative rate (F-22).
    """

    name = "db.statistics"
    target = "db"
    signals = signals.STATISTICS

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        interval: float,
        deadline: float,
        first_gap: float = FIRST_GAP,
    ) -> None:
        self.interval = interval
        self.deadline = deadline + first_gap
        self._database = database
        self._clock = clock
        self._gap = first_gap
        self._last: tuple[float, Record] | None = None

    async def read(self) -> Sample:
        if self._last is None:
            self._last = await self._counters()
            await asyncio.sleep(self._gap)
        (since, before), (now, after) = self._last, await self._counters()
        self._last = now, after
        at, seconds = self._clock.now(), now - since
        lost = before["stats_reset"] != after["stats_reset"] or any(
            after[name] < before[name] for name in ("transactions", "hit", "read", "deadlocks")
        )
        if lost or seconds <= 0:
            gone = "the counters were reset" if lost else "no time has passed"
            return Sample([_reading(signal, None, at, gone) for signal in self.signals])

        def delta(name: str) -> float:
            return float(after[name] - before[name])

        blocks = delta("hit") + delta("read")
        cache = delta("hit") / blocks if blocks else None
        return Sample(
            [
                _reading(signals.TRANSACTIONS, delta("transactions") / seconds, at),
                _reading(signals.CACHE, cache, at, None if blocks else "no block was read"),
                _reading(signals.DEADLOCKS, delta("deadlocks") / seconds, at),
            ]
        )

    async def _counters(self) -> tuple[float, Record]:
        row = (await self._database.fetch(queries.STATISTICS))[0]
        return self._clock.monotonic(), row


class SizeProbe(Probe):
    """The size of the database; seldom. The server looks at every file for it, so it has a
    connection of its own, behind which nothing waits, and is asked more seldom where there are
    many. ``volume`` is the bytes it may grow to."""

    name = "db.size"
    target = "db"
    signals = (signals.SIZE,)

    def __init__(
        self, database: Database, clock: Clock, *, interval: float, deadline: float,
        volume: float | None = None,
    ) -> None:  # fmt: skip
        self._volume = volume
        self.interval = self._often = max(interval, SLOW)
        self.deadline = max(deadline, UNHURRIED)
        self._database = database
        self._clock = clock

    async def read(self) -> Sample:
        async with self._database.short() as connection:
            began = self._clock.monotonic()
            size = (await connection.fetch(queries.SIZE))[0]["size"]
            dear = self._clock.monotonic() - began > _DEAR
        self.interval = self._often * (_SELDOM if dear else 1)
        at = self._clock.now()
        told = _reading(signals.SIZE, size, at, source="pg_database_size")
        return Sample([replace(told, limit=self._volume)])


class TablesProbe(Probe):
    """The largest tables; seldom."""

    name = "db.tables"
    target = "db"
    signals = ()

    def __init__(
        self, database: Database, clock: Clock, shown: Shown, *, interval: float, deadline: float
    ) -> None:
        self.interval = max(interval, SLOW)
        self.deadline = max(deadline, UNHURRIED)
        self._database = database
        self._clock = clock
        self._shown = shown
        self._last: tuple[float, dict[int, float]] | None = None

    async def read(self) -> Sample:
        found = await self._database.fetch(queries.TABLES)
        at = self._clock.now()
        before = self._last or (at, {})
        self._last = at, {row["oid"]: row["size"] for row in found}
        rows = [self._row(row, at - before[0], before[1].get(row["oid"])) for row in found]
        table = Table(
            name="db.tables", target="db", title="Largest tables", columns=_TABLE_COLUMNS,
            rows=sorted(rows, key=lambda row: -float(row.cells[1] or 0)), observed_at=at,
            source="pg_class, pg_stat_all_tables", interval=self.interval,
            note="rows are the planner's estimate",
        )  # fmt: skip
        return Sample([], [table])

    def _row(self, row: Record, seconds: float, before: float | None) -> Row:
        name = self._shown.text(f"{row['schema']}.{row['name']}".removeprefix("public."), 140)
        growth = (row["size"] - before) / seconds if before is not None and seconds > 0 else None
        rows = None if row["never_analyzed"] else row["rows"]
        dead = row["dead"]
        bloated = dead is not None and dead > max(_DEAD_LEAST, _DEAD_SHARE * row["rows"])
        return Row(
            key=str(row["oid"]),
            cells=[name, row["size"], rows, dead, growth, row["vacuum_age"]],
            tone="warn" if bloated else "none",
            target="db",
            params={"table": name},
        )


_TABLE_COLUMNS = [
    Column(name="table", title="Table"),
    Column(name="size", title="Size", unit="B"),
    Column(name="rows", title="Rows", unit="count", rank=1),
    Column(name="dead", title="Dead rows", unit="count", rank=2),
    Column(name="growth", title="Growth", unit="B/s", rank=3),
    Column(name="vacuum", title="Vacuumed ago", unit="s", rank=4),
]


def _reading(
    signal: Signal,
    value: float | None,
    at: float,
    note: str | None = None,
    source: str = "pg_stat_database",
) -> Reading:
    return Reading(
        target="db", signal=signal.name, value=value, source=source, observed_at=at, note=note
    )
