"""Indexes, vacuum, work in progress and our own cost, against a real server."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest

from ainur_tui.model.secret import Redactor
from ainur_tui.model.table import Row, Table
from ainur_tui.systems.base import Clock, Sample
from ainur_tui.systems.postgres import progress
from ainur_tui.systems.postgres.client import Database
from ainur_tui.systems.postgres.cost import OURS, SERVER, WINDOW, Cost
from ainur_tui.systems.postgres.indexes import LEAST_AGE, IndexesProbe, findings
from ainur_tui.systems.postgres.indexes import sql as indexes_sql
from ainur_tui.systems.postgres.progress import ProgressProbe
from ainur_tui.systems.postgres.shown import Shown
from ainur_tui.systems.postgres.vacuum import VacuumProbe
from tests.systems.conftest import Server
from tests.systems.web import FakeClock


@pytest.fixture
async def database(postgres: Server, clock: Clock) -> AsyncIterator[Database]:
    found = Database(postgres.dsn("watcher"), clock, Redactor(), 3)
    yield found
    await found.close()


def only(sample: Sample) -> Table:
    (table,) = sample.tables
    return table


async def test_a_spare_and_a_broken_index_stand_first(
    postgres: Server, database: Database, clock: Clock
) -> None:
    admin = await asyncpg.connect(postgres.dsn().reveal())
    try:
        await admin.execute(
            "CREATE TABLE twice (id int PRIMARY KEY, a int); CREATE INDEX one ON twice (a);"
            "CREATE INDEX two ON twice (a); INSERT INTO twice SELECT i, 1 FROM "
            "generate_series(1, 9) AS i"
        )
        with pytest.raises(asyncpg.UniqueViolationError):
            await admin.execute("CREATE UNIQUE INDEX CONCURRENTLY broken ON twice (a)")
        probe = IndexesProbe(database, clock, Shown(Redactor()), interval=2, deadline=3)
        assert probe.interval >= 60
        table = only(await probe.read())
    finally:
        await admin.execute("DROP TABLE IF EXISTS twice")
        admin.terminate()
    found = {row.cells[0]: str(row.cells[1]) for row in table.rows}
    assert table.rows[0].cells[0] == "broken"
    assert found["broken"].startswith("invalid")
    assert found["two"] == "duplicate of one"
    assert found["one"].startswith("not scanned in")
    assert found["twice_pkey"] == ""
    assert "replica" in (table.note or "")


def test_unused_is_only_said_with_statistics_old_enough() -> None:
    row = {"oid": 1, "name": "i", "valid": True, "guards": False, "scans": 0.0, "shape": "s"}
    assert findings([row], None)[1][1] == "quiet"
    assert findings([row], LEAST_AGE - 1)[1][0].endswith("so far")
    assert findings([row], LEAST_AGE) == {1: ("unused for 7d 0h", "warn")}
    assert findings([row | {"guards": True}], LEAST_AGE) == {}


async def test_dead_rows_and_the_age_of_transaction_ids(database: Database, clock: Clock) -> None:
    sample = await VacuumProbe(database, clock, Shown(Redactor()), interval=2, deadline=3).read()
    (reading,) = sample.readings
    assert reading.signal == "db.wraparound"
    assert 0 <= (reading.value or -1) < 0.1
    table = only(sample)
    assert "ALTER SYSTEM SET autovacuum = on" in (table.note or "")
    users = next(row for row in table.rows if row.cells[0] == "users")
    dead = users.cells[1]
    assert isinstance(dead, float)
    assert dead < 50, "what other tests changed is still there; they change a row or two"
    assert users.cells[4] is None
    assert users.cells[2] == 50 + 0.2 * 20000


def copies(table: Table) -> list[Row]:
    """The server may vacuum or analyze by itself at any moment."""
    return [row for row in table.rows if row.cells[1] == "copy from"]


async def test_a_running_copy_is_in_progress(
    postgres: Server, database: Database, clock: Clock
) -> None:
    probe = ProgressProbe(database, clock, Shown(Redactor()), interval=2, deadline=3)
    quiet = only(await probe.read())
    assert copies(quiet) == []
    assert quiet.rows or "no vacuum" in (quiet.note or "")
    admin = await asyncpg.connect(postgres.dsn().reveal())
    seen: list[Table] = []

    async def rows() -> AsyncIterator[bytes]:
        yield b"1\n" * 40_000
        for _ in range(100):
            seen.append(only(await probe.read()))
            if copies(seen[-1]):
                break

    try:
        await admin.execute("CREATE TEMP TABLE taken (id int)")
        await admin.copy_to_table("taken", source=rows())
    finally:
        admin.terminate()
    (row,) = copies(seen[-1])
    assert row.params == {"pid": row.cells[0]}


@pytest.mark.parametrize("major", [13, 14, 16, 18])
def test_views_and_columns_follow_the_version(major: int) -> None:
    assert ("pg_stat_progress_copy" in progress.sql(major)) is (major >= 14)
    assert ("pg_stat_get_lastscan" in indexes_sql(major)) is (major >= 16)


def test_our_cost_is_that_of_the_last_minute() -> None:
    clock = FakeClock(0)
    cost = Cost(clock)
    with cost.counted():
        clock.at = 0.25
    assert cost.last_minute() == (0.25, 0.25, OURS)
    clock.at = 10
    with cost.counted():
        clock.at = 11
    assert cost.last_minute() == (1.25, 11, OURS)
    clock.at = WINDOW + 1
    assert cost.last_minute() == (1.0, WINDOW, OURS)
    cost.told(0.002, 5.0)
    clock.at += 5
    cost.told(0.003, 5.0)
    assert cost.last_minute() == (0.005, 10.0, SERVER)
