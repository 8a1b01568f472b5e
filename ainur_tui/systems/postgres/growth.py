"""How the marketplace grows: users, agents and tasks, and when there will be twice as many."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ainur_tui.model.table import Column, Row
from ainur_tui.systems.base import Sample
from ainur_tui.systems.postgres.look import Look

if TYPE_CHECKING:
    from asyncpg import Connection, Record

MEASURED = ("users", "agents", "tasks")
DAY = 86_400.0
FEW = 100_000
"""Rows up to which a table is counted by reading it; beyond, only along an index."""

_TABLES = """
SELECT c.oid::bigint AS oid, n.nspname AS schema, c.relname AS name,
       quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS quoted,
       greatest(c.reltuples, 0)::float8 AS about, c.relpages > 5000 AS large,
       has_column_privilege(c.oid, a.attnum, 'SELECT') AS readable,
       EXISTS (SELECT FROM pg_index AS i WHERE i.indrelid = c.oid AND i.indisvalid
                  AND i.indkey[0] = a.attnum AND i.indpred IS NULL) AS indexed
  FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
  JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'created_at'
   AND NOT a.attisdropped AND a.atttypid IN ('timestamptz'::regtype, 'timestamp'::regtype)
 WHERE c.relkind IN ('r', 'p') AND c.relname = ANY($1) AND pg_table_is_visible(c.oid)
 ORDER BY array_position($1, c.relname::text)
"""
_COUNTS = """
SELECT count(*)::float8 AS total,
       count(*) FILTER (WHERE created_at > now() - interval '1 day')::float8 AS day,
       count(*) FILTER (WHERE created_at > now() - interval '7 days')::float8 AS week,
       count(*) FILTER (WHERE created_at > now() - interval '30 days')::float8 AS month,
       extract(epoch FROM now() - min(created_at))::float8 AS age
  FROM """
_NEWER = " WHERE created_at > now() - interval '30 days'"


class GrowthProbe(Look):
    """Totals and what was new within a day, a week and thirty days. A large table is read along its
    index on ``created_at`` and its total is the planner's estimate; without that index it is told
    what is missing (rows and their times, nothing else of them, are read)."""

    name = "db.growth"
    title = "Growth"
    source = "count of created_at"
    least = 600.0
    columns = (
        Column(name="table", title="Table", limit=40),
        Column(name="total", title="Total", unit="count"),
        Column(name="day", title="New in 1 d", unit="count", rank=1),
        Column(name="week", title="New in 7 d", unit="count"),
        Column(name="month", title="New in 30 d", unit="count", rank=1),
        Column(name="rate", title="New a day", unit="count", rank=2),
        Column(name="doubles", title="Doubles in", unit="s"),
    )

    async def read(self) -> Sample:
        async with self.database.sampling() as connection:
            found = await connection.fetch(_TABLES, list(MEASURED))
            rows = [await self._row(connection, one) for one in found]
        hidden = [row.cells[0] for row in rows if row.detail.get("unread")]
        note = (
            f"not all is read: {', '.join(map(str, hidden))}; Enter tells why" if hidden else None
        )
        return Sample([], [self.table(rows, note)])

    async def _row(self, connection: Connection, one: Record) -> Row:
        name = self.relation(one["schema"], one["name"])
        large = one["large"] or one["about"] > FEW
        cells: list[str | float | None] = [name, one["about"], None, None, None, None, None]
        detail = {}
        if not one["readable"]:
            role = await connection.fetchval("SELECT quote_ident(current_user)")
            detail["unread"] = self.shown.text(
                f"GRANT SELECT (created_at) ON {one['quoted']} TO {role};", 300
            )
        elif large and not one["indexed"]:
            detail["unread"] = self.shown.text(
                f"too large to be read each time: CREATE INDEX CONCURRENTLY ON {one['quoted']}"
                " (created_at);", 300
            )  # fmt: skip
        else:
            (counted,) = await connection.fetch(_COUNTS + one["quoted"] + _NEWER * large)
            # A table younger than thirty days has grown all that it holds within its age.
            days = 30.0 if large else min(30.0, max(1.0, (counted["age"] or 0) / DAY))
            total, rate = one["about"] if large else counted["total"], counted["month"] / days
            cells[1:] = [
                total, counted["day"], counted["week"], counted["month"], rate,
                total / rate * DAY if rate else None,
            ]  # fmt: skip
        if large:
            detail["total"] = "the planner's estimate, as of the last ANALYZE"
        return Row(key=str(one["oid"]), cells=cells, target="db", detail=detail)
