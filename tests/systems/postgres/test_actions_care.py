"""Vacuum and analyze against a real server; who may, and on which server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from ainur_tui.model.failure import ActionFailure, Refused
from ainur_tui.model.secret import Redactor, Secret
from ainur_tui.systems.postgres.actions import hands as actions_hands
from ainur_tui.systems.postgres.actions import vacuum as actions_vacuum
from ainur_tui.systems.postgres.actions.hands import Hands
from ainur_tui.systems.postgres.actions.vacuum import Analyze, Vacuum
from ainur_tui.systems.postgres.client import Database
from ainur_tui.systems.postgres.shown import Shown
from tests.systems.conftest import Server
from tests.systems.postgres.elevated import hands_of, seen, session, until, work
from tests.systems.steps import WORLD, Step
from tests.systems.web import RealClock

SHOWN = Shown(Redactor())


@pytest.fixture
async def hands(postgres: Server) -> AsyncIterator[Hands]:
    async with hands_of(postgres) as found:
        yield found


async def test_vacuum_makes_the_room_of_dead_rows_free(postgres: Server, hands: Hands) -> None:
    action = Vacuum(hands, SHOWN)
    async with session(postgres) as other:
        await other.execute('UPDATE "odd "" name; DROP" SET id = id')
        plan = await action.plan("db", {"table": 'odd " name; DROP'}, WORLD)
        assert (plan.blocked, plan.risk) == (None, "R1")
        assert any("new rows take the room" in fact for fact in plan.facts)
        assert (await action.observe(plan)).state == "failed"
        await work(action, plan, Step())
        found = await seen(action, plan)
        assert (found.state, "0 dead rows left" in found.by) == ("verified", True)
        again = await action.plan("db", {"table": '"public"."odd "" name; DROP"'}, WORLD)
        assert again.before == plan.before
        assert (await action.observe(again)).state == "failed"


async def test_analyze_of_all_tells_which_table_was_left_out(
    postgres: Server, hands: Hands
) -> None:
    action = Analyze(hands, SHOWN)
    async with session(postgres) as other:
        plan = await action.plan("db", {}, WORLD)
        assert plan.title.startswith("Analyze all ")
        async with other.transaction():
            await other.execute("LOCK TABLE users IN ACCESS EXCLUSIVE MODE")
            await work(action, plan, Step())
        found = await action.observe(plan)
        assert found.state == "failed"
        assert found.by == "last_analyze is not newer: users"
        one = await action.plan("db", {"table": "users"}, WORLD)
        await work(action, one, Step())
        assert (await seen(action, one)).state == "verified"
        assert (await seen(action, plan)).state == "verified"


async def test_whom_it_waits_for_is_told_and_a_lock_that_is_not_free_ends_it(
    postgres: Server, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions_hands, "_EVERY", 0.02)
    action = Vacuum(hands, SHOWN)
    plan = await action.plan("db", {"table": "users", "analyze": "false"}, WORLD)
    step = Step()

    async def told() -> bool:
        return bool(step.told)

    async with session(postgres) as other:
        await other.execute("BEGIN; LOCK TABLE users IN SHARE UPDATE EXCLUSIVE MODE")
        monkeypatch.setattr(actions_vacuum, "WAIT", 0.2)
        with pytest.raises(ActionFailure, match=r"a lock was not free in 0\.2 s"):
            await work(action, plan, Step())
        monkeypatch.setattr(actions_vacuum, "WAIT", 60.0)
        task = asyncio.create_task(work(action, plan, step))
        await until(told)
        assert step.told[0] == f"waits for session {other.get_server_pid()}"
        await other.execute("ROLLBACK")
        await task
    assert (await seen(action, plan)).state == "verified"


async def test_what_is_broken_off_here_ends_on_the_server(postgres: Server, hands: Hands) -> None:
    running = "SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(77)'"
    running += " AND state = 'active'"
    async with session(postgres) as other:
        task = asyncio.create_task(hands.act("SELECT pg_sleep(77)", Step(), 5))
        await until(lambda: other.fetchval(running))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await other.fetchval(running) == 0


async def test_who_may_and_where(postgres: Server) -> None:
    async def blocked(user: str, database: str) -> str:
        async with hands_of(postgres, user, database) as found:
            plan = await Analyze(found, SHOWN).plan("db", {"table": "users"}, WORLD)
            return plan.blocked or ""

    async with session(postgres) as other:
        await other.execute("CREATE DATABASE elsewhere TEMPLATE template0")
        try:
            async with hands_of(postgres, "postgres", "elsewhere") as found:
                with pytest.raises(Refused, match="no table users"):
                    await Vacuum(found, SHOWN).plan("db", {"table": "users"}, WORLD)
                async with found.reading() as there:
                    said = await found.hindrance(there)
        finally:
            await other.execute("DROP DATABASE elsewhere WITH (FORCE)")
    assert said == "postgres.admin leads to another database or server than postgres.dsn"
    assert await blocked("stranger", "ainur") == (
        'stranger does not own it: GRANT "postgres" TO "stranger";'
    )


@pytest.mark.parametrize("dsn", [None, Secret("postgresql://your_user:strong_password@db/ainur")])
def test_without_a_writing_role_the_line_that_mends_it_is_told(
    postgres: Server, dsn: Secret | None
) -> None:
    hands = Hands(dsn, Database(postgres.dsn(), RealClock(), Redactor(), 3), Redactor(), 3)
    assert "admin = { env =" in (Vacuum(hands, SHOWN).unavailable() or "")


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({}, "table=NAME"),
        ({"table": "users", "analyze": "perhaps"}, "true or false"),
        ({"table": "pg_catalog.pg_class"}, "the server's own"),
        ({"table": "nobody"}, "no table nobody"),
        ({"table": "a.b.c"}, "more than one"),
    ],
)
async def test_parameters_that_make_no_sense(
    postgres: Server, hands: Hands, params: dict[str, str], words: str
) -> None:
    async with session(postgres) as other:
        await other.execute(
            'CREATE SCHEMA IF NOT EXISTS a; CREATE SCHEMA IF NOT EXISTS "a.b";'
            'CREATE TABLE IF NOT EXISTS a."b.c" (); CREATE TABLE IF NOT EXISTS "a.b".c ()'
        )
        try:
            with pytest.raises(Refused, match=words) as caught:
                await Vacuum(hands, SHOWN).plan("db", params, WORLD)
        finally:
            await other.execute('DROP SCHEMA a CASCADE; DROP SCHEMA "a.b" CASCADE')
    assert caught.value.code == 64
