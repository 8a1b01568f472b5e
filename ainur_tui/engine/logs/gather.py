"""The first lines of all sources in one order, by their times."""

from __future__ import annotations

import asyncio
import heapq
from itertools import groupby
from operator import itemgetter

from ainur_tui.engine.logs.intake import Intake
from ainur_tui.systems.logsource import RawBatch

WAIT = 0.5
"""Seconds a source waits for the others to show themselves."""


class Gather:
    """What sources have at the start was written long ago and comes source by source; taken in as
    it comes, lines of one minute would stand far apart. So the first batches wait for each other.
    """

    def __init__(self, sources: int) -> None:
        self._left = sources
        self._held: list[tuple[Intake, RawBatch]] = []
        self._released = False
        self._done = asyncio.Event()

    async def first(self, intake: Intake, batch: RawBatch | None) -> None:
        """A source's first batch, or ``None``: it failed. Returns when the batch is taken in."""
        self._left -= 1
        if batch is not None:
            self._held.append((intake, batch))
        if self._left > 0 and batch is not None and not self._released:
            try:
                async with asyncio.timeout(WAIT):
                    await self._done.wait()
            except TimeoutError:
                await self._release()
        elif self._left <= 0 or self._released:
            await self._release()

    async def _release(self) -> None:
        if self._released and not self._held:
            await self._done.wait()
            return
        self._released = True
        held, self._held = self._held, []
        try:
            for intake, batch in held:  # a gap stands before the lines it is told with
                await intake.take(RawBatch((), batch.dropped, batch.gap_since))
            rows = [[(raw.at, intake, raw) for raw in batch.lines] for intake, batch in held]
            merged = heapq.merge(*rows, key=itemgetter(0))  # each source keeps its own order
            for intake, run in groupby(merged, key=itemgetter(1)):
                await intake.take(RawBatch([raw for _, _, raw in run]))
        finally:
            self._done.set()
