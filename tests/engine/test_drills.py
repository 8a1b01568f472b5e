"""Measured times outlive the engine that measured them, and the runs it remembers."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from ainur_tui.engine.probing.drills import DrillsProbe, of_record
from ainur_tui.engine.runs.recovery import RECOVERED
from ainur_tui.model.action import ActionSpec, Plan
from ainur_tui.model.table import Table
from ainur_tui.systems.acting import StepContext, World
from tests.engine.acting import MIRA, Restart, World1, call


class Verify(Restart):
    """A drill that takes as long as the test says."""

    def __init__(self, world: list[World1], seconds: float) -> None:
        super().__init__(("db",), "R1")
        self.spec = ActionSpec(name="verify", targets=["db"], risk="R1", summary="prove it")
        self.also = self._take
        self._world, self._seconds = world, seconds

    async def plan(self, target: str, params: dict[str, str], world: World) -> Plan:
        return replace(await super().plan(target, params, world), action="verify")

    async def _take(self, step: StepContext) -> None:
        del step
        self._world[0].clock.advance(self._seconds)


async def read(world: World1) -> Table:
    probe = DrillsProbe(world.journal, world.executor.runs, world.clock)
    return (await probe.read()).tables[0]


async def test_a_drill_is_measured_and_known_to_the_next_engine(tmp_path: Path) -> None:
    there: list[World1] = []
    world = World1(tmp_path, Verify(there, 24.0))
    there.append(await world.open())
    probe = DrillsProbe(world.journal, world.executor.runs, world.clock)
    assert (await probe.read()).tables[0].missing is not None
    assert of_record(tmp_path / "none.jsonl") == []
    run = await world.executor.run(replace(call("db"), action="verify"), MIRA)
    assert (await world.ended(run)).state == "verified"
    table = (await probe.read()).tables[0]
    assert (table.rows[0].key, table.rows[0].cells[1], table.rows[0].cells[4]) == (
        "verify",
        24.0,
        1,
    )
    world.journal.close()
    later = await World1(tmp_path).open()
    later.executor._runs.clear()  # as many others came since
    assert (await read(later)).rows == table.rows
    assert [one.run for one in of_record(world.journal.path)] == [run.id]


async def test_what_another_engine_saw_the_end_of_measures_nothing(tmp_path: Path) -> None:
    there: list[World1] = []
    world = World1(tmp_path, Verify(there, 24.0))
    there.append(await world.open())
    run = await world.ended(await world.executor.run(replace(call("db"), action="verify"), MIRA))
    world.executor._runs = {run.id: replace(run, message=f"{RECOVERED}it was so")}
    world.journal.path.unlink()
    assert (await read(world)).rows == []
