"""The Overview: what is wrong, since when, what it drags down, what changed, what to do next."""

from __future__ import annotations

from collections.abc import Sequence

from ainur_tui.console.draw import playbook
from ainur_tui.console.draw.changed import what
from ainur_tui.console.draw.glyphs import VERDICT_TONE
from ainur_tui.console.draw.plot import ribbon
from ainur_tui.console.draw.scene import Scene
from ainur_tui.console.draw.spans import (
    EMPTY,
    Line,
    Tone,
    ends,
    fit,
    left,
    line,
    title,
    width,
    wrap,
)
from ainur_tui.console.draw.values import span_words, trend_start, vital_row
from ainur_tui.model.board import BoardView, Finding
from ainur_tui.model.happened import once
from ainur_tui.model.units import age, clock

VITALS: tuple[tuple[str, str, str], ...] = (
    ("requests", "api", "api.requests.rate"),
    ("p95", "api", "api.latency.p95"),
    ("errors", "api", "api.errors.ratio"),
    ("queue", "api", "api.queue"),
    ("connections", "db", "db.connections.used"),
    ("database", "db", "db.latency"),
    ("node lag", "node", "node.lag"),
    ("block age", "node", "node.block.age"),
    ("storage", "storage", "storage.latency"),
    ("host cpu", "host", "host.cpu"),
)

MOST_FOUND, CHANGED_ROWS, VITAL_ROWS, LEAST_VITALS = 5, 4, 10, 6
"""Lines of a narrow screen: troubles that are seen at once, and the parts that give way to them."""


def ordered(findings: Sequence[Finding]) -> list[Finding]:
    """Causes in the engine's order, each followed by the symptoms folded under it."""
    causes = {f.target for f in findings if f.caused_by is None}
    found: list[Finding] = []
    for finding in findings:
        if finding.caused_by is not None and finding.caused_by in causes:
            continue
        found.append(finding)
        if finding.caused_by is None and not any(f.target == finding.target for f in found[:-1]):
            found.extend(f for f in findings if f.caused_by == finding.target)
    return found


def finding_lines(
    finding: Finding, scene: Scene, columns: int, *, selected: bool = False, most: int = 1
) -> list[Line]:
    """One trouble: symbol, target, words, how long, severity. What does not fit of the words goes
    on below, in ``most`` lines altogether."""
    nested = finding.caused_by is not None
    since = scene.state_since(finding.since)
    mark = scene.glyphs.verdict[finding.verdict].strip() or scene.glyphs.state["unknown"]
    start = line(
        (scene.glyphs.cursor if selected else " ", "accent"),
        (f"  {scene.glyphs.last} " if nested else f"{mark} ", VERDICT_TONE[finding.verdict]),
        (f"{finding.target}  ", "quiet" if nested else "strong"),
    )
    end = line((f" {since:>4} {finding.severity or '':>2} ", "quiet"))
    told = wrap(finding.text, max(8, columns - width(start) - width(end) - 1), most)
    tone: Tone = "quiet" if nested else "text"
    below = [line((" " * width(start), "text"), (text, tone)) for text in told[1:]]
    return [ends((*start, (told[0], tone)), end, columns), *below]


def shares(scene: Scene, rows: int) -> tuple[int, int]:
    """Lines of what changed and of the vital signs in a narrow screen of so many: where troubles
    are many, they are told before the last of the vital signs."""
    found = len(scene.view.findings) if scene.view and scene.lost is None else 0
    lacking = max(0, min(found, MOST_FOUND) + 1 - (rows - CHANGED_ROWS - VITAL_ROWS - 2))
    fewer = min(lacking, VITAL_ROWS - LEAST_VITALS)
    return CHANGED_ROWS - min(lacking - fewer, 1), VITAL_ROWS - fewer


def wrong(scene: Scene, columns: int, rows: int, selected: int = 0) -> list[Line]:
    """The list of troubles; designed words when there are none, or when nobody can tell."""
    if scene.lost is not None:
        return _lost(scene, columns)
    if scene.view is None:
        return [title("What is wrong", columns), line((" asking the engine …", "quiet"))]
    found = ordered(scene.view.findings)
    head = title("What is wrong", columns, f"{len(found)} found " if found else "")
    if not found:
        return [head, *_well(scene.view, scene, columns)]
    room = max(1, rows - 1)
    first = max(0, min(selected - room + 1, len(found) - room)) if selected >= room else 0
    shown = found[first : first + room]
    lines, spare = [head], room - len(shown)
    for index, finding in enumerate(shown, first):
        drawn = finding_lines(finding, scene, columns, selected=index == selected, most=1 + spare)
        spare -= len(drawn) - 1
        lines += drawn
    hidden = len(found) - len(shown)
    if hidden > 0:
        lines[0] = title("What is wrong", columns, f"{len(found)} found, {hidden} more below ")
    return lines


def _well(view: BoardView, scene: Scene, columns: int) -> list[Line]:
    trust = view.trust
    since = scene.state_since(view.since)
    unknown = [t.name for t in view.targets if t.state == "unknown"]
    if unknown:
        text = f" {scene.glyphs.state['unknown']} not known yet: {', '.join(unknown)}"
        return [fit(line((text, "unknown")), columns)]
    return [
        fit(line((f" {scene.glyphs.state['up']} nothing", "ok"), (f", for {since}" if since else "",
            "text"), (f"   {trust.fresh} of {trust.all} signals fresh", "quiet")), columns),
    ]  # fmt: skip


def _lost(scene: Scene, columns: int) -> list[Line]:
    unknown = scene.glyphs.state["unknown"]
    if scene.view is None:
        told = wrap(f"{scene.lost} …", columns - 3)
        head = [title("What is wrong", columns), line((f" {unknown} not known yet", "unknown"))]
        return [*head, *(line(("   " + text, "text")) for text in told)]
    old = age(scene.elapsed)
    rest = f"This picture is {old} old, nothing is judged. The console starts another engine."
    return [
        title("What is wrong", columns),
        fit(line((f" {unknown} {scene.lost}", "unknown")), columns),
        *(line(("   " + text, "text")) for text in wrap(rest, columns - 3)),
    ]


def vitals(scene: Scene, columns: int, rows: int) -> list[Line]:
    """The numbers that tell how the system lives, each with its trend, and the events below."""
    lines = [title("Vital signs", columns, f"last {span_words(scene.span)} ")]
    room = max(0, rows - 2)
    lines += [vital_row(named, scene, columns) for named in VITALS[:room]]
    series = next((s for s in scene.series.values() if s.values), None)
    start = trend_start(columns)
    trend = columns - start
    if series is not None and trend > 3 and scene.view and len(lines) < rows:
        step = series.step * len(series.values) / trend
        marks = ribbon(scene.view.events, series.start, step, trend)
        lines.append(line((left("events", start), "quiet")) + marks)
    return lines


CAME_OF_IT = frozenset({"state", "alert", "incident"})
LATELY = 1800.0
"""Seconds for which something that was done is more telling than what came of it."""


def changed(scene: Scene, columns: int, rows: int) -> list[Line]:
    """What happened lately, newest first, with how long before the trouble it was. Where not all
    fits, what was done lately is told before the states and alerts that came of it."""
    head = title("What changed", columns)
    if scene.view is None:
        return [head]
    lately = scene.now - LATELY
    events = [event for event in once(scene.view.events) if event.kind != "playbook"]
    told = sorted(events, key=lambda e: (e.kind in CAME_OF_IT or e.at < lately, -e.at))
    events = sorted(told[: max(0, rows - 1)], key=lambda event: -event.at)
    if not events:
        return [head, line((" nothing since the engine has been watching", "quiet"))]
    first = scene.view.since if scene.view.state != "up" else None
    lines = [head]
    for event in events:
        before = ""
        if first is not None and 0 < first - event.at < 3600:
            before = f"{age(first - event.at)} before "
        start = line((f" {clock(event.at)}  ", "quiet"), (what(event), "text"))
        lines.append(ends(start, line((before, "warn")) if before else EMPTY, columns))
    return lines


def following(scene: Scene, columns: int, rows: int) -> list[Line]:
    """What to do next: the hints of the worst findings, as things one can do here."""
    if scene.view is None or scene.lost:
        return []
    hints = list(dict.fromkeys(f.hint for f in ordered(scene.view.findings) if f.hint))
    books = playbook.strip(scene, columns)
    if not hints and not books:
        return []
    return [title("Next", columns), *books,
            *(fit(line((f" {scene.glyphs.cursor} ", "accent"), (hint, "text")), columns)
              for hint in hints[: max(0 if books else 1, rows - 1 - len(books))])]  # fmt: skip
