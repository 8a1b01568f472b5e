"""Lines that were not taken apart, packed by columns: a search reads their words as one text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from ainur_tui.rules.logs.sieve import ends_of, hits
from ainur_tui.systems.logsource import RawLine

Row = tuple[int, RawLine]
"""A line, and its number."""


class _Columns(msgspec.Struct, array_like=True, gc=False):
    """``ends`` are where each line's words end in ``text`` (bytes); a line end follows."""

    seqs: list[int]
    ats: list[float]
    levels: list[str | None]
    machines: list[str | None]
    fields: list[dict[str, str]]
    ends: list[int]
    text: bytes

    def row(self, place: int) -> Row:
        start = self.ends[place - 1] + 1 if place else 0
        text = self.text[start : self.ends[place]].decode("utf-8", "replace")
        line = RawLine(
            self.ats[place], text, self.levels[place], self.machines[place], self.fields[place]
        )
        return self.seqs[place], line


_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(_Columns).decode


def packed(rows: Sequence[Row]) -> tuple[bytes, int]:
    """The rows as bytes, in which every word of theirs stands as it is; and from where on there is
    nothing but the lines."""
    lines = [line for _, line in rows]
    text, ends = joined(lines)
    data = _pack(
        _Columns(
            [seq for seq, _ in rows],
            [line.at for line in lines],
            [line.level for line in lines],
            [line.machine for line in lines],
            [line.fields for line in lines],
            ends,
            text,
        )
    )
    return data, len(data) - len(text)


def joined(lines: Sequence[RawLine]) -> tuple[bytes, list[int]]:
    """Their words as one text, and where those of each end in it (bytes)."""
    texts = [line.text.encode("utf-8", "replace") for line in lines]
    return b"\n".join(texts), ends_of(map(len, texts))


def unpacked(data: bytes, needle: Any | None) -> Iterator[Row]:
    """The rows; with ``needle`` those that have it, in their words or in what is known of them."""
    columns = _unpack(data)
    if needle is None:
        yield from map(columns.row, range(len(columns.seqs)))
        return
    places = set(hits(columns.text, columns.ends, needle))
    known = {text: needle.search(text.encode()) is not None for text in _known(columns)}
    if any(known.values()):
        rows = zip(columns.levels, columns.fields, strict=True)
        places.update(
            place
            for place, (level, fields) in enumerate(rows)
            if known.get(level or "") or any(map(known.get, fields.values()))
        )
    yield from map(columns.row, sorted(places))


def _known(columns: _Columns) -> set[str]:
    found = {level for level in columns.levels if level}
    return found.union(*(fields.values() for fields in columns.fields if fields))
