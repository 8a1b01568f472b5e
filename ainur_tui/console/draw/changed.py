"""What changed: every event by its time before the first symptom, nearest first."""

from __future__ import annotations

from collections.abc import Mapping

from ainur_tui.console.draw.plot import SYMPTOMS
from ainur_tui.console.draw.scene import Scene
from ainur_tui.console.draw.services import operators
from ainur_tui.model.board import Finding
from ainur_tui.model.event import Event
from ainur_tui.model.table import Column, Row, Table, Tone
from ainur_tui.model.units import clock, duration

COLUMNS = [
    Column(name="when", title="when", limit=16),
    Column(name="at", title="at (UTC)", rank=3, limit=11),
    Column(name="kind", title="kind", rank=1, limit=11),
    Column(name="who", title="who", rank=2, limit=16),
    Column(name="what", title="what", limit=120),
]
OUTSIDE = "—"
"""Who it was is not known: seen by a probe, done by somebody or something else."""
SUSPECTS, SUSPICIOUS = 3, 900.0
"""So many changes nearest before the symptom are marked, none further from it (seconds)."""


def symptom(scene: Scene) -> Finding | None:
    """The trouble that began first of those that are there now."""
    known = [f for f in scene.view.findings if f.since is not None] if scene.view else []
    return min(known, key=lambda finding: finding.since or 0.0, default=None)


def table(scene: Scene) -> Table:
    """Events before the first symptom from the nearest back, then those after it. The looks of a
    playbook change nothing: what it did is told by its actions."""
    first = symptom(scene)
    since = first.since if first else None
    told = [event for event in scene.view.events if event.kind != "playbook"] if scene.view else []
    events = sorted(told, key=lambda event: -event.at)
    if since is not None:
        before = [event for event in events if event.at <= since]
        after = [event for event in reversed(events) if event.at > since]
        events = before + after
    marked = suspects(events, since)
    note = "nothing is wrong now: newest first"
    if first is not None and since is not None:
        note = f"first symptom {clock(since)}: {first.target}: {first.text}"[:100]
    known = operators(scene)
    rows = [_row(event, scene.now, since, event.key in marked, known) for event in events]
    return Table(
        name="changed", target="", title="What changed", columns=COLUMNS, interval=1e9,
        rows=rows, source="probes and the journal", observed_at=scene.now,
        note=note,
    )  # fmt: skip


def suspects(events: list[Event], since: float | None) -> set[str]:
    """Keys of the changes that may well have caused it."""
    if since is None:
        return set()
    near = [
        event.key
        for event in events
        if event.kind not in SYMPTOMS and 0 <= since - event.at < SUSPICIOUS
    ]
    return set(near[:SUSPECTS])


def _row(
    event: Event, now: float, since: float | None, suspect: bool, known: Mapping[str, str]
) -> Row:
    tone: Tone = "warn" if suspect else "none"
    if since is None:
        when = f"{_long(now - event.at)} ago"
    elif event.at <= since:
        when = f"{_long(since - event.at)} before"
    else:
        when, tone = f"{_long(event.at - since)} after", "quiet"
    today = clock(event.at, date=True)[:10] == clock(now, date=True)[:10]
    at = clock(event.at) if today else clock(event.at, date=True)[5:16]
    return Row(
        key=event.key, tone=tone, target=event.target or None,
        cells=[when, at, event.kind, _who(event, known), what(event)],
        detail={"exactly at": clock(event.at, date=True), "target in full": event.target,
                "seen as": event.key},
        params=_params(event),
    )  # fmt: skip


def what(event: Event) -> str:
    """The words, led by what they are about where they do not say so themselves."""
    name = event.target.rpartition("/")[2]
    return event.text if name in event.text else f"{name}: {event.text}"


def _params(event: Event) -> dict[str, str]:
    """What prefills the actions that are about this change."""
    match event.key.split(":"):
        case ["fly", "secret", name, *_]:
            return {"name": name}
        case ["fly", "release", version]:
            return {"version": version.removeprefix("v")}
    return {}


def _long(seconds: float) -> str:
    return "just" if seconds < 1 else duration(seconds)


def _who(event: Event, known: Mapping[str, str]) -> str:
    """The operator behind an action of this console; a probe cannot know who it was."""
    head, _, rest = event.key.partition(":")
    if head == "run":
        return known.get(rest.partition(":")[0], OUTSIDE)
    if head == "needs":
        return event.text.rpartition(" · ")[2]
    return event.text.partition(" ")[0] if head == "glass" else OUTSIDE
