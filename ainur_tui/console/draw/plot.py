"""Charts in text: a fixed scale, gaps left open, the threshold as a line, events underneath.

A chart never rescales to the noise of its own data: the axis starts at zero and ends at the
signal's natural limit, at its threshold, or at the next round number above what was seen.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ainur_tui.console.draw.glyphs import Glyphs
from ainur_tui.console.draw.spans import Line, Span, Tone, cut, left, right
from ainur_tui.model.event import Event, EventKind
from ainur_tui.model.series import Series
from ainur_tui.model.units import number, show

Values = Sequence[float | None]

RIBBON: dict[EventKind, str] = {
    "deploy": "D", "restart": "R", "scale": "S", "secret": "K", "flag": "F", "setting": "C",
    "backup": "B", "alert": "A", "action": "O", "state": "!", "gap": "G", "note": "N",
    "certificate": "T", "incident": "I", "playbook": "P",
}  # fmt: skip
SYMPTOMS = frozenset({"alert", "state", "gap", "incident", "playbook"})
"""Kinds that tell of trouble or look at it; all others may have caused it and come first where room
is short."""
NAMES: dict[EventKind, str] = {
    "secret": "secret (key)", "setting": "configuration", "action": "operator", "state": "state",
    "certificate": "certificate (TLS)",
}  # fmt: skip


def axis_end(values: Values, threshold: float | None, scale: float | None) -> float:
    """The upper end of the axis: the natural limit, or a round number above all that is shown."""
    if scale is not None:
        return scale
    seen = max((value for value in values if value is not None), default=0.0)
    most = max(seen, threshold * 1.1 if threshold else 0.0)
    if most < 1e-9:
        return 1.0
    magnitude = 10.0 ** math.floor(math.log10(most))
    steps = (step * magnitude for step in (1, 1.5, 2, 3, 4, 5, 6, 8, 10))
    return next((step for step in steps if step >= most), most)


def resample(values: Values, columns: int) -> list[float | None]:
    """Bucket means for exactly ``columns``; a bucket without any value stays a gap."""
    if len(values) == columns or not values:
        return list(values) or [None] * columns
    found: list[float | None] = []
    for index in range(columns):
        start = index * len(values) // columns
        part = [v for v in values[start : max(start + 1, (index + 1) * len(values) // columns)]
                if v is not None]  # fmt: skip
        found.append(sum(part) / len(part) if part else None)
    return found


GUTTER = 9
"""Columns before a chart, for the labels of its axis."""


@dataclass(frozen=True)
class Axis:
    """How values become heights: the axis runs from zero to ``end``; beyond ``threshold`` is
    trouble, on the side that ``worse`` names."""

    end: float
    threshold: float | None = None
    worse: str = "above"

    def tone(self, value: float) -> Tone:
        """The tone of a bar of that value."""
        if self.threshold is None:
            return "accent"
        beyond = value > self.threshold if self.worse == "above" else value < self.threshold
        return "warn" if beyond else "accent"


def spark(
    values: Values,
    columns: int,
    glyphs: Glyphs,
    *,
    threshold: float | None = None,
    scale: float | None = None,
    worse: str = "above",
) -> Line:
    """One row of bars. Buckets beyond the threshold change their tone; gaps are a low dot."""
    axis = Axis(axis_end(values, threshold, scale), threshold, worse)
    spans: list[tuple[str, Tone]] = []
    for value in resample(values, columns):
        if value is None:
            spans.append((glyphs.gap, "quiet"))
            continue
        level = min(8, max(1, math.ceil(value / axis.end * 8)))
        spans.append((glyphs.blocks[level], axis.tone(value)))
    return _merge(spans)


def ribbon(events: Sequence[Event], start: float, step: float, columns: int) -> Line:
    """Letters where something happened (D deploy, R restart, S scale, B backup…); where several
    things did, a change is shown before the symptoms."""
    marks = [" "] * columns
    for event in sorted(events, key=lambda event: (event.kind not in SYMPTOMS, event.at)):
        place = math.floor((event.at - start) / step) if step > 0 else -1
        if 0 <= place < columns:
            marks[place] = RIBBON[event.kind]
    return _merge([(mark, "strong" if mark != " " else "quiet") for mark in marks])


def chart(
    series: Series | None,
    columns: int,
    rows: int,
    glyphs: Glyphs,
    *,
    heading: str,
    unit: str,
    now: str = "",
    tone: Tone = "strong",
    threshold: float | None = None,
    scale: float | None = None,
    worse: str = "above",
    events: Sequence[Event] = (),
    span: str = "",
) -> list[Line]:
    """A chart of ``rows`` lines: heading, plot with axis labels, event ribbon with the span."""
    gutter = GUTTER
    inner = max(1, columns - gutter - 1)
    height = max(1, rows - 2)
    values = resample(series.values, inner) if series else [None] * inner
    axis = Axis(axis_end(values, threshold, scale), threshold, worse)
    head: Line = ((left(heading, max(0, columns - len(now) - 1)), "title"), (" " + now, tone))
    marked = threshold is not None and 0 < threshold <= axis.end
    mark = int(height * (threshold or 0) / axis.end - 0.001) if marked else None
    lines: list[Line] = [head]
    for row in reversed(range(height)):
        label = _label(axis.end, unit) if row == height - 1 else "0" if row == 0 else ""
        if row == mark and row not in {0, height - 1} and threshold is not None:
            label = _label(threshold, unit)
        empty: Span = (glyphs.threshold if row == mark else " ", "quiet")
        cells = [_cell(value, row, height, axis, glyphs) or empty for value in values]
        lines.append(_merge([(right(label, gutter - 1) + " ", "quiet"), *cells]))
    if rows >= 3:
        marks: Line = ()
        if series is not None and series.values:
            marks = ribbon(events, series.start, series.step * len(series.values) / inner, inner)
        lines.append(((right(cut(span, gutter - 1), gutter - 1) + " ", "quiet"), *marks))
    return lines


def _label(value: float, unit: str) -> str:
    """A value at the axis; what is too long with its unit stands without, the heading has it."""
    whole = show(value, unit)
    return whole if len(whole) < GUTTER else number(value)


def _cell(value: float | None, row: int, height: int, axis: Axis, glyphs: Glyphs) -> Span | None:
    """One cell of the plot, or ``None`` where it stays empty."""
    if value is None:
        return (glyphs.gap, "quiet") if row == 0 else None
    eighths = min(height * 8, max(1 if value > 0 else 0, round(value / axis.end * height * 8)))
    here = min(8, max(0, eighths - row * 8))
    if here == 0:
        return (glyphs.blocks[1], "quiet") if row == 0 else None
    return glyphs.blocks[here], axis.tone(value)


def _merge(spans: list[tuple[str, Tone]]) -> Line:
    """Neighbours of one tone as one span: fewer style changes, fewer bytes on the wire."""
    merged: list[tuple[str, Tone]] = []
    for text, tone in spans:
        if merged and merged[-1][1] == tone:
            merged[-1] = (merged[-1][0] + text, tone)
        else:
            merged.append((text, tone))
    return tuple(merged)
