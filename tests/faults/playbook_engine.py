"""The real engine over a world of one file: ``python -m tests.faults.playbook_engine`` forks one
for each line it reads. Playbooks, executor, journal and recovery are the shipped ones."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from ainur_tui.config.types import Environment
from ainur_tui.engine.clock import SystemClock
from ainur_tui.engine.main import serve
from ainur_tui.model.action import ActionSpec, Plan
from ainur_tui.model.secret import Secret
from ainur_tui.model.signal import Reading, Signal
from ainur_tui.model.target import Target
from ainur_tui.systems.acting import Action, Observation, Step, StepContext, World
from ainur_tui.systems.base import Context, Probe, Sample
from ainur_tui.systems.system import System
from tests.engine.engines import paths
from tests.faults.process import fork_for_ever

STEP = 0.15
"""Seconds a step of the action takes."""
BOOK = """
name = "trial"
title = "Trial"
summary = "it does not serve"
target = "api"
fits = { signals = ["api.up"] }

[[step]]
id = "confirm"
title = "Is it down?"
expect = [{ signal = "api.up", below = 1 }]
deadline = 20
otherwise = "end"

[[step]]
id = "watch"
title = "Does it stay so?"
expect = [{ signal = "api.boots", above = 0 }]
hold = 0.3
deadline = 20

[[step]]
id = "restart"
title = "Restart it"
when = [{ signal = "api.up", below = 1 }]
run = { action = "restart" }
expect = [{ signal = "api.boots", above = 1 }]
deadline = 20

[[step]]
id = "again"
title = "Restart what a restart did not mend"
when = [{ signal = "api.up", below = 1 }]
run = { action = "restart" }

[[step]]
id = "verify"
title = "Does it serve?"
expect = [{ signal = "api.up", above = 0 }]
hold = 0.3
deadline = 20
then = "end"
proves = true
"""


def read(folder: Path) -> dict[str, Any]:
    """The world: whether it serves, how often it was started, and every start."""
    found: dict[str, Any] = json.loads((folder / "world.json").read_text())
    return found


def write(folder: Path, world: dict[str, Any]) -> None:
    fresh = folder / "world.fresh"
    fresh.write_text(json.dumps(world))
    fresh.replace(folder / "world.json")


class Look(Probe):
    name, target, interval, deadline = "api pulse", "api", 0.1, 1.0
    signals = (
        Signal(name="api.up", title="serves", unit="bool", worse="below", fail=1.0, vital=True),
        Signal(name="api.boots", title="starts", unit="count"),
    )

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def read(self) -> Sample:
        world, now = read(self._folder), SystemClock().now()
        values = {"api.up": float(world["up"]), "api.boots": float(world["boots"])}
        return Sample(readings=[
            Reading(target="api", signal=name, value=value, source="world", observed_at=now)
            for name, value in values.items()
        ])  # fmt: skip


class Restart(Action):
    """Starts it once more; from then on it serves."""

    spec = ActionSpec(name="restart", targets=["api"], risk="R2", summary="restart it")
    verify_within = 1.0

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def plan(self, target: str, params: dict[str, str], world: World) -> Plan:
        boots = read(self._folder)["boots"]
        return Plan(
            action="restart", target=target, risk="R2", params=params, steps=["drain", "restart"],
            affects=[], before={"boots": boots}, goal={"boots": boots + 1},
            title="Restart it",
        )  # fmt: skip

    def steps(self, plan: Plan) -> list[Step]:
        return [Step("drain", self._drain), Step("restart", self._restart)]

    async def observe(self, plan: Plan) -> Observation:
        boots = read(self._folder)["boots"]
        there = boots >= plan.goal["boots"]
        return Observation("verified" if there else "failed", f"{boots} starts")

    async def _drain(self, _: StepContext) -> str:
        await asyncio.sleep(STEP)
        return "drained"

    async def _restart(self, context: StepContext) -> str:
        world = read(self._folder)
        world |= {"up": True, "boots": world["boots"] + 1, "book": [*world["book"], context.run_id]}
        write(self._folder, world)
        await asyncio.sleep(STEP)
        return "restarted"


def engine(folder: Path) -> int:
    """Serve until it is killed, or nobody needs it."""

    def connect(name: str, environment: Environment, context: Context) -> System | None:
        if name != "api":
            return None
        target = Target(name="api", kind="api", title="API service")
        return System("api", (target,), (Look(folder),), (), (Restart(folder),))

    environment = Environment(name="trial", playbooks=str(folder / "books"))
    return serve(
        environment, paths(folder), version="1", resolve_secret=lambda _: Secret(""),
        connect=connect, idle=15.0,
    )  # fmt: skip


if __name__ == "__main__":
    fork_for_ever(engine)
