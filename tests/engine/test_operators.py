"""Several operators at once: take-over, broken glass, who is here, what a plan says of others."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from ainur_tui.client.errors import CallError
from ainur_tui.client.merge import empty, merge
from ainur_tui.engine.runs import takeover
from ainur_tui.engine.runs.glass import LASTS
from ainur_tui.engine.wire.peer import Peer
from ainur_tui.engine.wire.presences import Presences
from ainur_tui.model.action import ActionSpec, Param, Plan
from ainur_tui.model.board import SignalView
from ainur_tui.model.failure import DENIED, USAGE, Refused
from ainur_tui.model.runcalls import PlanQuery, RunCall
from ainur_tui.model.update import Update
from ainur_tui.model.wire import BreakGlassCall, LookingAt, Subscribe
from ainur_tui.systems.acting import Step, StepContext, World
from tests.engine.acting import MIRA, Clock, Restart, World1, call
from tests.engine.engines import connected, serving

OTTO = Peer("otto", "operate", "/dev/pts/2")
SECRET = "correct-horse-battery"


class Guarded(Restart):
    """A restart that a policy forbids."""

    async def plan(self, target: str, params: dict[str, str], world: World) -> Plan:
        plan = await super().plan(target, params, world)
        return replace(plan, policy="8 machines are over the connection budget")


async def test_a_policy_gives_way_to_the_broken_glass_alone(tmp_path: Path) -> None:
    world = await World1(tmp_path, Guarded()).open()
    with pytest.raises(Refused, match=r"connection budget.*break the glass"):
        await world.executor.run(call(key="1"), MIRA)
    await world.glass.put("fire in the machine room", MIRA)
    plan = await world.executor.plan(PlanQuery(action="restart", target="api"))
    assert "this policy is lifted" in plan.warnings[0]
    run = await world.executor.run(call(key="2"), OTTO)
    assert (await world.ended(run)).state == "verified"
    world.clock.advance(LASTS)
    assert world.glass.now() is None
    with pytest.raises(Refused, match="break the glass"):
        await world.executor.run(call(key="3", reason="again"), MIRA)
    entries = await world.journal.entries()
    assert [e.state for e in entries if e.kind == "note"] == ["refused", "glass broken", "refused"]
    intent = next(e for e in entries if e.kind == "intent")
    assert intent.detail["glass"]["reason"] == "fire in the machine room"


async def test_the_glass_lifts_no_confirmation_and_no_impossibility(tmp_path: Path) -> None:
    action = Guarded(("db",), risk="R3")
    world = await World1(tmp_path, action).open()
    await world.glass.put("fire", MIRA)
    with pytest.raises(Refused, match="confirm"):
        await world.executor.run(call("db"), MIRA)
    action.blocked = "there is no machine"
    with pytest.raises(Refused, match="no machine"):
        await world.executor.run(call("db", confirm="db"), MIRA)


async def test_the_glass_is_put_back(tmp_path: Path) -> None:
    world = await World1(tmp_path, Guarded()).open()
    await world.glass.put("fire", MIRA)
    assert (found := world.glass.now()) is not None
    assert (found.operator, found.reason) == ("mira", "fire")
    await world.glass.put("  ", OTTO)
    await world.glass.put("", OTTO)
    assert world.glass.now() is None
    assert await world.kinds() == [("note", "glass broken"), ("note", "glass whole")]
    assert len(world.events) == 2


async def test_without_a_record_no_policy_is_lifted(tmp_path: Path) -> None:
    world = await World1(tmp_path, Guarded()).open()
    world.journal.path.mkdir()
    with pytest.raises(Refused, match="no policy is lifted"):
        await world.glass.put("fire", MIRA)
    assert world.glass.now() is None


async def test_a_lease_is_taken_over_at_a_safe_point(tmp_path: Path) -> None:
    action = Restart()
    action.gate.clear()
    world = await World1(tmp_path, action).open()
    first = await world.executor.run(call(key="1"), MIRA)
    await action.begun.wait()
    plan = await world.executor.plan(PlanQuery(action="restart", target="api"))
    assert plan.held is not None
    assert plan.held.holder == "mira"
    assert plan.blocked is not None
    assert "taken over with a reason" in plan.facts[-1]
    with pytest.raises(Refused, match="mira holds api"):
        await world.executor.run(call(key="2"), OTTO)
    with pytest.raises(Refused, match="needs a reason"):
        await world.executor.run(call(key="3", take_over=True), OTTO)
    over = asyncio.ensure_future(
        world.executor.run(call(key="4", take_over=True, reason="mira sleeps"), OTTO)
    )
    async with asyncio.timeout(5):
        while not world.told:  # noqa: ASYNC110 - gives everybody their turn
            await asyncio.sleep(0)
    assert not over.done()  # the running step is not torn apart
    action.gate.set()
    second = await over
    assert (await world.ended(second)).state == "verified"
    stopped = world.executor.runs(first.id)[0]
    assert stopped.state == "failed"
    assert "stopped before “restart”: otto took api over from mira" in stopped.message
    assert action.boots == 2
    assert world.told == [f"otto took api over from mira (restart, run {first.id}): mira sleeps"]
    assert any("took api over" in event.text for event in world.events)
    notes = [e for e in await world.journal.entries() if e.state == "taken over"]
    assert [(e.id, e.operator, e.detail["reason"]) for e in notes] == [
        (first.id, "otto", "mira sleeps")
    ]


async def test_a_step_in_the_middle_is_not_joined(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(takeover, "PATIENCE", 0.01)
    action = Restart()
    action.gate.clear()
    world = await World1(tmp_path, action).open()
    await world.executor.run(call(key="1"), MIRA)
    await action.begun.wait()
    with pytest.raises(Refused, match="in the middle of “drain”"):
        await world.executor.run(call(key="2", take_over=True, reason="now"), OTTO)
    action.gate.set()
    await world.over()
    run = await world.executor.run(call(key="2", take_over=True, reason="now"), OTTO)
    assert (await world.ended(run)).state == "verified"


async def test_nobody_is_displaced_for_what_is_refused_anyway(tmp_path: Path) -> None:
    action = Restart()
    action.gate.clear()
    world = await World1(tmp_path, action).open()
    run = await world.executor.run(call(key="1"), MIRA)
    with pytest.raises(Refused, match="moved"):
        await world.executor.run(
            call(key="2", take_over=True, reason="now", seen={"boots": 7}), OTTO
        )
    action.gate.set()
    assert (await world.ended(run)).state == "verified"
    assert world.told == []


async def test_a_plan_tells_what_goes_on_around_it(tmp_path: Path) -> None:
    action = Restart(("api", "db"))
    action.gate.clear()
    world = await World1(tmp_path, action).open()
    await world.executor.run(call("db"), MIRA)
    front = next(t for t in world.board.targets if t.name == "frontend")
    world.board = replace(
        world.board,
        targets=[t for t in world.board.targets if t is not front]
        + [replace(front, signals=[MAINTENANCE])],
    )
    plan = await world.executor.plan(PlanQuery(action="restart", target="api"))
    assert plan.blocked is None
    assert plan.warnings[0] == "Maintenance mode is on: users see the maintenance page"
    assert "mira has been at work for 0 ms: Restart db" in plan.warnings[1]
    action.gate.set()
    await world.over()


MAINTENANCE = SignalView(
    name="frontend.maintenance", title="", value=1.0, unit="bool", statistic="", source="x",
    observed_at=0.0, age=0.0, quality="fresh", threshold=None, verdict="ok",
)  # fmt: skip


class Spelling(Restart):
    """Takes a secret, and says its digest only."""

    def __init__(self) -> None:
        super().__init__()
        self.spec = ActionSpec(
            name="restart", targets=["api"], risk="R2", summary="set it",
            params=[Param(name="value", type="secret", help="the new value", required=True)],
        )  # fmt: skip
        self.seen = ""

        async def use(context: StepContext) -> None:
            self.seen = context.secrets["value"].reveal()
            context.progress(f"{context.secrets}")

        self.also = use


async def test_a_secret_reaches_its_step_and_nothing_that_is_kept(tmp_path: Path) -> None:
    action = Spelling()
    world = await World1(tmp_path, action).open()
    run = await world.executor.run(call(secrets={"value": SECRET}), MIRA)
    done = await world.ended(run)
    assert action.seen == SECRET
    assert done.state == "verified"
    assert SECRET not in world.journal.path.read_text()
    assert SECRET not in repr(world.executor.__dict__["_keys"].__dict__)
    assert SECRET not in repr(world.runs)
    assert (await world.executor.run(call(secrets={"value": SECRET}), MIRA)).id == run.id


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"params": {"value": SECRET}}, "given apart"),
        ({}, "needs the secret value"),
        ({"secrets": {"value": SECRET, "other": SECRET}}, "takes no secret"),
    ],
)
async def test_secrets_come_apart(tmp_path: Path, more: Any, words: str) -> None:
    world = await World1(tmp_path, Spelling()).open()
    with pytest.raises(Refused, match=words) as found:
        await world.executor.run(RunCall(action="restart", target="api", key="k", **more), MIRA)
    assert found.value.code == USAGE
    assert SECRET not in str(found.value)
    assert not world.journal.path.exists()


async def test_no_step_runs_for_ever(tmp_path: Path) -> None:
    class Slow(Restart):
        def steps(self, plan: Plan) -> list[Step]:
            first, *rest = super().steps(plan)
            return [Step(first.name, first.work, "finish", limit=0.02), *rest]

    action = Slow()
    action.gate.clear()
    world = await World1(tmp_path, action).open()
    run = await world.ended(await world.executor.run(call(), MIRA))
    assert run.state == "failed"
    assert [step.state for step in run.steps] == ["unknown", "skipped"]
    assert "took longer than" in run.message
    assert action.boots == 1


def test_everybody_sees_who_is_here() -> None:
    moved: list[int] = []
    here = Presences(StillClock(), lambda: moved.append(1))
    here.enter("a", MIRA)
    here.enter("a", MIRA)
    here.look("b", OTTO, LookingAt(tab="Services", target="api\x1b[31m"))
    assert len(moved) == 3
    assert [(p.operator, p.tab, p.target) for p in here.views()] == [
        ("mira", "", None),
        ("otto", "Services", "api␛[31m"),
    ]
    assert [p.here for p in here.told("b", here.views())] == [False, True]
    here.leave("b")
    assert [p.operator for p in here.views()] == ["mira"]


async def test_over_the_wire_everybody_is_told(tmp_path: Path) -> None:
    async with (
        serving(tmp_path),
        await connected(tmp_path) as mira,
        await connected(tmp_path, operator="otto") as otto,
    ):
        await mira.call("subscribe", Subscribe())
        await otto.call("subscribe", Subscribe())
        await otto.call("presence", LookingAt(tab="Database", target="db"))
        await otto.call("break-glass", BreakGlassCall(reason="fire"))
        board = empty("test")

        def complete() -> bool:
            return board.break_glass is not None and any(p.tab for p in board.presence)

        async with asyncio.timeout(10):
            async for told in mira:
                if isinstance(told, Update):
                    board = merge(board, told)
                if complete():
                    break
        assert [(p.here, p.tab, p.target) for p in board.presence] == [
            (True, "", None),
            (False, "Database", "db"),
        ]
        await otto.call("break-glass", BreakGlassCall(reason=""))
        await otto.close()
        async with asyncio.timeout(10):
            async for told in mira:
                if isinstance(told, Update):
                    board = merge(board, told)
                if board.break_glass is None and len(board.presence) == 1:
                    break


async def test_readers_break_no_glass(tmp_path: Path) -> None:
    async with serving(tmp_path), await connected(tmp_path, "read") as reader:
        with pytest.raises(CallError) as found:
            await reader.call("break-glass", BreakGlassCall(reason="fire"))
        assert found.value.code == DENIED


class StillClock(Clock):
    """Two may come in the same moment."""


async def test_a_digest_under_a_secrets_name_stays_what_it_is(tmp_path: Path) -> None:
    class Setting(Restart):
        def __init__(self) -> None:
            super().__init__()
            self.spec = replace(self.spec, params=[Param(name="token", type="str", help="t")])

        async def plan(self, target: str, params: dict[str, str], world: World) -> Plan:
            plan = await super().plan(target, params, world)
            return replace(plan, goal=plan.goal | {"secret": "DB_PASSWORD", "DB_PASSWORD": "7f"})

    world = await World1(tmp_path, Setting()).open()
    run = await world.ended(await world.executor.run(call(params={"token": "abcdefg"}), MIRA))
    after = await World1(tmp_path, Setting()).open()
    found = after.executor.runs(run.id)[0].plan
    assert found.goal["DB_PASSWORD"] == "7f"
    assert found.goal["secret"] == "DB_PASSWORD"
    (intent,) = [e for e in await after.journal.entries() if e.kind == "intent"]
    assert intent.detail["call"]["params"]["token"] != "abcdefg"
