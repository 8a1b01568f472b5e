"""Which statements the time went to since the last look (deltas of ``pg_stat_statements``)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple

from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.table import Column, Row, Table
from ainur_tui.model.units import duration, number, show, size
from ainur_tui.systems.base import Clock, Probe, Sample
from ainur_tui.systems.postgres import queries
from ainur_tui.systems.postgres.client import Database
from ainur_tui.systems.postgres.look import UNHURRIED
from ainur_tui.systems.postgres.shown import HIDDEN, Shown
from ainur_tui.systems.postgres.statement_counts import Counters, Key, Snapshot, delta
from ainur_tui.systems.postgres.statistics import FIRST_GAP

if TYPE_CHECKING:
    from asyncpg import Connection, Record

_LEAST_INTERVAL = 5.0
_MOST_ROWS = 30
_TEXTS_KEPT = 500

_NOT_CREATED = (
    "pg_stat_statements is not installed in this database; as a superuser: "
    "CREATE EXTENSION pg_stat_statements;"
)
_NOT_LOADED = (
    "pg_stat_statements is not loaded; add it to shared_preload_libraries in postgresql.conf and "
    "restart PostgreSQL"
)
_HIDDEN = "the role does not see other roles' statements: GRANT pg_monitor TO it;"


class StatementsProbe(Probe):
    """The costliest statements between two looks; the first read takes two a second apart.

    Counters are read without texts; the texts of the shown ones are asked for once. A missing
    extension or permission is a sentence in the table, not a failure of the database (F-26).
    """

    name = "db.statements"
    target = "db"
    signals = ()

    def __init__(
        self,
        database: Database,
        clock: Clock,
        shown: Shown,
        *,
        interval: float,
        deadline: float,
        first_gap: float = FIRST_GAP,
    ) -> None:
        self.interval = max(interval, _LEAST_INTERVAL)
        self.deadline = max(deadline, UNHURRIED) + first_gap
        self._database = database
        self._clock = clock
        self._shown = shown
        self._gap = first_gap
        self._last: Snapshot | None = None
        self._us = 0
        self._texts: dict[int, tuple[str, str]] = {}

    async def read(self) -> Sample:
        try:
            if self._last is None:
                self._last = await self._snapshot()
                await asyncio.sleep(self._gap)
            before, after = self._last, await self._snapshot()
            self._last = after
            changes = delta(before, after)
            top = sorted(changes, key=lambda key: -changes[key].seconds)[:_MOST_ROWS]
            await self._learn_texts(top)
        except Unreadable as reason:
            return Sample(tables=[self._table([], missing=str(reason))])
        except ProbeFailure as failure:
            if failure.kind == "missing":
                return Sample(tables=[self._table([], missing=_NOT_LOADED)])
            raise
        total = sum(change.seconds for change in changes.values())
        seconds = after.at - before.at
        ours = sum(change.seconds for key, change in changes.items() if key.userid == self._us)
        self._database.cost.told(ours, seconds)
        rows = [self._row(key, changes[key], seconds, total, after) for key in top]
        return Sample(tables=[self._table(rows, note=_note(before, after, seconds))])

    async def _snapshot(self) -> Snapshot:
        async with self._database.sampling() as connection, connection.transaction(readonly=True):
            installed = await enter(connection)
            epoch, evicted = "", 0
            if queries.has_info(installed.version):
                info = (await connection.fetch(queries.STATEMENT_INFO))[0]
                epoch, evicted = info["stats_reset"] or "", info["dealloc"]
            found = await connection.fetch(queries.statements(installed.version))
            at, self._us = self._clock.monotonic(), installed.us
        if any(row["queryid"] is None for row in found):
            raise Unreadable(_HIDDEN)
        return Snapshot(at, epoch, evicted, dict(_entry(row, installed.block) for row in found))

    async def _learn_texts(self, keys: list[Key]) -> None:
        unknown = sorted({key.queryid for key in keys} - self._texts.keys())
        if not unknown:
            return
        async with self._database.sampling() as connection, connection.transaction(readonly=True):
            await enter(connection)
            found = await connection.fetch(queries.STATEMENT_TEXTS, unknown)
        if len(self._texts) > _TEXTS_KEPT:
            self._texts.clear()
        for row in found:
            if row["query"] != HIDDEN:
                whole = self._shown.whole_query(row["query"], row["query_length"])
                self._texts[row["queryid"]] = self._shown.query(row["query"]), whole

    def _row(
        self, key: Key, change: Counters, seconds: float, total: float, after: Snapshot
    ) -> Row:  # fmt: skip
        all_ = after.counters[key]
        text, whole = self._texts.get(key.queryid, (HIDDEN, HIDDEN))
        looked = change.hit + change.read
        # Read blocks that took no time at all: the server does not measure it.
        timed = change.io if change.io or not change.read else None
        return Row(
            key=f"{key.queryid}/{key.userid}/{key.toplevel:d}",
            cells=[
                change.calls / seconds if seconds > 0 else None,
                change.seconds / change.calls,
                change.seconds / total if total else None,
                change.rows / change.calls,
                change.read / seconds if seconds > 0 else None,
                None if timed is None else timed / change.calls,
                change.temp / seconds if seconds > 0 else None,
                None if change.wal is None or seconds <= 0 else change.wal / seconds,
                text,
            ],
            target="db",
            detail={
                "query": whole,
                "found in the cache": show(change.hit / looked if looked else None, "ratio"),
                "all calls": f"{number(all_.calls)}, {duration(all_.seconds)} in all, "
                f"{duration(all_.seconds / all_.calls)} each",
                "all reading": f"{size(all_.read)} read, {size(all_.temp)} of temporary files",
                "counting since": self._shown.text(after.epoch[:19]) or "not kept before 14",
                "plan": "key a, then explain: it is planned, never executed",
            },
            params={"statement": str(key.queryid)},
        )

    def _table(self, rows: list[Row], note: str | None = None, missing: str | None = None) -> Table:
        return Table(
            name="db.statements", target="db", title="Statements", columns=_COLUMNS, rows=rows,
            observed_at=self._clock.now(), source="pg_stat_statements, since the last look",
            interval=self.interval, note=note, missing=missing,
        )  # fmt: skip


_COLUMNS = [
    Column(name="calls", title="Calls", unit="/s"),
    Column(name="mean", title="Mean", unit="s", rank=1),
    Column(name="share", title="Of time", unit="ratio", rank=1),
    Column(name="rows", title="Rows a call", unit="count", rank=5),
    Column(name="read", title="Read", unit="B/s", rank=2),
    Column(name="io", title="I/O a call", unit="s", rank=3),
    Column(name="temp", title="Temporary", unit="B/s", rank=4),
    Column(name="wal", title="WAL", unit="B/s", rank=4),
    Column(name="query", title="Statement", limit=160),
]


class Unreadable(Exception):
    """Why there are no statements to show, as a sentence."""


class Installed(NamedTuple):
    """The extension: its ``version``; the server's ``block`` size in bytes; ``us``, our role."""

    version: tuple[int, ...]
    block: int
    us: int


async def enter(connection: Connection[Record]) -> Installed:
    """Make the extension's schema ours for this transaction. Raises Unreadable without it."""
    found = await connection.fetch(queries.EXTENSION)
    if not found:
        raise Unreadable(_NOT_CREATED)
    (row,) = found
    await connection.fetch(queries.ENTER_SCHEMA, row["schema"])
    version = tuple(int(part) for part in str(row["version"]).split(".") if part.isdigit())
    return Installed(version, row["block"], row["us"])


def _entry(row: Record, block: int) -> tuple[Key, Counters]:
    key = Key(row["queryid"] or 0, row["userid"], row["toplevel"])
    return key, Counters(
        calls=row["calls"],
        seconds=row["ms"] / 1000,
        rows=row["rows"],
        hit=row["hit"] * block,
        read=row["read"] * block,
        temp=row["temp"] * block,
        io=row["io"] / 1000,
        wal=row["wal"],
    )


def _note(before: Snapshot, after: Snapshot, seconds: float) -> str:
    words = f"over the last {seconds:.0f} s"
    if before.epoch != after.epoch:
        return f"{words}; the statistics were reset"
    if before.evicted != after.evicted:
        return f"{words}; {after.evicted - before.evicted} times entries were evicted for room"
    return words
