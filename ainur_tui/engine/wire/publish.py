"""What is told to clients: the newest picture, and when each part of it last changed.

A client is brought up to date from whatever it had: nothing is queued for anyone, so that a slow
client costs no memory and simply skips to the newest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from ainur_tui.engine.wire.listing import Listing, Moved
from ainur_tui.model.alert import Alert
from ainur_tui.model.board import BoardView, SignalView
from ainur_tui.model.update import KEYS, SIGNAL_KEY, WHOLE, Update

_URGENT = frozenset(
    {"head", "runs", "leases", "notices", "presence", "glass", "incidents", "playbooks"}
)
"""Parts a person must hear of at once; numbers that moved can wait a second."""


class Picture:
    """The newest view. ``revision`` grows with each change, ``urgent`` is the last one that a
    person must hear of at once."""

    def __init__(self) -> None:
        self.view: BoardView | None = None
        self.revision = 0
        self.urgent = 0
        self._changed: dict[str, int] = {}
        self._lists: dict[str, Listing[Any]] = {name: Listing(key) for name, key in KEYS.items()}
        self._signals: dict[str, Listing[SignalView]] = {}

    def advance(self, view: BoardView) -> bool:
        """Take a new view; whether anything in it differs from the last."""
        before, self.view = self.view, view
        number = self.revision + 1
        parts = {name for name in WHOLE if before is None or _differs(before, view, name)}
        if before is None or _head(before) != _head(view):
            parts.add("head")
        if before is None or before.break_glass != view.break_glass:
            parts.add("glass")
        known = {table.name: table for table in before.tables} if before else {}
        parts |= {f"table:{t.name}" for t in view.tables if known.get(t.name) != t}
        self._changed |= dict.fromkeys(parts, number)
        loud = False
        for name, listing in self._lists.items():
            if moved := listing.advance(_entries(view, name), number):
                parts.add(name)
                loud = loud or _loud(name, moved)
        if self._advance_signals(view, number):
            parts.add("signals")
        if parts:
            self.revision = number
        if loud or parts & _URGENT:
            self.urgent = number
        return bool(parts)

    def since(self, revision: int, tables: Mapping[str, int]) -> Update:
        """What changed after ``revision``; of the tables only those named, each since its own."""
        view = self.view
        if view is None:
            return Update(at=0.0)
        fresh = [
            table
            for table in view.tables
            if table.name in tables and self._changed[f"table:{table.name}"] > tables[table.name]
        ]
        signals = {name: told for name, listing in self._signals.items()
                   if (told := listing.since(revision))}  # fmt: skip
        update = Update(at=view.at, signals=signals, tables=fresh or None)
        for name, listing in self._lists.items():
            setattr(update, name, listing.since(revision))
        for name in WHOLE:
            if self._changed[name] > revision:
                setattr(update, name, getattr(view, name))
        if self._changed["head"] > revision:
            update.state, update.since, update.trust = view.state, view.since, view.trust
        if self._changed["glass"] > revision:
            update.glass = [view.break_glass] if view.break_glass else []
        return update

    def _advance_signals(self, view: BoardView, number: int) -> bool:
        before, self._signals = self._signals, {}
        moved = False
        for target in view.targets:
            listing = before.get(target.name) or Listing(SIGNAL_KEY, _as_before, floor=number)
            self._signals[target.name] = listing
            moved = bool(listing.advance(target.signals, number)) or moved
        return moved


def _head(view: BoardView) -> tuple[object, ...]:
    return view.state, view.since, view.trust


def _differs(one: BoardView, other: BoardView, name: str) -> bool:
    return bool(getattr(one, name) != getattr(other, name))


def _entries(view: BoardView, name: str) -> Sequence[Any]:
    if name == "targets":
        return [replace(target, signals=[]) for target in view.targets]
    entries: Sequence[Any] = getattr(view, name)
    return entries


def _as_before(before: SignalView, now: SignalView) -> bool:
    """Ages grow by themselves; the client counts them on from ``observed_at``."""
    if before.observed_at != now.observed_at or before.value != now.value:
        return False  # nearly always where there is a difference, and much cheaper to see
    return replace(now, age=before.age) == before


def _loud(name: str, moved: Moved[Any]) -> bool:
    """Whether a person must hear of such changes of a list at once."""
    match name:
        case "alerts":
            return any(_call(before) != _call(now) for before, now in moved)
        case "targets":
            return any(now and (not before or before.state != now.state) for before, now in moved)
        case "proposals":
            return any(before is None or now is None for before, now in moved)
    return name in _URGENT


def _call(alert: Alert | None) -> tuple[object, ...]:
    """What of an alert decides who is called, and by which line it is told."""
    if alert is None:
        return ()
    return alert.state, alert.severity, alert.ack, alert.silence, alert.caused_by
