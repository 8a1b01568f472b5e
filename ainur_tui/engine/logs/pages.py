"""Pages of log lines from all there is: what the engine keeps, and before it what files hold."""

from __future__ import annotations

import asyncio
import math

from msgspec.structs import replace

from ainur_tui.engine.logs.past import SEAM, Past
from ainur_tui.engine.logs.store import MOST, LogStore
from ainur_tui.model.log import LogGap
from ainur_tui.model.logquery import LogPage, LogQuery
from ainur_tui.systems.base import Clock

PATIENCE = 2.0
"""Seconds one question may take; then it is told what was found, and where to go on."""


class Pages:
    """A question is answered in parts, each of them short: between them others get their turn."""

    def __init__(self, store: LogStore, past: Past, clock: Clock) -> None:
        self._store = store
        self._past = past
        self._clock = clock
        self._reading = asyncio.Lock()

    async def page(self, query: LogQuery) -> LogPage:
        """As :meth:`LogStore.query` answers, and on into the files. Raises :class:`Refused` (64)
        for a query that makes no sense."""
        if query.around is not None:
            return await self._around(query, query.around)
        if query.after is not None and not query.forward:
            return self._store.query(query)
        until = self._clock.monotonic() + PATIENCE
        limit = max(1, min(query.limit, MOST))
        found = LogPage(lines=[])
        while True:
            part = await self._part(replace(query, limit=limit - len(found.lines)), until)
            older, newer = (found, part) if query.forward else (part, found)
            found = replace(
                part, lines=[*older.lines, *newer.lines], gaps=[*older.gaps, *newer.gaps]
            )
            if len(found.lines) >= limit:
                return replace(found, ended=None)
            if part.ended is None or self._clock.monotonic() > until:
                return found
            ended = {"after": part.ended} if query.forward else {"before": part.ended}
            query = replace(query, **ended)
            await asyncio.sleep(0)

    async def _part(self, query: LogQuery, until: float) -> LogPage:
        """What one of the two has; where the other goes on, ``ended`` is the seam."""
        known = self._past.known(query.sources)
        if query.forward:
            past = bool(known) and (query.after is None or query.after < SEAM)
        else:
            past = query.before is not None and query.before < 0
        if past:
            async with self._reading:
                page = await asyncio.to_thread(
                    self._past.query, query, lambda: self._clock.monotonic() > until
                )
            crosses = query.forward
        else:
            page = self._store.query(query)
            crosses = bool(known) and not query.forward
        if not crosses or not page.matched_all:
            return page
        gaps = [] if past else [*self._store.forgotten(known), *page.gaps]
        return replace(page, gaps=gaps, ended=SEAM, matched_all=False)

    async def _around(self, query: LogQuery, moment: float) -> LogPage:
        """As many lines before a moment as after it."""
        plain = replace(query, around=None, before=None, after=None, limit=max(1, query.limit // 2))
        until = moment if query.until is None else min(moment, query.until)
        before = await self.page(replace(plain, until=until, forward=False))
        later = math.nextafter(moment, math.inf)
        since = later if query.since is None else max(later, query.since)
        after = await self.page(replace(plain, since=since, forward=True))
        lines = [*before.lines, *after.lines]
        past = [line for line in lines if line.seq < 0]
        own = sorted((line for line in lines if line.seq > 0), key=lambda line: line.seq)
        gaps: dict[tuple[int, str], LogGap] = {
            (gap.seq, gap.source): gap for gap in (*before.gaps, *after.gaps)
        }
        return LogPage(
            lines=[*past, *own],
            gaps=[gaps[key] for key in sorted(gaps)],
            matched_all=before.matched_all and after.matched_all,
        )
