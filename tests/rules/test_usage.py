"""Who uses a target now, in words."""

from __future__ import annotations

from msgspec.structs import replace

from ainur_tui.model.board import BoardView
from ainur_tui.rules.usage import in_use, used_through
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
