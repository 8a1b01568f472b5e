"""What plans on the platform look at, and their steps carried out."""

from __future__ import annotations

from typing import Any

import msgspec

from ainur_tui.model.action import Plan
from ainur_tui.model.board import BoardView, SignalView, TargetView, Trust
from ainur_tui.systems.acting import Action, World
from ainur_tui.systems.fly.probes import MachinesProbe
from ainur_tui.systems.system import System
from tests.systems.flyfake import Steps
from tests.systems.web import RealClock


def world(*, limit: float | None = 200, used: float | None = 60, cause: str | None = None) -> World:
    connections = SignalView(
        name="db.connections.used", title="", value=used, unit="count", statistic="last",
        source="", observed_at=0.0, age=0.0, quality="fresh", threshold=None, verdict="ok",
        limit=limit,
    )  # fmt: skip
    views = [
        TargetView(name="db", kind="db", title="", state="up", since=None, cause=None, summary="",
                   signals=[connections]),
        TargetView(name="api", kind="api", title="", state="degraded" if cause else "up",
                   since=None, cause=cause, summary=""),
    ]  # fmt: skip
    board = BoardView(
        environment="test", at=0.0, state="up", since=None, trust=Trust(fresh=1, all=1),
        targets=views,
    )  # fmt: skip
    return World(board, lambda target: {"api": ["frontend"], "db": ["api", "frontend"]}[target])


def action(system: System, name: str, kind: str) -> Action:
    return next(a for a in system.actions if a.spec.name == name and kind in a.spec.targets)


def stored(plan: Plan) -> Plan:
    """The plan as it comes back from the journal."""
    return msgspec.json.decode(msgspec.json.encode(plan), type=Plan)


async def carry_out(act: Action, plan: Plan, patience: float = 0.6) -> Steps:
    context = Steps(RealClock(), patience)
    steps = act.steps(stored(plan))
    assert [step.name for step in steps] == plan.steps
    for step in steps:
        assert await step.work(context)
    return context


def probe(system: System) -> MachinesProbe:
    return next(p for p in system.probes if isinstance(p, MachinesProbe))


def values(sample: Any) -> dict[tuple[str, str], float | None]:
    return {(r.target, r.signal): r.value for r in sample.readings}
