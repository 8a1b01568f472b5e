"""What a killed engine left behind is read from the world, and never repeated (F-30 to F-36)."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from ainur_tui.engine import record
from ainur_tui.model.action import Plan, Run, Undo
from ainur_tui.model.failure import ProbeFailure
from tests.engine.acting import MIRA, Restart, Store, World1, call

INTENT, FIRST_BEGUN, FIRST_DONE, SECOND_BEGUN, SECOND_DONE = range(1, 6)


async def killed_after(folder: Path, entries: int, store: Store | None = None) -> Run:
    """A run whose engine died when so many entries were on the disk."""
    world = await World1(folder, Restart(), store=store).open()
    run = await world.executor.run(call(), MIRA)
    await world.ended(run)
    world.journal.close()
    lines = world.journal.path.read_bytes().splitlines(keepends=True)
    kept = json.loads(lines[entries - 1])
    world.journal.path.write_bytes(b"".join(lines[:entries]))
    world.journal.head.write_text(json.dumps({"seq": kept["seq"], "hash": kept["hash"]}))
    return run


@pytest.mark.parametrize(
    ("entries", "happened", "state", "steps", "words"),
    [
        (INTENT, False, "failed", ["skipped", "skipped"], "not begun"),
        (FIRST_BEGUN, False, "failed", ["unknown", "skipped"], "during “drain”"),
        (FIRST_DONE, False, "failed", ["done", "skipped"], "between two steps"),
        (SECOND_BEGUN, False, "failed", ["done", "unknown"], "during “restart”"),
        (SECOND_BEGUN, True, "verified", ["done", "unknown"], "during “restart”"),
        (SECOND_DONE, True, "verified", ["done", "done"], "after the last step"),
    ],
)
async def test_the_verdict_is_read_from_the_world(
    tmp_path: Path, entries: int, happened: bool, state: str, steps: list[str], words: str
) -> None:
    run = await killed_after(tmp_path, entries)
    action = Restart()
    action.boots = 2 if happened else 1
    world = await World1(tmp_path, action).open()
    assert [(r.id, r.state) for r in world.executor.active] == [(run.id, "unknown")]
    await world.over()
    found = world.executor.runs(run.id)[0]
    assert found.state == state
    assert [step.state for step in found.steps] == steps
    assert "recovered" in found.message
    assert words in found.message
    assert action.boots == (2 if happened else 1)
    assert (await world.kinds())[-1] == ("result", state)
    assert record.verify(world.journal.path, world.journal.head).ok
    after = await World1(tmp_path, action).open()
    assert after.executor.active == []
    assert after.executor.runs(run.id)[0].state == state


async def test_nothing_was_begun_nothing_is_pending(tmp_path: Path) -> None:
    world = await World1(tmp_path, Restart()).open()
    assert world.executor.active == []
    assert world.executor.runs() == []


async def test_the_same_key_after_the_crash_is_the_same_run(tmp_path: Path) -> None:
    run = await killed_after(tmp_path, INTENT)
    action = Restart()
    world = await World1(tmp_path, action).open()
    again = await world.executor.run(call(), MIRA)
    assert again.id == run.id
    await world.over()
    assert action.boots == 1


async def test_an_action_that_is_no_more_is_unknown(tmp_path: Path) -> None:
    run = await killed_after(tmp_path, FIRST_BEGUN)
    world = await World1(tmp_path).open()
    await world.over()
    found = world.executor.runs(run.id)[0]
    assert found.state == "unknown"
    assert found.finished_at is not None


async def test_a_stale_lease_is_held_while_the_world_is_read(tmp_path: Path) -> None:
    run = await killed_after(tmp_path, FIRST_BEGUN, store := Store())
    action = Restart()
    action.verify_within = 60.0
    world = await World1(tmp_path, action, store=store).open()
    await world.leases.renew("none", (await _some_lease(world)))
    assert run.id in {lease.run for lease in world.leases.views()}
    assert world.executor.acting == []
    await world.executor.stop(force=False)
    assert (await world.kinds())[-1][0] == "step"


async def _some_lease(world: World1):  # type: ignore[no-untyped-def]
    return await world.leases.take("db", "otto", "other", "none")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda fields: fields["detail"].pop("plan"),
        lambda fields: fields["detail"].update(plan={"action": 1}),
        lambda fields: fields["detail"].update(call="x"),
    ],
)
async def test_an_odd_record_stops_no_start(
    tmp_path: Path, spoil: Callable[[dict[str, dict[str, object]]], object]
) -> None:
    await killed_after(tmp_path, FIRST_BEGUN)
    path = tmp_path / "journal.jsonl"
    lines = [json.loads(line) for line in path.read_bytes().splitlines()]
    spoil(lines[0])
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    world = await World1(tmp_path, Restart()).open()
    await world.over()
    assert len(world.executor.runs()) <= 1


async def test_a_lease_ends_with_its_run_though_the_engine_ended_between(tmp_path: Path) -> None:
    store = Store()
    world = await World1(tmp_path, action := Restart(("api", "db")), store=store).open()
    await world.leases.take("db", "mira", "never begun", "run0")
    run = await world.executor.run(call(), MIRA)
    await world.ended(run)
    await world.leases.take("api", "mira", "killed after its verdict", run.id)
    after = await World1(tmp_path, action, store=store).open()
    assert after.leases.views() == []


async def test_what_was_left_in_the_way_is_offered_and_kept(tmp_path: Path) -> None:
    back = Undo(action="undrain", target="api/machine/17")

    class Cordoned(Restart):
        async def leftovers(self, plan: Plan) -> list[Undo]:
            assert plan.target == "api"
            return [back]

    run = await killed_after(tmp_path, SECOND_BEGUN)
    world = await World1(tmp_path, Cordoned()).open()
    await world.over()
    assert world.executor.runs(run.id)[0].mends == [back]
    after = await World1(tmp_path, Restart()).open()  # the record has it
    assert after.executor.runs(run.id)[0].mends == [back]


async def test_an_offer_that_cannot_be_read_costs_no_verdict(tmp_path: Path) -> None:
    class Silent(Restart):
        async def leftovers(self, plan: Plan) -> list[Undo]:
            raise ProbeFailure("timeout") if plan.steps else ValueError

    run = await killed_after(tmp_path, SECOND_BEGUN)
    world = await World1(tmp_path, Silent()).open()
    await world.over()
    found = world.executor.runs(run.id)[0]
    assert (found.state, found.mends) == ("failed", [])
