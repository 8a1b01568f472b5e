"""A run that asks for a word in its middle stands still until somebody gives it (G-157)."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from msgspec.structs import replace

from ainur_tui.engine.runs.recovery import rebuild, usual_seconds
from ainur_tui.engine.wire.peer import Peer
from ainur_tui.model.action import Plan, Run
from ainur_tui.model.failure import Refused
from ainur_tui.model.runcalls import AbortCall, ConfirmCall
from ainur_tui.systems.acting import StepContext, World
from tests.engine.acting import CANARY, MIRA, READER, Restart, World1, call

OTTO = Peer("otto", "operate", "/dev/pts/2")


class Asking(Restart):
    """Its second step asks for ``new`` first."""

    def __init__(self) -> None:
        super().__init__(policy="abort")
        self.answer = ""

        async def ask(context: StepContext) -> None:
            self.answer = await context.word("new", ["12 rows are lost", f"as {CANARY}\x1b[2J"])

        self.also = ask

    async def plan(self, target: str, params: dict[str, str], world: World) -> Plan:
        return replace(await super().plan(target, params, world), asks="new")

    def steps(self, plan: Plan) -> list:  # type: ignore[type-arg]
        from dataclasses import replace as with_

        return [with_(step, policy="abort") for step in super().steps(plan)]


async def begun(tmp_path: Path) -> tuple[World1, Asking, Run]:
    action = Asking()
    world = await World1(tmp_path, action).open()
    run = await world.executor.run(call(), MIRA)
    async with asyncio.timeout(10):
        while world.executor.runs(run.id)[0].asking is None:  # noqa: ASYNC110
            await asyncio.sleep(0)
    return world, action, run


async def test_nothing_goes_on_before_the_word_is_given(tmp_path: Path) -> None:
    world, action, run = await begun(tmp_path)
    asked = world.executor.runs(run.id)[0].asking
    assert asked is not None
    assert (asked.word, asked.lines[0]) == ("new", "12 rows are lost")
    assert CANARY not in asked.lines[1]
    assert "\x1b" not in asked.lines[1]
    assert action.boots == 1
    for word in ("old", "NEW", ""):
        with pytest.raises(Refused, match="is not new"):
            await world.executor.confirm(ConfirmCall(id=run.id, word=word), MIRA)
    with pytest.raises(Refused, match="asks for no word"):
        await world.executor.confirm(ConfirmCall(id="nope", word="new"), MIRA)
    world.clock.advance(90)
    await world.executor.confirm(ConfirmCall(id=run.id, word="new"), OTTO)
    done = await world.ended(run)
    assert (done.state, done.asking, action.boots) == ("verified", None, 2)
    assert action.answer == "new was given by otto"
    (told,) = rebuild(await world.journal.entries()).values()
    for one in (done, told):
        assert one.waited == 90
        assert usual_seconds([one]) == 0, "people's time is none of its own"
    kinds = await world.kinds()
    assert kinds.index(("note", "word asked")) < kinds.index(("note", "confirmed"))
    given = next(e for e in await world.journal.entries() if e.state == "confirmed")
    assert (given.operator, given.detail["word"]) == ("otto", "new")
    with pytest.raises(Refused, match="asks for no word"):
        await world.executor.confirm(ConfirmCall(id=run.id, word="new"), MIRA)


async def test_a_run_that_waits_can_be_stopped_and_did_nothing(tmp_path: Path) -> None:
    world, action, run = await begun(tmp_path)
    await world.executor.abort(AbortCall(id=run.id), MIRA)
    done = await world.ended(run)
    assert (done.state, action.boots, done.asking) == ("failed", 1, None)
    assert [step.state for step in done.steps] == ["done", "skipped"]


async def test_the_word_may_be_given_ahead_and_must_be_the_right_one(tmp_path: Path) -> None:
    action = Asking()
    world = await World1(tmp_path, action).open()
    with pytest.raises(Refused, match="the plan asks for new"):
        await world.executor.run(replace(call(), again="old"), MIRA)
    with pytest.raises(Refused, match="only read"):
        await world.executor.run(replace(call(), again="new"), READER)
    run = await world.executor.run(replace(call(), again="new"), MIRA)
    assert (await world.ended(run)).state == "verified"
    assert action.answer == "new was given ahead by mira"


async def test_an_engine_that_dies_waiting_leaves_a_run_that_did_nothing(tmp_path: Path) -> None:
    world, action, run = await begun(tmp_path)
    next_world = await World1(tmp_path, Restart()).open()
    left = await next_world.ended(run)
    assert (left.state, left.asking) == ("failed", None)
    assert "the engine ended during" in left.message
    assert action.boots == 1
    await world.executor.stop(force=True)
