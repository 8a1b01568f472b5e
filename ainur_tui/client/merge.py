"""From what changed to the newest picture."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from ainur_tui.model.board import BoardView, SignalView, TargetView, Trust
from ainur_tui.model.update import Update

_WHOLE = (
    "alerts", "findings", "events", "runs", "leases", "logs", "probes", "notices",
    "not_configured", "presence", "incidents", "playbooks", "proposals",
)  # fmt: skip


def empty(environment: str) -> BoardView:
    """The picture before anything was told."""
    trust = Trust(fresh=0, all=0)
    return BoardView(
        environment=environment, at=0.0, state="unknown", since=None, trust=trust, targets=[]
    )


def merge(board: BoardView, update: Update) -> BoardView:
    """The picture after an update. Ages of what did not change grow with the update's time."""
    changes: dict[str, Any] = {
        name: value for name in _WHOLE if (value := getattr(update, name)) is not None
    }
    if update.state is not None:
        changes |= {"state": update.state, "since": update.since}
    if update.trust is not None:
        changes["trust"] = update.trust
    if update.glass is not None:
        changes["break_glass"] = update.glass[0] if update.glass else None
    if update.tables is not None:
        tables = {table.name: table for table in board.tables}
        changes["tables"] = list((tables | {table.name: table for table in update.tables}).values())
    changes["targets"] = _targets(board.targets, update)
    return replace(board, at=update.at, **changes)


def _targets(known: list[TargetView], update: Update) -> list[TargetView]:
    """In the order they have: a target that is new comes after its whole's other parts."""
    new = {target.name: target for target in update.targets or []}
    kept = [
        new.pop(target.name) if target.name in new else _aged(target, update.at)
        for target in known
        if target.name not in update.gone
    ]
    for target in new.values():
        whole = target.parent or target.name
        at = max((i + 1 for i, t in enumerate(kept) if whole in (t.name, t.parent)), default=None)
        kept.insert(len(kept) if at is None else at, target)
    return kept


def _aged(target: TargetView, at: float) -> TargetView:
    return replace(target, signals=[_signal(signal, at) for signal in target.signals])


def _signal(signal: SignalView, at: float) -> SignalView:
    if signal.observed_at is None:
        return signal
    return replace(signal, age=max(0.0, at - signal.observed_at))
