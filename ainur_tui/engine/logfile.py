"""A query answered from a log file in place, however large."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, Protocol

from msgspec.structs import replace

from ainur_tui.engine.logrefine import refine
from ainur_tui.engine.logstore import MOST
from ainur_tui.model.log import LogLine
from ainur_tui.model.logquery import LogPage, LogQuery
from ainur_tui.rules.logfold import severity
from ainur_tui.rules.loglines import Parsed, parse
from ainur_tui.rules.logneedle import needle
from ainur_tui.rules.logsieve import sieve
from ainur_tui.systems.base import RawLine

SLACK = 256 * 1024
"""Bytes looked at beyond what the times tell: lines of several writers come a little mixed."""
_LOOKED_AT = 64 * 1024
"""Bytes of one line that are decoded."""
_NEAR = 64
"""Lines looked back for the time of a line that has none."""


class InPlace(Protocol):
    """A file of any size: its lines from any place, in both directions, each with where it begins;
    with a needle only those that have it."""

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
            return self._around(query, query.around, limit)
        found = list(islice(self.lines(query), limit + 1))
        more = len(found) > limit
        del found[limit:]
        if not query.forward:
            found.reverse()
        return LogPage(lines=found, matched_all=not more)

    def lines(self, query: LogQuery) -> Iterator[LogLine]:
        """The lines that match, newest first, or with ``forward`` oldest first."""
        low, high = self._range(query)
        wanted = needle(query)
        passing = sieve(query)
        step = self._file.ahead if query.forward else self._file.back
        raw = step(low, high, wanted)
        return passing(self._refined(raw, forward=query.forward, whole=wanted is None))

    def _around(self, query: LogQuery, moment: float, limit: int) -> LogPage:
        """As many lines before a moment as after it."""
        plain = replace(query, around=None, limit=max(1, limit // 2))
        place = self._offset(moment)
        past = self.query(replace(plain, before=place + 1, forward=False))
        ahead = self.query(replace(plain, after=place, forward=True))
        return LogPage(
            lines=[*past.lines, *ahead.lines],
            matched_all=past.matched_all and ahead.matched_all,
        )

    def _range(self, query: LogQuery) -> tuple[int, int]:
        """Where the lines begin that can match."""
        file = self._file
        low = file.past(query.after - 1) if query.after else 0
        high = file.size if query.before is None else file.line_start(query.before - 1)
        if query.since is not None:
            low = max(low, file.line_start(self._offset(query.since) - SLACK))
        if query.until is not None:
            high = min(high, file.line_start(self._offset(query.until, beyond=True) + SLACK))
        return low, high

    def _offset(self, moment: float, *, beyond: bool = False) -> int:
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
                self._at(line, self._before(line)) if line.unsure else line for line in lines
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

    def _before(self, line: LogLine) -> float:
        """The time of the last line before this one that tells one."""
        offset = line.seq - 1
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


def _text(line: bytes) -> str:
    return line[:_LOOKED_AT].decode("utf-8", "replace").lstrip("\0")
