"""Go's CPU profiles: a gzipped protobuf (google/pprof, proto/profile.proto), as far as it tells in
which functions the time was spent. Pure; the bytes are hostile."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

LARGEST = 64 * 1024 * 1024
"""Bytes of a profile once it is unpacked."""
_SAMPLE, _LOCATION, _FUNCTION, _STRING, _DURATION = 2, 4, 5, 6, 10


@dataclass(frozen=True)
class Profile:
    """``total`` is the CPU time in all samples, ``seconds`` how long was looked; ``flat`` the
    functions that ran on top of a stack, each with its share of the time (0 to 1), most first."""

    total: float
    seconds: float
    samples: int
    flat: list[tuple[str, float]]


def decode(packed: bytes) -> Profile:
    """Raises ValueError for what is no profile, or is larger than :data:`LARGEST`."""
    raw = _unpacked(packed)
    strings: list[str] = []
    functions: dict[int, int] = {}
    locations: dict[int, int] = {}
    spent: Counter[int] = Counter()
    samples = duration = 0
    for number, value in _fields(raw):
        if number == _DURATION and isinstance(value, int):
            duration = value
        if not isinstance(value, bytes):
            continue
        if number == _STRING:
            strings.append(value.decode("utf-8", "replace"))
        elif number == _SAMPLE:
            stack, values = _numbers(value, 1), _numbers(value, 2)
            if stack and values:
                # Of several values the last is the time; the first of the stack is its top.
                spent[stack[0]] += values[-1]
                samples += values[0] if len(values) > 1 else 1
        elif number == _LOCATION:
            line = next((part for key, part in _fields(value) if key == 4), b"")
            function = _numbers(line, 1) if isinstance(line, bytes) else []
            locations[_first(value, 1)] = function[0] if function else 0
        elif number == _FUNCTION:
            functions[_first(value, 1)] = _first(value, 2)
    if not strings:
        raise ValueError("no profile: it names no function")
    by_name: Counter[str] = Counter()
    for location, took in spent.items():
        index = functions.get(locations.get(location, 0), 0)
        by_name[strings[index] if 0 < index < len(strings) else "(no name)"] += took
    total = sum(by_name.values())
    flat = [(name, took / total) for name, took in by_name.most_common()] if total else []
    return Profile(total / 1e9, duration / 1e9, samples, flat)


def _unpacked(packed: bytes) -> bytes:
    try:
        inflate = zlib.decompressobj(wbits=31)
        raw = inflate.decompress(packed, LARGEST)
    except zlib.error:
        raise ValueError("no profile: it is not gzipped") from None
    if inflate.unconsumed_tail:
        raise ValueError("a profile that is too large")
    if not inflate.eof:
        raise ValueError("a profile that is cut short")
    return raw


def _fields(raw: bytes) -> Iterator[tuple[int, int | bytes]]:
    """The fields of a message: a number, or the bytes of a string, a list or another message."""
    at = 0
    while at < len(raw):
        key, at = _varint(raw, at)
        kind = key & 7
        if kind == 0:
            number, at = _varint(raw, at)
            yield key >> 3, number
            continue
        size, at = _varint(raw, at) if kind == 2 else ({1: 8, 5: 4}.get(kind, -1), at)
        if size < 0 or at + size > len(raw):
            raise ValueError("no profile: a field that has no end")
        if kind == 2:
            yield key >> 3, raw[at : at + size]
        at += size


def _varint(raw: bytes, at: int) -> tuple[int, int]:
    number = 0
    for shift in range(0, 70, 7):
        if at >= len(raw):
            break
        byte, at = raw[at], at + 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, at
    raise ValueError("no profile: a number that has no end")


def _numbers(raw: bytes, wanted: int) -> list[int]:
    """A repeated number: packed, or a field for each."""
    found: list[int] = []
    for number, value in _fields(raw):
        if number == wanted and isinstance(value, int):
            found.append(value)
        elif number == wanted and isinstance(value, bytes):
            at = 0
            while at < len(value):
                one, at = _varint(value, at)
                found.append(one)
    return found


def _first(raw: bytes, wanted: int) -> int:
    return next((v for number, v in _fields(raw) if number == wanted and isinstance(v, int)), 0)
