"""The stack of log filters: numbered, each on or off; what the engine is asked is made from it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

from ainur_tui.model.log import LEVELS
from ainur_tui.model.logquery import FilterKind, LogFilter, LogQuery

_SPECIAL = re.compile(r"([\\.+*?()|\[\]{}^$])")
_ONE: dict[str, str] = {
    "level": "level", "min-level": "level", "source": "source", "machine": "machine",
    "class": "class", "since": "since", "until": "until",
}  # fmt: skip
"""Kinds of which a line can have one value only: a second one takes the place of the first."""


@dataclass(frozen=True)
class Bound:
    """Lines from a moment on, or up to it (epoch seconds)."""

    kind: Literal["since", "until"]
    at: float


Condition = LogFilter | Bound


@dataclass(frozen=True)
class Chip:
    """A condition, which holds only while it is on."""

    what: Condition
    on: bool = True


@dataclass(frozen=True)
class Stack:
    """All conditions in the order they came. ``before`` is what stood here until one value was
    followed everywhere: dropping that brings it back."""

    chips: tuple[Chip, ...] = ()
    before: Stack | None = None

    def add(self, what: Condition) -> Stack:
        """With one more condition, which is on; one that cannot stand beside it gives its place."""
        for place, chip in enumerate(self.chips):
            if chip.what == what or _excludes(what, chip.what):
                return self._put(place, Chip(what))
        return replace(self, chips=(*self.chips, Chip(what)))

    def everywhere(self, what: Condition) -> Stack:
        """That condition alone, until it is dropped."""
        return Stack((Chip(what),), before=self)

    def toggle(self, place: int) -> Stack:
        """With one condition off, or on again; unchanged where there is none."""
        if not 0 <= place < len(self.chips):
            return self
        chip = self.chips[place]
        return self._put(place, replace(chip, on=not chip.on))

    def turn(self, place: int) -> Stack:
        """With what was let in left out, and the other way round."""
        what = self.chips[place].what
        if isinstance(what, Bound):
            return self._put(place, Chip(replace(what, kind=_OTHER[what.kind])))
        turned = LogFilter(kind=what.kind, value=what.value, field=what.field, out=not what.out)
        return self._put(place, Chip(turned))

    def exact(self, place: int) -> Stack:
        """With a level that was a lower bound exactly that level, and the other way round."""
        what = self.chips[place].what
        if isinstance(what, Bound) or what.kind not in {"level", "min-level"}:
            return self
        kind: FilterKind = "level" if what.kind == "min-level" else "min-level"
        return self._put(place, Chip(LogFilter(kind=kind, value=what.value, out=what.out)))

    def drop(self, place: int) -> Stack:
        """Without one condition."""
        return replace(self, chips=self.chips[:place] + self.chips[place + 1 :])

    def back(self) -> Stack:
        """Without the newest condition, or as it was before one value was followed."""
        if self.before is not None and len(self.chips) <= 1:
            return self.before
        return self.drop(len(self.chips) - 1) if self.chips else self

    def value(self, kind: FilterKind) -> str | None:
        """What is let in of a kind, while that is on."""
        for chip in self.chips:
            what = chip.what
            if chip.on and isinstance(what, LogFilter) and what.kind == kind and not what.out:
                return what.value
        return None

    def choose(self, kind: FilterKind, value: str | None) -> Stack:
        """With that value let in, or any."""
        if value is not None:
            return self.add(LogFilter(kind=kind, value=value))
        kept = (chip for chip in self.chips if _slot(chip.what) != _ONE[kind])
        return replace(self, chips=tuple(kept))

    def query(self, limit: int) -> LogQuery:
        """What the engine is asked: everything that is on."""
        found = LogQuery(limit=limit)
        for chip in self.chips:
            match chip:
                case Chip(on=False):
                    continue
                case Chip(what=Bound(kind="since", at=at)):
                    found.since = at
                case Chip(what=Bound(at=at)):
                    found.until = at
                case Chip(what=LogFilter(kind="source", out=False, value=name)):
                    found.sources = [name]  # gaps are told of these sources only
                case Chip(what=LogFilter() as what):
                    found.filters = [*found.filters, what]
        return found

    def _put(self, place: int, chip: Chip) -> Stack:
        return replace(self, chips=(*self.chips[:place], chip, *self.chips[place + 1 :]))


_OTHER: dict[str, Literal["since", "until"]] = {"since": "until", "until": "since"}


def literal(text: str) -> LogFilter:
    """Lines that hold this text as it stands."""
    return LogFilter(kind="text", value=_SPECIAL.sub(r"\\\1", text))


def known_level(word: str) -> str | None:
    """The level a word or its beginning names, where it names one."""
    return next((level for level in LEVELS if word and level.startswith(word.lower())), None)


def _slot(what: Condition) -> str | None:
    """What a line has one value of; of what is left out there may be many."""
    return None if isinstance(what, LogFilter) and what.out else _ONE.get(what.kind)


def _excludes(what: Condition, other: Condition) -> bool:
    return _slot(what) is not None and _slot(what) == _slot(other)
