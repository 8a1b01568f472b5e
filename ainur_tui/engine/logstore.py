"""Log lines in memory, bounded, and the search in them."""

from __future__ import annotations

import heapq
import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import dropwhile, islice, takewhile
from operator import attrgetter

import msgspec

from ainur_tui.engine.logspool import LogSpool, Look, Lost, Row
from ainur_tui.engine.logtally import LogTally
from ainur_tui.model.log import LogGap, LogLine
from ainur_tui.model.logquery import LogPage, LogQuery
from ainur_tui.rules.logneedle import needle
from ainur_tui.rules.logsieve import sieve

SpoolMaker = Callable[[Callable[[Lost], None]], LogSpool]

LINES_PER_SOURCE = 100_000
BYTES = 64 << 20
"""Bytes of all lines together, estimated; beyond it the longest source gives its oldest."""
GAPS = 2_000
_TOGETHER = 256
"""Lines that leave memory together at most."""
_TAKEN_APART = 20_000
"""Lines of the disk that one query takes apart; then it ends for now, for others wait."""
_LIVE = 600
"""The same for what is told ten times a second."""
MOST = 5_000
"""Lines of one page at most."""


class LogStore:
    """A ring of lines a source, under one running sequence number; ``tally`` counts all of them."""

    def __init__(
        self, lines: int = LINES_PER_SOURCE, octets: int = BYTES, spool: SpoolMaker | None = None
    ) -> None:
        self._most_lines = lines
        self._most_bytes = octets
        self._lines: dict[str, deque[LogLine]] = {}
        self._gaps: deque[LogGap] = deque(maxlen=GAPS)
        self._bytes = 0
        self._seq = 0
        self.tally = LogTally()
        self.spool = spool(self._lost) if spool is not None else None

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

    def take_seqs(self, count: int) -> int:
        """So many sequence numbers in a row; returns the first."""
        first = self._seq + 1
        self._seq += count
        return first

    def add(self, line: LogLine) -> None:
        """Keep a line; the oldest go when there is no room."""
        ring = self._lines.setdefault(line.source, deque())
        ring.append(line)
        self.tally.add(line)
        self._bytes += weight(line)
        if len(ring) > self._most_lines:
            self._give(ring)
        while self._bytes > self._most_bytes:
            self._give(max(self._lines.values(), key=len))

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

    def add_raw(self, source: str, rows: Sequence[Row]) -> bool:
        """Keep lines that there is no time to take apart; whether there is a place for them."""
        return self.spool is not None and self.spool.keep_raw(source, rows)

    def reaches_back_to(self, source: str) -> float | None:
        """The time of the oldest line kept of a source."""
        ring = self._lines.get(source)
        times = [ring[0].at] if ring else []
        if self.spool is not None and (spooled := self.spool.reaches_back_to(source)) is not None:
            times.append(spooled)
        return min(times, default=None)

    def _give(self, ring: deque[LogLine]) -> None:
        """The oldest lines leave memory, for the disk where there is one."""
        gone = [ring.popleft() for _ in range(max(1, min(_TOGETHER, len(ring) // 8)))]
        self._bytes -= sum(map(weight, gone))
        if self.spool is not None:
            self.spool.keep(gone)

    def _lost(self, lost: Lost) -> None:
        """The disk had no room for the oldest lines: a gap, unless all before are gone too."""
        ring = self._lines.get(lost.source)
        if ring and ring[0].seq < lost.seq:
            self._gaps.append(
                LogGap(
                    seq=lost.seq, source=lost.source, since=lost.since, until=lost.until,
                    dropped=lost.count,
                )
            )  # fmt: skip

    def query(self, query: LogQuery) -> LogPage:
        """The newest lines that match, in the order of arrival; see :class:`LogQuery`.

        With ``after`` and not ``forward``, what does not fit into ``limit`` is skipped and counted:
        a slow reader gets the newest. Raises :class:`Refused` (code 64) for a pattern or level that
        makes no sense.
        """
        if query.around is not None:
            return self._around(query, query.around)
        limit = max(1, min(query.limit, MOST))
        low = query.after or 0
        high = self._seq + 1 if query.before is None else query.before
        counting = query.after is not None and not query.forward
        look = None
        if self.spool is not None:
            look = self.spool.look(
                low, high, query.sources, needle(query), forward=query.forward,
                most=_LIVE if counting else _TAKEN_APART,
            )  # fmt: skip
        matching = iter(self._matching(query, low, high, look))
        found = list(islice(matching, limit))
        more = sum(1 for _ in (matching if counting else islice(matching, 1)))
        ended = look.ended if look is not None else None
        if ended is not None and counting:
            more += self.spool.count(low, ended) if self.spool is not None else 0
            ended = None
        if not query.forward:
            found.reverse()
        if more and query.forward:
            high = found[-1].seq
        elif more:
            low = found[0].seq
        sources = set(query.sources)
        gaps = [
            gap
            for gap in self._gaps
            if low < gap.seq < high
            and (not sources or gap.source in sources)
            and (query.since is None or gap.until >= query.since)
            and (query.until is None or gap.since <= query.until)
        ]
        if len(found) == limit:
            ended = None
        return LogPage(
            lines=found,
            gaps=gaps,
            skipped=more if counting else 0,
            matched_all=not more and ended is None,
            ended=ended,
        )

    def _around(self, query: LogQuery, moment: float) -> LogPage:
        """As many lines before a moment as after it."""
        plain = msgspec.structs.replace(query, around=None, before=None, after=None)
        half = max(1, query.limit // 2)
        until = moment if query.until is None else min(moment, query.until)
        past = self.query(msgspec.structs.replace(plain, until=until, forward=False, limit=half))
        later = math.nextafter(moment, math.inf)
        since = later if query.since is None else max(later, query.since)
        ahead = self.query(msgspec.structs.replace(plain, since=since, forward=True, limit=half))
        gaps = {gap.seq: gap for gap in (*past.gaps, *ahead.gaps)}
        return LogPage(
            lines=sorted([*past.lines, *ahead.lines], key=attrgetter("seq")),
            gaps=[gaps[seq] for seq in sorted(gaps)],
            matched_all=past.matched_all and ahead.matched_all,
        )

    def _matching(
        self, query: LogQuery, low: int, high: int, look: Look | None
    ) -> Iterable[LogLine]:
        """Newest first, or with ``forward`` oldest first; to where ``look`` ended, at most."""
        passing = sieve(query)
        found = [
            passing(_between(ring, low, high, forward=query.forward))
            for name, ring in self._lines.items()
            if not query.sources or name in query.sources
        ]
        if look is None:
            return heapq.merge(*found, key=attrgetter("seq"), reverse=not query.forward)
        found.append(passing(look))
        merged = heapq.merge(*found, key=attrgetter("seq"), reverse=not query.forward)
        if query.after is not None and not query.forward:
            return merged
        sign = 1 if query.forward else -1
        return takewhile(
            lambda line: look.ended is None or sign * line.seq <= sign * look.ended, merged
        )


def weight(line: LogLine) -> int:
    """Bytes a line takes, by estimate: objects have heads, text beyond ASCII is wider."""
    width = 1 if line.message.isascii() else 2
    size = 240 + len(line.message) * width
    for key, value in line.fields.items():
        size += 140 + len(key) + len(value)
    return size + (200 if line.fields else 0)


def _between(ring: deque[LogLine], low: int, high: int, *, forward: bool) -> Iterator[LogLine]:
    if forward:
        ahead = dropwhile(lambda line: line.seq <= low, ring)
        return takewhile(lambda line: line.seq < high, ahead)
    back = dropwhile(lambda line: line.seq >= high, reversed(ring))
    return takewhile(lambda line: line.seq > low, back)
