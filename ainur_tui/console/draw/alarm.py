"""What cannot be missed on any screen: the clock of an incident, and what nobody declared."""

from __future__ import annotations

from msgspec.structs import replace

from ainur_tui.console.draw.scene import Scene
from ainur_tui.console.draw.spans import EMPTY, Line, Tone, ends, line
from ainur_tui.model.alert import Alert
from ainur_tui.model.incident import SERVICES, Incident
from ainur_tui.model.incidentclock import Clock
from ainur_tui.model.incidentwords import CLOCKS, countdown
from ainur_tui.model.severity import LEVELS
from ainur_tui.model.target import overlaps
from ainur_tui.model.units import age

GRAVE = frozenset({"P1", "P2"})
WIDE = 110
"""Columns from which on the header tells an incident in full."""
SOON = 300.0
"""Seconds before its end from which on a clock is a warning."""


def pressing(one: Incident) -> Clock | None:
    """The running clock that ends first."""
    going = [c for c in one.clocks if c.ended_at is None]
    return min(going, key=lambda c: c.due_at, default=None)


def header_fact(scene: Scene, columns: int) -> list[Line]:
    """The gravest open incident for the header, one that goes on before one that was said to be
    over: in full where there is room, and in short."""
    known = scene.view.incidents if scene.view and scene.lost is None else []
    found = sorted(known, key=lambda one: one.status == "resolved")
    if not found:
        return []
    one, more = found[0], f" +{len(found) - 1}" if len(found) > 1 else ""
    soon = pressing(one)
    if soon is None:
        return [line((f"{one.severity} {one.status}{more}", "warn"))]
    tone, rest = clock_tone(soon, scene.now), countdown(soon, scene.now)
    name = CLOCKS[soon.name]
    word = f"{rest} left" if not soon.late(scene.now) else f"late {rest.removeprefix('-')}"
    full = line((f"{one.severity} {one.status}{more}  ", "warn"), (f"{name} {word}", tone))
    short = line((f"{one.severity} ", "warn"), (f"{name.removeprefix('next ')} {word}", tone))
    return [full, short] if columns >= WIDE else [short]


def moment_of(alert: Alert) -> tuple[str, str, float]:
    """One time that an alert fired: its name, its target, since when."""
    return alert.name, alert.target, alert.since


def grave(scene: Scene) -> list[Alert]:
    """Causes of a P1 or P2 that nobody has in hand, the gravest first, each as grave as what it
    drags down."""
    if scene.view is None or scene.lost is not None:
        return []
    return [
        replace(fold.root, severity=fold.worst) for fold in scene.folds
        if fold.calls and fold.root.state == "firing" and fold.worst in GRAVE
    ]  # fmt: skip


def undeclared(scene: Scene) -> list[Alert]:
    """Those of :func:`grave` that no open incident is about."""
    incidents = scene.view.incidents if scene.view else []
    return [one for one in grave(scene) if not any(_about(each, one) for each in incidents)]


def banner(scene: Scene, columns: int) -> Line:
    """What cannot be missed; nothing where there is nothing."""
    found = undeclared(scene)
    if not found:
        return EMPTY
    alert = found[0]
    limit = LEVELS[alert.severity].response or 0.0
    due = Clock(name="response", since=alert.since, due_at=alert.since + limit)
    late = due.late(scene.now)
    rest = countdown(due, scene.now).removeprefix("-")
    more = f" (+{len(found) - 1})" if len(found) > 1 else ""
    head = line((f" {scene.glyphs.state['down']} {alert.severity} ", "alarm"),
                (f"{alert.summary}{more} ", "alarm"))  # fmt: skip
    press = "" if scene.read_only else "  I declares it"
    end = line((f" answer {'late by ' if late else 'in '}{rest}{press} ", "alarm"))
    drawn = ends(head, end, columns)
    return tuple((text, "alarm") for text, _ in drawn)


def over(one: Incident, scene: Scene, columns: int, *, press: str) -> Line:
    """That an incident was seen to be over and nobody said so, what still fires about it, and what
    to ``press`` to say it; nothing where that is not so."""
    seen = one.unsaid
    if seen is None:
        return EMPTY
    still = [alert.name for alert in (scene.view.alerts if scene.view else [])
             if alert.state == "firing" and _about(one, alert)]  # fmt: skip
    head = line((f" {scene.glyphs.done} fixed {age(scene.now - seen.at)} ago? ", "ok"),
                (f"{one.id}: {seen.why}", "text"),
                (f"; still firing: {', '.join(still)}" if still else "", "warn"))  # fmt: skip
    keys = line((press, "key"), (" RESOLVED ", "quiet"))
    return ends(head, keys if not scene.read_only else EMPTY, columns)


def overs(scene: Scene, columns: int) -> list[Line]:
    """The same for the strip: the gravest of the open ones."""
    found = scene.view.incidents if scene.view and scene.lost is None else []
    drawn = (over(one, scene, columns, press="7 t Enter") for one in found)
    return list(filter(None, drawn))[:1]


def clock_tone(one: Clock, now: float) -> Tone:
    """Quiet while there is time, a warning near the end, red beyond it."""
    if one.late(now):
        return "fail"
    if one.ended_at is not None:
        return "ok"
    return "warn" if one.due_at - now < SOON else "text"


def _about(one: Incident, alert: Alert) -> bool:
    service = SERVICES.get(alert.target.partition("/")[0])
    return overlaps(one.target, alert.target) or service in one.services
