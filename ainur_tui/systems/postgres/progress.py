"""What the server's long works have done so far: vacuum, analyze, indexes, copies, backups."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ainur_tui.model.table import Column, Row
from ainur_tui.systems.base import Sample
from ainur_tui.systems.postgres.client import major_of
from ainur_tui.systems.postgres.look import GRANT, Look
from ainur_tui.systems.postgres.shown import ages

if TYPE_CHECKING:
    from asyncpg import Record

_MOST = 50
_ONE = """
SELECT pid, {kind} AS kind, {relation} AS relid, datname, phase, {done} AS done, {total} AS total
  FROM pg_stat_progress_{view}"""
_VIEWS = {
    "vacuum": (13, "'vacuum'", "relid", "heap_blks_scanned", "heap_blks_total"),
    "analyze": (13, "'analyze'", "relid", "sample_blks_scanned", "sample_blks_total"),
    "create_index": (
        13, "lower(command)", "relid",
        "CASE WHEN tuples_total > 0 THEN tuples_done ELSE blocks_done END",
        "CASE WHEN tuples_total > 0 THEN tuples_total ELSE blocks_total END",
    ),
    "cluster": (13, "lower(command)", "relid", "heap_blks_scanned", "heap_blks_total"),
    "basebackup": (13, "'base backup'", "NULL", "backup_streamed", "backup_total"),
    "copy": (14, "lower(command)", "relid", "bytes_processed", "bytes_total"),
}  # fmt: skip
"""By view: the major version that brought it, and where its columns are."""
_WITHOUT = {
    "basebackup": ("datname", "NULL::name AS datname"),
    "copy": ("phase", "type AS phase"),
}
_WHOLE = """
SELECT p.pid, p.kind, p.phase, p.done::float8 AS done, p.total::float8 AS total,
       CASE WHEN p.relid > 0 AND p.datname = current_database()
            THEN left(p.relid::oid::regclass::text, 200) ELSE p.datname::text END AS relation,
       extract(epoch FROM clock_timestamp() - coalesce(a.xact_start, a.query_start))::float8
           AS running,
       a.backend_start::text AS backend_start, a.backend_type,
       left(a.query, 300) AS query, pg_has_role(current_user, 'pg_read_all_stats', 'member')
           AS sees_all, current_user::text AS me
  FROM ({parts}) AS p LEFT JOIN pg_stat_activity AS a ON a.pid = p.pid
 ORDER BY running DESC NULLS LAST
 LIMIT 50
"""


def sql(major: int) -> str:
    """All progress views a server of this major version has, in one query."""
    parts = []
    for view, (since, kind, relation, done, total) in _VIEWS.items():
        if major >= since:
            part = _ONE.format(
                kind=kind, relation=f"({relation})::bigint", done=f"({done})::bigint",
                total=f"({total})::bigint", view=view,
            )  # fmt: skip
            parts.append(part.replace(*_WITHOUT.get(view, ("", "")), 1))
    return _WHOLE.format(parts=" UNION ALL ".join(parts))


class ProgressProbe(Look):
    """One row for every long work that runs; its end is not guessed, only what is done told."""

    name = "db.progress"
    title = "Work in progress"
    source = "pg_stat_progress_*"
    columns = (
        Column(name="pid", title="Pid", limit=8),
        Column(name="work", title="Work", limit=24),
        Column(name="on", title="On"),
        Column(name="phase", title="Phase", rank=1),
        Column(name="done", title="Done", unit="ratio"),
        Column(name="running", title="Running", unit="s", rank=1),
    )

    async def read(self) -> Sample:
        async with self.database.sampling() as connection:
            found = await connection.fetch(sql(major_of(connection)))
        hidden = next((row for row in found if not row["sees_all"]), None)
        note = None
        if hidden is not None:
            note = GRANT.format(self.shown.text(hidden["me"]))
        elif not found:
            note = "no vacuum, analyze, index build, copy or base backup runs"
        return Sample(tables=[self.table([self._row(row) for row in found[:_MOST]], note)])

    def _row(self, row: Record) -> Row:
        forced = "to prevent wraparound" in (row["query"] or "")
        auto = "auto" if row["backend_type"] == "autovacuum worker" else ""
        kind = auto + self.shown.text(row["kind"]) + (" (wraparound)" if forced else "")
        done = min(1.0, row["done"] / row["total"]) if row["total"] and row["done"] else None
        if row["total"] and row["done"] == 0:
            done = 0.0
        return Row(
            key=f"{row['pid']}/{row['kind']}",
            cells=[
                str(row["pid"]), kind, self.shown.text(row["relation"]),
                self.shown.text(row["phase"]), done, ages(row["running"]),
            ],
            target="db",
            detail={
                "connected since": self.shown.text(row["backend_start"]),
                "query": self.shown.query(row["query"]),
            },
            params={"pid": str(row["pid"])},
        )  # fmt: skip
