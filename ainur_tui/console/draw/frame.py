"""The frame around every screen: header, tabs, the strip of running actions, the tiny screen."""

from __future__ import annotations

from collections.abc import Sequence

from ainur_tui.console.draw.alarm import header_fact
from ainur_tui.console.draw.glyphs import STATE_TONE
from ainur_tui.console.draw.others import others
from ainur_tui.console.draw.scene import Scene
from ainur_tui.console.draw.spans import Line, Span, Tone, ends, fit, line, width, wrap
from ainur_tui.model.action import FINAL, Run
from ainur_tui.model.target import State
from ainur_tui.model.units import age, clock, duration


def overall(scene: Scene) -> State:
    """The state to show: without an engine the truth is *unknown*, whatever was seen last."""
    return scene.view.state if scene.view and scene.lost is None else "unknown"


def header(scene: Scene, columns: int) -> Line:
    """Name and environment, state and since when, alerts, trust, operator. Always one line."""
    state = overall(scene)
    view = scene.view
    start: Line = ((" Ainur", "title"), ("  ", "text"), (scene.environment, "accent"))
    if view is None or scene.lost:
        word = "no engine" if scene.lost else "connecting"
        start += (("  ", "text"), (f"{scene.glyphs.state['unknown']} {word}", "unknown"))
    else:
        word = state if state == "up" else state.upper()
        start += (
            ("  ", "text"),
            (f"{scene.glyphs.state[state]} {word}", STATE_TONE[state]),
            (f" {scene.state_since(view.since)}", "quiet"),
        )
    end: Line = ()
    for shapes in reversed(_facts(scene, columns)):
        room = columns - width(start) - width(end) - 4
        if part := next((part for part in shapes if width(part) <= room), None):
            end = (*part, ("  ", "text"), *end) if end else part
    return ends(start, end, columns)


def clock_line(scene: Scene) -> Line:
    """The time. Apart from the header, so that a second costs its digits and no more."""
    return ((f"  {clock(scene.now)} UTC ", "text"),)


def _facts(scene: Scene, columns: int) -> list[list[Line]]:
    """Facts of the header in the order of their place, each in full and where room is scarce in
    short; the last ones stay the longest."""
    facts: list[list[Line]] = []
    view = scene.view
    if scene.welcome and not scene.welcome.stay:
        facts.append([line(("engine leaves when idle", "quiet"))])
    if scene.operator:
        facts.append([line((scene.operator, "quiet"))])
    if there := others(scene):
        names = ", ".join(dict.fromkeys(p.operator for p in there))
        facts.append([line((f"with {names}", "accent")), line((f"+{len(there)}", "accent"))])
    if view:
        fresh = view.trust.fresh if scene.lost is None else 0
        whole = fresh == view.trust.all
        facts.append([line((f"trust {fresh}/{view.trust.all}", "quiet" if whole else "unknown"))])
        firing = sum(one.calls for one in scene.folds)
        pending = sum(alert.state == "pending" for alert in view.alerts)
        text = f"{firing} alert{'' if firing == 1 else 's'}"
        tone: Tone = "fail" if firing else "quiet"
        more = f"{text}, {pending} pending" if pending else text
        facts.append([line((more, tone)), line((text, tone))])
    if incident := header_fact(scene, columns):
        facts.append(incident)
    if scene.read_only:
        facts.append([line(("read only", "strong"))])
    maintenance = scene.signal("api", "api.maintenance")
    if maintenance is not None and maintenance.value:
        facts.append([line(("MAINTENANCE", "warn"))])
    if (glass := scene.glass) is not None:
        left = duration(glass.until - scene.now)
        facts.insert(0, [line((f"because: {glass.reason}", "fail"))])
        facts.append([line((f"GLASS BROKEN {left} by {glass.operator}", "fail"))])
    return facts


def tabs(titles: Sequence[tuple[str, str]], active: str, columns: int) -> Line:
    """``1 Overview  2 Services …`` with the active one marked by more than colour. Where not all
    fit, the others are told in fewer letters: every key stays."""
    wide = _tabs(titles, active, 99, " ")
    shapes = (wide, *(_tabs(titles, active, most, "") for most in (99, 7, 5, 4, 3)))
    return fit(next((drawn for drawn in shapes if width(drawn) <= columns), shapes[-1]), columns)


def _tabs(titles: Sequence[tuple[str, str]], active: str, most: int, pad: str) -> Line:
    spans: list[Span] = []
    for key, name in titles:
        here = name == active
        spans.append((f" {key}{pad if here else pad or ' '}", "key"))
        spans.append((f"[{name}]", "cursor") if here else (f"{pad}{name[:most]}{pad}", "quiet"))
    return tuple(spans)


def run_line(run: Run, scene: Scene, columns: int) -> Line:
    """One action as it stands: running with its step, or ended with its verdict."""
    tone: Tone
    done = sum(step.state in {"done", "skipped"} for step in run.steps)
    name = f"{run.plan.action} {run.plan.target}"
    if run.state in FINAL:
        good, lost = run.state == "verified", run.state == "unknown"
        symbol = scene.glyphs.done if good else scene.glyphs.state["unknown" if lost else "down"]
        tone = "ok" if good else "unknown" if lost else "fail"
        ended = run.finished_at or run.started_at
        return ends(
            line((f" {symbol} {run.state} ", tone), (name, "text"), ("  " + run.message, "quiet")),
            line((f"{age(scene.now - ended)} ago ", "quiet")), columns,
        )  # fmt: skip
    step = next((s for s in run.steps if s.state == "running"), None)
    word, tone = f"{scene.glyphs.running} running", "accent"
    if scene.lost is not None:  # nobody tells how it goes on
        word, tone = f"{scene.glyphs.state['unknown']} last seen running", "unknown"
    elif run.message:
        word, tone = f"{scene.glyphs.running} stopping", "warn"
    return ends(
        line((f" {word} ", tone), (name, "strong"),
             (f"  step {min(done + 1, len(run.steps))}/{len(run.steps)} ", "text"),
             (f"{step.name} {step.detail}" if step else "", "quiet")),
        line((f"{age(scene.now - run.started_at)} ", "text")), columns,
    )  # fmt: skip


def asking_line(words: str, scene: Scene) -> Line:
    """What the engine is asked on the operator's wish and has not answered yet."""
    return line((f" {scene.glyphs.running} ", "accent"), (words, "text"))


def notice_line(words: str, scene: Scene, columns: int) -> Line:
    """What the engine says of itself, or of what another operator did here."""
    head = line((f" {scene.glyphs.state['degraded']} ", "warn"), (words, "warn"))
    return ends(head, line((" Esc hides ", "quiet")), columns)


def tiny(scene: Scene, columns: int, rows: int) -> list[Line]:
    """What matters, where there is room for almost nothing (20 columns by 5 rows)."""
    state = overall(scene)
    head = f"{scene.glyphs.state[state]} {state} "
    if scene.lost:
        return [
            line((head, "unknown")),
            *(line((t, "text")) for t in wrap(scene.lost, columns, rows - 1)),
        ]
    if scene.view is None:
        return [line((head, "unknown")), line(("connecting", "quiet"))]
    since = scene.state_since(scene.view.since)
    worst = f"all well at {clock(scene.now)}"
    if scene.view.findings:
        worst = f"{scene.view.findings[0].target}: {scene.view.findings[0].text}"
    return [
        line((head, STATE_TONE[state]), (since, "quiet")),
        *(line((text, "text")) for text in wrap(worst, columns, max(1, rows - 1))),
    ]
