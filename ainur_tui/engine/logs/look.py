"""A pass over the log lines on disk, newest or oldest first, of so much work and no more."""

from __future__ import annotations

import heapq
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import IO

import msgspec

from ainur_tui.engine.logs.raw import unpacked
from ainur_tui.engine.logs.refine import refine
from ainur_tui.model.log import LogLine
from ainur_tui.model.logquery import LogQuery
from ainur_tui.rules.logs.marks import LOOSE, Wanted, machine_mark
from ainur_tui.rules.logs.needle import needle
from ainur_tui.rules.logs.sieve import Sieve
from ainur_tui.systems.logsource import RawLine

_SEARCHED = 20_000
"""Bytes that are read and searched in the time it takes to take one line apart."""
_UNPACKED = 16
"""Lines that are unpacked in that time."""

_lines = msgspec.msgpack.Decoder(list[LogLine]).decode


@dataclass(frozen=True, slots=True)
class Record:
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


class Look:
    """Iterate over it for lines in order, of which some may not pass. It does ``work`` of so much:
    to take a line apart costs one, to read a block as much as some lines. Then it ends, and
    ``ended`` is the number to go on from: no line beyond it was looked at."""

    def __init__(
        self, records: list[Record], low: int, high: int, redact: Callable[[str], str], *,
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

    def _held(self, record: Record) -> Iterable[tuple[int, LogLine | RawLine]]:
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
