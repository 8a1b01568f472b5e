"""A log record with its fields; each value can be followed, let in or left out."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal

from textual.binding import Binding, BindingType

from ainur_tui.console.dialogs.page import PageDialog
from ainur_tui.console.draw.glyphs import Glyphs
from ainur_tui.console.draw.spans import EMPTY, Line, left, line, wrap
from ainur_tui.console.logstack import Bound, Condition, literal
from ainur_tui.model.log import LogLine
from ainur_tui.model.logquery import LogFilter
from ainur_tui.model.units import clock

Wish = Literal["everywhere", "in", "out"]
Follow = Callable[[Wish, Condition], None]

_NAMED = re.compile(r"(?:request|trace|correlation|span|session)[._-]?id$|^x-.*-id$", re.IGNORECASE)
_ID = re.compile(r"(?:^|[._-])(?:u?u?id|key|hash)$", re.IGNORECASE)
_NAME = 20


@dataclass(frozen=True)
class Fact:
    """One value of a record, and the condition it makes; ``found`` is that condition where the
    value is looked for in any field and message."""

    name: str
    value: str
    what: Condition
    found: Condition


def facts(record: LogLine) -> list[Fact]:
    """All values of a record: the fields first, those that name one request before the others."""
    own = sorted(record.fields.items(), key=lambda field: _rank(field[0], field[1], record.machine))
    found = [
        Fact(name, value, LogFilter(kind="field", field=name, value=value),
             LogFilter(kind="field", value=value))
        for name, value in own if value
    ]  # fmt: skip
    plain = [
        ("machine", record.machine, LogFilter(kind="machine", value=record.machine or "")),
        ("source", record.source, LogFilter(kind="source", value=record.source)),
        ("level", record.level, LogFilter(kind="level", value=record.level or "")),
        ("class", record.log_class, LogFilter(kind="class", value=record.log_class or "")),
    ]  # fmt: skip
    found += [Fact(name, value, what, what) for name, value, what in plain if value]
    at = Bound("since", record.at)
    found.append(Fact("time", f"{clock(record.at, date=True)} UTC", at, at))
    words = literal(record.message)
    return [*found, Fact("message", record.message, words, words)]


def _rank(name: str, value: str, machine: str | None) -> int:
    if value == machine:
        return 3
    return 0 if _NAMED.search(name) else 1 if _ID.search(name) else 2


class RecordDialog(PageDialog):
    """``follow`` is told what is wanted of a value; the page closes then. The cursor starts at the
    value that names a request, where there is one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "close", "Close", id="page.close"),
        Binding("down,j", "choose(1)", "Down", show=False, id="record.down"),
        Binding("up,k", "choose(-1)", "Up", show=False, id="record.up"),
        Binding("g,home", "choose(-1000000)", "Top", show=False, id="record.top"),
        Binding("G,end", "choose(1000000)", "End", show=False, id="record.end"),
        Binding("enter", "follow('everywhere')", "Everywhere", id="record.everywhere"),
        Binding("plus", "follow('in')", "Only these", id="record.in"),
        Binding("minus", "follow('out')", "Not these", id="record.out"),
    ]

    def __init__(self, record: LogLine, glyphs: Glyphs, follow: Follow) -> None:
        super().__init__("Log record", self._lines, glyphs)
        self._record = record
        self._facts = facts(record)
        self._follow = follow
        self._index = 0
        self._starts: list[int] = []

    def _lines(self, columns: int) -> list[Line]:
        lines = [line((text, "strong")) for text in wrap(self._record.message, columns, 8)]
        lines.append(EMPTY)
        self._starts = []
        for place, fact in enumerate(self._facts[:-1]):
            here = place == self._index
            self._starts.append(len(lines))
            mark = self._glyphs.cursor if here else " "
            first, *rest = wrap(fact.value, max(10, columns - _NAME - 4), 30)
            lines.append(line((f"{mark} ", "accent"), (left(fact.name, _NAME) + "  ", "quiet"),
                              (first, "cursor" if here else "text")))  # fmt: skip
            lines += [line((" " * (_NAME + 4), "quiet"), (text, "text")) for text in rest]
        here = self._index == len(self._facts) - 1
        self._starts.append(len(lines))
        mark = self._glyphs.cursor if here else " "
        lines.append(line((f"{mark} ", "accent"), (left("message", _NAME) + "  ", "quiet"),
                          ("these words", "cursor" if here else "text")))  # fmt: skip
        return lines

    def place(self, lines: list[Line], rows: int) -> int:
        """The first line that is shown: the chosen value is among them."""
        start = self._starts[self._index] if self._index else 0
        end = (*self._starts, len(lines))[self._index + 1]
        return min(max(self._top, end - rows), start)

    def keys(self) -> Line:
        """What can be pressed here."""
        keys = (("Enter", "this everywhere"), ("+", "only these"), ("-", "not these"),
                ("Esc", "close"))  # fmt: skip
        return tuple(span for key, word in keys for span in line((key, "key"), (f" {word}   ",
                     "quiet")))  # fmt: skip

    def action_choose(self, by: int) -> None:
        self._index = max(0, min(self._index + by, len(self._facts) - 1))
        self.redraw()

    def action_follow(self, wish: Wish) -> None:
        fact = self._facts[self._index]
        what = fact.found if wish == "everywhere" else fact.what
        if wish == "out":
            what = left_out(what)
        self.dismiss(None)
        self._follow(wish, what)


def left_out(what: Condition) -> Condition:
    """The condition that leaves out what this one lets in; of a moment, what comes after it."""
    if isinstance(what, Bound):
        return Bound("until", what.at)
    return LogFilter(kind=what.kind, value=what.value, field=what.field, out=True)
