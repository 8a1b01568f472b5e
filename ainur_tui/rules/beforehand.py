"""What happened shortly before a trouble began: what was changed last is suspected first."""

from __future__ import annotations

from ainur_tui.model.board import BoardView
from ainur_tui.model.event import Event, EventKind
from ainur_tui.model.target import whole_of

UNDONE_BY: dict[EventKind, str] = {"deploy": "rollback"}
"""The action that undoes an event of that kind."""
SETTLES = 30.0
"""Seconds after its end in which the platform may still tell of the deploy that a rollback is."""


def before_trouble(
    kind: EventKind, target: str, within: float, board: BoardView
) -> list[tuple[Event, float]]:
    """The events of a kind at ``target`` that a trouble of it followed within so many seconds, the
    latest last, each with the seconds that lay between. What was undone since explains none."""
    began, undone = _troubles(target, board), _undone(kind, target, board)
    found = []
    for event in sorted(board.events, key=lambda event: event.at):
        gaps = [at - event.at for at in began if 0 <= at - event.at <= within]
        if event.kind == kind and event.target == target and gaps and event.at > undone:
            found.append((event, min(gaps)))
    return found


def _troubles(target: str, board: BoardView) -> list[float]:
    """When each trouble of a target and of its parts began (epoch seconds)."""
    found = [one.since for one in board.findings if whole_of(one.target) == target]
    whole = board.target(target)
    if whole is not None and whole.state != "up":
        found.append(whole.since)
    return [at for at in found if at is not None]


def _undone(kind: EventKind, target: str, board: BoardView) -> float:
    """The moment (epoch seconds) up to which such events were undone."""
    ends = [
        run.finished_at + SETTLES
        for run in board.runs
        if run.plan.action == UNDONE_BY.get(kind) and run.plan.target == target
        if run.state == "verified" and run.finished_at is not None
    ]
    return max(ends, default=0.0)
