"""The upper part of a target's tab: its state in words, its signals with trends, its charts."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len

from ainur_tui.console.draw.glyphs import STATE_TONE, VERDICT_TONE
from ainur_tui.console.draw.plot import chart
from ainur_tui.console.draw.scene import Scene, standing
from ainur_tui.console.draw.spans import EMPTY, Line, ends, left, line, width, wrap
from ainur_tui.console.draw.values import (
    Named,
    signal_lines,
    span_words,
    tone_of,
    value_text,
    vital_row,
)
from ainur_tui.model.board import ProbeView, SignalView, TargetView
from ainur_tui.model.units import duration


def banner(names: Sequence[str], scene: Scene, columns: int, most: int = 1) -> list[Line]:
    """A target in at most ``most`` lines: symbol, word, since when, and its summary."""
    lines: list[Line] = []
    wide = max(map(cell_len, names))
    places = 8 if len(names) > 1 else 0
    for name in names:
        target = scene.target(name)
        if target is None:
            lines += _absent(name, scene, columns)
            continue
        state = target.state if scene.lost is None else "unknown"
        since = scene.state_since(target.since)
        start = line(
            (f" {scene.glyphs.state[state]} {left(target.name, wide)}  ", STATE_TONE[state]),
            (f"{state:<{places}} ", STATE_TONE[state]), (f"{since:>3}  ", "quiet"),
        )  # fmt: skip
        end = line((f"because of {target.cause} ", "warn")) if target.cause else EMPTY
        first, *more = wrap(target.summary, columns - width(start) - width(end) - 1, most)
        lines.append(ends((*start, (first, "text")), end, columns))
        lines += [line((" " * width(start) + words, "text")) for words in more]
    return lines


def _absent(name: str, scene: Scene, columns: int) -> list[Line]:
    """A target nobody told of: still asked for, or not configured (two different things)."""
    missing = scene.view.not_configured.get(name) if scene.view else None
    if missing is None:
        words = "asking the engine …" if scene.view is None else "not known to the engine"
        return [line((f" {scene.glyphs.state['unknown']} {name}  {words}", "quiet"))]
    told = wrap(f"{name} is not configured: {missing}", columns - 3)
    return [
        line((" - " if i == 0 else "   ", "quiet"), (text, "quiet")) for i, text in enumerate(told)
    ]


def signals(wanted: Sequence[Named], scene: Scene, columns: int, rows: int) -> list[Line]:
    """``(title, target, signal)`` rows; in two columns where there is room and need for it."""
    if len(wanted) <= rows or columns < 76:
        return [vital_row(named, scene, columns) for named in wanted[:rows]]
    half = columns // 2 - 1
    place = min(rows, (len(wanted) + 1) // 2)
    lines: list[Line] = []
    for index in range(place):
        pair: Line = EMPTY
        for named in wanted[index : index + place + 1 : place]:
            gap: Line = (("  ", "text"),) if pair else EMPTY
            pair += gap + vital_row(named, scene, half)
        lines.append(pair)
    return lines


def signal_chart(target: str, name: str, scene: Scene, columns: int, rows: int) -> list[Line]:
    """The chart of one signal with its threshold and the event ribbon."""
    signal = scene.signal(target, name)
    if signal is None:
        return [line((f" {name}", "title")), line((" no reading yet", "quiet"))]
    return chart_of(signal, target, scene, columns, rows)


def chart_of(signal: SignalView, target: str, scene: Scene, columns: int, rows: int) -> list[Line]:
    """The chart of a signal that was read, against the threshold it carries."""
    trusted = standing(signal, scene)
    now = value_text(signal) + ("" if trusted in {"live", "late"} else f" {trusted}")
    return chart(
        scene.series.get((target, signal.name)), columns, rows, scene.glyphs,
        heading=f" {signal.title}", unit=signal.unit, now=now, tone=tone_of(signal, scene),
        threshold=signal.threshold, scale=signal.scale, worse=signal.worse,
        events=scene.view.events if scene.view else (), span=span_words(scene.span),
    )  # fmt: skip


def detail(target: TargetView, scene: Scene, columns: int) -> list[Line]:
    """All there is to know of a target, for the detail screen."""
    lines = banner([target.name], scene, columns, 8)
    if target.needs:
        lines.append(line((f"   needs {', '.join(target.needs)}", "quiet")))
    lines += _troubles(target, scene, columns)
    lines.append(EMPTY)
    for signal in target.signals:
        lines += signal_lines(signal, scene, columns)
    if not target.signals:
        lines.append(line((" no signal of it was read yet", "quiet")))
    return lines + _probes(target, scene.view.probes if scene.view else [], columns)


def _troubles(target: TargetView, scene: Scene, columns: int) -> list[Line]:
    """What is wrong with it, in full, and what can be done about each."""
    lines: list[Line] = []
    for one in scene.view.findings if scene.view and scene.lost is None else []:
        if one.target != target.name:
            continue
        mark = scene.glyphs.verdict[one.verdict].strip() or scene.glyphs.state["unknown"]
        end = line((f" {scene.state_since(one.since):>4} {one.severity or '':>2} ", "quiet"))
        told = wrap(one.text, max(20, columns - 12), 6)
        lines.append(ends(line((f" {mark} ", VERDICT_TONE[one.verdict]), (told[0], "text")), end,
                          columns))  # fmt: skip
        lines += [line(("   " + text, "text")) for text in told[1:]]
        if one.hint:
            lines += [line((f"   {text}", "quiet")) for text in wrap(one.hint, columns - 4, 3)]
    return [EMPTY, *lines] if lines else []


def _probes(target: TargetView, probes: Sequence[ProbeView], columns: int) -> list[Line]:
    told: list[Line] = [EMPTY, line((" PROBES", "title"))]
    for probe in probes:
        if probe.target != target.name:
            continue
        took = "" if probe.seconds is None else f"took {duration(probe.seconds)}, "
        text = f"every {duration(probe.interval)}, {took}deadline {duration(probe.deadline)}"
        told.append(line((f"   {probe.name}  ", "text"), (text, "quiet")))
        told += [line((f"     {t}", "warn")) for t in wrap(probe.problem or "", columns - 5) if t]
    return told if len(told) > 2 else []
