"""Indexes: their size and use, and which are invalid, there twice, or never scanned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ainur_tui.model.table import Column, Row, Tone
from ainur_tui.model.units import duration
from ainur_tui.systems.base import Sample
from ainur_tui.systems.postgres.client import major_of
from ainur_tui.systems.postgres.look import SLOW, Look
from ainur_tui.systems.postgres.queries import TAKEN
from ainur_tui.systems.postgres.shown import ages

LEAST_AGE = 7 * 86400.0
"""Seconds of statistics below which nothing is called unused: a weekly job may need it."""
_SQL = f"""{TAKEN}
SELECT i.indexrelid::bigint AS oid, left(n.nspname, 100) AS schema, left(t.relname, 100) AS table,
       left(i.relname, 100) AS name, pg_stat_get_numscans(i.indexrelid)::float8 AS scans,
       {{last}} AS last_used,
       CASE WHEN i.indexrelid IN (SELECT relation FROM taken)
            THEN i.relpages * current_setting('block_size')::float8
            ELSE pg_relation_size(i.indexrelid)::float8 END AS size,
       i.indisvalid AND i.indisready AS valid,
       i.indisunique OR i.indisexclusion AS guards,
       CASE WHEN i.indrelid IN (SELECT relation FROM taken) THEN i.indexrelid::text
            ELSE concat_ws('/', i.indrelid, i.relam, i.indkey, i.indclass, i.indcollation,
                           i.indoption, md5(coalesce(pg_get_expr(i.indexprs, i.indrelid), '')),
                           md5(coalesce(pg_get_expr(i.indpred, i.indrelid), ''))) END AS shape,
       CASE WHEN i.indrelid NOT IN (SELECT relation FROM taken)
            THEN left(pg_get_indexdef(i.indexrelid), 1000) END AS definition
  FROM (SELECT i.*, c.relname, c.relam, c.relpages
          FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
         WHERE c.relkind = 'i' AND c.relnamespace IN (
             SELECT oid FROM pg_namespace
              WHERE nspname <> 'information_schema' AND nspname !~ '^pg_')
         ORDER BY i.indisvalid, c.relpages DESC, c.oid LIMIT 100) AS i
  JOIN pg_class AS t ON t.oid = i.indrelid JOIN pg_namespace AS n ON n.oid = t.relnamespace
"""  # noqa: S608 (nothing from outside is in it)
"""Broken ones and the largest are chosen first: only of those anything is asked."""
SINCE = """
SELECT extract(epoch FROM clock_timestamp() - greatest(d.stats_reset, b.stats_reset))::float8 AS age
  FROM pg_stat_database AS d, pg_stat_bgwriter AS b WHERE d.datname = current_database()
"""
"""How long the statistics count; a crash empties them all and marks only the server's own."""


def sql(major: int) -> str:
    """The largest indexes; when one was last used is kept from 16 on.

    Of an index that somebody has whole, or waits for, the planner's size is taken; where its
    table is meant, it is told without its definition.
    """
    exact = "extract(epoch FROM clock_timestamp() - pg_stat_get_lastscan(i.indexrelid))::float8"
    return _SQL.format(last=exact if major >= 16 else "NULL::float8")


def findings(rows: Sequence[Mapping[str, Any]], age: float | None) -> dict[int, tuple[str, Tone]]:
    """What is wrong with which index (by oid): a sentence and its tone.

    Of two alike the one that guards nothing is the spare one, or the less used. An index is
    called unused only with the age (seconds) of the statistics that say so.
    """
    first: dict[str, Mapping[str, Any]] = {}
    said: dict[int, tuple[str, Tone]] = {}
    valid = [row for row in rows if row["valid"]]
    for row in sorted(valid, key=lambda r: (not r["guards"], -(r["scans"] or 0), r["oid"])):
        kept = first.setdefault(row["shape"], row)
        if kept is not row and not row["guards"]:
            said[row["oid"]] = f"duplicate of {kept['name']}", "warn"
    for row in rows:
        if not row["valid"]:
            said[row["oid"]] = "invalid: not used, and still written to", "fail"
        elif row["scans"] == 0 and not row["guards"] and row["oid"] not in said:
            said[row["oid"]] = _unused(age)
    return said


def _unused(age: float | None) -> tuple[str, Tone]:
    if age is None:
        return "not scanned, in statistics of unknown age", "quiet"
    if age < LEAST_AGE:
        return f"not scanned in {duration(age)} so far", "quiet"
    return f"unused for {duration(age)}", "warn"


_RANK: dict[Tone, int] = {"fail": 0, "warn": 1, "quiet": 2}


class IndexesProbe(Look):
    """The largest indexes, those with a finding first; seldom."""

    name = "db.indexes"
    title = "Indexes"
    source = "pg_index, pg_stat_all_indexes"
    least = SLOW + 17
    columns = (
        Column(name="index", title="Index", limit=32),
        Column(name="finding", title="Finding", limit=34),
        Column(name="table", title="Table", rank=2, limit=30),
        Column(name="size", title="Size", unit="B"),
        Column(name="scans", title="Scans", unit="count", rank=1),
        Column(name="used", title="Used ago", unit="s", rank=3),
    )

    async def read(self) -> Sample:
        async with self.database.sampling() as connection:
            found = [dict(row) for row in await connection.fetch(sql(major_of(connection)))]
            age = ages((await connection.fetch(SINCE))[0]["age"])
        said = findings(found, age)
        ordered = sorted(
            found, key=lambda r: (_RANK.get(said.get(r["oid"], ("", "none"))[1], 3), -r["size"])
        )
        since = "of unknown age" if age is None else f"of the last {duration(age)}"
        note = f"scans are {since}, on this server alone: a replica counts its own"
        rows = [self._row(row, *said.get(row["oid"], ("", "none"))) for row in ordered]
        return Sample(tables=[self.table(rows, note)])

    def _row(self, row: Mapping[str, Any], words: str, tone: Tone) -> Row:
        name = self.relation(row["schema"], row["name"])
        detail = {"definition": self.shown.text(row["definition"], 1000)}
        if row["guards"]:
            detail["guards"] = "a constraint: scans tell nothing of its worth"
        if tone == "fail":
            detail["mend"] = "a build that broke off: REINDEX INDEX CONCURRENTLY, or drop it"
        elif tone == "warn":
            detail["mend"] = "look at replicas and at rare jobs, then DROP INDEX CONCURRENTLY"
        return Row(
            key=str(row["oid"]),
            cells=[
                name, self.shown.text(words, 120), self.relation(row["schema"], row["table"]),
                row["size"], row["scans"], ages(row["last_used"]),
            ],
            tone=tone,
            target="db",
            detail=detail,
            params={"index": name},
        )  # fmt: skip
