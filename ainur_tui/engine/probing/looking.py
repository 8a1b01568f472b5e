"""Looking at the world: on intervals while an engine lives, or once."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence

from ainur_tui.engine.logs.hub import LogHub
from ainur_tui.engine.probing.scheduler import Scheduler
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.systems.base import Clock, Probe, Sample

FIRST_ROUND = 6.0
"""Seconds a plan waits for the first round of probes of an engine that just started."""
LOGS_SETTLE = 1.2
"""Seconds within which the logs must have shown what one look can see of them."""


class Looks:
    """All probes and when they run. ``sink`` gets what each brought home."""

    def __init__(
        self,
        probes: Sequence[Probe],
        logs: LogHub,
        sink: Callable[[Probe, Sample | ProbeFailure, float], None],
        clock: Clock,
    ) -> None:
        self.log_probes = logs.probes()
        self._logs = logs
        self._sink = sink
        self._clock = clock
        self._scheduler = Scheduler(probes, sink, clock)
        self._for_ever = False
        self._unread = {probe.name for probe in probes}
        self._all_read = asyncio.Event()

    async def start(self) -> None:
        """Follow the logs and run every probe on its interval."""
        self._for_ever = True
        await self._logs.start()
        self._scheduler.add(self.log_probes)
        await self._scheduler.start()

    async def stop(self) -> None:
        """End all of it."""
        await self._logs.stop()
        await self._scheduler.stop()

    def saw(self, probe: Probe) -> None:
        """Note that a probe was read, or could not be."""
        self._unread.discard(probe.name)
        if not self._unread:
            self._all_read.set()

    async def once(self, targets: set[str] | None, timeout: float | None) -> None:
        """Run each probe (of ``targets``, where given) now, all at the same time; where nothing
        is followed, the logs are, for as long as one look needs."""
        work = [self._scheduler.run_now(targets, timeout)]
        if not self._for_ever:
            work.append(self._logs_once(targets, timeout))
        await asyncio.gather(*work)

    async def first_round(self) -> None:
        """Wait until each probe was read, but not for ever: plans rest on what was read."""
        if self._unread and not self._for_ever:
            await self.once(None, FIRST_ROUND)
            self._unread.clear()
        elif self._unread:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._all_read.wait(), FIRST_ROUND)

    async def _logs_once(self, targets: set[str] | None, timeout: float | None) -> None:
        wanted = [p for p in self.log_probes if targets is None or p.target in targets]
        if wanted:
            await self._logs.settle(min(LOGS_SETTLE, timeout or LOGS_SETTLE))
            await Scheduler(wanted, self._sink, self._clock).run_now(timeout=1.0)
            await self._logs.stop()
