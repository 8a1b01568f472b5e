"""Reading a post-condition from the world until it holds or its time is over (S-46, F-73)."""

from __future__ import annotations

import asyncio
import logging

from ainur_tui.model.action import Plan, Undo
from ainur_tui.model.failure import ActionFailure, ProbeFailure
from ainur_tui.systems.acting import Action, Observation
from ainur_tui.systems.base import Clock

ONE_LOOK = 5.0
"""Seconds one reading may take, however little time is left for all of them."""

_log = logging.getLogger(__name__)


async def observe(
    action: Action,
    plan: Plan,
    clock: Clock,
    within: float | None = None,
    *,
    hurry: asyncio.Event | None = None,
    settled: bool = False,
    every: float = 0.5,
) -> Observation:
    """What was seen last, or first seen as verified. Raises nothing.

    ``within`` seconds; ``None``: as long as the action declares. ``hurry`` ends the waiting: what
    does not hold by then is *unknown*, for it had not all its time; unless the work is ``settled``:
    what was begun has ended and the rest was never begun, so that no time changes it.
    """
    limit = action.verify_within if within is None else min(within, action.verify_within)
    end = clock.monotonic() + limit
    while True:
        seen = await _look(action, plan, max(end - clock.monotonic(), ONE_LOOK))
        if seen.state == "verified" or seen.final or clock.monotonic() + every >= end:
            return seen
        if hurry is None:
            await asyncio.sleep(every)
        elif await _set_within(hurry, every):
            if settled:
                return seen
            return Observation("unknown", f"not seen yet when it was stopped: {seen.by}")


async def left_by(action: Action, plan: Plan) -> list[Undo]:
    """What puts right what a run that was not verified left behind; nothing where that cannot be
    read. Raises nothing."""
    try:
        return list(await asyncio.wait_for(action.leftovers(plan), ONE_LOOK))
    except (ProbeFailure, ActionFailure, TimeoutError):
        return []
    except Exception:  # an offer that cannot be made costs no verdict
        _log.exception("what %s of %s left behind", plan.action, plan.target)
        return []


async def _look(action: Action, plan: Plan, deadline: float) -> Observation:
    try:
        async with asyncio.timeout(deadline):
            return await action.observe(plan)
    except (ProbeFailure, ActionFailure) as failure:
        return Observation("unknown", str(failure))
    except TimeoutError:
        return Observation("unknown", "no answer")
    except Exception as error:  # an action's fault is no verdict on the world
        _log.exception("observing %s of %s", plan.action, plan.target)
        return Observation("unknown", f"our own code failed ({type(error).__name__})")


async def _set_within(event: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True
