"""What a plan tells beside its own facts: how long it took here, what fires, who uses it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from ainur_tui.engine.runs.recovery import RECOVERED
from ainur_tui.model.action import Plan, Run, StepRecord
from ainur_tui.model.alert import Alert
from ainur_tui.systems.acting import World
from tests.engine.acting import Restart, World1


async def asked(world: World1, *past: Run) -> Plan:
    action = world.planner.find("restart", "api")
    plan = await world.planner.fresh(action, "api", {}, past)
    return world.planner.surrounded(plan, ())


def ran(plan: Plan, id: str, seconds: float, steps: int = 2, **more: Any) -> Run:
    fields: dict[str, Any] = {
        "id": id, "plan": plan, "operator": "mira", "state": "verified", "started_at": 1000.0,
        "finished_at": 1000.0 + seconds, "message": "",
        "steps": [StepRecord(name=str(n), state="done") for n in range(steps)],
    }  # fmt: skip
    return Run(**(fields | more))


async def test_the_time_it_takes_is_the_median_of_runs_like_it(tmp_path: Path) -> None:
    world = await World1(tmp_path, Restart()).open()
    plan = await asked(world)
    assert (plan.expected_seconds, plan.past_runs) == (None, 0)
    past = [ran(plan, "a", 10), ran(plan, "b", 30), ran(plan, "c", 20)]
    past += [ran(plan, "four machines", 400, steps=4), ran(plan, "bad", 900, state="failed")]
    past += [ran(plan, "crashed", 86400, message=f"{RECOVERED}the engine ended")]
    plan = await asked(world, *past)
    assert (plan.expected_seconds, plan.past_runs) == (20, 3)


async def test_runs_of_other_steps_tell_nothing(tmp_path: Path) -> None:
    world = await World1(tmp_path, Restart()).open()
    plan = await asked(world)
    other = msgspec.structs.replace(plan, steps=["destroy 17"])
    plan = await asked(world, ran(other, "another kind of work", 2))
    assert (plan.expected_seconds, plan.past_runs) == (None, 0)


async def test_runs_of_more_steps_count_by_the_step(tmp_path: Path) -> None:
    world = await World1(tmp_path, Restart()).open()
    plan = await asked(world, ran(await asked(world), "four machines", 400, steps=4))
    assert (plan.expected_seconds, plan.past_runs) == (200, 1)


async def test_an_incident_is_told_the_worst_first(tmp_path: Path) -> None:
    world = await World1(tmp_path, Restart()).open()

    def alert(name: str, severity: Any, state: Any = "firing", **more: Any) -> Alert:
        return Alert(name=name, target="api", state=state, severity=severity, summary=name,
                     since=world.clock.now() - 120, **more)  # fmt: skip

    world.board = msgspec.structs.replace(world.board, alerts=[
        alert("slow", "P2"), alert("api down", "P1", caused_by="db"), alert("db down", "P1"),
        alert("cold", "P3"), alert("was", "P1", "recovering"),
    ])  # fmt: skip
    plan = await asked(world)
    assert plan.warnings == [
        "P1 for 2m 00s: db down", "P1 for 2m 00s: api down", "1 more P1 or P2 fires"
    ]  # fmt: skip


async def test_a_plan_without_a_step_is_not_run(tmp_path: Path) -> None:
    class Same(Restart):
        async def plan(self, target: str, params: dict[str, str], world: World) -> Plan:
            plan = await super().plan(target, params, world)
            return msgspec.structs.replace(plan, steps=[])

    plan = await asked(await World1(tmp_path, Same()).open())
    assert plan.blocked == "Nothing is to be done: it is so already"
