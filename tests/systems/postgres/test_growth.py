"""How fast tables grow, against a real server."""

from __future__ import annotations

import asyncpg
import pytest

from ainur_tui.model.secret import Redactor
from ainur_tui.model.table import Row
from ainur_tui.systems.base import Clock
from ainur_tui.systems.postgres import growth
from ainur_tui.systems.postgres.client import Database
from ainur_tui.systems.postgres.growth import GrowthProbe
from ainur_tui.systems.postgres.shown import Shown
from tests.systems.conftest import Server

DAY = 86_400.0
TASKS = """
CREATE TABLE tasks (id int, created_at timestamptz NOT NULL);
INSERT INTO tasks SELECT i, now() - make_interval(mins => 30, days => i)
  FROM generate_series(0, 59) AS i;
ANALYZE tasks;
"""


async def test_what_is_new_and_when_it_doubles(
    postgres: Server, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = await asyncpg.connect(postgres.dsn().reveal())
    database = Database(postgres.dsn("watcher"), clock, Redactor(), 30)
    probe = GrowthProbe(database, clock, Shown(Redactor()), interval=2, deadline=30)

    async def tasks() -> Row:
        (table,) = (await probe.read()).tables
        (row,) = table.rows
        assert row.cells[0] == "tasks"
        assert ("not all is read" in (table.note or "")) == ("unread" in row.detail)
        return row

    try:
        await admin.execute(TASKS)
        assert (await tasks()).detail["unread"] == (
            "GRANT SELECT (created_at) ON public.tasks TO watcher;"
        )
        await admin.execute("GRANT SELECT (created_at) ON tasks TO watcher")
        assert (await tasks()).cells[1:] == [60, 1, 7, 30, 1, 60 * DAY]
        await admin.execute("DELETE FROM tasks WHERE created_at < now() - interval '10 days'")
        young = (await tasks()).cells
        assert young[1:5] == [10, 1, 7, 10]
        assert young[5] == pytest.approx(10 / (9 + 0.5 / 24), rel=0.01)
        monkeypatch.setattr(growth, "FEW", 5)
        await admin.execute("ANALYZE tasks")
        large = await tasks()
        assert large.cells[2:] == [None] * 5
        assert "CREATE INDEX CONCURRENTLY ON public.tasks" in large.detail["unread"]
        await admin.execute("CREATE INDEX ON tasks (created_at)")
        indexed = await tasks()
        assert indexed.cells[1:5] == [10, 1, 7, 10]
        assert "estimate" in indexed.detail["total"]
    finally:
        await database.close()
        await admin.execute("DROP TABLE IF EXISTS tasks")
        await admin.close()
