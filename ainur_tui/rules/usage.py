"""Who uses a target at this moment, in words: what a person weighs before disturbing it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ainur_tui.model.board import BoardView, SignalView
from ainur_tui.model.table import Table
from ainur_tui.model.target import whole_of
from ainur_tui.model.units import duration

_USE = {
    "api": (
        ("api.requests.rate", "{:.1f} requests/s"),
        ("api.connections", "{:.0f} connection{} open"),
        ("api.agents", "{:.0f} agent{}"),
    ),
    "db": (
        ("db.connections.used", "{:.0f} session{} connected"),
        ("db.connections.active", "{:.0f} of them at work"),
        ("db.idle_in_transaction", "{:.0f} idle in a transaction"),
    ),
    "node": (("node.peers", "{:.0f} peer{}"), ("node.pool", "{:.0f} transaction{} waiting")),
}

_MOST_NAMED = 6


def in_use(board: BoardView, target: str) -> list[str]:
    """The use of a target as far as the board knows. What is known of the whole alone is said to
    be the whole's where only a part of it is meant."""
    root, _, part = target.partition("/")
    found = _of(board, root)
    if part and found:
        return [f"all of {root}: {', '.join(found)}"]
    oldest = board.signal("db", "db.transaction.oldest") if root == "db" else None
    if oldest is not None and oldest.value:
        found.append(f"the oldest transaction is {duration(oldest.value)} old{_when(oldest)}")
    return found


def used_through(board: BoardView, target: str, affected: Iterable[str]) -> list[str]:
    """The use of those that are affected with a target."""
    root = whole_of(target)
    use = {other: _of(board, other) for other in affected if other != root}
    return [f"{other}: {', '.join(words)}" for other, words in use.items() if words]


def sessions(board: BoardView) -> list[str]:
    """Whose sessions end with the database, and which transaction is the oldest that is lost."""
    facts: list[str] = []
    open_ones = [
        row for row in _rows(board.table("db.sessions")) if isinstance(row["xact"], int | float)
    ]
    if open_ones:
        row = max(open_ones, key=lambda one: float(one["xact"]))
        facts.append(
            f"oldest transaction: session {row['pid']} of {row['user']}, {row['state']},"
            f" {duration(float(row['xact']))}: {row['query']}"[:200]
        )
    clients = board.table("db.clients")
    if clients is not None and clients.rows:
        named = [f"{row['total']} of {row['application']}" for row in _rows(clients)]
        more = len(named) - _MOST_NAMED
        facts.append(f"connected now: {', '.join(named[:_MOST_NAMED])}"
                     + f" and {more} others" * (more > 0))  # fmt: skip
    return facts


def _rows(table: Table | None) -> list[dict[str, Any]]:
    """The rows by the names of their columns."""
    if table is None:
        return []
    names = [column.name for column in table.columns]
    return [dict(zip(names, row.cells, strict=False)) for row in table.rows]


def _of(board: BoardView, root: str) -> list[str]:
    """Nothing at all is worth saying of the first figure only; the others are there or not."""
    known = [(board.signal(root, name), words) for name, words in _USE.get(root, ())]
    told = [
        (words.format(s.value, "" if round(s.value) == 1 else "s"), _when(s))
        for place, (s, words) in enumerate(known)
        if s is not None and s.value is not None and (s.value or not place)
    ]
    # What came at one moment says once how old it is.
    return [
        words + (when if number == len(told) or told[number][1] != when else "")
        for number, (words, when) in enumerate(told, 1)
    ]


def _when(signal: SignalView) -> str:
    """That a value is an old one; nothing for one that is fresh."""
    if signal.quality == "fresh" or signal.age is None:
        return ""
    return f" ({duration(signal.age)} ago; nothing heard since)"
