"""Reindex against a real server: rebuilt, given up, broken off, and what is left is cleared."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from msgspec.structs import replace

from ainur_tui.model.failure import ActionFailure, Refused
from ainur_tui.model.secret import Redactor
from ainur_tui.systems.postgres.actions import reindex as actions_reindex
from ainur_tui.systems.postgres.actions.leftover import is_left_of
from ainur_tui.systems.postgres.actions.reindex import Reindex
from ainur_tui.systems.postgres.shown import Shown
from tests.systems.conftest import Server
from tests.systems.postgres.elevated import hands_of, seen, session, until, work
from tests.systems.steps import WORLD, Step

NAME = 'By "name"; DROP'
BUILDING = "SELECT FROM pg_stat_activity WHERE query LIKE 'REINDEX%' AND state = 'active'"
WRITES = "BEGIN; LOCK TABLE things IN ROW EXCLUSIVE MODE"
PARAMS = {"index": NAME, "wait": "10"}


@pytest.fixture
async def action(postgres: Server) -> AsyncIterator[Reindex]:
    async with session(postgres) as other, hands_of(postgres) as hands:
        await other.execute(
            "CREATE TABLE things AS SELECT i AS id, i::text AS name FROM generate_series(1, 99) i;"
            f'CREATE INDEX "{NAME.replace(chr(34), chr(34) * 2)}" ON things (name)'
        )
        yield Reindex(hands, Shown(Redactor()))
        await other.execute("DROP TABLE things")


async def invalid(other: Any) -> list[str]:
    rows = await other.fetch(
        "SELECT c.relname FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid"
        " WHERE NOT i.indisvalid"
    )
    return [row["relname"] for row in rows]


async def test_it_is_built_anew_and_the_plan_alone_tells(action: Reindex) -> None:
    plan = await action.plan("db", PARAMS, WORLD)
    assert (plan.blocked, plan.risk, len(plan.steps)) == (None, "R2", 1)
    assert "valid, 16.0 KiB → built anew" in plan.facts[0]
    before = await action.observe(plan)
    assert (before.state, before.final) == ("failed", True)
    await work(action, plan, Step())
    found = await seen(action, plan)
    assert (found.state, "new and valid" in found.by) == ("verified", True)


async def test_it_gives_up_behind_an_old_transaction_and_clears_away(
    postgres: Server, action: Reindex, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = await action.plan("db", PARAMS, WORLD)
    short = replace(plan, goal=plan.goal | {"wait": 0.3})
    async with session(postgres) as other:
        await other.execute(WRITES)
        monkeypatch.setattr(actions_reindex, "_LONG", 0.0)
        told = await action.plan("db", PARAMS, WORLD)
        assert any(f"session {other.get_server_pid()}" in said for said in told.warnings)
        with pytest.raises(ActionFailure, match=r"not free in 0\.3 s") as caught:
            await work(action, short, Step())
        await other.execute("ROLLBACK")
        # Dropping waits for the same transaction: what stays is named, and dropped the next time.
        assert "reindex again drops it first" in str(caught.value)
        found = await action.observe(plan)
        assert found.state == "failed"
        assert f"{NAME}_ccnew (invalid" in found.by
        assert await invalid(other) == [f"{NAME}_ccnew"]
        with pytest.raises(Refused, match="is what a broken-off rebuild of"):
            await action.plan("db", {"index": f"{NAME}_ccnew"}, WORLD)
        again = await action.plan("db", PARAMS, WORLD)
        assert again.steps[0].startswith(f"drop what an earlier rebuild left: {NAME}_ccnew")
        said = await work(action, again, Step())
        assert said[0].startswith(f"dropped {NAME}_ccnew")
        assert (await seen(action, again)).state == "verified"
        assert await invalid(other) == []


async def test_broken_off_it_leaves_the_old_one_and_nothing_else(
    postgres: Server, action: Reindex
) -> None:
    plan = await action.plan("db", PARAMS, WORLD)
    async with session(postgres) as holder, session(postgres) as other:
        await holder.execute(WRITES)
        task = asyncio.create_task(work(action, plan, Step()))
        await until(lambda: invalid(other))
        assert (await action.observe(plan)).by.endswith("still builds it")
        with_another = await action.plan("db", PARAMS, WORLD)
        assert "indexes things" in (with_another.blocked or "")
        task.cancel()
        await until(lambda: other.fetchval(f"SELECT NOT EXISTS ({BUILDING})"))
        await holder.execute("ROLLBACK")
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await invalid(other) == []
    found = await action.observe(plan)
    assert (found.state, "the old one and valid" in found.by) == ("failed", True)


async def test_what_cannot_be_rebuilt_so(postgres: Server, action: Reindex) -> None:
    async with session(postgres) as other:
        await other.execute(
            "ALTER TABLE things ADD CONSTRAINT apart EXCLUDE USING btree (id WITH =);"
            "CREATE TABLE parts (id int) PARTITION BY RANGE (id);"
            "CREATE INDEX part_id ON parts (id)"
        )
        try:
            plan = await action.plan("db", {"index": "apart"}, WORLD)
            assert "exclusion constraint" in (plan.blocked or "")
            with pytest.raises(Refused, match="one partition"):
                await action.plan("db", {"index": "part_id"}, WORLD)
        finally:
            await other.execute("DROP TABLE parts")


@pytest.mark.parametrize(
    "params", [{}, {"index": "x"}, {"index": "", "wait": "5"}, {"index": NAME, "wait": "0"},
               {"index": NAME, "wait": "3601"}, {"index": NAME, "wait": "²"}]
)  # fmt: skip
async def test_parameters_that_make_no_sense(action: Reindex, params: dict[str, str]) -> None:
    with pytest.raises(Refused) as caught:
        await action.plan("db", params, WORLD)
    assert caught.value.code == 64


def test_only_a_twin_of_the_index_is_a_leftover() -> None:
    assert is_left_of("by_name_ccnew", "by_name")
    assert is_left_of("by_name_ccold12", "by_name")
    assert not is_left_of("by_name_2_ccnew", "by_name")
    assert not is_left_of("by_ccnew", "by_name")
    assert not is_left_of("by_name", "by_name")
    long = "x" * 63
    assert is_left_of("x" * 57 + "_ccnew", long)
    assert not is_left_of("x" * 40 + "_ccnew", long)
