"""From our words to the contract's JSON: pure functions. A field not known is null, never left out.

Renaming or removing a field here raises ``VERSION``; adding one does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ainur_tui.model.alert import Alert
from ainur_tui.model.board import BoardView, SignalView, TargetView
from ainur_tui.model.journal import JournalEntry, JournalVerdict
from ainur_tui.model.log import LogGap, LogLine
from ainur_tui.model.target import WORST_FIRST, State
from ainur_tui.model.units import rfc3339

VERSION = 1

SHOWN_ALERTS = frozenset({"pending", "firing", "recovering", "no data", "blind"})


def check(board: BoardView, only: Sequence[str] = ()) -> dict[str, Any]:
    """The whole picture, or that of some targets alone (then state and trust are theirs)."""
    board = limited(board, only)
    return {
        "version": VERSION,
        "environment": board.environment,
        "at": rfc3339(board.at),
        "state": board.state,
        "since": rfc3339(board.since),
        "trust": {"fresh": board.trust.fresh, "all": board.trust.all},
        "targets": [target(view) for view in board.targets],
        "alerts": [alert(one) for one in board.alerts if one.state in SHOWN_ALERTS],
        "not_configured": board.not_configured,
        "notices": board.notices,
    }


def limited(board: BoardView, only: Sequence[str]) -> BoardView:
    """The board with nothing but the targets named; state and trust are then theirs."""
    if not only:
        return board
    import msgspec

    targets = [view for view in board.targets if view.name in only]
    signals = [signal for view in targets for signal in view.signals]
    state = worst([view.state for view in targets])
    since = [view.since for view in targets if view.state == state and view.since is not None]
    return msgspec.structs.replace(
        board,
        state=state,
        since=min(since, default=None),
        trust=type(board.trust)(
            fresh=sum(signal.quality == "fresh" for signal in signals), all=len(signals)
        ),
        targets=targets,
        alerts=[one for one in board.alerts if one.target in only],
        findings=[one for one in board.findings if one.target in only],
    )


def worst(states: Sequence[State]) -> State:
    """The state of several targets together; of none, *unknown*. Paused targets are well."""
    for state in WORST_FIRST:
        if state in states:
            return "up" if state == "paused" else state
    return "unknown"


def target(view: TargetView) -> dict[str, Any]:
    """One target with its signals."""
    return {
        "target": view.name,
        "kind": view.kind,
        "state": view.state,
        "since": rfc3339(view.since),
        "cause": view.cause,
        "summary": view.summary,
        "signals": [signal(one) for one in view.signals],
    }


def signal(view: SignalView) -> dict[str, Any]:
    """One signal. A value that nobody read now is null, whatever was read once."""
    known = view.quality in {"fresh", "late", "stale"}
    return {
        "name": view.name,
        "value": view.value if known else None,
        "unit": view.unit,
        "statistic": view.statistic,
        "source": view.source,
        "observed_at": rfc3339(view.observed_at),
        "age": None if view.age is None else round(view.age, 3),
        "quality": view.quality,
        "threshold": view.threshold,
        "verdict": view.verdict,
        "note": view.note,
        "limit": view.limit,
    }


def alert(one: Alert) -> dict[str, Any]:
    """One alert that is not at rest."""
    return {
        "name": one.name,
        "target": one.target,
        "state": one.state,
        "severity": one.severity,
        "since": rfc3339(one.since),
        "caused_by": one.caused_by,
        "summary": one.summary,
    }


def log_line(line: LogLine) -> dict[str, Any]:
    """One record of the stream."""
    return {
        "at": rfc3339(line.at),
        "source": line.source,
        "level": line.level,
        "message": line.message,
        "fields": line.fields,
        "machine": line.machine,
        "class": line.log_class,
        "unsure": line.unsure,
    }


def log_gap(gap: LogGap) -> dict[str, Any]:
    """Lines that are not here."""
    return {
        "gap": {
            "source": gap.source,
            "from": rfc3339(gap.since),
            "to": rfc3339(gap.until),
            "dropped": gap.dropped,
        }
    }


def journal(entries: Sequence[JournalEntry]) -> dict[str, Any]:
    """The record, oldest first."""
    import msgspec

    return {"version": VERSION, "entries": [msgspec.to_builtins(entry) for entry in entries]}


def verdict(found: JournalVerdict) -> dict[str, Any]:
    """Whether the record is whole."""
    return {
        "version": VERSION,
        "ok": found.ok,
        "entries": found.entries,
        "first_bad": found.first_bad,
        "truncated": found.truncated,
        "reason": found.reason,
    }
