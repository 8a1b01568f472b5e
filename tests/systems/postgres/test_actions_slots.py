"""Dropping a slot on a real server: the one that was meant, and never one that is read."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from ainur_tui.model.failure import ActionFailure, Refused
from ainur_tui.model.secret import Redactor
from ainur_tui.systems.acting import AlreadySo
from ainur_tui.systems.postgres.actions.slots import DropSlot
from ainur_tui.systems.postgres.shown import Shown
from tests.systems.conftest import Server, a_postgres
from tests.systems.postgres.elevated import hands_of, seen, session, work
from tests.systems.steps import WORLD, Step

MAKE = "SELECT pg_create_physical_replication_slot('old', true)"
GONE = "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE NOT active"
WRITE = "SELECT pg_logical_emit_message(false, 't', repeat('x', 1 << 20))"


@pytest.fixture(scope="module")
def keeping() -> Iterator[Server]:
    """A server that may have slots."""
    with a_postgres(more={"wal_level": "logical", "max_wal_senders": "2"}) as found:
        yield found


@pytest.fixture
async def action(keeping: Server) -> AsyncIterator[DropSlot]:
    async with hands_of(keeping) as hands, session(keeping) as other:
        yield DropSlot(hands, Shown(Redactor()))
        await other.execute(GONE)


async def test_the_plan_tells_what_is_lost_and_the_slot_goes(
    keeping: Server, action: DropSlot
) -> None:
    async with session(keeping) as other:
        await other.execute(MAKE)
        await other.execute(WRITE)
        plan = await action.plan("db", {"slot": "old"}, WORLD)
        assert (plan.risk, plan.blocked, plan.undo, plan.inverse) == ("R3", None, None, None)
        assert plan.goal["retained"] > 1 << 20
        assert plan.title.startswith("Drop slot old, which holds ")
        assert plan.before["restart_lsn"] in plan.facts[1]
        assert "pg_basebackup" in plan.warnings[0]
        assert (await action.observe(plan)).state == "failed"
        await other.execute(WRITE)
        again = await action.plan("db", {"slot": "old"}, WORLD)
        assert again.before == plan.before  # WAL that goes on is no other world
        await work(action, plan, Step())
        found = await seen(action, plan)
        assert found.state == "verified"
        assert "unused slots hold 0 B of WAL back" in found.by
        with pytest.raises(AlreadySo, match="there is no slot old"):
            await action.plan("db", {"slot": "old"}, WORLD)


async def test_a_slot_of_that_name_that_is_another_stays(keeping: Server, action: DropSlot) -> None:
    async with session(keeping) as other:
        await other.execute(MAKE)
        plan = await action.plan("db", {"slot": "old"}, WORLD)
        for sql in (GONE, WRITE, "CHECKPOINT", MAKE):
            await other.execute(sql)
        with pytest.raises(ActionFailure, match="by now: it was not dropped"):
            await work(action, plan, Step())
        assert (await action.observe(plan)).state == "failed"


async def test_one_that_is_read_is_never_dropped(keeping: Server, action: DropSlot) -> None:
    async with session(keeping) as other, session(keeping) as reader:
        await other.execute(MAKE)
        plan = await action.plan("db", {"slot": "old"}, WORLD)
        await other.execute(GONE)
        # A temporary slot is in use by its session for as long as that lives.
        await reader.execute("SELECT pg_create_physical_replication_slot('old', true, true)")
        blocked = (await action.plan("db", {"slot": "old"}, WORLD)).blocked or ""
        assert f"old is in use (session {reader.get_server_pid()})" in blocked
        with pytest.raises(ActionFailure, match="old is in use by now"):
            await work(action, plan, Step())


async def test_a_logical_one_tells_of_its_consumer_and_who_may(
    keeping: Server, action: DropSlot
) -> None:
    async with session(keeping) as other:
        await other.execute("SELECT pg_create_logical_replication_slot('feed', 'pgoutput')")
        plan = await action.plan("db", {"slot": "feed"}, WORLD)
        assert plan.facts[0].startswith("feed: logical slot pgoutput of ainur, not in use")
        assert "copy its tables anew" in plan.warnings[0]
        async with hands_of(keeping, "stranger") as hands:
            told = await DropSlot(hands, Shown(Redactor())).plan("db", {"slot": "feed"}, WORLD)
        assert told.blocked == "stranger is no superuser and lacks REPLICATION"
        await work(action, plan, Step())
        assert (await seen(action, plan)).state == "verified"


@pytest.mark.parametrize("params", [{}, {"slot": "a'; DROP"}])
async def test_parameters_that_make_no_sense(action: DropSlot, params: dict[str, str]) -> None:
    with pytest.raises(Refused) as caught:
        await action.plan("db", params, WORLD)
    assert caught.value.code == 64
