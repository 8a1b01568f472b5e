"""From what changed to the newest picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any, TypeVar

from msgspec.structs import replace

from ainur_tui.model.board import BoardView, TargetView, Trust
from ainur_tui.model.update import KEYS, SIGNAL_KEY, WHOLE, Changes, Update

T = TypeVar("T")


def empty(environment: str) -> BoardView:
    """The picture before anything was told."""
    trust = Trust(fresh=0, all=0)
    return BoardView(
        environment=environment, at=0.0, state="unknown", since=None, trust=trust, targets=[]
    )


def merge(board: BoardView, update: Update) -> BoardView:
    """The picture after an update. The ``age`` of a signal is as it was told: how old it is by now
    is told by ``observed_at`` and the picture's ``at``."""
    changes: dict[str, Any] = {
        name: value for name in WHOLE if (value := getattr(update, name)) is not None
    }
    changes |= {
        name: _listed(getattr(board, name), told, KEYS[name])
        for name in KEYS.keys() - {"targets"}
        if (told := getattr(update, name)) is not None
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


def _listed(known: Sequence[T], changes: Changes[T], key: Callable[[T], str]) -> list[T]:
    away = {key(entry) for _, entry in changes.put}.union(changes.gone)
    stays = (entry for entry in known if not changes.anew and key(entry) not in away)
    found: list[T] = []
    for place, entry in changes.put:
        found += islice(stays, place - len(found))
        found.append(entry)
    found += stays
    return found


def _targets(known: list[TargetView], update: Update) -> list[TargetView]:
    """A target that is told comes without its signals; what nothing is told of stays as it is."""
    if update.targets is None and not update.signals:
        return known
    signals = {target.name: target.signals for target in known}
    if update.targets is not None:
        known = _listed(known, update.targets, KEYS["targets"])
    found = []
    for target in known:
        has = signals.get(target.name, [])
        if (told := update.signals.get(target.name)) is not None:
            has = _listed(has, told, SIGNAL_KEY)
        found.append(target if target.signals is has else replace(target, signals=has))
    return found
