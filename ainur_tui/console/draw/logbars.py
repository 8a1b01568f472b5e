"""What stands above the log: the sources, the classes of errors, the stack of filters."""

from __future__ import annotations

from ainur_tui.console.draw.glyphs import Glyphs
from ainur_tui.console.draw.plot import spark
from ainur_tui.console.draw.spans import Line, Span, Tone, cut, ends, fit, line, right, width
from ainur_tui.console.logstack import Bound, Chip, Condition, Stack
from ainur_tui.model.log import LogSourceView
from ainur_tui.model.logquery import LogCounts
from ainur_tui.model.units import age, clock, number

CLASSES = {
    "db-timeout": "db", "storage-failure": "storage", "wasm-timeout": "wasm",
    "auth-failure": "auth",
}  # fmt: skip
"""The guide's classes of errors (G-023 to G-026), and what they are called where room is short."""
CHIP = 40
"""Columns of one filter at most."""
_COUNT, _GAP = 6, 3


def sources_line(sources: list[LogSourceView], now: float, columns: int) -> Line:
    """Each source: connected or not, lines a second, age of the last line, what was dropped;
    those there is no room for are counted, and one that is not connected is never among them
    alone."""
    spans: Line = line(" ")
    for place, source in enumerate(sorted(sources, key=lambda source: source.connected)):
        one = (*spans, *_source(source, now))
        if width(one) > columns - (0 if place == len(sources) - 1 else 6):
            return fit((*spans, (f"+{len(sources) - place}", "quiet")), columns)
        spans = (*one, ("    ", "text"))
    return spans


def _source(source: LogSourceView, now: float) -> Line:
    spans: list[Span] = [(f"{source.name} ", "strong" if source.connected else "fail")]
    if not source.connected:
        spans.append((cut(source.problem or "not connected", 40), "fail"))
    elif source.last_line_at is None:
        spans.append(("no line yet", "quiet"))
    else:
        rate = f"{number(source.rate)}/s " if source.rate is not None else ""
        spans.append((f"{rate}{age(now - source.last_line_at)} ago", "quiet"))
    if source.dropped:
        spans.append((f" {number(source.dropped)} dropped", "warn"))
    if source.hostile:
        spans.append((f" {number(source.hostile)} hostile", "warn"))
    return tuple(spans)


def classes_line(
    counts: LogCounts | None, chosen: str | None, columns: int, glyphs: Glyphs
) -> Line:
    """Errors of the last hour by class, with their trend, always in the same places. Time in which
    nobody counted is a gap, and said."""
    if counts is None:
        return line((" counting errors by class …", "quiet"))
    span = f" {age(counts.step * _buckets(counts))} "
    names = CLASSES if columns < 110 else {name: name for name in CLASSES}
    room = columns - len(span) - sum(len(word) + _COUNT + _GAP for word in names.values()) + _GAP
    trend = max(0, room // len(names) - 1)
    spans: list[Span] = [(span, "quiet")]
    for name, word in names.items():
        values = counts.classes.get(name, [])
        total = sum(values)
        tone: Tone = "cursor" if name == chosen else "warn" if total else "quiet"
        spans += [(word, tone), (right(number(total), _COUNT), "text" if total else "quiet")]
        if trend >= 3:
            spans += [(" ", "text"), *spark(_known(values, counts), trend, glyphs)]
        spans.append((" " * _GAP, "text"))
    return fit(tuple(spans[:-1]), columns)


def _buckets(counts: LogCounts) -> int:
    return max((len(values) for values in counts.classes.values()), default=0)


def _known(values: list[int], counts: LogCounts) -> list[float | None]:
    """The counts, with what lies before the first counted line as not known."""
    reach = counts.reaches_back_to
    return [
        None if reach is None or counts.start + (i + 1) * counts.step < reach else value
        for i, value in enumerate(values)
    ]


def chips_line(
    stack: Stack, *, following: bool, waiting: int, note: Line, columns: int, day: str = ""
) -> Line:
    """The visible stack of filters, and whether the view follows, or of which ``day`` it is; those
    without room are counted. ``note`` stands at the end: what is searched, or what was wrong with
    what was typed."""
    state: Span = (" FOLLOWING ", "ok")
    if not following:
        state = (f" PAUSED {day and f'{day} '} {number(waiting)} new ", "unknown")
    spans: list[Span] = [state, (" ", "text")]
    room = columns - width(spans) - (width(note) + 2 if note else 0)
    if not stack.chips:
        spans.append((cut("no filter: all sources, all levels", room), "quiet"))
    for place, chip in enumerate(stack.chips):
        drawn = chip_spans(place, chip)
        left_over = len(stack.chips) - place
        if width(drawn) > room - (5 if left_over > 1 else 0):
            spans.append((cut(f"+{left_over} (f)", room), "quiet"))
            break
        spans += [*drawn, ("   ", "text")]
        room -= width(drawn) + 3
    return ends(tuple(spans), note, columns) if note else tuple(spans)


def chip_spans(place: int, chip: Chip) -> Line:
    """A filter with its number; one that is off says so."""
    words = cut(words_of(chip.what), CHIP)
    if not chip.on:
        return line((f"{place + 1} ", "quiet"), (f"{words} (off)", "quiet"))
    return line((f"{place + 1} ", "key"), (words, "accent"))


def words_of(what: Condition) -> str:
    """A condition in words."""
    if isinstance(what, Bound):
        return f"{what.kind} {clock(what.at, date=True)[5:]}"
    value = what.value
    match what.kind:
        case "text":
            words = f'"{value}"'
        case "min-level":
            words = f"{value} or worse"
        case "level":
            words = f"level {value}"
        case "field" if what.field:
            words = f"{what.field}={value}"
        case "field":
            words = f"anywhere {value}"
        case kind:
            words = f"{kind} {value}"
    return f"not {words}" if what.out else words
