"""A log record as one row: time, source, level, words; remote text never comes first (S-02)."""

from __future__ import annotations

from ainur_tui.console.draw.spans import EMPTY, Line, Span, Tone, cut, fit, left, line, width, wrap
from ainur_tui.model.log import Level, LogGap, LogLine, LogSourceView
from ainur_tui.model.units import age, clock, number
from ainur_tui.model.wire import LogQuery

LEVEL: dict[Level | None, tuple[str, Tone]] = {
    "debug": ("DEBUG", "quiet"), "info": ("INFO ", "quiet"), "warn": ("WARN ", "warn"),
    "error": ("ERROR", "fail"), "fatal": ("FATAL", "fail"), None: ("  -  ", "quiet"),
}  # fmt: skip


def record_line(record: LogLine | LogGap, columns: int, *, words: str = "", marker: str = " ",
                wide: bool = True) -> Line:  # fmt: skip
    """One row. A gap is a row too: what is missing must be seen (F-39)."""
    if isinstance(record, LogGap):
        count = "an unknown number of" if record.dropped is None else number(record.dropped)
        span = f"{clock(record.since)}-{clock(record.until)}"
        text = f"{count} lines of {record.source} are not here ({span})"
        return line((marker, "accent"), (f"{clock(record.until)} ", "quiet"), ("GAP ", "unknown"),
                    (cut(text, columns - 14), "unknown"))  # fmt: skip
    level, tone = LEVEL[record.level]
    head: list[Span] = [(marker, "accent"), (f"{clock(record.at)} ", "quiet")]
    room = columns - 10
    if wide:
        machine = f"/{record.machine[:6]}" if record.machine else ""
        head.append((left(record.source + machine, 15) + " ", "quiet"))
        room -= 16
    head += [(level, tone), ("  ", "text")]
    room -= 7
    if record.log_class and columns >= 100:
        head.append((left(record.log_class, 15) + " ", "warn"))
        room -= 16
    message = cut(record.message, room)
    return (*head, *_highlight(message, words, "text" if tone == "quiet" else tone))


def _highlight(text: str, words: str, tone: Tone) -> Line:
    """The searched words stand out; the search itself is the engine's, this only shows where."""
    if not words or words.lower() not in text.lower():
        return ((text, tone),)
    start = text.lower().index(words.lower())
    end = start + len(words)
    return ((text[:start], tone), (text[start:end], "cursor"), (text[end:], tone))


def record_detail(record: LogLine | LogGap, columns: int) -> list[Line]:
    """All that is known of a record, for the detail screen."""
    if isinstance(record, LogGap):
        return [record_line(record, columns)]
    facts = {
        "time": f"{clock(record.at, date=True)} UTC", "source": record.source,
        "machine": record.machine or "—", "level": record.level or "—",
        "class": record.log_class or "—",
    } | record.fields  # fmt: skip
    lines = [line((text, "strong")) for text in wrap(record.message, columns, 12)]
    lines.append(EMPTY)
    for name, value in facts.items():
        first, *rest = wrap(value, max(10, columns - 20), 30)
        lines.append(line((left(name, 18) + "  ", "quiet"), (first, "text")))
        lines += [line((" " * 20, "quiet"), (text, "text")) for text in rest]
    return lines


def sources_line(sources: list[LogSourceView], now: float, columns: int) -> Line:
    """Each source: connected or not, lines a second, age of the last line, what was dropped;
    those there is no room for are counted."""
    spans: Line = line(" ")
    for place, source in enumerate(sources):
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


def filters_line(query: LogQuery, *, following: bool, waiting: int, columns: int) -> Line:
    """The visible stack of filters, and whether the view follows."""
    active = []
    if query.sources:
        active.append(f"source {', '.join(query.sources)}")
    if query.min_level:
        active.append(f"level {query.min_level} and above")
    if query.log_class:
        active.append(f"class {query.log_class}")
    if query.machine:
        active.append(f"machine {query.machine}")
    if query.pattern:
        active.append(f"matching {query.pattern!r}")
    state: Span = (" FOLLOWING ", "ok") if following else (f" PAUSED  {waiting} new ", "unknown")
    text = "  ·  ".join(active) if active else "no filter: all sources, all levels"
    return line(state, (" ", "text"), (cut(text, columns - 24), "accent" if active else "quiet"))
