"""What changed: every event by its time before the first symptom, nearest first."""

from __future__ import annotations

from ainur_tui.console.draw.scene import Scene
from ainur_tui.model.board import Finding
from ainur_tui.model.event import Event
from ainur_tui.model.table import Column, Row, Table, Tone
from ainur_tui.model.units import clock, duration

COLUMNS = [
    Column(name="when", title="when", rank=0, limit=16),
    Column(name="at", title="at (UTC)", rank=2, limit=19),
    Column(name="kind", title="kind", rank=1, limit=8),
    Column(name="target", title="target", rank=1, limit=26),
    Column(name="who", title="who", rank=3, limit=16),
    Column(name="what", title="what", rank=1, limit=120),
]
OUTSIDE = "—"
"""Who it was is not known: seen by a probe, done by somebody or something else."""
SYMPTOMS = frozenset({"alert", "state", "gap"})
"""Kinds that tell of trouble; all others may have caused it."""


def symptom(scene: Scene) -> Finding | None:
    """The trouble that began first of those that are there now."""
    known = [f for f in scene.view.findings if f.since is not None] if scene.view else []
    return min(known, key=lambda finding: finding.since or 0.0, default=None)


def table(scene: Scene) -> Table:
    """Events before the first symptom from the nearest back, then those after it."""
    first = symptom(scene)
    since = first.since if first else None
    events = sorted(scene.view.events if scene.view else [], key=lambda event: -event.at)
    if since is not None:
        before = [event for event in events if event.at <= since]
        after = [event for event in reversed(events) if event.at > since]
        events = before + after
    note = "nothing is wrong now: newest first"
    if first is not None and since is not None:
        note = f"first symptom {clock(since)}: {first.target}: {first.text}"[:100]
    return Table(
        name="changed", target="", title="What changed", columns=COLUMNS, interval=1e9,
        rows=[_row(event, scene, since) for event in events], source="probes and the journal",
        observed_at=scene.now, note=note,
    )  # fmt: skip


def _row(event: Event, scene: Scene, since: float | None) -> Row:
    if since is None:
        when = f"{duration(max(0.0, scene.now - event.at))} ago"
    elif event.at <= since:
        when = f"{duration(since - event.at)} before"
    else:
        when = f"{duration(event.at - since)} after"
    suspect = since is not None and event.at <= since and event.kind not in SYMPTOMS
    tone: Tone = "warn" if suspect and since - event.at < 900 else "none"  # type: ignore[operator]
    if since is not None and event.at > since:
        tone = "quiet"
    return Row(
        key=event.key, tone=tone, target=event.target or None,
        cells=[when, clock(event.at, date=True), event.kind, event.target, _who(event, scene),
               event.text],
        detail={"what in full": event.text, "seen as": event.key},
    )  # fmt: skip


def _who(event: Event, scene: Scene) -> str:
    """The operator behind an action of this console; a probe cannot know who it was."""
    head, _, rest = event.key.partition(":")
    if head == "run" and scene.view is not None:
        identity = rest.partition(":")[0]
        found = next((run for run in scene.view.runs if run.id == identity), None)
        if found is not None:
            return found.operator
    _, dot, operator = event.text.rpartition(" · ")
    return operator if dot and head == "run" else OUTSIDE
