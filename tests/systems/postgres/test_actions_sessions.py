"""Cancel and terminate against a real server: the one that was meant, and nobody else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, cast

import asyncpg
import msgspec
import pytest

from ainur_tui.model.action import Plan
from ainur_tui.model.failure import Refused
from ainur_tui.model.secret import Redactor
from ainur_tui.systems.acting import Action, AlreadySo, StepContext
from ainur_tui.systems.base import Clock
from ainur_tui.systems.postgres.actions.sessions import Cancel, Terminate, TerminateIdle
from ainur_tui.systems.postgres.actions.victims import Victim
from ainur_tui.systems.postgres.client import Database
from ainur_tui.systems.postgres.shown import Shown
from tests.systems.conftest import Server
from tests.systems.steps import WORLD

CONTEXT = cast(StepContext, None)
"""The signals need nothing of it."""
Opening = Callable[..., Database]


@pytest.fixture
async def opened(postgres: Server, clock: Clock) -> AsyncIterator[Opening]:
    databases: list[Database] = []

    def opening(user: str = "postgres") -> Database:
        databases.append(Database(postgres.dsn(user), clock, Redactor(), 3))
        return databases[-1]

    yield opening
    for database in databases:
        await database.close()


@asynccontextmanager
async def session(postgres: Server, name: str = "victim", user: str = "postgres") -> Any:
    connection = await asyncpg.connect(
        postgres.dsn(user).reveal(), server_settings={"application_name": name}
    )
    try:
        yield connection
    finally:
        connection.terminate()


async def carry_out(action: Action, plan: Plan) -> tuple[list[str], str]:
    """The plan as the journal keeps it, worked through; what was said, and the verdict."""
    kept = msgspec.json.decode(msgspec.json.encode(plan), type=Plan)
    said = [await step.work(CONTEXT) for step in action.steps(kept)]
    return said, await verdict(action, kept)


async def verdict(action: Action, plan: Plan) -> str:
    for _ in range(200):
        seen = await action.observe(plan)
        if seen.state == "verified":
            break
        await asyncio.sleep(0.02)
    return seen.state


async def planned(action: Action, params: dict[str, str], victims: int = 1) -> Plan:
    for _ in range(200):
        with suppress(AlreadySo):
            plan = await action.plan("db", params, WORLD)
            if len(plan.steps) == victims:
                return plan
        await asyncio.sleep(0.02)
    raise AssertionError("they never came to be victims")


async def busy(action: Action, pid: int) -> Plan:
    return await planned(action, {"pid": str(pid)})


async def test_cancel_ends_the_statement_and_keeps_the_session(
    postgres: Server, opened: Opening
) -> None:
    action = Cancel(opened(), Redactor())
    async with session(postgres, "v\x1b[2J") as victim:
        running = asyncio.create_task(victim.execute("SELECT pg_sleep(60) /* \x07 */"))
        plan = await busy(action, victim.get_server_pid())
        assert plan.blocked is None
        assert plan.facts[0].isprintable()
        assert all(
            word in plan.facts[0] for word in ("postgres", "127.0.0.1", "active", "pg_sleep")
        )
        assert (await action.observe(plan)).state == "failed"
        assert (await carry_out(action, plan))[1] == "verified"
        with pytest.raises(asyncpg.QueryCanceledError):
            await running
        assert await victim.fetchval("SELECT 1") == 1
        with pytest.raises(AlreadySo, match="no statement to cancel"):
            await action.plan("db", plan.params, WORLD)


async def test_a_later_statement_of_the_session_is_not_cancelled(
    postgres: Server, opened: Opening
) -> None:
    action = Cancel(opened(), Redactor())
    async with session(postgres) as victim:
        first = asyncio.create_task(victim.execute("SELECT pg_sleep(60)"))
        plan = await busy(action, victim.get_server_pid())
        await carry_out(action, plan)
        await asyncio.gather(first, return_exceptions=True)
        second = asyncio.create_task(victim.execute("SELECT pg_sleep(0.4)"))
        again = await busy(action, victim.get_server_pid())
        assert again.before != plan.before
        said, state = await carry_out(action, plan)
        assert ("nothing was sent" in said[0], state) == (True, "verified")
        await second


async def test_terminate_ends_the_session_that_was_meant(postgres: Server, opened: Opening) -> None:
    action = Terminate(opened(), Redactor())
    async with session(postgres) as victim, session(postgres, "bystander") as other:
        plan = await action.plan("db", {"pid": str(victim.get_server_pid())}, WORLD)
        one = plan.goal["victims"][0]
        reused = {**one, "backend_start": "2001-01-01 00:00:00+00"}
        said, state = await carry_out(action, msgspec.structs.replace(
            plan, goal={"victims": [reused]}
        ))  # fmt: skip
        assert ("nothing was sent" in said[0], state) == (True, "verified")
        assert await victim.fetchval("SELECT 1") == 1
        assert (await carry_out(action, plan))[1] == "verified"
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
            await victim.fetchval("SELECT 1")
        assert await other.fetchval("SELECT 1") == 1
        with pytest.raises(AlreadySo, match="no session"):
            await action.plan("db", plan.params, WORLD)


async def test_idle_in_transaction_is_ended_by_age_and_only_while_it_is(
    postgres: Server, opened: Opening
) -> None:
    action = TerminateIdle(opened(), Redactor())
    async with session(postgres) as old, session(postgres, "awake") as woken:
        for connection in (old, woken):
            await connection.execute("BEGIN")
        with pytest.raises(AlreadySo):
            await action.plan("db", {}, WORLD)
        pids = {old.get_server_pid(), woken.get_server_pid()}
        plan = await planned(action, {"older": "1"}, 2)
        assert {one["pid"] for one in plan.goal["victims"]} == pids
        assert len(plan.facts) == 2
        await woken.execute("COMMIT")
        assert (await carry_out(action, plan))[1] == "verified"
        assert await woken.fetchval("SELECT 1") == 1
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
            await old.fetchval("SELECT 1")


async def test_who_is_named_is_left_alone(postgres: Server, opened: Opening) -> None:
    action = TerminateIdle(opened(), Redactor())
    async with session(postgres) as ended, session(postgres, "kept") as kept:
        for connection in (ended, kept):
            await connection.execute("BEGIN")
        await planned(action, {"older": "1"}, 2)
        spared = kept.get_server_pid()
        plan = await action.plan("db", {"older": "1", "except": f"{spared}, 7"}, WORLD)
        assert [one["pid"] for one in plan.goal["victims"]] == [ended.get_server_pid()]
        assert plan.params == {"older": "1", "except": f"7,{spared}"}
        assert [fact.endswith("→ left alone") for fact in plan.facts] == [True, False, False]
        assert plan.facts[1] == "7: is not among them"
        assert (await carry_out(action, plan))[1] == "verified"
        with pytest.raises(AlreadySo, match="but 1 that are left alone"):
            await action.plan("db", {"older": "1", "except": str(spared)}, WORLD)
        assert await kept.fetchval("SELECT 1") == 1
    with pytest.raises(Refused, match="except=PID,PID"):
        await action.plan("db", {"except": "all"}, WORLD)


async def test_who_is_never_signalled(postgres: Server, opened: Opening) -> None:
    async def blocked(user: str, pid: int) -> str:
        plan = await Terminate(opened(user), Redactor()).plan("db", {"pid": str(pid)}, WORLD)
        return plan.blocked or ""

    async with session(postgres, "ainur-tui") as ours, session(postgres) as other:
        assert "our own" in await blocked("postgres", ours.get_server_pid())
        assert "GRANT pg_signal_backend" in await blocked("watcher", other.get_server_pid())
        assert "GRANT pg_monitor" in await blocked("stranger", other.get_server_pid())
        checkpointer = await other.fetchval(
            "SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'"
        )
        assert "no session" in await blocked("postgres", checkpointer)


def test_the_vacuum_against_wraparound_is_left_alone_and_replication_is_said() -> None:
    row = {
        "pid": 7, "backend_start": "x", "backend_type": "autovacuum worker", "ours": False,
        "allowed": True, "signals": True, "us": "u",
    }  # fmt: skip

    def victim(**more: str) -> Victim:
        return Victim(cast(Any, row | more), Shown(Redactor()))

    query = "autovacuum: VACUUM public.users"
    assert victim(query=query).untouchable() is None
    assert "must finish" in (victim(query=f"{query} (to prevent wraparound)").untouchable() or "")
    client = victim(query="/* to prevent wraparound */", backend_type="client backend")
    assert client.untouchable() is None
    assert victim(query="", backend_type="walsender").replication
    assert not client.replication


@pytest.mark.parametrize(
    "params", [{}, {"pid": "x"}, {"pid": "-1"}, {"pid": "0"}, {"pid": "9" * 11}, {"pid": "²"}]
)
async def test_parameters_that_make_no_sense(opened: Opening, params: dict[str, str]) -> None:
    with pytest.raises(Refused) as caught:
        await Cancel(opened(), Redactor()).plan("db", params, WORLD)
    assert caught.value.code == 64
