"""What of the time before a detection led to an incident, and what had nothing to do with it."""

from __future__ import annotations

from collections.abc import Sequence

from ainur_tui.model.event import Event
from ainur_tui.model.happened import once
from ainur_tui.rules.incidents.events import ends_playbook, recovered


def leading(before: Sequence[Event]) -> list[Event]:
    """Of the events before a detection: the changes, each told once, and the states, alerts and
    playbooks that were not over by then."""
    over = {_about(event): event.at for event in before
            if recovered(event) or ends_playbook(event)}  # fmt: skip
    return [event for event in once(before) if event.at > over.get(_about(event), float("-inf"))]


def _about(event: Event) -> str:
    """What a state, an alert or a playbook is about; a change is about nothing that could pass."""
    if event.kind == "state":
        return event.target
    parts = {"alert": 3, "playbook": 2}.get(event.kind)
    return event.key if parts is None else ":".join(event.key.split(":")[:parts])
