"""A Loki's streams as a source of lines: from where we are, without gaps or repeats."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from ainur_tui.systems.base import Clock
from ainur_tui.systems.logsource import LogSource, RawBatch, RawLine
from ainur_tui.systems.loki.client import Entry, LokiClient, Page
from ainur_tui.systems.loki.window import NS, Window

FIRST_LINES = 1000
"""Lines asked for at the start, of the last day."""
DAY = 86_400.0
QUICKEST, SLOWEST = 0.25, 2.0
"""Seconds between polls: quick after lines, slower while there are none."""
AHEAD = 60.0
"""Seconds the writer's clock may be before ours."""
PAGES = 8
"""Full pages one after the other before it is asked whether we come up with the present."""
BEHIND = 30.0
"""Seconds we may be behind, and get no nearer, before we jump to now and tell the gap."""
_LEVELS = ("level", "detected_level", "severity")
_MACHINES = ("machine", "instance", "pod", "host", "hostname", "node_name")


class LokiSource(LogSource):
    """One LogQL query, polled. It remembers its place in nanoseconds, so that what is not had yet
    is asked for and nothing else, after a break too."""

    def __init__(
        self, name: str, target: str, query: str, client: LokiClient, clock: Clock
    ) -> None:
        self.name = name
        self.target = target
        self._query = query
        self._client = client
        self._clock = clock
        self._window: Window | None = None

    async def batches(self, resume: float | None) -> AsyncIterator[RawBatch]:
        """Yields for ever; raises :class:`ProbeFailure` when it does not answer."""
        if self._window is None:
            since = self._clock.now() - DAY if resume is None else resume
            window = Window(int(since * NS))
            first = await self._page(window, newest=FIRST_LINES)
            lost = resume is not None and first.full
            lines = self._fresh(window, first)
            self._window = window
            yield RawBatch(lines, None if lost else 0, since if lost else None)
        window = self._window
        pause, pages = QUICKEST, 0
        lag: float | None = None
        while True:
            page = await self._page(window)
            lines = self._fresh(window, page)
            yield RawBatch(lines)
            pages = pages + 1 if page.full else 0
            if not lines and page.full and page.entries[0].ns == page.entries[-1].ns:
                yield _jump(window, window.newest)  # more in one nanosecond than a page holds
            elif pages >= PAGES:
                now = self._clock.now()
                pages, before, lag = 0, lag, now - window.newest / NS
                if before is not None and lag > max(BEHIND, before):
                    yield _jump(window, int(now * NS))
            elif not page.full:
                lag = None
            pause = QUICKEST if lines else min(pause * 1.6, SLOWEST)
            await asyncio.sleep(0 if page.full else pause)

    async def _page(self, window: Window, newest: int | None = None) -> Page:
        end = max(int((self._clock.now() + AHEAD) * NS), window.start + 1)
        return await self._client.entries(self._query, window.start, end, newest=newest)

    def _fresh(self, window: Window, page: Page) -> list[RawLine]:
        """The lines of a page that were not had, in their order by time."""
        lines = [_line(entry) for entry in page.entries if window.add(entry)]
        window.trim(self._clock.now(), page.limit // 5)
        return lines


def _jump(window: Window, ns: int) -> RawBatch:
    """Leave out what lies between us and a moment, and tell that."""
    since = window.newest / NS
    window.jump(ns)
    return RawBatch((), None, since)


def _line(entry: Entry) -> RawLine:
    """An entry, with what its labels say of the level and the machine; the others are fields."""
    labels = entry.labels
    level = next((name for name in _LEVELS if labels.get(name)), None)
    machine = next((name for name in _MACHINES if labels.get(name)), None)
    fields = {name: value for name, value in labels.items() if name not in {level, machine}}
    return RawLine(
        entry.ns / NS, entry.text, labels[level] if level else None,
        labels[machine] if machine else None, fields,
    )  # fmt: skip
