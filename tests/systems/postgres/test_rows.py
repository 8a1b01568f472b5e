"""A table that has lost its rows is told by name; what ANALYZE corrects is no loss."""

from __future__ import annotations

import asyncpg
import pytest

from ainur_tui.model.secret import Redactor
from ainur_tui.systems.postgres.client import Database
from ainur_tui.systems.postgres.rows import RowsProbe
from ainur_tui.systems.postgres.shown import Shown
from tests.systems.conftest import Server
from tests.systems.web import RealClock


async def test_rows_that_are_gone_are_told(
    postgres: Server, clock: RealClock, redact: Redactor
) -> None:
    database = Database(postgres.dsn(), clock, redact, 10.0)
    probe = RowsProbe(database, clock, Shown(redact), interval=5, deadline=10)
    writer = await asyncpg.connect(postgres.dsn().reveal())

    async def look() -> tuple[float | None, str]:
        await writer.execute("SELECT pg_stat_force_next_flush()")
        await writer.execute("SELECT 1")
        [reading] = (await probe.read()).readings
        return reading.value, reading.note or ""

    try:
        await writer.execute("CREATE TABLE scores (id int); CREATE TABLE few (id int)")
        await writer.execute("INSERT INTO scores SELECT generate_series(1, 120)")
        await writer.execute("INSERT INTO few SELECT generate_series(1, 40)")
        assert await look() == (0, "")
        await writer.execute("DELETE FROM few")
        await writer.execute("DELETE FROM scores WHERE id > 100")
        assert await look() == (0, "")
        await writer.execute("DELETE FROM scores WHERE id > 12")
        value, note = await look()
        assert value == 1
        assert note.startswith("1 table lost rows: scores has about 12, had 120 at ")
        await writer.execute("INSERT INTO scores SELECT generate_series(13, 120)")
        assert await look() == (0, "")
        await writer.execute("TRUNCATE scores")
        assert (await look())[0] == 1
    finally:
        await writer.execute("DROP TABLE scores, few")
        await writer.close()
        await database.close()


@pytest.mark.parametrize(
    ("live", "deleted", "pages", "lost"),
    [
        (60.0, 0.0, True, None), (60.0, 60.0, True, 0.5),
        (0.0, 120.0, True, 1.0), (0.0, 0.0, False, 1.0), (0.0, 0.0, True, None),
    ],
)  # fmt: skip
def test_only_deletes_explain_a_loss(
    postgres: Server, clock: RealClock, redact: Redactor,
    live: float, deleted: float, pages: bool, lost: float | None,
) -> None:  # fmt: skip
    database = Database(postgres.dsn(), clock, redact, 10.0)
    probe = RowsProbe(database, clock, Shown(redact), interval=5, deadline=10)
    row = {"oid": 1, "schema": "public", "name": "t", "live": 120.0, "inserted": 120.0}
    probe._bases = {1: probe._base(row | {"deleted": 0.0})}  # type: ignore[arg-type]
    now = row | {"live": live, "deleted": deleted, "without_pages": not pages}
    found = probe._loss(now)  # type: ignore[arg-type]
    assert (found and found[0]) == lost
