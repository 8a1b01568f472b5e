"""Tables that have lost rows: what a bad migration or a careless DELETE leaves behind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ainur_tui.model.signal import Signal
from ainur_tui.model.units import clock as time_of
from ainur_tui.model.units import many, some
from ainur_tui.systems.base import Sample
from ainur_tui.systems.postgres.look import Look

if TYPE_CHECKING:
    from asyncpg import Record

WINDOW = 3600.0
"""Seconds a table is measured against the most it held."""
SHARE = 0.3
"""Of its rows; less comes and goes in the course of business."""
LEAST = 50.0
"""Rows below which a table comes and goes as it likes."""
_TOLD = 3

LOST = Signal(
    name="db.rows.lost", title="tables that lost rows within an hour", unit="count", warn=0
)

_SQL = """
SELECT c.oid::bigint AS oid, left(n.nspname, 100) AS schema, left(c.relname, 100) AS name,
       c.live, pg_stat_get_tuples_inserted(c.oid)::float8 AS inserted,
       pg_stat_get_tuples_deleted(c.oid)::float8 AS deleted, c.relpages = 0 AS without_pages
  FROM (SELECT oid, relname, relnamespace, relpages, pg_stat_get_live_tuples(oid)::float8 AS live
          FROM pg_class WHERE relkind IN ('r', 'm') AND relnamespace IN (
              SELECT oid FROM pg_namespace
               WHERE nspname <> 'information_schema' AND nspname !~ '^pg_')) AS c
  JOIN pg_namespace AS n ON n.oid = c.relnamespace
 WHERE c.live >= $1 OR c.oid = ANY($2::bigint[]::oid[])
 LIMIT 5000
"""
"""Only tables that hold enough to lose, and those that did; the counters themselves are asked: the
view over them adds up every index first."""


class _Base(NamedTuple):
    """A table when it held the most: rows, when, and the counters at that moment."""

    live: float
    at: float
    inserted: float
    deleted: float


class RowsProbe(Look):
    """Compares each table's live rows with the most it held within the hour, as the server's own
    counters tell; nothing is counted.

    The number of live rows is an estimate, which ANALYZE corrects: only what deletes account for
    is a loss, or a table that was emptied and has no page. Counters that were reset begin anew
    (F-22), and what a crashed server forgot of a table nobody wrote to is none: its pages stay.
    """

    name = "db.rows"
    title = "Rows"
    source = "pg_stat_get_live_tuples, pg_stat_get_tuples_deleted"
    signals = (LOST,)
    columns = ()

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._bases: dict[int, _Base] = {}

    async def read(self) -> Sample:
        known = [oid for oid, base in self._bases.items() if base.live >= LEAST]
        found = await self.database.fetch(_SQL, LEAST, known)
        self._bases = {row["oid"]: self._base(row) for row in found}
        losses = sorted(filter(None, map(self._loss, found)), reverse=True)
        count, note = len(losses), None
        if losses:
            told = some([words for _, words in losses], _TOLD, "; ")
            note = f"{many(count, 'table')} lost rows: {told}"
        return Sample([self.reading(LOST, count, note)])

    def _base(self, row: Record) -> _Base:
        now = _Base(row["live"], self.clock.now(), row["inserted"], row["deleted"])
        base = self._bases.get(row["oid"], now)
        reset = now.inserted < base.inserted or now.deleted < base.deleted
        return now if now.live >= base.live or reset or now.at - base.at > WINDOW else base

    def _loss(self, row: Record) -> tuple[float, str] | None:
        """The share that a table lost, and in words; ``None`` where it is nothing strange."""
        base, live = self._bases[row["oid"]], row["live"]
        if base.live < LEAST or 1 - live / base.live <= SHARE:
            return None
        gone = row["deleted"] - base.deleted - (row["inserted"] - base.inserted)
        emptied = not live and row["without_pages"]
        if not emptied and gone <= SHARE * base.live:
            return None
        name = self.relation(row["schema"], row["name"])
        was = f"had {base.live:,.0f} at {time_of(base.at)} UTC"
        return 1 - live / base.live, f"{name} has about {live:,.0f}, {was}"
