"""A file whose records of many lines are read as one each, in either direction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from ainur_tui.rules.logs.fold import MOST, Fold, begins, is_message, is_row, joins
from ainur_tui.systems.bigfile import BigFile, Line

_LOOKED_AT = 64 * 1024
"""Bytes of a line that are looked at."""
_NEAR = 1024
"""Bytes in which most records end."""


class FoldedFile:
    """A :class:`BigFile` of lines, with the same ways to read it. A record's place is where its
    first line begins; one of more lines than a live source would fold is cut too."""

    def __init__(self, file: BigFile) -> None:
        self._file = file
        self._rows = is_row(_text(next(iter(file.ahead(0, file.size)), (0, b""))[1]))
        self.size, self.written = file.size, file.written

    def line_start(self, offset: int) -> int:
        """Where the first record begins that does not begin before ``offset``."""
        start = self._file.line_start(offset)
        for at, line in islice(self._file.ahead(start, self.size), MOST if offset > 0 else 0):
            if self._apart(self._file.before(at), line):
                return at
        return start

    def past(self, offset: int) -> int:
        """Where the record begins that follows the one at ``offset``."""
        return next((at for at, _ in self.ahead(offset, self.size) if at > offset), self.size)

    def back(self, low: int, high: int, needle: Any | None = None) -> Iterator[Line]:
        if needle is None:
            yield from self._back(low, high)
            return
        shown = high
        for hit in self._file.back(low, high, needle):
            if hit[0] < shown and (record := self._whole(hit)):
                shown = record[0]
                yield record

    def ahead(self, low: int, high: int, needle: Any | None = None) -> Iterator[Line]:
        if needle is None:
            yield from _folded(self._file.ahead(low, high))
            return
        shown = -1
        for hit in self._file.ahead(low, high, needle):
            if (record := self._whole(hit)) and record[0] > shown:
                shown = record[0]
                yield record

    def _back(self, low: int, high: int) -> Iterator[Line]:
        """Lines are held until one comes before which a record can only begin."""
        held: list[Line] = []
        for line in self._file.back(low, high):
            if held and (self._apart(line[1], held[-1][1]) or len(held) >= 2 * MOST):
                yield from reversed(list(_folded(reversed(held))))
                held.clear()
            held.append(line)
        yield from reversed(list(_folded(reversed(held))))

    def _whole(self, hit: Line) -> Line | None:
        """The record that a line is part of."""
        offset, text = hit
        if self._apart(self._file.before(offset), text) and not self._goes_on(offset, text):
            return hit if text else None
        start = offset
        later = text
        for at, line in islice(self._file.back(0, offset, size=_NEAR), MOST):
            if self._apart(line, later):
                break
            start, later = at, line
        found = hit
        for record in _folded(self._file.ahead(start, self.size, size=_NEAR)):
            if record[0] > offset:
                break
            found = record
        return found

    def _goes_on(self, offset: int, text: bytes) -> bool:
        """Whether the record that a line begins may have more lines."""
        words = _text(text)
        if not is_message(words):
            return begins(words)
        return self._file.starts(self._file.past(offset), b"\t")

    def _apart(self, earlier: bytes, later: bytes) -> bool:
        """Whether two lines that follow one another are surely of two records."""
        if self._rows:
            return is_row(_text(later))
        if is_message(_text(later)):
            return True
        return not joins(_text(later)) and not joins(_text(earlier))


def _folded(lines: Iterable[Line]) -> Iterator[Line]:
    """Records of lines that come in order; blank lines are none."""
    fold = Fold()
    began = 0
    for offset, line in lines:
        text = _text(line)
        if not fold.open and not begins(text):
            if line:
                yield offset, line
            continue
        was_open = fold.open
        for record in fold.feed(text) or ():
            yield (offset, line) if record is text else (began, record.encode())
            was_open = False
        if fold.open and not was_open:
            began = offset
    for record in fold.end():
        yield began, record.encode()


def _text(line: bytes) -> str:
    return line[:_LOOKED_AT].decode("utf-8", "replace")
