"""Log lines beyond memory: a bounded ring on disk, without a name, gone with the process."""

from __future__ import annotations

import heapq
import logging
import os
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import reduce
from operator import or_
from pathlib import Path
from typing import IO

import msgspec

from ainur_tui.engine.logblocks import Block
from ainur_tui.engine.lograw import Row, packed, unpacked
from ainur_tui.engine.logrefine import refine
from ainur_tui.model.log import LogLine
from ainur_tui.model.logquery import LogQuery
from ainur_tui.rules.loglines import parse
from ainur_tui.rules.logmarks import LOOSE, Wanted, machine_mark, marks_in
from ainur_tui.rules.logneedle import needle
from ainur_tui.rules.logsieve import Sieve
from ainur_tui.systems.logsource import RawLine

SIZE = 512 << 20
"""Bytes on disk at most."""
PARTS = 16
"""Files that make the ring; the oldest goes as a whole."""
_SEARCHED = 20_000
"""Bytes that are read and searched in the time it takes to take one line apart."""
_UNPACKED = 16
"""Lines that are unpacked in that time."""

_log = logging.getLogger(__name__)
_pack = msgspec.msgpack.Encoder().encode
_lines = msgspec.msgpack.Decoder(list[LogLine]).decode


@dataclass(frozen=True, slots=True)
class Lost:
    """Lines that no longer fit: what a gap tells."""

    seq: int
    source: str
    since: float
    until: float
    count: int


@dataclass(frozen=True, slots=True)
class _Record:
    """Lines of one source written together. ``marks`` are what they hold. Where they are not taken
    apart yet, what they may hold: then their words stand from ``raw`` on (bytes), and their times
    are those of the first and last."""

    low: int
    high: int
    source: str
    since: float
    until: float
    count: int
    marks: int
    raw: int | None
    part: IO[bytes]
    offset: int
    length: int

    def may(self, wanted: Wanted) -> bool:
        """Whether it may have a line of those wanted."""
        loose = LOOSE if self.raw is not None else 0.0
        return wanted.may(self.marks, self.since - loose, self.until + loose)


class LogSpool:
    """Two kinds of lines: those memory gave away, and those there was no time to take apart, which
    is done when they are asked for. Its files have no name, so that nobody reads what is not yet
    redacted, and a crash leaves nothing. ``lost`` is told of what the ring overwrites. When the
    disk does not take it, it is off (``off`` says why) and what it held is gone.
    """

    def __init__(
        self,
        folder: Path,
        redact: Callable[[str], str],
        lost: Callable[[Lost], None],
        size: int = SIZE,
    ) -> None:
        self.off: str | None = None
        self._folder = folder
        self._redact = redact
        self._lost = lost
        self._part_size = size // PARTS
        self._parts: deque[IO[bytes]] = deque()
        self._records: deque[_Record] = deque()
        self._written = 0

    def close(self) -> None:
        """Give the disk back."""
        self._records.clear()
        while self._parts:
            self._parts.popleft().close()

    def keep(self, block: Block) -> bool:
        """Keep lines of one source, in order; whether that was done."""
        lines = block.lines
        span = (block.since, block.until)
        return self._write(
            _pack(lines), lines[0].source, (block.low, block.high), span, count=len(lines),
            marks=block.marks,
        )  # fmt: skip

    def keep_raw(self, source: str, rows: Sequence[Row]) -> bool:
        """The same for lines that were not taken apart."""
        data, text_at = packed(rows)
        marks = reduce(or_, {machine_mark(line.machine) for _, line in rows}, marks_in(data))
        times = [parse(raw.text, raw.at).at for _, raw in (rows[0], rows[-1])]
        return self._write(
            data, source, (rows[0][0], rows[-1][0]), (min(times), max(times)), count=len(rows),
            marks=marks, raw=text_at,
        )  # fmt: skip

    def count(self, low: int, high: int) -> int:
        """About how many lines it has with numbers between, both excluded."""
        return sum(one.count for one in self._records if low < one.high and one.low < high)

    def reaches_back_to(self, source: str) -> float | None:
        """The time of the oldest line of a source."""
        return next((one.since for one in self._records if one.source == source), None)

    def look(
        self, low: int, high: int, query: LogQuery, passing: Sieve, wanted: Wanted, *, work: int
    ) -> Look:
        """A pass over the lines with numbers between, both excluded, newest first or as the query
        says; of what was taken apart already, those that pass."""
        names = frozenset(query.sources)
        chosen = [
            one
            for one in self._records
            if low < one.high and one.low < high and (not names or one.source in names)
        ]
        chosen.sort(key=(lambda one: one.low) if query.forward else (lambda one: -one.high))
        return Look(
            chosen, low, high, self._redact, query=query, passing=passing,
            wanted=wanted, work=work,
        )  # fmt: skip

    def _write(
        self, data: bytes, source: str, ends: tuple[int, int], span: tuple[float, float], *,
        count: int, marks: int, raw: int | None = None,
    ) -> bool:  # fmt: skip
        if self.off is not None:
            return False
        try:
            if not self._parts or self._written + len(data) > self._part_size:
                self._turn()
            part = self._parts[-1]
            part.write(data)
        except OSError as error:
            _log.warning("log lines are no longer kept on disk: %s", error.strerror)
            self.off = error.strerror or "the disk does not take it"
            with suppress(OSError):
                self.close()
            return False
        record = _Record(*ends, source, *span, count, marks, raw, part, self._written, len(data))
        self._records.append(record)
        self._written += len(data)
        return True

    def _turn(self) -> None:
        """Begin a new file; the oldest goes, and of each source it is told what went."""
        if len(self._parts) >= PARTS:
            gone = self._parts.popleft()
            lost: dict[str, Lost] = {}
            while self._records and self._records[0].part is gone:
                one = self._records.popleft()
                before = lost.get(one.source) or Lost(one.high, one.source, one.since, one.until, 0)
                lost[one.source] = Lost(
                    max(before.seq, one.high), one.source, min(before.since, one.since),
                    max(before.until, one.until), before.count + one.count,
                )  # fmt: skip
            gone.close()
            for one_lost in lost.values():
                self._lost(one_lost)
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._parts.append(tempfile.TemporaryFile(dir=self._folder, buffering=0))  # noqa: SIM115
        self._written = 0


class Look:
    """Iterate over it for lines in order, of which some may not pass. It does ``work`` of so much:
    to take a line apart costs one, to read a block as much as some lines. Then it ends, and
    ``ended`` is the number to go on from: no line beyond it was looked at."""

    def __init__(
        self, records: list[_Record], low: int, high: int, redact: Callable[[str], str], *,
        query: LogQuery, passing: Sieve, wanted: Wanted, work: int,
    ) -> None:  # fmt: skip
        self.ended: int | None = None
        self._records = records
        self._low, self._high = low, high
        self._redact = redact
        self._needle = needle(query)
        self._word = needle(query, wary=False)
        self._passing = passing
        self._wanted = wanted
        self._sign = 1 if query.forward else -1
        self._left = work

    def __iter__(self) -> Iterator[LogLine]:
        waiting: list[tuple[int, int, LogLine | RawLine, str]] = []
        sign = self._sign
        for number, record in enumerate(self._records):
            if not record.may(self._wanted):
                continue
            first = record.low if sign > 0 else -record.high
            while waiting and waiting[0][0] < first:
                yield from self._taken(heapq.heappop(waiting))
                if self.ended is not None:
                    return
            if self._left <= 0:
                self.ended = abs(min([first, *(one[0] for one in waiting[:1])]) - 1)
                return
            for seq, line in self._held(record):
                if self._low < seq < self._high:
                    heapq.heappush(waiting, (sign * seq, number, line, record.source))
        while waiting and self.ended is None:
            yield from self._taken(heapq.heappop(waiting))

    def _held(self, record: _Record) -> Iterable[tuple[int, LogLine | RawLine]]:
        self._left -= 1 + record.length // _SEARCHED
        try:
            data = os.pread(record.part.fileno(), record.length, record.offset)
        except (OSError, ValueError):  # overwritten or closed meanwhile
            return ()
        if not self._may(data, record.raw):
            return ()
        self._left -= record.count // _UNPACKED
        if record.raw is not None:
            rows = unpacked(data, self._needle)
            machines = self._wanted.machines
            return (
                row for row in rows if all(machine_mark(row[1].machine) & one for one in machines)
            )
        return ((line.seq, line) for line in self._passing(_lines(data)))

    def _may(self, data: bytes, raw: int | None) -> bool:
        """Whether a line in it may pass, by its words."""
        if self._needle is None or self._word is None:
            return True
        known = self._word.search(data, 0, raw) is not None
        return known or (raw is not None and self._needle.search(data[raw:]) is not None)

    def _taken(self, entry: tuple[int, int, LogLine | RawLine, str]) -> Iterator[LogLine]:
        seq, _, line, source = entry
        if isinstance(line, LogLine):
            yield line
            return
        if self._left <= 0:
            self.ended = abs(seq - 1)  # the line before this one on the way
            return
        self._left -= 1
        yield refine(line, abs(seq), source, self._redact, now=line.at)[0]
