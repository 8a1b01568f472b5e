"""Background work: what the database tells of open transactions, and what is not known."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import asyncpg
import pytest

from ainur_tui.model.secret import Redactor
from ainur_tui.systems.fly.power.background import Background, Work
from ainur_tui.systems.postgres.client import Database
from tests.systems.conftest import Server
from tests.systems.web import RealClock


def behind(postgres: Server, clock: RealClock, user: str) -> tuple[Background, Database]:
    database = Database(postgres.dsn(user), clock, Redactor(), 5.0)
    hands: Any = SimpleNamespace(edge=None)
    return Background(hands, database), database


async def test_open_transactions_are_named(postgres: Server, clock: RealClock) -> None:
    background, database = behind(postgres, clock, "watcher")
    worker = await asyncpg.connect(
        postgres.dsn().reveal(), server_settings={"application_name": "ainur-worker"}
    )
    async with worker.transaction():
        await worker.execute("SELECT 1")
        work = await background.seen()
        assert not work.over
        assert "1 transaction open: ainur-worker for" in str(work)
        assert "tasks cannot be seen: no api.url is configured" in str(work)
    assert (await background.seen()).over
    await worker.close()
    await database.close()


async def test_what_a_role_cannot_see_is_not_taken_for_nothing(
    postgres: Server, clock: RealClock
) -> None:
    background, database = behind(postgres, clock, "stranger")
    work = await background.seen()
    assert not work.known
    assert not work.over
    assert "lacks pg_monitor" in str(work)
    await database.close()


@pytest.mark.parametrize(
    ("work", "over"),
    [
        (Work(0, []), True), (Work(0, None), True), (Work(None, []), True), (Work(2, []), False),
        (Work(0, ["x for 1 s"]), False), (Work(None, None), False),
    ],
)  # fmt: skip
def test_over_is_what_was_seen_to_be(work: Work, over: bool) -> None:
    assert work.over is over


def test_many_are_counted() -> None:
    assert str(Work(3, [f"w{n} for 1 s" for n in range(5)])) == (
        "3 tasks not finished; 5 transactions open: w0 for 1 s, w1 for 1 s, w2 for 1 s and 2 more"
    )
