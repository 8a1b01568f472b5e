"""From what changed to the newest picture."""

from __future__ import annotations

from typing import Any

from ainur_tui.client.merge import empty, merge
from ainur_tui.engine.publish import Picture
from ainur_tui.model.board import BoardView, SignalView, TargetView, Trust
from ainur_tui.model.table import Table
from ainur_tui.model.target import State
from ainur_tui.model.update import Update


def target(name: str, *, state: State = "up", at: float = 0.0, value: float = 1.0) -> TargetView:
    whole, slash, _ = name.partition("/")
    signal = SignalView(
        name="x", title="x", value=value, unit="", statistic="last", source="s",
        observed_at=at, age=0.0, quality="fresh", threshold=None, verdict="ok",
    )  # fmt: skip
    return TargetView(
        name=name, kind=name, title=name, state=state, since=None, cause=None, summary="",
        parent=whole if slash else None, signals=[signal],
    )  # fmt: skip


def view(at: float, *targets: TargetView, **more: Any) -> BoardView:
    trust = Trust(fresh=1, all=1)
    return BoardView(
        environment="e", at=at, state="up", since=None, trust=trust, targets=list(targets), **more
    )


def table(name: str, at: float) -> Table:
    return Table(
        name=name, target="api", title=name, columns=[], rows=[], observed_at=at, source="s"
    )


def names(board: BoardView) -> list[str]:
    return [target.name for target in board.targets]


def test_what_was_told_in_parts_is_the_whole() -> None:
    picture, board, sent = Picture(), empty("e"), 0
    views = [
        view(1, target("api"), target("db")),
        view(2, target("api"), target("api/machine/1"), target("db", state="down")),
        view(3, target("api"), target("api/machine/2"), target("db"), notices=["n"]),
        view(4, target("api"), target("db"), not_configured={"fly": "add it"}),
        view(5, target("api"), target("db")),
    ]
    for one in views:
        picture.advance(one)
        board = merge(board, picture.since(sent, {}))
        sent = picture.revision
        assert names(board) == names(one)
        assert [t.state for t in board.targets] == [t.state for t in one.targets]
        assert (board.notices, board.not_configured) == (one.notices, one.not_configured)
        assert board.at == one.at


def test_who_skips_pictures_has_the_newest() -> None:
    picture = Picture()
    picture.advance(view(1, target("api"), target("api/machine/1")))
    board = merge(empty("e"), picture.since(0, {}))
    sent = picture.revision
    picture.advance(view(2, target("api", value=5.0)))
    picture.advance(view(3, target("api", value=6.0), target("api/machine/2")))
    board = merge(board, picture.since(sent, {}))
    assert names(board) == ["api", "api/machine/2"]
    assert board.targets[0].signals[0].value == 6.0


def test_ages_alone_are_no_change_and_grow_by_themselves() -> None:
    picture = Picture()
    picture.advance(view(1, target("api", at=1.0)))
    board = merge(empty("e"), picture.since(0, {}))
    sent = picture.revision
    aged = target("api", at=1.0)
    assert picture.advance(view(9, aged)) is False
    update = picture.since(sent, {})
    assert update.targets is None
    board = merge(board, update)
    assert board.targets[0].signals[0].age == 8.0
    assert merge(board, Update(at=0.5)).targets[0].signals[0].age == 0.0


def test_only_wanted_tables_and_each_once() -> None:
    picture = Picture()
    picture.advance(view(1, tables=[table("a", 1), table("b", 1)]))
    update = picture.since(0, {"a": 0})
    assert [t.name for t in update.tables or []] == ["a"]
    board = merge(empty("e"), update)
    sent = picture.revision
    assert picture.since(sent, {"a": sent}).tables is None
    assert [t.name for t in picture.since(sent, {"a": sent, "b": 0}).tables or []] == ["b"]
    picture.advance(view(2, tables=[table("a", 2), table("b", 1)]))
    board = merge(board, picture.since(sent, {"a": sent, "b": sent}))
    assert [(t.name, t.observed_at) for t in board.tables] == [("a", 2)]


def test_trouble_is_urgent_and_numbers_are_not() -> None:
    picture = Picture()
    picture.advance(view(1, target("api")))
    urgent = picture.urgent
    assert picture.advance(view(2, target("api", value=2.0)))
    assert picture.urgent == urgent
    picture.advance(view(3, target("api", state="down")))
    assert picture.urgent == picture.revision > urgent
