"""Who uses a target now, in words."""

from __future__ import annotations

from msgspec.structs import replace

from ainur_tui.model.board import BoardView
from ainur_tui.model.table import Column, Row, Table
from ainur_tui.rules.usage import in_use, sessions, used_through
from tests.console import worlds


def board() -> BoardView:
    return worlds.well()


def test_the_use_of_a_target_and_of_what_stands_on_it() -> None:
    assert in_use(board(), "api/machine/17") == ["all of api: 38.2 requests/s"]
    assert in_use(board(), "db") == ["18 sessions connected"]
    assert used_through(board(), "db", ["api", "frontend"]) == ["api: 38.2 requests/s"]
    assert used_through(board(), "api/machine/17", ["api"]) == []


def test_nothing_is_told_of_what_nobody_counts() -> None:
    assert in_use(board(), "frontend") == []


def test_an_old_value_is_told_as_one() -> None:
    view = board()
    old = [
        replace(target, signals=[replace(s, quality="stale", age=130.0) for s in target.signals])
        for target in view.targets
    ]
    assert in_use(replace(view, targets=old), "db") == [
        "18 sessions connected (2m 10s ago; nothing heard since)"
    ]


def test_whose_sessions_end_with_the_database_and_the_oldest_transaction() -> None:
    def table(name: str, columns: list[str], *rows: list[str | float | None]) -> Table:
        return Table(
            name=name, target="db", title=name, columns=[Column(name=c, title=c) for c in columns],
            rows=[Row(key=str(n), cells=cells) for n, cells in enumerate(rows)],
            observed_at=0, source="t",
        )  # fmt: skip

    apart = table("db.clients", ["application", "total"], ["ainur-api", 9], ["ainur-worker", 2])
    open_ones = table(
        "db.sessions", ["pid", "user", "state", "xact", "query"],
        ["7", "app", "active", 2.0, "SELECT 1"],
        ["8", "app", "idle in transaction", 252.0, "UPDATE"],
        ["9", "app", "idle", None, "COMMIT"],
    )  # fmt: skip
    told = sessions(replace(board(), tables=[apart, open_ones]))
    assert told == [
        "oldest transaction: session 8 of app, idle in transaction, 4m 12s: UPDATE",
        "connected now: 9 of ainur-api, 2 of ainur-worker",
    ]
    assert sessions(replace(board(), tables=[])) == []
