"""One file of the past: opened for a question, and read in parts that can be broken off."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ainur_tui.engine.logfile import InPlace, LogFile
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.log import LogLine
from ainur_tui.model.logquery import LogQuery
from ainur_tui.rules.logneedle import needle
from ainur_tui.systems.base import Earlier
from ainur_tui.systems.bigfile import BigFile
from ainur_tui.systems.filekinds import in_place

PART, SEARCHED = 1024 * 1024, 32 * 1024 * 1024
"""Bytes read, and bytes searched, before it is asked whether there is time for more."""


class Late(Exception):
    """The time of a question is over."""


@dataclass(frozen=True)
class Opened:
    """A file of the past: its bytes, its records, and how its lines are called."""

    file: BigFile
    records: InPlace
    log: LogFile


def open_earlier(source: str, earlier: Earlier, redact: Callable[[str], str]) -> Opened | None:
    """The file, also when it was renamed by a rotation since; ``None`` when it is gone."""
    rotated = earlier.path.with_name(f"{earlier.path.name}.1")
    for path in (earlier.path, rotated):
        if (file := _same(path, earlier)) is not None:
            records = in_place(file)
            return Opened(file, records, LogFile(records, redact, source))
    return None


def _same(path: Path, earlier: Earlier) -> BigFile | None:
    try:
        file = BigFile(path, earlier.end)
    except ProbeFailure:
        return None
    if file.identity == earlier.identity and file.size == earlier.end:
        return file
    file.close()
    return None


class Reader:
    """The lines of one file that match, from a place on, in the query's direction. ``head`` is the
    next one; ``place`` is how far it was read: nothing that matches lies between."""

    def __init__(
        self, opened: Opened, query: LogQuery, place: int, late: Callable[[], bool]
    ) -> None:
        low, high = (place, opened.file.size) if query.forward else (0, place)
        self._low, self._high = opened.log.within(query, low, high)
        self._opened = opened
        self._query = query
        self._late = late
        self._lines = self._parts()
        self.place = place
        self.head: LogLine | None = None

    def advance(self) -> None:
        """To the next line; raises :class:`Late`."""
        self.head = None
        self.head = next(self._lines, None)

    @property
    def rest(self) -> int:
        """The place to go on from, the head included."""
        if self.head is None:
            return self.place
        offset = self.head.seq - 1
        return offset if self._query.forward else self._opened.records.past(offset)

    def _parts(self) -> Iterator[LogLine]:
        size = PART if needle(self._query) is None else SEARCHED
        low, high, log = self._low, self._high, self._opened.log
        start = self._opened.records.line_start
        while low < high:
            if self._query.forward:
                middle = min(high, start(low + size))
                yield from log.between(self._query, low, middle)
                self.place = low = middle
            else:
                middle = max(low, start(high - size))
                middle = low if middle >= high else middle
                yield from log.between(self._query, middle, high)
                self.place = high = middle
            if low < high and self._late():
                raise Late
        self.place = self._opened.file.size if self._query.forward else 0
