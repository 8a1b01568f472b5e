"""A signal as people read it: value with unit, mark, trend, and its age when it is not fresh."""

from __future__ import annotations

from ainur_tui.console.draw.glyphs import VERDICT_TONE
from ainur_tui.console.draw.plot import spark
from ainur_tui.console.draw.scene import Scene, age_of, standing
from ainur_tui.console.draw.spans import Line, Span, Tone, left, line, right, width, wrap
from ainur_tui.model.board import SignalView
from ainur_tui.model.units import age, clock, number, show

Named = tuple[str, str, str]
"""(title, target, signal)"""


FAR = 10_000
"""Block numbers from here on are heights, written ``#184,046``; below they are distances."""
LABEL, NARROW = (13, 11), (11, 10)
"""Columns of title and value, in wide and narrow sections."""


def trend_start(columns: int) -> int:
    """The column at which trends begin in a section of that width."""
    return sum(LABEL if columns >= 48 else NARROW) + 3


def span_words(seconds: float) -> str:
    """The span of the charts: ``5 min``, ``hour``, ``6 hours``."""
    if seconds < 3600:
        return f"{seconds / 60:.0f} min"
    return "hour" if seconds == 3600 else f"{seconds / 3600:.0f} hours"


def value_text(signal: SignalView) -> str:
    """The value with its unit; against its limit where it has one."""
    if signal.value is None:
        return "—"
    if signal.limit is not None and signal.unit in {"count", ""}:
        return f"{number(signal.value)}/{number(signal.limit)}"
    if signal.unit == "blocks" and signal.value >= FAR:
        return show(signal.value, "height")
    return show(signal.value, signal.unit)


def threshold_text(signal: SignalView) -> str:
    """The threshold in words: ``over 100 ms (guide)``."""
    if signal.threshold is None or signal.unit == "bool":
        return ""
    side = "over" if signal.worse == "above" else "under"
    return f"{side} {show(signal.threshold, signal.unit)} ({signal.origin})"


def tone_of(signal: SignalView, scene: Scene) -> Tone:
    """The tone of the value: trouble shows, stale never looks fresh."""
    trusted = standing(signal, scene)
    if trusted in {"stale", "unknown"}:
        return "quiet"
    if trusted == "rejected":
        return "unknown"
    return VERDICT_TONE[signal.verdict]


def mark_of(signal: SignalView, scene: Scene) -> Span:
    """One column that tells the verdict without colour."""
    trusted = standing(signal, scene)
    if trusted in {"live", "late"}:
        return scene.glyphs.verdict[signal.verdict], VERDICT_TONE[signal.verdict]
    return "?", "unknown" if trusted == "rejected" else "quiet"


def vital_row(named: Named, scene: Scene, columns: int) -> Line:  # fmt: skip
    """``title  value  mark  trend`` in fixed places, so that nothing jumps between refreshes."""
    title, target, name = named
    signal = scene.signal(target, name)
    label, room = LABEL if columns >= 48 else NARROW
    if signal is None:
        return line((left(title, label), "quiet"), (right("—", room), "quiet"),
                    (" " * (columns - label - room), "text"))  # fmt: skip
    spans: Line = (
        (left(title, label), "text"),
        (right(value_text(signal), room), tone_of(signal, scene)),
        (" ", "text"),
        mark_of(signal, scene),
        (" ", "text"),
    )
    rest = columns - width(spans)
    seconds = age_of(signal, scene)
    if standing(signal, scene) in {"stale", "rejected"} and seconds is not None:
        return (*spans, (left(f"{standing(signal, scene)}, {age(seconds)} old", rest), "quiet"))
    if signal.value is None and signal.note:
        return (*spans, (left(signal.note, rest), "quiet"))
    series = scene.series.get((target, name))
    # A height only grows: its bars would be one block of colour.
    if series is None or rest < 4 or value_text(signal).startswith("#"):
        return (*spans, (" " * rest, "text"))
    return spans + spark(
        series.values, rest, scene.glyphs,
        threshold=signal.threshold, scale=signal.scale, worse=signal.worse,
    )  # fmt: skip


def signal_lines(signal: SignalView, scene: Scene, columns: int) -> list[Line]:
    """Everything known of one signal, for the detail screen (S-06)."""
    seconds = age_of(signal, scene)
    seen = "never read" if seconds is None else f"{age(seconds)} old"
    if signal.observed_at is not None:
        seen += f", read {clock(signal.observed_at)} UTC"
    head: Line = (
        mark_of(signal, scene), (" ", "text"), (left(signal.title, 30), "text"),
        (right(value_text(signal), 14), tone_of(signal, scene)),
        ("  ", "text"), (threshold_text(signal), "quiet"),
    )  # fmt: skip
    facts = (signal.name, signal.statistic, seen, standing(signal, scene), signal.source)
    told: list[Line] = [head]
    told += [line(("    " + t, "quiet")) for t in wrap(" · ".join(facts), columns - 4)]
    told += [line(("    " + t, "text")) for t in wrap(signal.note or "", columns - 4) if t]
    return told
