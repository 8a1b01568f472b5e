"""A query answered from a log file in place, however large."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, Protocol

from msgspec.structs import replace

from ainur_tui.engine.logs.refine import refine
from ainur_tui.engine.logs.store import MOST
from ainur_tui.model.log import LogLine
from ainur_tui.model.logquery import LogPage, LogQuery
from ainur_tui.rules.logs.fold import severity
from ainur_tui.rules.logs.lines import Parsed, parse
from ainur_tui.rules.logs.needle import needle
from ainur_tui.rules.logs.sieve import sieve
from ainur_tui.systems.logsource import RawLine

SLACK = 256 * 1024
"""Bytes looked at beyond what the times tell: lines of several writers come a little mixed."""
_LOOKED_AT = 64 * 1024
"""Bytes of one line that are decoded."""
_NEAR = 64
"""Lines looked back for the time of a line that has none."""


class InPlace(Protocol):
    """A file of any size: its records from any place, in both directions, each with where it
    begins; with a needle only those that have it. ``line_start`` is where the first one begins that
    does not begin before an offset, ``past`` where the one begins that follows the one there."""

    size: int
    written: float

    def back(self, low: int, high: int, needle: Any = None) -> Iterator[tuple[int, bytes]]: ...
    def ahead(self, low: int, high: int, needle: Any = None) -> Iterator[tuple[int, bytes]]: ...
    def line_start(self, offset: int) -> int: ...
    def past(self, offset: int) -> int: ...


class LogFile:
    """One file. A line's number is where it begins (bytes), plus one.

    Redaction and cleaning are as for every line. It reads as it is asked, in the caller's thread.
    """

    def __init__(self, file: InPlace, redact: Callable[[str], str], source: str) -> None:
        self._file = file
        self._source = source
        self._redact = redact

    def query(self, query: LogQuery) -> LogPage:
        """As the log store's: the newest lines that match, or with ``forward`` the oldest.

        Raises :class:`~ainur_tui.model.failure.Refused` (64) for a query that makes no sense.
        """
        limit = max(1, min(query.limit, MOST))
        if query.around is not None:
            return self._around(query, query.around, max(1, limit // 2))
        return _page(self.lines(query), limit, forward=query.forward)

    def lines(self, query: LogQuery) -> Iterator[LogLine]:
        """The lines that match, newest first, or with ``forward`` oldest first."""
        file = self._file
        low = file.past(query.after - 1) if query.after else 0
        high = file.size if query.before is None else file.line_start(query.before - 1)
        return self.between(query, *self.within(query, low, high))

    def within(self, query: LogQuery, low: int, high: int) -> tuple[int, int]:
        """The part of what lies between two places that was written at the times wanted."""
        start = self._file.line_start
        if query.since is not None:
            low = max(low, start(self.offset(query.since) - SLACK))
        if query.until is not None:
            high = min(high, start(self.offset(query.until, beyond=True) + SLACK))
        return low, high

    def between(self, query: LogQuery, low: int, high: int) -> Iterator[LogLine]:
        """The lines that match and begin in ``low`` to before ``high``, both places where a record
        begins; numbers in the query are not looked at."""
        wanted = needle(query)
        step = self._file.ahead if query.forward else self._file.back
        raw = step(low, high, wanted)
        return sieve(query)(self._refined(raw, forward=query.forward, whole=wanted is None))

    def offset(self, moment: float, *, beyond: bool = False) -> int:
        """Where the first line begins that was written at ``moment`` or later (``beyond``: later),
        found by halves as times go up in a log."""
        low, high = 0, self._file.size
        while high - low > SLACK:
            middle = self._file.line_start((low + high) // 2)
            at = self._time_after(middle, high)
            if at is None or at > moment or (at == moment and not beyond):
                high = (low + high) // 2
            else:
                low = (low + high) // 2
        for offset, text in self._file.ahead(self._file.line_start(low), self._file.size):
            found = self._parsed(text)
            if found.dated and (found.at > moment or (found.at == moment and not beyond)):
                return offset
            if offset > high + SLACK:
                break
        return high

    def moment(self, offset: int) -> float:
        """When the line was written that begins there, or the one before it that tells a time."""
        for _, text in islice(self._file.ahead(offset, self._file.size), 1):
            if (found := self._parsed(text)).dated:
                return found.at
        return self._before(offset)

    def first_moment(self) -> float | None:
        """The first time that it tells."""
        return self._time_after(0, self._file.size)

    def _around(self, query: LogQuery, moment: float, half: int) -> LogPage:
        """As many lines before a moment as after it."""
        place = self.offset(moment)
        past = self.between(query, *self.within(query, 0, place))
        onward = replace(query, forward=True)
        ahead = self.between(onward, *self.within(query, place, self._file.size))
        before, after = _page(past, half, forward=False), _page(ahead, half, forward=True)
        return LogPage(
            lines=[*before.lines, *after.lines],
            matched_all=before.matched_all and after.matched_all,
        )

    def _time_after(self, start: int, end: int) -> float | None:
        """The time of the first line from ``start`` that tells one."""
        for _, text in islice(self._file.ahead(start, end), 1000):
            found = self._parsed(text)
            if found.dated:
                return found.at
        return None

    def _refined(
        self, raw: Iterable[tuple[int, bytes]], *, forward: bool, whole: bool
    ) -> Iterator[LogLine]:
        """Lines as they are shown; one without a time has that of the last one before it."""
        lines = (self._line(at, text) for at, text in raw)
        if not whole:
            yield from (
                self._at(line, self._before(line.seq - 1)) if line.unsure else line
                for line in lines
            )
        elif forward:
            moment = self._file.written
            for line in lines:
                moment = moment if line.unsure else line.at
                yield self._at(line, moment) if line.unsure else line
        else:
            waiting: list[LogLine] = []
            for line in lines:
                waiting.append(line)
                if not line.unsure or len(waiting) >= _NEAR:
                    yield from (self._at(one, line.at) for one in waiting)
                    waiting.clear()
            yield from waiting

    def _before(self, offset: int) -> float:
        """The time of the last line before a place that tells one."""
        low = self._file.line_start(offset - _LOOKED_AT)
        for _, text in islice(self._file.back(low, offset), _NEAR):
            if (found := self._parsed(text)).dated:
                return found.at
        return self._file.written

    def _at(self, line: LogLine, moment: float) -> LogLine:
        return replace(line, at=moment) if line.unsure else line

    def _line(self, offset: int, text: bytes) -> LogLine:
        """A line as shown; ``unsure`` when it told no time."""
        words = _text(text)
        raw = RawLine(self._file.written, words, severity(words))
        line, _ = refine(raw, offset + 1, self._source, self._redact, now=raw.at)
        return replace(line, unsure=True) if line.at == raw.at else line

    def _parsed(self, text: bytes) -> Parsed:
        return parse(_text(text), self._file.written)


def _page(lines: Iterator[LogLine], limit: int, *, forward: bool) -> LogPage:
    found = list(islice(lines, limit + 1))
    more = len(found) > limit
    del found[limit:]
    return LogPage(lines=found if forward else found[::-1], matched_all=not more)


def _text(line: bytes) -> str:
    return line[:_LOOKED_AT].decode("utf-8", "replace").lstrip("\0")
