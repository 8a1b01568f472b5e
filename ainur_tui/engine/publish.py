"""What is told to clients: the newest picture, and when each part of it last changed.

A client is brought up to date from whatever it had: nothing is queued for anyone, so that a slow
client costs no memory and simply skips to the newest.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from ainur_tui.model.board import BoardView, TargetView
from ainur_tui.model.update import Update

_LISTS = (
    "alerts", "findings", "events", "runs", "leases", "logs", "probes", "notices",
    "not_configured", "presence", "incidents", "playbooks", "proposals",
)  # fmt: skip
_URGENT = frozenset(
    {"head", "alerts", "runs", "leases", "notices", "presence", "glass", "incidents", "playbooks",
     "proposals"}
)  # fmt: skip
"""Parts a person must hear of at once; numbers that moved can wait a second."""


class Picture:
    """The newest view. ``revision`` grows with each change, ``urgent`` is the last one that a
    person must hear of at once."""

    def __init__(self) -> None:
        self.view: BoardView | None = None
        self.revision = 0
        self.urgent = 0
        self._changed: dict[str, int] = {}
        self._targets: dict[str, tuple[TargetView, int]] = {}
        self._gone: dict[str, int] = {}

    def advance(self, view: BoardView) -> bool:
        """Take a new view; whether anything in it differs from the last."""
        before, self.view = self.view, view
        number = self.revision + 1
        parts = {name for name in _LISTS if before is None or _differs(before, view, name)}
        if before is None or _head(before) != _head(view):
            parts.add("head")
        if before is None or before.break_glass != view.break_glass:
            parts.add("glass")
        known = {table.name: table for table in before.tables} if before else {}
        parts |= {f"table:{t.name}" for t in view.tables if known.get(t.name) != t}
        moved = self._advance_targets(view, number)
        if not parts and not moved:
            return False
        self.revision = number
        self._changed |= dict.fromkeys(parts, number)
        if parts & _URGENT:
            self.urgent = number
        return True

    def since(self, revision: int, tables: Mapping[str, int]) -> Update:
        """What changed after ``revision``; of the tables only those named, each since its own."""
        view = self.view
        if view is None:
            return Update(at=0.0)
        new = {name for name in _LISTS if self._changed.get(name, 0) > revision}
        targets = [found for found, changed in self._targets.values() if changed > revision]
        fresh = [
            table
            for table in view.tables
            if table.name in tables and self._changed[f"table:{table.name}"] > tables[table.name]
        ]
        update = Update(
            at=view.at,
            targets=targets or None,
            gone=[name for name, changed in self._gone.items() if changed > revision],
            tables=fresh or None,
            **{name: getattr(view, name) for name in new},
        )
        if self._changed.get("head", 0) > revision:
            update.state, update.since, update.trust = view.state, view.since, view.trust
        if self._changed.get("glass", 0) > revision:
            update.glass = [view.break_glass] if view.break_glass else []
        return update

    def _advance_targets(self, view: BoardView, number: int) -> bool:
        before = self._targets
        self._targets = {}
        moved = False
        for target in view.targets:
            known = before.get(target.name)
            if known is not None and _without_ages(known[0]) == _without_ages(target):
                self._targets[target.name] = (target, known[1])
                continue
            moved = True
            self._targets[target.name] = (target, number)
            if known is None or known[0].state != target.state:
                self.urgent = number
        for name in before.keys() - self._targets.keys():
            moved = True
            self._gone[name] = number
        self._gone = {n: when for n, when in self._gone.items() if n not in self._targets}
        return moved


def _head(view: BoardView) -> tuple[object, ...]:
    return view.state, view.since, view.trust


def _differs(one: BoardView, other: BoardView, name: str) -> bool:
    return bool(getattr(one, name) != getattr(other, name))


def _without_ages(target: TargetView) -> TargetView:
    """Ages grow by themselves; the client counts them on from ``observed_at``."""
    return replace(target, signals=[replace(signal, age=None) for signal in target.signals])
