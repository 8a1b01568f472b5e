"""What of the time before a detection led to an incident, and what had nothing to do with it."""

from __future__ import annotations

from collections.abc import Sequence

from ainur_tui.model.event import Event
from ainur_tui.model.happened import once
from ainur_tui.rules.incidentevents import recovered


def leading(before: Sequence[Event]) -> list[Event]:
    """Of the events before a detection: the changes, each told once, and the states and alerts
    that had not passed again by then. A playbook of before it was about something else."""
    over = {_about(event): event.at for event in before if recovered(event)}
    return [
        event
        for event in once(before)
        if event.kind != "playbook" and event.at > over.get(_about(event), float("-inf"))
    ]


def _about(event: Event) -> str:
    """What a state or an alert is about; a change is about nothing that could pass."""
    if event.kind == "state":
        return event.target
    return ":".join(event.key.split(":")[:3]) if event.kind == "alert" else event.key
