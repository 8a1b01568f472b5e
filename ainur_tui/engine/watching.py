"""Judging while an engine lives: pictures for the clients, alerts, and what must outlive us."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING

from ainur_tui.engine.runs.timing import Timer
from ainur_tui.systems.base import Clock

if TYPE_CHECKING:
    from ainur_tui.engine.service import Engine

SHORTEST = 0.25
"""Seconds between two pictures: what comes in between is told with the next."""
LONGEST = 1.0
"""Seconds after which a picture is made though nothing came: silence has an age too."""

_log = logging.getLogger(__name__)


class Watch:
    """Makes the pictures, and has what they tell judged and kept."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock
        self._task: asyncio.Task[None] | None = None
        self._timer: Timer | None = None

    async def start(self) -> None:
        """Begin, and go on for ever."""
        await self._engine.judging.notifier.start()
        self._task = asyncio.create_task(self._for_ever())
        engine = self._engine
        if engine.stay and engine.environment.access == "operate":
            routines = [routine for system in engine.systems for routine in system.routines]
            self._timer = Timer(engine.executor, routines, self._clock, engine.add_event)
            self._timer.start()

    async def stop(self) -> None:
        """Save, and end."""
        if self._timer is not None:
            await self._timer.stop()
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
            await self._engine.judging.notifier.stop()
            await self._engine.judging.keeper.save()

    async def _for_ever(self) -> None:
        while True:
            try:
                await self._once()
            except Exception:  # one bad picture must not end all judging (F-76)
                _log.exception("making a picture")
            await asyncio.sleep(SHORTEST)
            with contextlib.suppress(TimeoutError):
                # Not wait_for, which loses a cancellation that comes together with the event.
                async with asyncio.timeout(LONGEST - SHORTEST):
                    await self._engine.relay.moved.wait()

    async def _once(self) -> None:
        engine = self._engine
        engine.relay.moved.clear()
        view = engine.view()
        await engine.judging.keeper.keep()
        if engine.picture.advance(view):
            for listener in tuple(engine.relay.listeners):
                listener()
        engine.judging.notifier.take(view.alerts)
        await engine.judging.attention.keep()
