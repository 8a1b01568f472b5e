"""A file of any size read in place: the last lines first, memory for one block."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

from ainur_tui.systems.tail import open_log

FIRST = 64 * 1024
BLOCK = 1024 * 1024
LONGEST = 32 * 1024 * 1024
"""Bytes of one line; a longer one is read as several."""
HEAD = 4096
"""Bytes of a line in which it can be told what it is."""

Line = tuple[int, bytes]
"""A line and where it begins (bytes)."""


class BigFile:
    """``size`` is as it was when opened: what is written later belongs to whoever follows it. With
    ``end`` it is less: what is beyond that is somebody else's too.

    It is read and not mapped, for a mapped file that is cut short kills the process. Raises
    :class:`~ainur_tui.model.failure.ProbeFailure` when there is no such file, it is a link or no
    regular file, or it may not be read.
    """

    def __init__(self, path: Path, end: int | None = None) -> None:
        self.path = path
        self._fd = open_log(path)
        self._buffer = bytearray()
        found = os.fstat(self._fd)
        self.identity = (found.st_dev, found.st_ino)
        self.size = found.st_size if end is None else min(end, found.st_size)
        self.written = found.st_mtime

    def __enter__(self) -> BigFile:
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the descriptor back."""
        os.close(self._fd)

    def read(self, start: int, end: int) -> tuple[bytearray, int]:
        """The bytes from ``start`` to before ``end``, and how many there are (fewer where the file
        was cut short). The buffer may be longer, and is the same the next time."""
        size = end - start
        if len(self._buffer) < size:
            self._buffer = bytearray(max(size, BLOCK))
        if size <= 0:
            return self._buffer, 0
        return self._buffer, os.preadv(self._fd, [memoryview(self._buffer)[:size]], start)

    def back(
        self, low: int, high: int, needle: Any | None = None, *, size: int = FIRST
    ) -> Iterator[Line]:
        """Lines that begin in ``low`` to before ``high``, the last first, each with its offset;
        with ``needle`` only those that have it. ``low`` and ``high`` are where lines begin. So many
        bytes are read first as ``size`` says: few, where few lines are wanted."""
        while high > low:
            start = max(low, high - size)
            data, count = self.read(start, high)
            first = 0 if start == low else data.find(b"\n", 0, count) + 1
            if start > low and not 0 < first < count:
                if size < LONGEST:  # no line begins here but one that ends elsewhere
                    size *= 4
                    continue
                first = 0
            found = list(_lines(data, first, count, needle))
            yield from ((start + at, line) for at, line in reversed(found))
            high = start + first
            size = min(max(size, FIRST) * 4, BLOCK)

    def ahead(
        self, low: int, high: int, needle: Any | None = None, *, size: int = FIRST
    ) -> Iterator[Line]:
        """The same lines, the first first."""
        while low < high:
            end = min(high, low + size)
            data, count = self.read(low, end)
            last = count if end == high else data.rfind(b"\n", 0, count) + 1
            if not last:
                if size < LONGEST and count:
                    size *= 4
                    continue
                last = count
            if not last:
                return
            found = list(_lines(data, 0, last, needle))
            yield from ((low + at, line) for at, line in found)
            low += last
            size = BLOCK

    def before(self, offset: int) -> bytes:
        """The line that ends where ``offset`` is; nothing for one too long to be looked at."""
        start = max(0, offset - HEAD)
        data = os.pread(self._fd, offset - start, start).removesuffix(b"\n")
        end = data.rfind(b"\n")
        return data[end + 1 :].removesuffix(b"\r") if end >= 0 or start == 0 else b""

    def starts(self, offset: int, words: bytes) -> bool:
        """Whether what is at ``offset`` begins so."""
        return os.pread(self._fd, len(words), offset) == words

    def past(self, offset: int) -> int:
        """Where the line begins that follows the one at ``offset``."""
        return self.line_start(offset + 1)

    def line_start(self, offset: int) -> int:
        """Where the first line begins that does not begin before ``offset``."""
        if offset <= 0:
            return 0
        at = offset - 1
        while at < self.size:
            data, count = self.read(at, min(self.size, at + FIRST))
            end = data.find(b"\n", 0, count)
            if end >= 0:
                return at + end + 1
            if not count:
                break
            at += count
        return self.size


def _lines(data: bytearray, first: int, end: int, needle: Any | None) -> Iterator[Line]:
    """Whole lines from ``first`` to before ``end``, without their ends."""
    if needle is None:
        for line in bytes(data[first:end]).removesuffix(b"\n").split(b"\n") if first < end else ():
            yield first, line.removesuffix(b"\r")
            first += len(line) + 1
        return
    view = memoryview(data)[:end]
    while first < end and (hit := needle.search(view, first)) is not None:
        start = data.rfind(b"\n", first, hit.start()) + 1 or first
        stop = data.find(b"\n", hit.start(), end)
        stop = end if stop < 0 else stop
        yield start, bytes(data[start:stop].removesuffix(b"\r"))
        first = stop + 1
