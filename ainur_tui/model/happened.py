"""One happening that several tell of: our own record, the platform, each machine of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ainur_tui.model.event import Event
from ainur_tui.model.target import overlaps

ECHO = 30.0
"""Seconds around an action or a release in which the platform tells of what it did."""
TAKES = 120.0
"""The same after the begin of an action whose end is not among the events."""


class _Doing(NamedTuple):
    """What was done to a target, from when to when; a release is no run of ours."""

    target: str
    start: float
    end: float
    kind: str


def once(events: Sequence[Event]) -> list[Event]:
    """The events without those that say again what another one says: the begin of an action whose
    end is there, the single machines that an action or a release changed, and that what was
    restarted did start."""
    ended = {_run(event) for event in events if event.key.endswith(":ended")}
    doings = list(_doings(events))
    return [
        event
        for event in events
        if not (event.key.endswith(":begun") and _run(event) in ended)
        and not any(_echoes(event, one) for one in doings)
    ]


def _run(event: Event) -> str:
    """What an action's begin and its end have in common; empty for everything else."""
    return event.key.rpartition(":")[0] if event.key.startswith("run:") else ""


def _echoes(event: Event, doing: _Doing) -> bool:
    """Whether it tells of a part of what was done. That a machine ended unasked is nobody's echo,
    and neither is a release: somebody else's is told beside our own action."""
    if not (doing.start <= event.at <= doing.end and overlaps(event.target, doing.target)):
        return False
    if event.key.startswith("fly:"):
        single = event.target.count("/") > 1 or event.key.startswith("fly:image:")
        return single and event.kind != "state"
    return event.kind == doing.kind == "restart" and not event.key.startswith("run:")


def _doings(events: Sequence[Event]) -> Iterator[_Doing]:
    begun = {_run(event): event.at for event in events if event.key.endswith(":begun")}
    for event in events:
        if event.key.startswith("run:") and event.key.endswith((":begun", ":ended")):
            start = begun.get(_run(event), event.at)
            until = event.at + (TAKES if event.key.endswith(":begun") else ECHO)
            yield _Doing(event.target, start - 1.0, until, event.kind)
        elif event.key.startswith("fly:release:"):
            yield _Doing(event.target, event.at - ECHO, event.at + ECHO, "release")
