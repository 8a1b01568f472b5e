"""Log lines in memory, bounded, and the search in them."""

from __future__ import annotations

import heapq
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

import re2

from ainur_tui.model.failure import Refused
from ainur_tui.model.log import LEVELS, LogGap, LogLine
from ainur_tui.model.text import clean
from ainur_tui.model.wire import LogPage, LogQuery

LINES_PER_SOURCE = 100_000
BYTES = 64 << 20
"""Bytes of all lines together, estimated; beyond it the longest source gives its oldest."""
GAPS = 2_000
MOST = 5_000
"""Lines of one page at most."""
_CHUNK = 512
"""Lines searched with one call; their text is joined, so that a rare word costs few calls."""


class LogStore:
    """A ring of lines a source, under one running sequence number."""

    def __init__(self, lines: int = LINES_PER_SOURCE, octets: int = BYTES) -> None:
        self._most_lines = lines
        self._most_bytes = octets
        self._lines: dict[str, deque[LogLine]] = {}
        self._gaps: deque[LogGap] = deque(maxlen=GAPS)
        self._bytes = 0
        self._seq = 0

    @property
    def newest(self) -> int:
        """The last sequence number given out; 0 before the first."""
        return self._seq

    @property
    def octets(self) -> int:
        """What all lines take in memory, estimated (bytes)."""
        return self._bytes

    def next_seq(self) -> int:
        """A new sequence number."""
        self._seq += 1
        return self._seq

    def add(self, line: LogLine) -> None:
        """Keep a line; the oldest go when there is no room."""
        ring = self._lines.setdefault(line.source, deque())
        ring.append(line)
        self._bytes += weight(line)
        if len(ring) > self._most_lines:
            self._bytes -= weight(ring.popleft())
        while self._bytes > self._most_bytes:
            longest = max(self._lines.values(), key=len)
            self._bytes -= weight(longest.popleft())

    def add_gap(self, source: str, since: float, until: float, dropped: int | None) -> None:
        """Keep that lines are missing here."""
        self._gaps.append(
            LogGap(
                seq=self.next_seq(),
                source=source,
                since=min(since, until),
                until=until,
                dropped=dropped,
            )
        )

    def reaches_back_to(self, source: str) -> float | None:
        """The time of the oldest line kept of a source."""
        ring = self._lines.get(source)
        return ring[0].at if ring else None

    def query(self, query: LogQuery) -> LogPage:
        """The newest lines that match, in the order of arrival; see :class:`LogQuery`.

        With ``after``, what does not fit into ``limit`` is skipped and counted: a slow reader
        gets the newest. Raises :class:`Refused` (code 64) for a pattern or level that makes no
        sense.
        """
        limit = max(1, min(query.limit, MOST))
        low = query.after or 0
        high = self._seq + 1 if query.before is None else query.before
        found: list[LogLine] = []
        more = 0
        for line in self._matching(query, low, high):
            if len(found) < limit:
                found.append(line)
            else:
                more += 1
                if query.after is None:
                    break
        found.reverse()
        first = found[0].seq if more and found else low
        sources = set(query.sources)
        gaps = [
            gap
            for gap in self._gaps
            if first < gap.seq < high
            and (not sources or gap.source in sources)
            and (query.since is None or gap.until >= query.since)
        ]
        skipped = more if query.after is not None else 0
        return LogPage(lines=found, gaps=gaps, skipped=skipped, matched_all=not more)

    def _matching(self, query: LogQuery, low: int, high: int) -> Iterable[LogLine]:
        """Newest first."""
        wanted = _cheap(query)
        search = _pattern(query.pattern) if query.pattern else iter
        found = [
            search(filter(wanted, _between(ring, low, high)))
            for name, ring in self._lines.items()
            if not query.sources or name in query.sources
        ]
        return heapq.merge(*found, key=lambda line: -line.seq) if len(found) != 1 else found[0]


def weight(line: LogLine) -> int:
    """Bytes a line takes, by estimate: objects have heads, text beyond ASCII is wider."""
    width = 1 if line.message.isascii() else 2
    size = 240 + len(line.message) * width
    for key, value in line.fields.items():
        size += 140 + len(key) + len(value)
    return size + (200 if line.fields else 0)


def _between(ring: deque[LogLine], low: int, high: int) -> Iterator[LogLine]:
    for line in reversed(ring):
        if line.seq <= low:
            return
        if line.seq < high:
            yield line


def _cheap(query: LogQuery) -> Callable[[LogLine], bool]:
    """All filters but the pattern. A line that tells no level counts as ``info``."""
    if query.min_level is not None and query.min_level not in LEVELS:
        known = ", ".join(LEVELS)
        raise Refused(f"no such level: {clean(query.min_level, 40)}; one of {known}", 64)
    levels = set(LEVELS[LEVELS.index(query.min_level) :]) if query.min_level else None
    machine, log_class, since = query.machine, query.log_class, query.since

    def wanted(line: LogLine) -> bool:
        return (
            (levels is None or (line.level or "info") in levels)
            and (machine is None or line.machine == machine)
            and (log_class is None or line.log_class == log_class)
            and (since is None or line.at >= since)
        )

    return wanted


def _pattern(pattern: str) -> Callable[[Iterator[LogLine]], Iterator[LogLine]]:
    """A search by a linear-time expression in messages and fields.

    Small letters only match capitals too, as people type. Whole chunks of lines are tried first;
    only in those with a match each line is looked at.
    """
    options = re2.Options()
    options.log_errors = False
    options.case_sensitive = pattern != pattern.lower()
    try:
        one: Any = re2.compile(pattern, options)
        many: Any = re2.compile(f"(?m:{pattern})", options)
    except re2.error as error:
        said = error.args[0] if error.args else error
        reason = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        raise Refused(f"not a usable pattern: {clean(reason, 200)}", 64) from None
    whole = re.search(r"\\[AzQ]|\(\?[a-z]*s", pattern) is None

    def search(lines: Iterator[LogLine]) -> Iterator[LogLine]:
        while chunk := list(islice(lines, _CHUNK)):
            if whole and many.search("\n".join(map(_text, chunk))) is None:
                continue
            for line in chunk:
                if one.search(line.message) or any(map(one.search, line.fields.values())):
                    yield line

    return search


def _text(line: LogLine) -> str:
    return "\n".join((line.message, *line.fields.values())) if line.fields else line.message
