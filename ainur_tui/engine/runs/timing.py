"""What the engine begins by itself at fixed moments, through the same door as everybody."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from ainur_tui.engine.runs.executor import Executor
from ainur_tui.engine.wire.peer import Peer
from ainur_tui.model.event import Event
from ainur_tui.model.failure import Refused
from ainur_tui.model.runcalls import RunCall
from ainur_tui.model.units import rfc3339
from ainur_tui.systems.base import Clock
from ainur_tui.systems.system import Routine

OPERATOR = "schedule"
EVERY = 15.0
GRACE = 600.0
"""Seconds after its moment in which a routine is still begun: an engine that was being restarted
does not miss it, one that comes up hours later does not surprise anybody with load."""
_POLL = 0.5

_log = logging.getLogger(__name__)


class Timer:
    """Begins each routine at its moments. The key of a run names the moment, so that none is
    begun twice, whatever happens to the engine (S-37). ``event`` is told what was not done."""

    def __init__(
        self,
        executor: Executor,
        routines: Sequence[Routine],
        clock: Clock,
        event: Callable[[Event], None],
    ) -> None:
        self._executor = executor
        self._routines = routines
        self._clock = clock
        self._event = event
        self._seen = {routine.name: clock.now() - GRACE for routine in routines}
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Watch the clock for ever."""
        if self._routines:
            self._keep(asyncio.create_task(self._for_ever()))

    async def stop(self) -> None:
        """Begin nothing any more; what was begun is the executor's."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _for_ever(self) -> None:
        while True:
            await asyncio.sleep(EVERY)
            self.look()

    def look(self) -> None:
        """Begin what has become due since the last look."""
        now = self._clock.now()
        for routine in self._routines:
            moment = routine.latest(now)
            if moment > self._seen[routine.name] and now - moment <= GRACE:
                self._keep(asyncio.create_task(self._do(routine, moment)))
            self._seen[routine.name] = max(moment, self._seen[routine.name])

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _do(self, routine: Routine, moment: float) -> None:
        """One after the other; what follows is left alone unless the one before was verified."""
        for action, target, params in routine.wishes:
            try:
                key = f"schedule/{routine.name}/{action}/{rfc3339(moment)}"
                call = RunCall(action=action, target=target, params=params, key=key, confirm=target,
                               reason=f"scheduled: {routine.name}")  # fmt: skip
                run = await self._executor.run(call, Peer(OPERATOR))
                while run.finished_at is None:
                    await asyncio.sleep(_POLL)
                    run = self._executor.runs(run.id)[0]
            except Refused as error:
                self._missed(routine, moment, f"was not done: {error}")
                return
            except Exception:
                _log.exception("the scheduled %s", routine.name)
                self._missed(routine, moment, "was not done; see the engine's log")
                return
            if run.state != "verified":
                self._missed(routine, moment, f"is {run.state}: {run.message}")
                return

    def _missed(self, routine: Routine, moment: float, words: str) -> None:
        self._event(
            Event(
                key=f"schedule:{routine.name}:{moment:.0f}", at=self._clock.now(), kind="note",
                target=routine.wishes[0][1], text=f"the scheduled {routine.name} {words}",
            )
        )  # fmt: skip
