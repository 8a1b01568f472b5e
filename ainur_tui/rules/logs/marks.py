"""Marks: which levels, classes of errors and machines stand in a block of lines, as bits of one
number.

A query needs some of them; a block that has none of these need not be looked at.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any
from zlib import crc32

import re2

from ainur_tui.model.log import LEVELS, LogLine
from ainur_tui.model.logquery import LogFilter, LogQuery
from ainur_tui.model.text import clean
from ainur_tui.rules.logs.classes import CLASSES
from ainur_tui.rules.logs.needle import CLASS_WORDS, LEVEL_WORDS

_LEVEL: dict[str | None, int] = {name: 1 << place for place, name in enumerate(LEVELS)}
_LEVELS = sum(_LEVEL.values())
_LEVEL[None] = _LEVEL["info"]
_CLASS: dict[str | None, int] = {
    name: 1 << place for place, name in enumerate((*CLASSES, None), len(LEVELS))
}
_CLASSES = sum(_CLASS.values())
_CALM = _LEVEL["debug"] | _LEVEL["info"] | _CLASS[None]
_SOUGHT = (
    *((words, _LEVEL[name]) for name, words in LEVEL_WORDS.items()),
    (CLASS_WORDS, _CLASSES),
)
"""Words of levels and classes, and the bits that lines with them may have."""

_MACHINE = len(LEVELS) + len(CLASSES) + 1
_MACHINES = 32
"""Bits for machines; two of a larger fleet may share one."""
NAME = 64
"""Characters of a machine's name that are kept."""

LOOSE = 2.0
"""Seconds that lines may lie outside the times of the first and the last of a block."""


def marks_of(line: LogLine) -> int:
    """The bits of one line: its level's, its class's and its machine's."""
    known = _LEVEL[line.level] | _CLASS.get(line.log_class, _CLASS[None])
    return known | machine_mark(line.machine)


@lru_cache(maxsize=1024)
def machine_mark(name: str | None) -> int:
    """The bit of a machine, by its name as it came or is shown; 0 without one."""
    if not name:
        return 0
    return 1 << _MACHINE + crc32(clean(name, NAME).encode("utf-8", "replace")) % _MACHINES


def marks_in(raw: bytes) -> int:
    """The bits that lines may have which were not taken apart yet; never one too few."""
    marks = _CALM
    for place in _words().Match(raw) or ():
        marks |= _SOUGHT[place][1]
    return marks


@cache
def _words() -> Any:
    options = re2.Options()
    options.case_sensitive = False
    words = re2.Set.SearchSet(options)
    for pattern, _ in _SOUGHT:
        words.Add(pattern.encode())
    words.Compile()
    return words


@dataclass(frozen=True)
class Wanted:
    """What a block must have so that a line of it can pass a query: a bit of each of ``masks``,
    and a time (epoch seconds) from ``since`` to ``until``; ``machines`` are those of the masks
    that are about machines."""

    masks: tuple[int, ...] = ()
    machines: tuple[int, ...] = ()
    since: float = float("-inf")
    until: float = float("inf")

    def may(self, marks: int, since: float, until: float) -> bool:
        """Whether a block with these marks and times may have such a line."""
        return (
            until >= self.since and since <= self.until and all(marks & mask for mask in self.masks)
        )


def wanted(query: LogQuery) -> Wanted:
    """What a query needs of a block."""
    own = [
        LogFilter(kind="min-level", value=query.min_level or ""),
        LogFilter(kind="class", value=query.log_class or ""),
        LogFilter(kind="machine", value=query.machine or ""),
    ]
    masks = [(one.kind, mask) for one in (*own, *query.filters) if (mask := _mask(one))]
    return Wanted(
        tuple(mask for _, mask in masks),
        tuple(mask for kind, mask in masks if kind == "machine"),
        float("-inf") if query.since is None else query.since,
        float("inf") if query.until is None else query.until,
    )


def _mask(one: LogFilter) -> int:
    """The bits of lines for which a condition may hold; 0: it is about something else, or about
    a level or class that does not exist."""
    match one.kind:
        case "level" if one.value in LEVELS:
            mask, every = _LEVEL[one.value], _LEVELS
        case "min-level" if one.value in LEVELS:
            above = LEVELS[LEVELS.index(one.value) :]
            mask, every = sum(_LEVEL[name] for name in above), _LEVELS
        case "class" if one.value in CLASSES:
            mask, every = _CLASS[one.value], _CLASSES
        case "machine" if not one.out:
            return machine_mark(one.value)
        case _:
            return 0
    return every ^ mask if one.out else mask
