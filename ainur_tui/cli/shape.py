"""From our words to the contract's JSON: pure functions. A field not known is null, never left out.

Renaming or removing a field here raises ``VERSION``; adding one does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ainur_tui.model.action import ActionSpec, Plan, Run, StepRecord
from ainur_tui.model.alert import Alert
from ainur_tui.model.board import BoardView, SignalView, TargetView
from ainur_tui.model.journal import JournalEntry, JournalVerdict
from ainur_tui.model.log import LogGap, LogLine
from ainur_tui.model.table import Table
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


def actions(specs: Sequence[ActionSpec]) -> dict[str, Any]:
    """The catalogue."""
    return {"version": VERSION, "actions": [action(spec) for spec in specs]}


def action(spec: ActionSpec) -> dict[str, Any]:
    """One entry of the catalogue."""
    return {
        "name": spec.name,
        "targets": spec.targets,
        "risk": spec.risk,
        "params": [
            {
                "name": param.name,
                "type": param.type,
                "required": param.required,
                "default": param.default,
                "help": param.help,
            }
            for param in spec.params
        ],
        "summary": spec.summary,
        "inverse": spec.inverse,
        "available": spec.available,
        "reason": spec.reason,
    }


def plan(one: Plan) -> dict[str, Any]:
    """What a plan says."""
    return {
        "steps": one.steps,
        "affects": one.affects,
        "before": one.before,
        "inverse": one.inverse,
        "expected_seconds": one.expected_seconds,
        "params": one.params,
        "warnings": one.warnings,
        "blocked": one.blocked,
    }


def run(one: Run) -> dict[str, Any]:
    """A run, begun or refused by the engine."""
    return {
        **_outline(one.plan, one.operator, one.state, one.message),
        "id": one.id,
        "steps": [step(record) for record in one.steps],
        "verified_by": one.verified_by,
        "started_at": rfc3339(one.started_at),
        "finished_at": rfc3339(one.finished_at),
        "result": one.result,
    }


def planned(one: Plan, operator: str, message: str) -> dict[str, Any]:
    """A plan that was only looked at."""
    return _outline(one, operator, "planned", message)


def refused(
    action_name: str, target_name: str, operator: str, message: str, plan_seen: Plan | None
) -> dict[str, Any]:
    """An action that was not begun."""
    if plan_seen is not None:
        return _outline(plan_seen, operator, "refused", message)
    nothing: dict[str, Any] = {
        "steps": [],
        "affects": [],
        "before": {},
        "inverse": None,
        "expected_seconds": None,
    }
    return {
        "version": VERSION,
        "id": None,
        "action": action_name,
        "target": target_name,
        "risk": None,
        "operator": operator,
        "state": "refused",
        "plan": nothing,
        "steps": [],
        "verified_by": None,
        "message": message,
    }


def _outline(one: Plan, operator: str, state: str, message: str) -> dict[str, Any]:
    return {
        "version": VERSION,
        "id": None,
        "action": one.action,
        "target": one.target,
        "risk": one.risk,
        "operator": operator,
        "state": state,
        "plan": plan(one),
        "steps": [],
        "verified_by": None,
        "message": message,
    }


def step(record: StepRecord) -> dict[str, Any]:
    """One step of a run."""
    return {
        "name": record.name,
        "state": record.state,
        "started_at": rfc3339(record.started_at),
        "seconds": record.seconds,
        "detail": record.detail,
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


def table_rows(table: Table) -> list[dict[str, Any]]:
    """A table's rows by column name, with what its rows hold beside the columns."""
    names = [column.name for column in table.columns]
    return [dict(zip(names, row.cells, strict=False)) | row.detail for row in table.rows]
