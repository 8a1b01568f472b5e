"""One file of the past: opened for a question, and read in parts that can be broken off."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
from msgspec.structs import replace

from ainur_tui.engine.logs.file import InPlace, LogFile
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.log import LogLine
from ainur_tui.model.logquery import LogQuery
from ainur_tui.rules.logs.needle import needle
from ainur_tui.systems.bigfile import BigFile
from ainur_tui.systems.filekinds import in_place
from ainur_tui.systems.logsource import Earlier

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


def key_of(query: LogQuery) -> bytes:
    """What lines pass, whichever of them a page has."""
    return msgspec.json.encode(
        replace(query, before=None, after=None, around=None, forward=False, limit=0)
    )


Part = tuple[tuple[int, int], bytes, int]
"""A file's identity, a query, and the number of a part of the file."""


class Empty:
    """Parts of files in which no line passes a query: the next search for the same passes over
    them. Files of the past do not change."""

    def __init__(self, most: int = 100_000) -> None:
        self._most = most
        self._parts: dict[Part, None] = {}

    def __contains__(self, part: Part) -> bool:
        return part in self._parts

    def add(self, part: Part) -> None:
        """One more; the oldest is forgotten when there are too many."""
        self._parts[part] = None
        if len(self._parts) > self._most:
            del self._parts[next(iter(self._parts))]


class Reader:
    """The lines of one file that match, from a place on, in the query's direction. ``head`` is the
    next one; ``place`` is how far it was read: nothing that matches lies between."""

    def __init__(
        self, opened: Opened, query: LogQuery, place: int, late: Callable[[], bool], empty: Empty
    ) -> None:
        low, high = (place, opened.file.size) if query.forward else (0, place)
        self._low, self._high = opened.log.within(query, low, high)
        self._opened = opened
        self._query = query
        self._key = key_of(query)
        self._late = late
        self._empty = empty
        self._size = PART if needle(query) is None else SEARCHED
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
        low, high = self._low, self._high
        while low < high:
            number, begins, ends = self._part(low, high)
            whole = low <= begins and ends <= high
            part = (self._opened.file.identity, self._key, number)
            if not whole or part not in self._empty:
                found = False
                lines = self._opened.log.between(self._query, max(low, begins), min(high, ends))
                for line in lines:
                    found = True
                    yield line
                if whole and not found:
                    self._empty.add(part)
            if self._query.forward:
                self.place = low = ends
            else:
                self.place = high = begins
            if low < high and self._late():
                raise Late
        self.place = self._opened.file.size if self._query.forward else 0

    def _part(self, low: int, high: int) -> tuple[int, int, int]:
        """The next part: its number, and where it begins and ends. All are of one size, but for
        the rest of a record."""
        start, size = self._opened.records.line_start, self._size
        number = low // size if self._query.forward else (high - 1) // size
        begins, ends = start(number * size), start((number + 1) * size)
        while self._query.forward and ends <= low:
            number, begins, ends = number + 1, ends, start((number + 2) * size)
        while not self._query.forward and begins >= high:
            number, begins, ends = number - 1, start((number - 1) * size), begins
        return number, begins, ends
