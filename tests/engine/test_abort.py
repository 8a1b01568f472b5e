"""A run that goes on is stopped by an operator: at its safe point, on the record, told to all."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from ainur_tui.engine.runs import running
from ainur_tui.engine.runs.observing import observe
from ainur_tui.engine.wire.peer import Peer
from ainur_tui.model.action import Run
from ainur_tui.model.failure import Refused
from ainur_tui.model.runcalls import AbortCall, PlanQuery
from tests.engine.acting import CANARY, MIRA, Restart, World1, call

OTTO = Peer("otto", "operate", "/dev/pts/2")


async def begun(tmp_path: Path, action: Restart) -> tuple[World1, Run]:
    action.gate.clear()
    world = await World1(tmp_path, action).open()
    run = await world.executor.run(call(), MIRA)
    await action.begun.wait()
    return world, run


async def test_the_running_step_is_finished_the_rest_is_left_and_taken_back(
    tmp_path: Path,
) -> None:
    world, run = await begun(tmp_path, action := Restart())
    asked = await world.executor.abort(AbortCall(id=run.id), MIRA)
    assert (asked.state, asked.message) == ("running", "stopping: mira asked for it")
    assert [step.policy for step in asked.steps] == ["finish", "finish"]
    action.gate.set()
    done = await world.ended(run)
    assert [step.state for step in done.steps] == ["done", "skipped"]
    assert "stopped before “restart”: mira asked for it" in done.message
    assert done.state == "failed"
    assert action.undone == ["drain"]
    assert action.boots == 1
    assert world.told == []  # nobody else has to hear of it
    assert ("note", "stop asked") in await world.kinds()


async def test_a_step_that_may_be_broken_off_is(tmp_path: Path) -> None:
    world, run = await begun(tmp_path, Restart(policy="abort"))
    asked = await world.executor.abort(AbortCall(id=run.id, reason="wrong one"), MIRA)
    assert asked.steps[0].policy == "abort"
    done = await world.ended(run)
    assert [step.state for step in done.steps] == ["unknown", "skipped"]
    assert "cut short: mira asked for it: wrong one" in done.message


async def test_another_ones_run_is_stopped_with_a_reason_that_all_are_told(
    tmp_path: Path,
) -> None:
    world, run = await begun(tmp_path, action := Restart())
    with pytest.raises(Refused, match="needs a reason"):
        await world.executor.abort(AbortCall(id=run.id, reason=" "), OTTO)
    reason = f"the database is on fire {CANARY}\x1b[2J"
    await world.executor.abort(AbortCall(id=run.id, reason=reason), OTTO)
    (told,) = world.told
    assert told.startswith("otto stopped mira's run (Restart api): the database is on fire")
    assert CANARY not in told
    assert "\x1b" not in told
    assert any(event.text == told for event in world.events)
    note = next(e for e in await world.journal.entries() if e.state == "stop asked")
    assert (note.id, note.operator, note.detail["of"]) == (run.id, "otto", "mira")
    action.gate.set()
    assert "otto asked for it" in (await world.ended(run)).message


async def test_what_does_not_go_on_cannot_be_stopped(tmp_path: Path) -> None:
    world, run = await begun(tmp_path, action := Restart())
    action.gate.set()
    await world.ended(run)
    with pytest.raises(Refused, match="has ended: verified"):
        await world.executor.abort(AbortCall(id=run.id), MIRA)
    with pytest.raises(Refused, match="there is no run"):
        await world.executor.abort(AbortCall(id="nope"), MIRA)


async def test_a_journal_that_cannot_be_written_keeps_nobody_from_stopping(
    tmp_path: Path,
) -> None:
    world, run = await begun(tmp_path, action := Restart())
    world.journal.path.unlink()
    world.journal.path.mkdir()
    await world.executor.abort(AbortCall(id=run.id), MIRA)
    action.gate.set()
    assert [step.state for step in (await world.ended(run)).steps] == ["done", "skipped"]


async def test_nobody_waits_so_the_world_may_still_prove_the_step_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A broken-off step may have done its work: that is looked for, for a while (F-72)."""
    monkeypatch.setattr(running, "SETTLE", 5.0)
    action = Restart(policy="abort")
    action.verify_within = 5.0
    world, run = await begun(tmp_path, action)
    await world.executor.abort(AbortCall(id=run.id), MIRA)
    async with asyncio.timeout(5):
        while world.executor.runs(run.id)[0].steps[0].state == "running":  # noqa: ASYNC110
            await asyncio.sleep(0)
    action.boots += 1
    assert (await world.ended(run)).state == "verified"


@pytest.mark.parametrize(("settled", "state"), [(True, "failed"), (False, "unknown")])
async def test_what_no_time_changes_is_not_unknown(
    tmp_path: Path, settled: bool, state: str
) -> None:
    world = await World1(tmp_path, action := Restart()).open()
    plan = await world.executor.plan(PlanQuery(action="restart", target="api"))
    action.verify_within = 60.0
    hurry = asyncio.Event()
    hurry.set()
    seen = await observe(action, plan, world.clock, hurry=hurry, settled=settled)
    assert seen.state == state
