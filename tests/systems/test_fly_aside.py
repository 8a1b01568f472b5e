"""A machine that is changed leaves routing first, finishes what it holds, and is routed again."""

from __future__ import annotations

import pytest
from aiohttp import web

from ainur_tui.model.action import Undo
from ainur_tui.model.failure import ActionFailure
from ainur_tui.systems.fly import moves
from ainur_tui.systems.system import System
from tests.systems.flyfake import FlyFake
from tests.systems.flyworld import action, carry_out, stored, world


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moves, "DRAIN", 0.01)
    monkeypatch.setattr(moves, "SETTLE", 0.01)
    monkeypatch.setattr(moves, "PAUSE", 0.01)


def holding(monkeypatch: pytest.MonkeyPatch, fake: FlyFake, *numbers: float | None) -> None:
    """The machine tells these numbers of requests, one at each look."""
    left = list(numbers)

    async def held(_: object, id: str) -> float | None:
        fake.calls.append(f"looked at {id}")
        return left.pop(0) if len(left) > 1 else left[0]

    monkeypatch.setattr(moves, "held", held)


async def test_it_is_stopped_when_it_holds_nothing(
    system: System, fake: FlyFake, monkeypatch: pytest.MonkeyPatch
) -> None:
    holding(monkeypatch, fake, 3.0, 1.0, 0.0)
    act = action(system, "restart", "api/machine")
    context = await carry_out(act, await act.plan("api/machine/a1", {}, world()))
    looks = ["looked at a1"] * 3
    assert fake.calls == [
        "lease a1", "cordon a1", *looks, "restart a1", "uncordon a1", "release a1",
    ]  # fmt: skip
    assert "a1 finishes 3 requests" in context.told


async def test_it_is_not_waited_for_without_end(
    system: System, fake: FlyFake, monkeypatch: pytest.MonkeyPatch
) -> None:
    holding(monkeypatch, fake, 1.0)
    monkeypatch.setattr(moves, "FINISH", 0.05)
    act = action(system, "restart", "api/machine")
    plan = await act.plan("api/machine/a1", {}, world())
    await carry_out(act, plan)
    assert (await act.observe(stored(plan))).state == "verified"


async def test_one_that_does_not_tell_has_a_fixed_time(
    system: System, fake: FlyFake, monkeypatch: pytest.MonkeyPatch
) -> None:
    holding(monkeypatch, fake, None)
    act = action(system, "deploy", "api")
    await carry_out(act, await act.plan("api", {"image": "v2"}, world()))
    assert fake.calls.count("looked at a1") == 1
    assert not any(m["cordoned"] for m in fake.machines.values())


async def test_a_change_that_is_refused_leaves_it_in_routing(system: System, fake: FlyFake) -> None:
    async def refuse(_: web.Request) -> web.Response:
        return web.json_response({"error": "no"}, status=403)

    fake.hooks["POST a1 restart"] = refuse
    act = action(system, "restart", "api/machine")
    plan = await act.plan("api/machine/a1", {}, world())
    with pytest.raises(ActionFailure):
        await carry_out(act, plan)
    assert not fake.machines["a1"]["cordoned"]


@pytest.mark.parametrize(
    ("name", "params"), [("restart", {}), ("deploy", {"image": "v2"}), ("scale", {"count": "1"})]
)
async def test_a_verdict_names_what_was_left_out_of_routing(
    system: System, fake: FlyFake, name: str, params: dict[str, str]
) -> None:
    act = action(system, name, "api")
    plan = await act.plan("api", params, world())
    fake.machines["a1"]["cordoned"] = True  # where an engine that was killed left it
    seen = await act.observe(stored(plan))
    assert seen.state == "failed"
    assert "a1 gets no requests now: undrain api/machine/a1" in seen.by
    assert await act.leftovers(stored(plan)) == [Undo(action="undrain", target="api/machine/a1")]
    fake.machines["a1"]["cordoned"] = False
    assert await act.leftovers(stored(plan)) == []
