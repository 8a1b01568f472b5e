"""What an event of the board tells about an incident."""

from __future__ import annotations

from msgspec.structs import replace

from ainur_tui.model.event import Event
from ainur_tui.model.incident import Happened, Incident, Recovered
from ainur_tui.model.target import overlaps
from ainur_tui.model.text import clean

DONE = frozenset({
    "action", "restart", "scale", "deploy", "secret", "flag", "setting", "backup", "playbook",
})  # fmt: skip
"""Kinds of events that are something somebody did."""
_SHORT = 80


def verified(event: Event) -> bool:
    """Whether an event is the end of an action that was verified (``title: verified. …``)."""
    return event.kind in DONE and event.key.endswith(":ended") and ": verified." in event.text


def unsuccessful(event: Event) -> bool:
    """Whether an event is the end of an action that failed, or whose end nobody knows."""
    ended = event.kind in DONE and event.key.endswith(":ended")
    return ended and any(f": {word}." in event.text for word in ("failed", "unknown"))


def begun(event: Event) -> bool:
    """Whether an event is the begin of an action."""
    return event.key.startswith("run:") and event.key.endswith(":begun")


def ends_playbook(event: Event) -> bool:
    """Whether an event is a playbook's own end, not that of one of its steps."""
    return (
        event.kind == "playbook" and event.key.count(":") == 2 and not event.key.endswith("begun")
    )


def recovered(event: Event) -> bool:
    """Whether an event tells that something is well again."""
    if event.kind == "alert":
        return ":resolved:" in event.key
    return event.kind == "state" and "→ up" in event.text


def ended_unasked(event: Event) -> bool:
    """Whether an event tells that a machine ended without anybody's doing."""
    return event.kind == "state" and " ended: " in event.text


def short(event: Event) -> str:
    """What was done in few words; how it was verified is for the record."""
    title, there, _ = event.text.partition(": verified.")
    return f"{title}, verified" if there and len(event.text) > _SHORT else clean(event.text, _SHORT)


def tell(incident: Incident, told: Happened) -> Incident:
    """The incident as it is known after one of its events."""
    event = told.event
    if event.at < incident.detected_at:
        return incident
    if event.kind == "playbook" and overlaps(event.target, incident.target):
        begins = event.key.endswith(":begun")
        if begins or ends_playbook(event):
            incident = replace(incident, working=begins)
    if verified(event) and not told.aside and _meant(incident, event):
        words = short(event)
        incident = replace(incident, done=list(dict.fromkeys([*incident.done, words])))
    known, why = incident.recovered, _turn(incident, event)
    if why is None or (known is not None and (why or event.at < known.at)):
        return incident  # what is seen to be over is over since it was first seen to be
    return replace(incident, recovered=Recovered(at=event.at, why=why) if why else None)


def _meant(incident: Incident, event: Event) -> bool:
    """Whether an action was about it: done to its target, in the course of its playbook, or to
    what the board held for its cause."""
    root = event.target.partition("/")[0]
    named = incident.because.startswith(root) or f" {root}" in incident.because
    return overlaps(event.target, incident.target) or incident.working or named


def _by_playbook(event: Event) -> str | None:
    """Whoever begins one again does not take it for over; what it finds at its end tells."""
    title, _, _ = event.text.partition(": ")
    state = event.key.rpartition(":")[2]
    if state == "begun":
        return ""
    if not ends_playbook(event):
        return None
    return {"verified": f"playbook {title} verified",
            "not needed": f"playbook {title} found it well"}.get(state)  # fmt: skip


def _turn(incident: Incident, event: Event) -> str | None:
    """Why it is over; empty when it is on again, ``None`` when the event tells neither."""
    if event.kind == "playbook" and overlaps(event.target, incident.target):
        return _by_playbook(event)
    if incident.alert is not None:
        head = f"alert:{incident.alert}:{incident.target}:"
        if event.key.startswith(f"{head}resolved:"):
            return f"alert {incident.alert} over"
        return "" if event.key.startswith(f"{head}firing:") else None
    if event.kind == "state" and event.target == incident.target:
        ill = "→ down" in event.text or "→ degraded" in event.text
        return f"{event.target} is up" if recovered(event) else "" if ill else None
    return None
