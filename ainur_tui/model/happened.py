"""One happening that several tell of: our own record, the platform, each machine of it."""

from __future__ import annotations

from collections.abc import Sequence

from ainur_tui.model.event import Event
from ainur_tui.model.target import overlaps

ECHO = 30.0
"""Seconds around an action or a release in which the platform tells of what it did."""
TAKES = 120.0
"""The same after the begin of an action whose end is not among the events."""


def once(events: Sequence[Event]) -> list[Event]:
    """The events without those that say again what another one says: the begin of an action whose
    end is there, and the single machines that an action or a release changed."""
    ended = {_run(event) for event in events if event.key.endswith(":ended")}
    doings = _doings(events)
    return [
        event
        for event in events
        if not (event.key.endswith(":begun") and _run(event) in ended)
        and not (_echoes(event) and any(
            overlaps(event.target, target) and start <= event.at <= end
            for target, start, end in doings
        ))
    ]  # fmt: skip


def _run(event: Event) -> str:
    """What an action's begin and its end have in common; empty for everything else."""
    return event.key.rpartition(":")[0] if event.key.startswith("run:") else ""


def _echoes(event: Event) -> bool:
    """Whether it tells of a single machine, or of its image. That a machine ended unasked is
    nobody's echo, and neither is a release: somebody else's is told beside our own action."""
    single = event.target.count("/") > 1 or event.key.startswith("fly:image:")
    return event.key.startswith("fly:") and event.kind != "state" and single


def _doings(events: Sequence[Event]) -> list[tuple[str, float, float]]:
    """What was done to which target, from when to when."""
    begun = {_run(event): event.at for event in events if event.key.endswith(":begun")}
    found = []
    for event in events:
        if event.key.startswith("run:") and event.key.endswith((":begun", ":ended")):
            start = begun.get(_run(event), event.at)
            until = event.at + (TAKES if event.key.endswith(":begun") else ECHO)
            found.append((event.target, start - 1.0, until))
        elif event.key.startswith("fly:release:"):
            found.append((event.target, event.at - ECHO, event.at + ECHO))
    return found
