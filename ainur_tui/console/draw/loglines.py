"""A log record as rows: time, source, level, words; remote text never comes first (S-02)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size

from ainur_tui.console.draw.spans import Line, Span, Tone, cut, left, line
from ainur_tui.console.logwindow import TOO_FAST, Record
from ainur_tui.model.log import Level, LogGap, LogLine
from ainur_tui.model.units import clock, number

LEVEL: dict[Level | None, tuple[str, Tone]] = {
    "debug": ("DEBUG", "quiet"), "info": ("INFO ", "quiet"), "warn": ("WARN ", "warn"),
    "error": ("ERROR", "fail"), "fatal": ("FATAL", "fail"), None: ("  -  ", "quiet"),
}  # fmt: skip
WIDE, WIDER = 70, 100
"""Columns from which on the source has a column, and the class of an error stands before the
words; most lines have none, so it has no column."""
MOST_ROWS = 12
"""Rows of one record at most, where long ones are wrapped."""
SHOWN = 400
"""Characters of a record that are looked at for one row."""
_STEERING = re.compile(r"[\u2400-\u2424]|<U\+[0-9A-F]{4,6}>|<[89][0-9A-F]>")
"""What :func:`ainur_tui.model.text.clean` made of characters that steer a terminal."""

Places = Callable[[str], list[tuple[int, int]]]


@dataclass(frozen=True)
class Look:
    """How records are drawn: in how many ``columns``, with those of source and level or without,
    long ones over several rows or cut. ``places`` tells what is highlighted in a text."""

    columns: int
    heads: bool = True
    wrap: bool = False
    places: Places | None = None


@dataclass(frozen=True)
class Marks:
    """What stands at a record: ``marker`` before it, the cursor or the edge of a selection;
    ``booked`` by the operator; ``unsure``: it came after a record that was written later."""

    marker: str = " "
    here: bool = False
    booked: bool = False
    unsure: bool = False


def record_rows(record: Record, look: Look, marks: Marks) -> list[Line]:
    """The rows of a record: one, or where it is wrapped as many as it takes. A gap is a row too:
    what is missing must be seen (F-39)."""
    if isinstance(record, LogGap):
        return [_gap(record, look.columns, marks)]
    level, tone = LEVEL[record.level]
    head: list[Span] = [*_when(record, marks)]
    room = look.columns - 10
    if look.heads:
        if look.columns >= WIDE:
            machine = f"/{record.machine[:6]}" if record.machine else ""
            wide = 15 if look.columns >= WIDER else 11
            head.append((left(record.source + machine, wide) + " ", "quiet"))
            room -= wide + 1
        head.append((level + "  ", tone))
        room -= 7
        if look.columns >= WIDER and record.log_class:
            head.append((f"{record.log_class}  ", "warn"))
            room -= len(record.log_class) + 2
    plain: Tone = "text" if tone == "quiet" else tone
    if not look.wrap:
        return [(*head, *_words(record, room, plain, look.places))]
    rest = f"  {more}" if (more := fields_text(record)) else ""
    pieces = _pieces(record.message + rest, max(room, 10))
    indent: Span = (" " * (look.columns - room), "text")
    drawn = [highlight(piece, look.places, plain) for piece in pieces]
    return [(*head, *drawn[0]), *((indent, *spans) for spans in drawn[1:])]


def _when(record: LogLine, marks: Marks) -> tuple[Span, Span, Span]:
    """The marker, the time, and one sign: a bookmark, a steering character, an unsure order."""
    sign: Span = (" ", "text")
    if marks.booked:
        sign = ("•", "accent")
    elif _STEERING.search(record.message, 0, SHOWN):
        sign = ("!", "warn")
    elif marks.unsure:
        sign = ("~", "unknown")
    return (marks.marker, "accent"), (clock(record.at), "cursor" if marks.here else "quiet"), sign


def _gap(gap: LogGap, columns: int, marks: Marks) -> Line:
    count = "an unknown number of" if gap.dropped is None else number(gap.dropped)
    text = f"{count} lines of {gap.source} are not here ({clock(gap.since)}-{clock(gap.until)})"
    if gap.source == TOO_FAST:
        text = f"{count} lines came too fast to be drawn: T goes to their time, G to the end"
    return line((marks.marker, "accent"), (f"{clock(gap.until)} ", "cursor" if marks.here else
                "quiet"), ("GAP ", "unknown"), (cut(text, columns - 14), "unknown"))  # fmt: skip


def _words(record: LogLine, room: int, tone: Tone, places: Places | None) -> Line:
    """The message, and what room it leaves for the fields that it does not hold itself."""
    if room <= 0:
        return ()
    message = record.message if len(record.message) <= SHOWN else record.message[: SHOWN + 1]
    if len(message) <= SHOWN and record.fields:
        over = room - cell_len(message) - 2
        if over >= 12 and (more := fields_text(record)):
            drawn = highlight(cut(more, over), places, "quiet")
            return (*highlight(message, places, tone), ("  ", "text"), *drawn)
    return highlight(cut(message, room), places, tone)


def fields_text(record: LogLine) -> str:
    """The fields that the message and the columns do not tell already."""
    message, machine = record.message, record.machine
    told = (f"{k}={v}" for k, v in record.fields.items() if v not in message and v != machine)
    return " ".join(told)


def highlight(text: str, places: Places | None, tone: Tone) -> Line:
    """The text with everything that is searched standing out."""
    found = places(text) if places is not None else ()
    if not found:
        return ((text, tone),)
    spans: list[Span] = []
    at = 0
    for start, end in found:
        spans += [(text[at:start], tone), (text[start:end], "cursor")]
        at = end
    return tuple(span for span in (*spans, (text[at:], tone)) if span[0])


def _pieces(text: str, columns: int) -> list[str]:
    """The text in rows, nothing left out until there are too many."""
    pieces: list[str] = []
    while cell_len(text) > columns and len(pieces) < MOST_ROWS - 1:
        head = set_cell_size(text, columns)
        if head[-1] == " " and text[len(head) - 1 : len(head)] != " ":
            head = head[:-1]  # a wide character did not fit any more
        head = head or text[:1]
        pieces.append(head)
        text = text[len(head) :]
    return [*pieces, cut(text, columns)]
