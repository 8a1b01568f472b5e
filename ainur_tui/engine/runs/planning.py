"""Plans with fresh facts, and what a person should know around them before deciding."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from msgspec.structs import replace

from ainur_tui.engine.runs.catalogue import Catalogue
from ainur_tui.engine.runs.gates import judge, known_params, names_of
from ainur_tui.engine.runs.glass import Glass
from ainur_tui.engine.runs.leases import Leases, in_the_way
from ainur_tui.engine.runs.recovery import expectation, past_runs, usual_seconds
from ainur_tui.model.action import Plan, Run
from ainur_tui.model.board import BoardView
from ainur_tui.model.failure import UNAVAILABLE, ProbeFailure, Refused
from ainur_tui.model.runcalls import RunCall
from ainur_tui.model.target import overlaps
from ainur_tui.model.units import duration
from ainur_tui.rules.usage import in_use, used_through
from ainur_tui.systems.acting import Action, World
from ainur_tui.systems.base import Clock

PLAN_DEADLINE = 15.0  # seconds for reading the facts

IDLE = "Nothing is to be done: it is so already"
TAKE_OVER = "It can be taken over with a reason: the other run stops at its next safe point"

INCIDENT = {"P1", "P2"}
"""Severities of alerts that a plan tells of, wherever they fire."""
_MOST_ALERTS = 2

_MAINTENANCE = (("api", "api.maintenance"), ("frontend", "frontend.maintenance"))


class Planner:
    """Plans from facts read now, and the gates before them. ``board`` is the picture judged now,
    ``dependants`` who needs a target."""

    def __init__(
        self,
        catalogue: Catalogue,
        leases: Leases,
        glass: Glass,
        clock: Clock,
        *,
        board: Callable[[], BoardView],
        dependants: Callable[[str], list[str]],
    ) -> None:
        self.catalogue = catalogue
        self.glass = glass
        self._board = board
        self._dependants = dependants
        self._leases = leases
        self._clock = clock

    def find(self, name: str, target: str) -> Action:
        """The action that is meant. Raises Refused with what was meant instead."""
        return self.catalogue.find(name, target, self._board())

    async def fresh(
        self, action: Action, target: str, params: dict[str, str], runs: Iterable[Run]
    ) -> Plan:
        """What would be done; ``runs`` are the past ones. Raises Refused when it makes no sense
        or the facts cannot be read."""
        known_params(action.spec, params)
        past = past_runs(runs, action.spec.name, target)
        board = self._board()
        world = World(board, self._dependants, usual_seconds(past))
        try:
            plan = await asyncio.wait_for(action.plan(target, params, world), PLAN_DEADLINE)
        except ProbeFailure as failure:
            raise Refused(f"the facts cannot be read: {failure}", UNAVAILABLE) from failure
        except TimeoutError:
            raise Refused(
                f"the facts cannot be read: no answer in {PLAN_DEADLINE:g} s. Nothing was done; "
                "try again when what it acts on answers",
                UNAVAILABLE,
            ) from None
        # What was done to another part of the target took its own time.
        past = [r for r in past if r.plan.goal.get("about") == plan.goal.get("about")]
        expected, known = expectation(plan, past)
        return replace(
            plan,
            expected_seconds=expected,
            past_runs=known,
            blocked=plan.blocked or (None if plan.steps else IDLE),
            load=[
                *(plan.load or in_use(board, target)),
                *used_through(board, target, plan.affects),
            ],
        )

    def judge(self, plan: Plan, call: RunCall) -> None:
        """Raises Refused where a gate is shut."""
        judge(plan, call, names_of(plan.target, self._board()), self.glass.now())

    def surrounded(self, plan: Plan, active: Iterable[Run]) -> Plan:
        """The plan with what goes on around it: maintenance, firing alerts, other runs, whoever
        holds the target, a broken glass."""
        board, now = self._board(), self._clock.now()
        warnings = [*plan.warnings]
        if plan.action != "maintenance" and any(_on(board, *where) for where in _MAINTENANCE):
            warnings.append("Maintenance mode is on: users see the maintenance page")
        warnings += _incident(board, now)
        warnings += [
            f"{run.operator} has been at work for {duration(max(0.0, now - run.started_at))}:"
            f" {run.plan.title} (run {run.id})"
            for run in active
            if not overlaps(run.plan.target, plan.target)
        ]
        plan = self.glass.lift(replace(plan, warnings=warnings))
        lease = self._leases.holder(plan.target)
        if lease is None:
            return plan
        held = in_the_way(lease, now)
        hint = f"{held}. {TAKE_OVER}"
        return replace(plan, held=lease, facts=[*plan.facts, hint], blocked=plan.blocked or held)


def _on(board: BoardView, target: str, signal: str) -> bool:
    found = board.signal(target, signal)
    return found is not None and found.value == 1.0


def _incident(board: BoardView, now: float) -> list[str]:
    """The worst that fires, the causes before what they explain."""
    firing = [a for a in board.alerts if a.state == "firing" and a.severity in INCIDENT]
    firing.sort(key=lambda alert: (alert.severity, alert.caused_by is not None, alert.since))
    words = [
        f"{alert.severity} for {duration(max(0.0, now - alert.since))}: {alert.summary}"
        for alert in firing[:_MOST_ALERTS]
    ]
    more = len(firing) - len(words)
    return [*words, f"{more} more P1 or P2 fire" + "s" * (more == 1)] if more else words
