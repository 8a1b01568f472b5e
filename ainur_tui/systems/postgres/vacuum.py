"""Dead rows, when they were last cleared away, and how near the transaction ids are to wrapping."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ainur_tui.model.table import Column, Row
from ainur_tui.systems.base import Sample
from ainur_tui.systems.postgres import signals
from ainur_tui.systems.postgres.look import SLOW, Look
from ainur_tui.systems.postgres.shown import ages

if TYPE_CHECKING:
    from asyncpg import Record

_DEAD_LEAST = 10_000
_OVERDUE = 1.2
_SQL = """
SELECT c.oid::bigint AS oid, n.nspname AS schema, c.relname AS name, c.dead::float8 AS dead,
       pg_stat_get_live_tuples(c.oid)::float8 AS live,
       pg_stat_get_mod_since_analyze(c.oid)::float8 AS changed,
       extract(epoch FROM clock_timestamp()
               - pg_stat_get_last_vacuum_time(c.oid))::float8 AS by_hand,
       extract(epoch FROM clock_timestamp()
               - pg_stat_get_last_autovacuum_time(c.oid))::float8 AS by_itself,
       extract(epoch FROM clock_timestamp() - greatest(pg_stat_get_last_analyze_time(c.oid),
               pg_stat_get_last_autoanalyze_time(c.oid)))::float8 AS analyzed,
       (current_setting('autovacuum_vacuum_threshold')::float8
        + current_setting('autovacuum_vacuum_scale_factor')::float8 * greatest(c.reltuples, 0))
           AS due,
       coalesce('autovacuum_enabled=false' = ANY(c.reloptions)
                OR 'autovacuum_enabled=off' = ANY(c.reloptions), false) AS switched_off,
       c.xid_age::float8 AS xid_age, c.mxid_age::float8 AS mxid_age, c.share
  FROM (SELECT a.*, greatest(xid_age / most.xid, mxid_age / most.mxid) AS share
          FROM (SELECT c.oid, c.relname, c.relnamespace, c.reltuples, c.reloptions,
                       pg_stat_get_dead_tuples(c.oid) AS dead,
                       greatest(age(c.relfrozenxid), age(t.relfrozenxid)) AS xid_age,
                       greatest(mxid_age(c.relminmxid), mxid_age(t.relminmxid)) AS mxid_age
                  FROM pg_class AS c LEFT JOIN pg_class AS t ON t.oid = c.reltoastrelid
                 WHERE c.relkind IN ('r', 'm')) AS a,
               (SELECT current_setting('autovacuum_freeze_max_age')::float8 AS xid,
                       current_setting('autovacuum_multixact_freeze_max_age')::float8 AS mxid
               ) AS most) AS c
  JOIN pg_namespace AS n ON n.oid = c.relnamespace
 WHERE n.nspname <> 'information_schema' AND (n.nspname !~ '^pg_' OR c.share > 1)
 ORDER BY c.share > 1 DESC, c.dead DESC NULLS LAST, c.oid
 LIMIT 50
"""
"""The counters themselves are asked: the view over them adds up every index of every table."""
_DATABASES = """
SELECT left(datname, 100) AS name, age(datfrozenxid)::float8 AS xid_age,
       current_setting('autovacuum_freeze_max_age')::float8 AS most,
       greatest(age(datfrozenxid) / current_setting('autovacuum_freeze_max_age')::float8,
                mxid_age(datminmxid)
                    / current_setting('autovacuum_multixact_freeze_max_age')::float8) AS share,
       current_setting('autovacuum') = 'on' AS cleans
  FROM pg_database
 ORDER BY share DESC
 LIMIT 1
"""
_OFF = "autovacuum is off: ALTER SYSTEM SET autovacuum = on; SELECT pg_reload_conf();"


class VacuumProbe(Look):
    """Tables by dead rows, those whose freezing is overdue first; no file is opened for it."""

    name = "db.vacuum"
    title = "Vacuum"
    source = "pg_stat_all_tables, pg_class"
    signals = (signals.WRAPAROUND,)
    least = SLOW + 41
    columns = (
        Column(name="table", title="Table", limit=40),
        Column(name="dead", title="Dead rows", unit="count"),
        Column(name="due", title="Vacuumed at", unit="count", rank=2),
        Column(name="share", title="Of all", unit="ratio", rank=1),
        Column(name="auto", title="Autovacuum ago", unit="s", rank=1),
        Column(name="analyzed", title="Analyzed ago", unit="s", rank=3),
        Column(name="freeze", title="Freeze age", unit="ratio", rank=2),
    )

    async def read(self) -> Sample:
        async with self.database.sampling() as connection:
            eldest = (await connection.fetch(_DATABASES))[0]
            found = await connection.fetch(_SQL)
        note = (
            f"{eldest['xid_age']:,.0f} transaction ids in {self.shown.text(eldest['name'])}; "
            f"autovacuum freezes from {eldest['most']:,.0f} on, by force"
        )
        words = f"freeze age is against autovacuum_freeze_max_age: {note}"
        return Sample(
            [self.reading(signals.WRAPAROUND, eldest["share"], note)],
            [self.table(list(map(self._row, found)), words if eldest["cleans"] else _OFF)],
        )

    def _row(self, row: Record) -> Row:
        dead, live, due = row["dead"], row["live"], row["due"]
        rows = (dead or 0.0) + (live or 0.0)
        late = dead is not None and dead > max(_DEAD_LEAST, 2 * due)
        overdue = row["share"] is not None and row["share"] > _OVERDUE
        detail = {
            "transaction id age": _number(row["xid_age"]),
            "multixact age": _number(row["mxid_age"]),
            "changed since analyze": _number(row["changed"]),
        }
        if row["switched_off"]:
            detail["autovacuum"] = "switched off for this table: ALTER TABLE … RESET " + (
                "(autovacuum_enabled);"
            )
        if late:
            detail["dead rows"] = "twice what starts an autovacuum: it does not keep up, or a "
            detail["dead rows"] += "long transaction or a slot holds the rows back"
        return Row(
            key=str(row["oid"]),
            cells=[
                self.relation(row["schema"], row["name"]), dead, due and round(due),
                dead / rows if rows and dead is not None else None, ages(row["by_itself"]),
                ages(row["analyzed"]), row["share"],
            ],
            tone="warn" if late or overdue or row["switched_off"] else "none",
            target="db",
            detail=detail,
            params={"table": self.relation(row["schema"], row["name"])},
        )  # fmt: skip


def _number(value: float | None) -> str:
    return "not known" if value is None else f"{value:,.0f}"
