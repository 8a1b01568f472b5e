"""The log hub: follows every source, keeps what can be kept, counts all."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Sequence
from contextlib import aclosing
from pathlib import Path

from msgspec.structs import replace

from ainur_tui.engine.logs.gather import Gather
from ainur_tui.engine.logs.intake import Intake
from ainur_tui.engine.logs.pages import Pages
from ainur_tui.engine.logs.past import Past
from ainur_tui.engine.logs.probe import FIRST_LOOK, LogProbe
from ainur_tui.engine.logs.spool import LogSpool
from ainur_tui.engine.logs.store import LogStore
from ainur_tui.engine.probing.backoff import reconnect
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.log import LogSourceView
from ainur_tui.model.logquery import (
    LogCounts,
    LogCountsQuery,
    LogNewQuery,
    LogNews,
    LogPage,
    LogQuery,
)
from ainur_tui.model.text import clean
from ainur_tui.systems.base import Clock, Probe
from ainur_tui.systems.logsource import LogSource

_ENOUGH = 0.9
_TELL_EVERY = 0.1
_REACH_EVERY = 30.0

_log = logging.getLogger(__name__)


class LogHub:
    """One task a source, which goes on for ever: a broken source is opened again with back-off.

    ``redact`` masks secrets, ``spool`` is the folder for what memory does not hold.
    ``listeners`` are called, ten times a second at most, after lines came; they ask with
    :meth:`query`.
    """

    def __init__(
        self,
        sources: Sequence[LogSource],
        clock: Clock,
        redact: Callable[[str], str],
        spool: Path | None = None,
    ) -> None:
        self.listeners: set[Callable[[], None]] = set()
        self._clock = clock
        self._store = LogStore(
            spool=(lambda lost: LogSpool(spool, redact, lost)) if spool is not None else None
        )
        self._past = Past(sources, redact)
        self._pages = Pages(self._store, self._past, clock)
        self._intakes = [Intake(source, self._store, clock, redact) for source in sources]
        self._reaches: dict[str, tuple[float, float | None]] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._began: float | None = None
        self._telling: asyncio.TimerHandle | None = None

    async def start(self) -> None:
        """Follow all sources; does nothing when they are followed already."""
        if not self._tasks:
            self._began = self._clock.monotonic()
            gather = Gather(len(self._intakes))
            self._tasks = [
                asyncio.create_task(self._follow(intake, gather), name=f"log {intake.source.name}")
                for intake in self._intakes
            ]

    async def stop(self) -> None:
        """Let go of all sources; what was read stays."""
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=2.0)
        if self._telling is not None:
            self._telling.cancel()
            self._telling = None

    def close(self) -> None:
        """Forget all lines."""
        if self._store.spool is not None:
            self._store.spool.close()

    async def settle(self, seconds: float) -> None:
        """Let the followers run for ``seconds``, or less when every source has shown itself."""
        await self.start()
        began = self._clock.monotonic()
        ready = asyncio.gather(*(intake.shown.wait() for intake in self._intakes))
        try:
            await asyncio.wait_for(ready, seconds)
        except TimeoutError:
            return
        if any(intake.connected for intake in self._intakes):
            await asyncio.sleep(min(seconds, _ENOUGH) - (self._clock.monotonic() - began))

    async def shown(self, intakes: Sequence[Intake]) -> None:
        """Wait until the sources have shown themselves, soon after the start only."""
        left = FIRST_LOOK - (self._clock.monotonic() - self._began) if self._began else 0.0
        waiting = [asyncio.ensure_future(i.shown.wait()) for i in intakes if not i.shown.is_set()]
        if waiting and left > 0:
            await asyncio.wait(waiting, timeout=left)
        for task in waiting:
            task.cancel()

    def now(self) -> float:
        """Epoch seconds."""
        return self._clock.now()

    def query(self, query: LogQuery) -> LogPage:
        """Lines the engine keeps, at once; raises :class:`Refused` (64) for a query that makes no
        sense."""
        for intake in self._intakes:
            intake.tell_gap()
        return self._store.query(query)

    async def page(self, query: LogQuery) -> LogPage:
        """A page of lines, also of files from before they were followed; raises as
        :meth:`query`."""
        for intake in self._intakes:
            intake.tell_gap()
        return await self._pages.page(query)

    @property
    def newest(self) -> int:
        """The last sequence number given out; 0 before the first."""
        return self._store.newest

    def counts(self, query: LogCountsQuery) -> LogCounts:
        """Lines over time by class, level and source; raises :class:`Refused` (64)."""
        return self._store.tally.counts(query, self._clock.now())

    def recent(self, sources: Collection[str], log_class: str) -> int:
        """Lines of a class within the last five minutes."""
        return self._store.tally.recent(sources, log_class, 300.0, self._clock.now())

    def news(self, query: LogNewQuery) -> LogNews:
        """What is said that was not said before; raises :class:`Refused` (64)."""
        return self._store.tally.news(query, self._clock.now())

    def views(self) -> list[LogSourceView]:
        """The health of every source; a file reaches back as far as it goes itself."""
        found = [intake.view() for intake in self._intakes]
        past = {name: self._reach(name) for name in self._past.known()}
        return [
            replace(view, reaches_back_to=past.get(view.name) or view.reaches_back_to)
            for view in found
        ]

    def probes(self) -> list[Probe]:
        """One probe for every target that has sources."""
        targets = dict.fromkeys(intake.source.target for intake in self._intakes)
        return [
            LogProbe(target, [i for i in self._intakes if i.source.target == target], self)
            for target in targets
        ]

    async def _follow(self, intake: Intake, gather: Gather | None) -> None:
        failures = 0
        while True:
            failure = ProbeFailure("unavailable", "the source ended")
            try:
                async with aclosing(intake.source.batches(intake.resume)) as batches:  # type: ignore[type-var]
                    async for batch in batches:
                        if not intake.connected:
                            intake.opened()
                        failures = 0
                        if gather is not None:
                            begun, gather = gather, None
                            await begun.first(intake, batch)
                        else:
                            await intake.take(batch)
                        if batch.lines or batch.dropped != 0:
                            self._tell()
            except ProbeFailure as error:
                failure = error
            except Exception as error:
                _log.exception("following %s", intake.source.name)
                failure = ProbeFailure("internal", type(error).__name__)
            failures += 1
            intake.failed(clean(failure, 300))
            if gather is not None:
                begun, gather = gather, None
                await begun.first(intake, None)
            await asyncio.sleep(reconnect(failures, failure.retry_after))

    def _reach(self, name: str) -> float | None:
        """The first time in a source's file, looked up again now and then: files go."""
        now = self._clock.monotonic()
        at, moment = self._reaches.get(name, (-_REACH_EVERY, None))
        if now - at >= _REACH_EVERY:
            moment = self._past.first_moment(name)
            self._reaches[name] = now, moment
        return moment

    def _tell(self) -> None:
        if self.listeners and self._telling is None:
            loop = asyncio.get_running_loop()
            self._telling = loop.call_later(_TELL_EVERY, self._told)

    def _told(self) -> None:
        self._telling = None
        for listener in tuple(self.listeners):
            listener()
