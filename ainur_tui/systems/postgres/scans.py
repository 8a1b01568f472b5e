"""Tables that are read whole again and again: where an index may be missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ainur_tui.model.table import Column, Row, Tone
from ainur_tui.model.units import duration, number
from ainur_tui.systems.base import Sample
from ainur_tui.systems.postgres.indexes import SINCE
from ainur_tui.systems.postgres.look import SLOW, Look
from ainur_tui.systems.postgres.shown import ages

if TYPE_CHECKING:
    from asyncpg import Record

LEAST_SIZE = 8.0 * (1 << 20)
LEAST_ROWS = 10_000.0
"""Below these a table is read whole faster than by any index."""
LEAST_SCANS = 50.0
OFTEN = 6.0
"""Whole reads an hour: fewer are reports and backups."""
LEAST_AGE = 86400.0
"""Seconds of statistics below which nothing is advised."""

SQL = """
SELECT c.oid::bigint AS oid, left(n.nspname, 100) AS schema, left(c.relname, 100) AS name,
       pg_stat_get_numscans(c.oid)::float8 AS scans, c.read::float8 AS read,
       i.scans::float8 AS by_index,
       (i.fetched + pg_stat_get_tuples_fetched(c.oid))::float8 AS fetched,
       pg_stat_get_live_tuples(c.oid)::float8 AS live,
       c.relpages * current_setting('block_size')::float8 AS size
  FROM (SELECT oid, relname, relnamespace, relpages, pg_stat_get_tuples_returned(oid) AS read
          FROM pg_class WHERE relkind IN ('r', 'm') AND relnamespace IN (
              SELECT oid FROM pg_namespace
               WHERE nspname <> 'information_schema' AND nspname !~ '^pg_')
         ORDER BY read DESC, oid LIMIT 50) AS c
  JOIN pg_namespace AS n ON n.oid = c.relnamespace,
  LATERAL (SELECT sum(pg_stat_get_numscans(indexrelid)) AS scans,
                  sum(pg_stat_get_tuples_fetched(indexrelid)) AS fetched
             FROM pg_index WHERE indrelid = c.oid) AS i
"""
"""The counters themselves are asked, as ``pg_stat_user_tables`` does, but of the indexes only for
the tables that are shown."""
_CAUTION = (
    "look before you build: backups, counts and reports rightly read tables whole, a rare value "
    "needs an index and a common one does not, and each index slows every write. The statements "
    "that read it, with their plans, tell which column"
)


def hint(row: dict[str, float], age: float | None) -> tuple[str, Tone]:
    """What is to be said of a table; ``age`` is that of the statistics in seconds."""
    scans = row["scans"]
    each = row["read"] / scans if scans else 0.0
    if row["size"] < LEAST_SIZE or row["live"] < LEAST_ROWS:
        return "", "none"
    if scans < LEAST_SCANS or each < max(LEAST_ROWS, row["live"] / 4):
        return "", "none"
    if age is None:
        return "read whole often, in statistics of unknown age", "quiet"
    hourly = scans / max(age / 3600, 1e-6)
    if hourly < OFTEN:
        return "", "none"
    if age < LEAST_AGE:
        return f"read whole {number(scans)} times in {duration(age)} so far", "quiet"
    return f"an index may be missing: read whole {number(hourly)} times an hour", "warn"


class ScansProbe(Look):
    """What reads whole tables and what reads by index, the most rows first. Sizes are those the
    planner knows: no file is opened."""

    name = "db.scans"
    title = "Whole-table reads"
    source = "pg_stat_user_tables"
    least = SLOW + 29
    columns = (
        Column(name="table", title="Table", limit=32),
        Column(name="finding", title="Finding", limit=60),
        Column(name="scans", title="Whole", unit="count"),
        Column(name="each", title="Rows each", unit="count", rank=1),
        Column(name="by_index", title="By index", unit="count", rank=1),
        Column(name="read", title="Rows read", unit="count", rank=2),
        Column(name="rate", title="Now", unit="/s", rank=3),
        Column(name="size", title="Size", unit="B", rank=2),
    )
    _last: tuple[float, dict[int, float]] | None = None

    async def read(self) -> Sample:
        async with self.database.sampling() as connection:
            found = await connection.fetch(SQL)
            age = ages((await connection.fetch(SINCE))[0]["age"])
        at, before = self.clock.monotonic(), self._last
        self._last = at, {row["oid"]: row["read"] for row in found}
        rows = [self._row(row, age, self._rate(row, at, before)) for row in found]
        rows.sort(key=lambda row: {"warn": 0, "quiet": 1}.get(row.tone, 2))
        since = "of unknown age" if age is None else f"of the last {duration(age)}"
        return Sample(tables=[self.table(rows, f"counts are {since}; small tables need no index")])

    def _rate(
        self, row: Record, at: float, before: tuple[float, dict[int, float]] | None
    ) -> float | None:
        """Rows read whole, a second, since the last look; unknown after a reset."""
        if before is None or at <= before[0] or row["oid"] not in before[1]:
            return None
        added = float(row["read"] - before[1][row["oid"]])
        return added / (at - before[0]) if added >= 0 else None

    def _row(self, row: Record, age: float | None, rate: float | None) -> Row:
        words, tone = hint({k: row[k] or 0.0 for k in ("scans", "read", "live", "size")}, age)
        name = self.relation(row["schema"], row["name"])
        return Row(
            key=str(row["oid"]),
            cells=[
                name, words, row["scans"], row["read"] / row["scans"] if row["scans"] else None,
                row["by_index"], row["read"], rate, row["size"],
            ],
            tone=tone,
            target="db",
            detail={"rows fetched by index": number(row["fetched"] or 0.0)}
            | ({"caution": _CAUTION} if words else {}),
            params={"table": name},
        )  # fmt: skip
