"""Several actions as the parts of one, one after another: what is done already is left out, so that
the same action goes on where an earlier run of it broke off."""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import msgspec
from msgspec.structs import replace

from ainur_tui.model.action import Plan
from ainur_tui.model.failure import UNAVAILABLE, ActionFailure, ProbeFailure, Refused
from ainur_tui.systems.acting import Action, AlreadySo, Observation, Step, StepContext, World

Check = Callable[[Plan], Awaitable[Observation]]
"""What is read before the next part is touched, from the whole plan."""


@dataclass(frozen=True)
class Piece:
    """One part: its name, the action, its target and parameters. An ``optional`` one that cannot
    be planned is left out with a warning. ``check`` is what must hold before the next; without one
    the last step of the action has seen it."""

    name: str
    action: Action
    target: str
    params: Mapping[str, str] = field(default_factory=dict)
    optional: bool = False
    check: Check | None = None


@dataclass
class Drawn:
    """The parts that are to do, in order; what is so already; what is left out, and why."""

    parts: dict[str, Plan] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


async def draw(pieces: Sequence[Piece], world: World) -> Drawn:
    """Plan each. Raises ``Refused`` for one that has to be and cannot."""
    drawn = Drawn()
    for piece in pieces:
        try:
            if why := piece.action.unavailable():
                raise Refused(why, UNAVAILABLE)
            found = await piece.action.plan(piece.target, dict(piece.params), world)
            drawn.parts[piece.name] = found
        except AlreadySo as so:
            drawn.notes.append(f"{piece.name}: {so}; it is left out")
        except (ProbeFailure, Refused) as failure:
            if not piece.optional:
                raise Refused(f"{piece.name}: {failure}", UNAVAILABLE) from None
            drawn.warnings.append(f"{piece.name} is left out: {failure}")
    return drawn


def kept(parts: Mapping[str, Plan]) -> list[dict[str, Any]]:
    """The parts for the goal of the whole: what their steps and observations rest on."""
    return [
        {"part": name, "plan": msgspec.to_builtins(replace(
            plan, before={}, facts=[], warnings=[], load=[]))}
        for name, plan in parts.items()
    ]  # fmt: skip


def steps(whole: Plan, pieces: Sequence[Piece]) -> list[Step]:
    """The steps of the parts, their checks between them. Nothing is taken back by itself when one
    fails: the same action goes on from there, or its way back is taken."""
    known = {piece.name: piece for piece in pieces}
    found: list[Step] = []
    for one in whole.goal["parts"]:
        piece = known[one["part"]]
        own = msgspec.convert(one["plan"], Plan)
        found += [
            dataclasses.replace(step, name=f"{piece.name}: {step.name}", undo=None)
            for step in piece.action.steps(own)
        ]
        if piece.check is not None:
            looks = partial(piece.check, whole)
            work = partial(seen, looks, piece.action.verify_within)
            found.append(Step(f"{piece.name}: seen from outside", work, "abort"))
    return found


async def seen(
    look: Callable[[], Awaitable[Observation]], within: float, context: StepContext
) -> str:
    """Look until it is verified, for at most ``within`` seconds. Raises ``ActionFailure``."""

    async def verified() -> str | None:
        found = await look()
        context.progress(found.by)
        return found.by if found.state == "verified" else None

    try:
        return await context.until(verified, within)
    except ActionFailure as failure:
        raise ActionFailure(f"what follows is not touched: {failure}") from None
