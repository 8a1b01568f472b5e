"""Log lines in memory, bounded, and the search in them."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from itertools import islice, takewhile
from operator import attrgetter

from msgspec.structs import replace

from ainur_tui.engine.logs.blocks import MOST as BLOCK
from ainur_tui.engine.logs.blocks import Ring
from ainur_tui.engine.logs.look import Look
from ainur_tui.engine.logs.raw import Row
from ainur_tui.engine.logs.spool import LogSpool, Lost
from ainur_tui.engine.logs.tally import LogTally
from ainur_tui.model.log import LogGap, LogLine
from ainur_tui.model.logquery import LogPage, LogQuery
from ainur_tui.rules.logs.marks import Wanted, wanted
from ainur_tui.rules.logs.needle import word
from ainur_tui.rules.logs.sieve import Sieve, sieve

SpoolMaker = Callable[[Callable[[Lost], None]], LogSpool]

LINES_PER_SOURCE = 100_000
BYTES = 64 << 20
"""Bytes of all lines together, estimated; beyond it the longest source gives its oldest."""
_SHARE = 4096
"""Bytes of memory there are for one line of a block, at least: what leaves at once is a part."""
GAPS = 2_000
WORK = 800
"""What one query may cost on the disk, a line taken apart costing one; then it ends for now, for
others wait."""
_LIVE = 150
"""The same for what is told ten times a second."""
MOST = 5_000
"""Lines of one page at most."""


class LogStore:
    """A ring of lines a source, under one running sequence number; ``tally`` counts all of them,
    ``newest_at`` is the newest of their times."""

    def __init__(
        self, lines: int = LINES_PER_SOURCE, octets: int = BYTES, spool: SpoolMaker | None = None
    ) -> None:
        self._most_lines = lines
        self._most_bytes = octets
        self._rings: dict[str, Ring] = {}
        self._gaps: deque[LogGap] = deque(maxlen=GAPS)
        self._bytes = 0
        self._seq = 0
        self._forgotten: dict[str, LogGap] = {}
        self.newest_at = 0.0
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
        ring = self._rings.get(line.source)
        if ring is None:
            most = min(BLOCK, self._most_lines // 8, self._most_bytes // _SHARE)
            ring = self._rings[line.source] = Ring(max(1, most))
        ring.add(line)
        self.newest_at = max(self.newest_at, line.at)
        self.tally.add(line)
        self._bytes += weight(line)
        if len(ring) > self._most_lines:
            self._give(ring)
        while self._bytes > self._most_bytes:
            self._give(max(self._rings.values(), key=len))

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
        ring = self._rings.get(source)
        oldest = ring.oldest() if ring else None
        times = [oldest.lines[0].at] if oldest else []
        if self.spool is not None and (spooled := self.spool.reaches_back_to(source)) is not None:
            times.append(spooled)
        return min(times, default=None)

    def forgotten(self, sources: Sequence[str]) -> list[LogGap]:
        """What was there before the oldest line kept of these, where anything was."""
        return [gap for name, gap in self._forgotten.items() if name in sources]

    def _give(self, ring: Ring) -> None:
        """The oldest lines leave memory, for the disk where there is one."""
        gone = ring.take()
        self._bytes -= sum(map(weight, gone.lines))
        source, count = gone.lines[0].source, len(gone.lines)
        if self.spool is None or not self.spool.keep(gone):
            self._forget(Lost(gone.high, source, gone.since, gone.until, count))

    def _lost(self, lost: Lost) -> None:
        """The disk had no room for the oldest lines: a gap, unless all before are gone too."""
        ring = self._rings.get(lost.source)
        oldest = ring.oldest() if ring else None
        if oldest is not None and oldest.low < lost.seq:
            self._gaps.append(_gap(lost))
        else:
            self._forget(lost)

    def _forget(self, lost: Lost) -> None:
        before = self._forgotten.get(lost.source)
        gap = _gap(lost)
        if before is not None:
            gap = replace(gap, since=min(before.since, gap.since),
                          dropped=(before.dropped or 0) + lost.count)  # fmt: skip
        self._forgotten[lost.source] = replace(gap, seq=0)

    def query(self, query: LogQuery) -> LogPage:
        """The newest lines that match, in the order of arrival; see :class:`LogQuery` (``around``
        is for who asks several of these).

        With ``after`` and not ``forward``, what does not fit into ``limit`` is skipped and counted:
        a slow reader gets the newest. Raises :class:`Refused` (code 64) for a pattern or level that
        makes no sense.
        """
        limit = max(1, min(query.limit, MOST))
        low = query.after or 0
        high = self._seq + 1 if query.before is None else query.before
        counting = query.after is not None and not query.forward
        passing, needed = sieve(query), wanted(query)
        look = None
        if self.spool is not None:
            work = _LIVE if counting else WORK
            look = self.spool.look(low, high, query, passing, needed, work=work)
        matching = iter(self._matching(query, low, high, passing, needed=needed, look=look))
        found = list(islice(matching, limit))
        more = sum(1 for _ in (matching if counting else islice(matching, 1)))
        ended = look.ended if look is not None else None
        if ended is not None and counting:
            more += self.spool.count(low, ended) if self.spool is not None else 0
            ended = None
        if not query.forward:
            found.reverse()
        if len(found) == limit and ended is not None:
            more, ended = 1, None
        if more or ended is not None:
            if query.forward:
                high = ended + 1 if ended is not None else found[-1].seq
            else:
                low = ended - 1 if ended is not None else found[0].seq
        return LogPage(
            lines=found,
            gaps=self._gaps_between(query, low, high),
            skipped=more if counting else 0,
            matched_all=not more and ended is None,
            ended=ended,
        )

    def _gaps_between(self, query: LogQuery, low: int, high: int) -> list[LogGap]:
        return [
            gap
            for gap in self._gaps
            if low < gap.seq < high
            and (not query.sources or gap.source in query.sources)
            and (query.since is None or gap.until >= query.since)
            and (query.until is None or gap.since <= query.until)
        ]

    def _matching(
        self, query: LogQuery, low: int, high: int, passing: Sieve, *, needed: Wanted,
        look: Look | None,
    ) -> Iterable[LogLine]:  # fmt: skip
        """Newest first, or with ``forward`` oldest first; to where ``look`` ended, at most."""
        live = query.after is not None and not query.forward
        sign = 1 if query.forward else -1
        sought = word(query)

        def ended() -> int | None:
            return None if look is None or live else look.ended

        # The disk first: where it has to end for now, memory need not be looked at further.
        found = [passing(look)] if look is not None else []
        found += [
            passing(ring.between(low, high, needed, ended, forward=query.forward, word=sought))
            for name, ring in self._rings.items()
            if not query.sources or name in query.sources
        ]
        merged = heapq.merge(*found, key=attrgetter("seq"), reverse=not query.forward)
        return takewhile(lambda line: (end := ended()) is None or sign * line.seq <= sign * end,
                         merged)  # fmt: skip


def _gap(lost: Lost) -> LogGap:
    return LogGap(
        seq=lost.seq, source=lost.source, since=lost.since, until=lost.until, dropped=lost.count
    )


def weight(line: LogLine) -> int:
    """Bytes a line takes, by estimate: objects have heads, text beyond ASCII is wider."""
    width = 1 if line.message.isascii() else 2
    size = 240 + len(line.message) * width
    for key, value in line.fields.items():
        size += 140 + len(key) + len(value)
    return size + (200 if line.fields else 0)
