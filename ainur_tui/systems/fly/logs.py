"""The app's log lines from the platform's web API."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import msgspec

from ainur_tui.model.failure import ProbeFailure
from ainur_tui.systems.base import Clock
from ainur_tui.systems.fly.client import FlyClient
from ainur_tui.systems.fly.machines import parse_time
from ainur_tui.systems.httpfailures import HttpFailure
from ainur_tui.systems.logsource import LogSource, RawBatch, RawLine

QUICKEST, SLOWEST = 0.25, 2.0
"""Seconds between polls: quick after lines, slower while there are none."""
PAGES = 8
"""Pages read one after the other before it is asked whether we fall behind."""
BEHIND, CATCH_UP = 5.0, 30.0
"""Seconds the newest line read may be old while there is always more, and in which we must come
up with the present at the rate we read; else we jump to now and tell the gap."""
FULL = 100
"""A page with fewer lines has reached the end (the platform gives at least so many)."""
_REMEMBERED = 20_000
_EDGE = 0.001
_NO_TOKEN = {400, 404, 410, 422}
"""Answers that may mean that the platform no longer knows the place where we were."""


class _Attributes(msgspec.Struct):
    timestamp: str | None = None
    message: str | None = None
    level: str | None = None
    instance: str | None = None


class _Entry(msgspec.Struct):
    attributes: _Attributes
    id: str | None = None


class _Meta(msgspec.Struct):
    next_token: str | int | None = None


class _Page(msgspec.Struct):
    data: list[_Entry] | None = None
    meta: _Meta | None = None


class FlyLogs(LogSource):
    """Follows by token; lines repeated at a token's edge are told once."""

    name = "api"
    target = "api"

    def __init__(self, client: FlyClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._known: dict[str | tuple[str | None, ...], None] = {}
        self._decode = msgspec.json.Decoder(_Page)
        self._reached: str | None = None

    async def batches(self, resume: float | None) -> AsyncIterator[RawBatch]:
        """Yields for ever; raises :class:`ProbeFailure` when the platform does not answer."""
        token = self._reached or (None if resume is None else _token(resume - _EDGE))
        pause, pages, newest = QUICKEST, 0, resume
        began, lag = self._clock.now(), None if resume is None else self._clock.now() - resume
        while True:
            page = await self._page(token)
            lines = self._fresh(page)
            if lines:
                newest = lines[-1].at
            yield RawBatch(lines)
            if page.meta is not None and page.meta.next_token:
                token = self._reached = str(page.meta.next_token)
            more = len(page.data or ()) >= FULL and bool(lines)
            pages = pages + 1 if more else 0
            if not more:
                lag = None
            elif pages >= PAGES and newest is not None:
                pages, now = 0, self._clock.now()
                former, lag, took, began = lag, now - newest, now - began, now
                rate = 0.0 if former is None else (former - lag) / max(took, _EDGE)
                if former is not None and lag > max(BEHIND, CATCH_UP * rate):
                    token, lag = _token(now), None
                    yield RawBatch((), dropped=None, gap_since=newest)
            pause = QUICKEST if lines else min(pause * 1.6, SLOWEST)
            await asyncio.sleep(0 if more else pause)

    async def _page(self, token: str | None) -> _Page:
        try:
            answer = await self._client.logs(token)
        except HttpFailure as failure:
            if failure.status in _NO_TOKEN:
                self._reached = None
            raise
        try:
            return self._decode.decode(answer.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            words = type(error).__name__ if isinstance(error, RecursionError) else str(error)
            raise ProbeFailure("bad answer", f"bad JSON of log lines: {words}") from None

    def _fresh(self, page: _Page) -> list[RawLine]:
        """The page's lines that were not told yet. A flood passes here, so it must be cheap."""
        found: list[RawLine] = []
        known = self._known
        second, base = "", 0.0
        for entry in page.data or ():
            line = entry.attributes
            stamp = line.timestamp or ""
            key = entry.id or (stamp, line.instance, line.message)
            if key in known:
                continue
            known[key] = None
            if stamp[:19] != second or stamp[-1:] != "Z":
                whole = parse_time(stamp[:19] + "Z") if stamp[-1:] == "Z" else parse_time(stamp)
                second, base = stamp[:19], self._clock.now() if whole is None else whole
            rest = stamp[20:-1] if stamp[-1:] == "Z" else ""
            at = base + int(rest) / 10 ** len(rest) if rest.isdecimal() else base
            text = line.message or ""
            found.append(RawLine(at, text, line.level or None, line.instance or None))
        if len(known) > _REMEMBERED:
            self._known = dict.fromkeys(list(known)[-_REMEMBERED // 2 :])
        return found


def _token(at: float) -> str:
    """The moment as the platform's token: unix nanoseconds."""
    return str(int(at * 1_000_000) * 1000)
