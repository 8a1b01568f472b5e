"""Actions, plans and runs as the contract's JSON: pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from ainur_tui.cli.shape import VERSION
from ainur_tui.model.action import ActionSpec, Plan, Run, StepRecord
from ainur_tui.model.units import rfc3339


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
                "choices": param.choices,
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
        "facts": one.facts,
        "warnings": one.warnings,
        "blocked": one.blocked,
        "policy": one.policy,
        "load": one.load,
        "undo": msgspec.to_builtins(one.undo),
        "past_runs": one.past_runs,
        "asks": one.asks,
        "held": msgspec.to_builtins(one.held),
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
        "asking": msgspec.to_builtins(one.asking),
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
