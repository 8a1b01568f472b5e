"""The only door to changing anything: gates, steps, verdicts (S-24, S-36 to S-47)."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from ainur_tui.engine.runs import gates
from ainur_tui.model.failure import ActionFailure, ProbeFailure, Refused
from ainur_tui.model.runcalls import PlanQuery
from ainur_tui.systems.acting import StepContext
from tests.engine.acting import CANARY, MIRA, READER, Restart, World1, call


async def refused(world: World1, **more: object) -> Refused:
    with pytest.raises(Refused) as found:
        await world.executor.run(call(**more), MIRA)  # type: ignore[arg-type]
    return found.value


async def test_intent_steps_verdict(tmp_path: Path) -> None:
    action = Restart()
    action.gate.clear()
    world = await World1(tmp_path, action).open()
    run = await world.executor.run(call(reason="why not"), MIRA)
    assert run.state == "running"
    assert (await world.kinds())[0] == ("intent", "running")
    assert [lease.target for lease in world.leases.views()] == ["api"]
    action.gate.set()
    done = await world.ended(run)
    assert done.state == "verified"
    assert done.verified_by == "2 boots"
    assert [(s.name, s.state, s.detail) for s in done.steps] == [
        ("drain", "done", "drained"),
        ("restart", "done", "restarted"),
    ]
    assert done.result == {"machine": "17", "note": "token=••••••"}
    assert await world.kinds() == [
        ("intent", "running"),
        ("step", "running"),
        ("step", "done"),
        ("step", "running"),
        ("step", "done"),
        ("result", "verified"),
    ]
    entries = await world.journal.entries()
    assert {(e.id, e.operator, e.tty, e.target) for e in entries} == {
        (run.id, "mira", "/dev/pts/1", "api")
    }
    assert entries[0].detail["plan"]["goal"] == {"boots": 2}
    assert entries[0].detail["call"]["reason"] == "why not"
    assert world.leases.views() == []
    assert [event.kind for event in world.events] == ["restart"]
    assert any(r.steps[0].detail == "draining" for r in world.runs)
    assert CANARY not in world.journal.path.read_text()


async def test_reading_is_not_operating(tmp_path: Path) -> None:
    world = await World1(tmp_path, Restart()).open()
    with pytest.raises(Refused) as found:
        await world.executor.run(call(), READER)
    assert found.value.code == 77
    assert await world.kinds() == []


async def test_unknown_names_are_told_with_the_near_ones(tmp_path: Path) -> None:
    world = await World1(tmp_path, Restart(("api", "api/machine"))).open()
    for action, target, near in (
        ("restrat", "api", "restart"),
        ("restart", "ap", "api"),
        ("restart", "api/machine/1", "api/machine/17"),
        ("restart", "frontend", "applies to api"),
    ):
        with pytest.raises(Refused, match=near) as found:
            await world.executor.plan(PlanQuery(action=action, target=target))
        assert found.value.code == 64


async def test_a_parameter_that_the_action_does_not_declare_is_refused(tmp_path: Path) -> None:
    world = await World1(tmp_path, Restart()).open()
    found = await refused(world, params={"force": "1", "s\x1b[31m": "2"})
    assert (str(found), found.code) == ("restart has no parameter force, s␛[31m", 64)
    assert await world.kinds() == [("note", "refused")]


async def test_one_key_begins_one_run(tmp_path: Path) -> None:
    action = Restart()
    action.gate.clear()
    world = await World1(tmp_path, action).open()
    one, two = await asyncio.gather(
        world.executor.run(call(), MIRA), world.executor.run(call(), MIRA)
    )
    three = await world.executor.run(call(), MIRA)
    assert one.id == two.id == three.id
    assert "another run" in str(await refused(world, target="db"))
    action.gate.set()
    await world.ended(one)
    assert (await world.executor.run(call(), MIRA)).state == "verified"
    assert action.boots == 2
    assert [kind for kind, _ in await world.kinds()].count("intent") == 1


async def test_a_key_outlives_the_engine(tmp_path: Path) -> None:
    world = await World1(tmp_path, action := Restart()).open()
    run = await world.executor.run(call(), MIRA)
    await world.ended(run)
    after = await World1(tmp_path, action).open()
    assert (await after.executor.run(call(), MIRA)).id == run.id
    assert action.boots == 2


async def test_a_refused_key_may_be_asked_again(tmp_path: Path) -> None:
    action = Restart()
    action.blocked = "not in this weather"
    world = await World1(tmp_path, action).open()
    assert str(await refused(world)) == "not in this weather"
    action.blocked = None
    run = await world.executor.run(call(), MIRA)
    assert (await world.ended(run)).state == "verified"


async def test_two_operators_one_target(tmp_path: Path) -> None:
    action = Restart(("api", "api/machine"))
    action.gate.clear()
    world = await World1(tmp_path, action).open()
    run = await world.executor.run(call(), MIRA)
    plan = await world.executor.plan(PlanQuery(action="restart", target="api/machine/17"))
    assert plan.blocked is not None
    assert "mira holds api" in plan.blocked
    second = await refused(world, target="api/machine/17", key="k2")
    assert second.code == 75
    action.gate.set()
    await world.ended(run)
    assert action.boots == 2


async def test_the_loop_guard_wants_a_reason(tmp_path: Path) -> None:
    world = await World1(tmp_path, action := Restart()).open()
    for key in "ab":
        await world.ended(await world.executor.run(call(key=key), MIRA))
    guarded = await refused(world, key="c")
    assert guarded.code == 75
    assert "2 times" in str(guarded)
    run = await world.executor.run(call(key="d", reason="the first two were tests"), MIRA)
    await world.ended(run)
    world.clock.advance(700)
    await world.ended(await world.executor.run(call(key="e"), MIRA))
    assert action.boots == 5


async def test_the_loop_guard_lets_harmless_work_be(tmp_path: Path) -> None:
    world = await World1(tmp_path, action := Restart(risk="R1")).open()
    for key in "abc":
        await world.ended(await world.executor.run(call(key=key), MIRA))
    assert action.boots == 4


@pytest.mark.parametrize(
    ("typed", "good"),
    [(None, False), ("", False), ("api", False), ("db", True), (" DB ", True), ("The db", True)],
)
async def test_downtime_needs_the_typed_name(tmp_path: Path, typed: str | None, good: bool) -> None:
    world = await World1(tmp_path, Restart(("db",), risk="R3")).open()
    if good:
        run = await world.executor.run(call("db", confirm=typed), MIRA)
        assert (await world.ended(run)).state == "verified"
    else:
        assert (await refused(world, target="db", confirm=typed)).code == 64
        assert await world.kinds() == [("note", "refused")]
        assert world.leases.views() == []


async def test_a_world_that_moved_stops_it(tmp_path: Path) -> None:
    world = await World1(tmp_path, action := Restart()).open()
    seen = {"boots": 1, "zone": ["a", "b"]}
    action.boots = 4
    found = await refused(world, seen=seen)
    assert found.code == 75
    assert "boots was 1, now 4" in str(found)
    assert "zone" not in str(found)
    action.boots = 1
    run = await world.executor.run(call(seen=seen), MIRA)
    assert (await world.ended(run)).state == "verified"


def test_differences_are_named() -> None:
    assert (
        gates.difference({"a": 1}, {"b": "x"}) == "a was 1, now not there; b was not there, now x"
    )
    assert gates.difference({"a": (1, 2)}, {"a": [1, 2]}) == ""


@pytest.mark.parametrize("risk", ["R1", "R2", "R3"])
async def test_without_a_journal_nothing_risky_is_begun(tmp_path: Path, risk: str) -> None:
    world = await World1(tmp_path, action := Restart(("db",), risk=risk)).open()  # type: ignore[arg-type]
    world.journal.path.mkdir()
    if risk == "R1":
        run = await world.executor.run(call("db"), MIRA)
        assert (await world.ended(run)).state == "verified"
    else:
        assert (await refused(world, target="db", confirm="db")).code == 73
        assert action.boots == 1
        assert world.leases.views() == []


async def test_a_failing_step_is_taken_back_and_told(tmp_path: Path) -> None:
    action = Restart()
    action.works, action.fail = False, ActionFailure(f"the platform says no ({CANARY})")
    world = await World1(tmp_path, action).open()
    done = await world.ended(await world.executor.run(call(), MIRA))
    assert done.state == "failed"
    assert [step.state for step in done.steps] == ["done", "failed"]
    assert action.undone == ["drain"]
    assert "the platform says no" in done.message
    assert "taken back" in done.message
    assert "1 boots" in done.message
    assert CANARY not in done.message + world.journal.path.read_text()
    assert [event.text.partition(":")[0] for event in world.events] == [
        "Restart api · mira",
        "Restart api",
    ]


async def test_the_world_decides_not_the_call(tmp_path: Path) -> None:
    action = Restart()
    action.fail = ProbeFailure("timeout")
    world = await World1(tmp_path, action).open()
    done = await world.ended(await world.executor.run(call(), MIRA))
    assert done.state == "verified"
    assert "failed" in done.message
    assert done.steps[1].state == "failed"


async def test_a_step_that_did_nothing_is_not_done(tmp_path: Path) -> None:
    action = Restart()
    action.works = False
    world = await World1(tmp_path, action).open()
    done = await world.ended(await world.executor.run(call(), MIRA))
    assert [step.state for step in done.steps] == ["done", "done"]
    assert done.state == "failed"
    assert done.verified_by is None


async def test_what_cannot_be_seen_is_unknown(tmp_path: Path) -> None:
    action = Restart()
    action.blind = ValueError(CANARY)
    world = await World1(tmp_path, action).open()
    done = await world.ended(await world.executor.run(call(), MIRA))
    assert done.state == "unknown"
    assert CANARY not in done.message


async def test_the_post_condition_gets_its_time(tmp_path: Path) -> None:
    action = Restart()
    action.works, action.verify_within = False, 5.0

    async def later(context: StepContext) -> None:
        asyncio.get_running_loop().call_later(0.1, setattr, action, "boots", 2)

    action.also = later
    world = await World1(tmp_path, action).open()
    done = await world.ended(await world.executor.run(call(), MIRA))
    assert done.state == "verified"


async def test_until_waits_and_tells_the_last_reason(tmp_path: Path) -> None:
    action = Restart()
    looks = 0

    async def wait(context: StepContext) -> None:
        nonlocal looks

        async def look() -> str | None:
            nonlocal looks
            looks += 1
            if looks < 3:
                raise ProbeFailure("unavailable", "still booting")
            return "there"

        assert await context.until(look, 5, every=0.01) == "there"
        looks = -1000
        await context.until(look, 0.05, every=0.01)

    action.also = wait
    world = await World1(tmp_path, action).open()
    done = await world.ended(await world.executor.run(call(), MIRA))
    assert "not within 0.05 s" in done.steps[1].detail
    assert "still booting" in done.steps[1].detail


async def test_a_stop_lets_the_step_finish_and_skips_the_rest(tmp_path: Path) -> None:
    action = Restart()
    action.gate.clear()
    world = await World1(tmp_path, action).open()
    run = await world.executor.run(call(), MIRA)
    await action.begun.wait()
    stopping = asyncio.ensure_future(world.executor.stop(force=False))
    await asyncio.sleep(0)
    action.gate.set()
    await stopping
    done = world.executor.runs(run.id)[0]
    assert [step.state for step in done.steps] == ["done", "skipped"]
    assert done.state == "failed"
    assert action.undone == ["drain"]
    assert (await world.kinds())[-1] == ("result", "failed")
    assert (await refused(world, key="later")).code == 69


async def test_a_stop_cuts_a_step_that_may_be_cut(tmp_path: Path) -> None:
    action = Restart(policy="abort")
    action.gate.clear()
    world = await World1(tmp_path, action).open()
    run = await world.executor.run(call(), MIRA)
    await action.begun.wait()
    await world.executor.stop(force=False)
    done = world.executor.runs(run.id)[0]
    assert [step.state for step in done.steps] == ["unknown", "skipped"]
    assert "cut short" in done.message


async def test_force_leaves_a_verdict_too(tmp_path: Path) -> None:
    action = Restart()
    action.gate.clear()
    world = await World1(tmp_path, action).open()
    run = await world.executor.run(call(), MIRA)
    await action.begun.wait()
    await world.executor.stop(force=True)
    done = world.executor.runs(run.id)[0]
    assert done.state == "unknown"
    assert [step.state for step in done.steps] == ["unknown", "skipped"]
    assert (await world.kinds())[-1] == ("result", "unknown")
    assert world.leases.views() == []


async def test_a_lost_lease_stops_before_the_next_step(tmp_path: Path) -> None:
    action = Restart()
    action.gate.clear()
    world = await World1(tmp_path, action).open()
    run = await world.executor.run(call(), MIRA)
    await action.begun.wait()
    world.clock.advance(31)
    await world.leases.take("api", "otto", "restart", "other")
    action.gate.set()
    done = await world.ended(run)
    assert [step.state for step in done.steps] == ["done", "skipped"]
    assert "otto holds api" in done.message
    assert action.boots == 1


async def test_usual_seconds_come_from_the_record(tmp_path: Path) -> None:
    world = await World1(tmp_path, action := Restart()).open()
    assert (await world.executor.plan(PlanQuery(action="restart", target="api"))).blocked is None
    assert action.usual is None
    action.gate.clear()
    run = await world.executor.run(call(), MIRA)
    await action.begun.wait()
    world.clock.advance(20)
    action.gate.set()
    await world.ended(run)
    after = await World1(tmp_path, action).open()
    plan = await after.executor.plan(PlanQuery(action="restart", target="api"))
    assert plan.expected_seconds == pytest.approx(20, abs=0.01)
    assert plan.affects == ["frontend"]


async def test_a_caller_that_goes_away_stops_nothing(tmp_path: Path) -> None:
    world = await World1(tmp_path, action := Restart()).open()
    asking = asyncio.ensure_future(world.executor.run(call(), MIRA))
    await asyncio.sleep(0)
    asking.cancel()
    await asyncio.wait({asking})
    run = await world.executor.run(call(), MIRA)
    assert (await world.ended(run)).state == "verified"
    assert action.boots == 2


async def test_the_catalogue_is_merged_by_name(tmp_path: Path) -> None:
    world = await World1(tmp_path, Restart(("api", "node")), Restart(("db",), risk="R3")).open()
    (spec,) = world.executor.specs()
    assert spec.targets == ["api", "node", "db"]
    assert spec.risk == "R3"
    assert spec.available
