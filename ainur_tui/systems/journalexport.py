"""A file in systemd's export format (``journalctl -o export``), read as journalctl's JSON would be.

https://systemd.io/JOURNAL_EXPORT_FORMATS/#journal-export-format
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from ainur_tui.systems.bigfile import BLOCK, FIRST, LONGEST, BigFile, Line

HEAD = b"__CURSOR="
"""How every entry begins that was read from a journal."""
_MARK = b"\n\n" + HEAD
_VALUE = 64 * 1024
"""Bytes of one field that are read."""
_encode = msgspec.json.Encoder().encode


class JournalExport:
    """A :class:`BigFile` of entries, with the same ways to read it; an entry is one line of JSON.

    Entries are read in order from the first that begins in a block, for a field of bytes may hold
    what looks like an entry.
    """

    def __init__(self, file: BigFile) -> None:
        self._file = file
        self.size, self.written = file.size, file.written

    def line_start(self, offset: int) -> int:
        """Where the first entry begins that does not begin before ``offset``."""
        at = max(0, offset - 2)
        while offset > 0 and at < self.size:
            data, count = self._file.read(at, min(self.size, at + FIRST))
            found = data.find(_MARK, 0, count)
            if found >= 0:
                return at + found + 2
            at += max(1, count - len(_MARK))
        return 0 if offset <= 0 else self.size

    def past(self, offset: int) -> int:
        """Where the entry begins that follows the one at ``offset``."""
        return self.line_start(offset + 1)

    def back(self, low: int, high: int, needle: Any | None = None) -> Iterator[Line]:
        size = FIRST
        while high > low:
            start = max(low, high - size)
            data, count = self._file.read(start, high)
            first = 0 if start == low else data.find(_MARK, 0, count) + 2
            if first < 2 and start > low:
                if size < LONGEST:
                    size *= 4
                    continue
                return
            found, _ = _entries(bytes(data[first:count]), start + first, needle)
            yield from reversed(found)
            high = start + first
            size = min(size * 4, BLOCK)

    def ahead(self, low: int, high: int, needle: Any | None = None) -> Iterator[Line]:
        size = FIRST
        while low < high:
            end = min(high, low + size)
            data, count = self._file.read(low, end)
            found, last = _entries(bytes(data[:count]), low, needle, whole=end == high)
            if not last:
                if size < LONGEST and count:
                    size *= 4
                    continue
                return
            yield from found
            low += last
            size = BLOCK


def _entries(
    data: bytes, start: int, needle: Any | None, *, whole: bool = True
) -> tuple[list[Line], int]:
    """The entries as JSON, each with its offset, and where the last one ends; ``whole``: one that
    ends with the data is not cut off there."""
    found: list[Line] = []
    at = 0
    while at < len(data):
        fields, end = _entry(data, at)
        if end >= len(data) and not whole:
            break
        if fields and (needle is None or needle.search(data[at:end]) is not None):
            found.append((start + at, _encode(fields)))
        at = end
    return found, at


def _entry(data: bytes, at: int) -> tuple[dict[str, str], int]:
    """The fields of the entry that begins there, and where it ends."""
    fields: dict[str, str] = {}
    while at < len(data):
        end = data.find(b"\n", at)
        end = len(data) if end < 0 else end
        line = data[at:end]
        at = end + 1
        if not line:
            break
        name, equals, value = line.partition(b"=")
        if not equals:
            size = int.from_bytes(data[at : at + 8], "little")
            value = data[at + 8 : at + 8 + min(size, _VALUE)]
            at += 9 + size
        fields[name[:64].decode("ascii", "replace")] = value[:_VALUE].decode("utf-8", "replace")
    return fields, min(at, len(data))
