"""The gates before a run: loop guard, forbidding plan, typed name, a world that moved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ainur_tui.model.action import ActionSpec, BreakGlass, Plan, Risk, Run
from ainur_tui.model.board import BoardView
from ainur_tui.model.facts import MOVED, changes
from ainur_tui.model.failure import TRY_AGAIN, UNAVAILABLE, USAGE, Refused
from ainur_tui.model.runcalls import RunCall
from ainur_tui.model.text import clean

GUARD_SECONDS = 600.0
GUARD_TIMES = 2


def loop_guard(call: RunCall, risk: Risk, runs: Iterable[Run], now: float) -> None:
    """Refuse a third run within ten minutes of what can hurt a service (S-47).

    A reason overrides it; only runs that were begun count.
    """
    if risk in {"R0", "R1"} or call.reason.strip():
        return
    begun = [
        run
        for run in runs
        if (run.plan.action, run.plan.target) == (call.action, call.target)
        and abs(now - run.started_at) < GUARD_SECONDS
        # Another part of the target is another thing to do.
        and ("about" not in run.plan.goal or run.plan.params == call.params)
    ]
    if len(begun) >= GUARD_TIMES:
        raise Refused(
            f"{call.action} of {call.target} was begun {len(begun)} times in the last ten minutes;"
            " again rarely helps. Give a reason to do it all the same",
            TRY_AGAIN,
        )


def secrets_apart(
    spec: ActionSpec, params: Iterable[str], secrets: Iterable[str] | None = None
) -> None:
    """Refuse a secret among the plain parameters, which are written down; with ``secrets`` (the
    names of those that were given apart) also one that is missing or that nobody asked for."""
    kinds = {param.name: param for param in spec.params if param.type == "secret"}
    for name in params:
        if name in kinds:
            raise Refused(f"{name} is a secret: its value is given apart, never as text", USAGE)
    for name in () if secrets is None else secrets:
        if name not in kinds:
            raise Refused(f"{spec.name} takes no secret {clean(name, 40)!r}", USAGE)
    for name, param in kinds.items():
        if secrets is not None and param.required and name not in set(secrets):
            raise Refused(f"{spec.name} needs the secret {name}: {param.help}", USAGE)


def known_params(spec: ActionSpec, params: Iterable[str]) -> None:
    """Refuse parameters that the action does not declare, so that no action has to."""
    if strange := sorted(set(params) - {param.name for param in spec.params}):
        raise Refused(f"{spec.name} has no parameter {clean(', '.join(strange), 60)}", USAGE)


def judge(plan: Plan, call: RunCall, names: Iterable[str], glass: BreakGlass | None) -> None:
    """Refuse a plan that forbids itself, one against a policy while the glass is whole, downtime
    without the typed name (one of ``names``), and one that rests on other facts than the person
    saw (S-38, S-43, S-49)."""
    if plan.blocked:
        raise Refused(plan.blocked, UNAVAILABLE)
    if plan.policy and glass is None:
        raise Refused(
            f"{plan.policy} (a policy: break the glass to do it all the same)", UNAVAILABLE
        )
    typed = (call.confirm or "").strip().casefold()
    if plan.risk == "R3" and typed not in {name.casefold() for name in names}:
        raise Refused(
            f"{plan.action} of {plan.target} means downtime or loss: it needs the name of its"
            f" target ({plan.target}) to confirm it",
            USAGE,
        )
    if plan.asks and call.again not in {None, plan.asks}:
        raise Refused(
            f"given ahead is {clean(str(call.again), 60)!r}, the plan asks for {plan.asks}",
            USAGE,
        )
    if call.seen is not None and (moved := difference(call.seen, plan.before)):
        raise Refused(f"{MOVED} since you looked: {moved}", TRY_AGAIN)


def names_of(target: str, board: BoardView) -> set[str]:
    """What a person may type for a target: its name, the name of the part, its title."""
    view = board.target(target)
    return {target, target.rpartition("/")[2], *([view.title] if view else [])}


def difference(seen: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """What differs, fact by fact; empty when nothing does."""
    return "; ".join(f"{one.name} was {one.was}, now {one.now}" for one in changes(seen, now))
