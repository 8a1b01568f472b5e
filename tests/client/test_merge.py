"""From what changed to the newest picture."""

from __future__ import annotations

import random
from typing import Any

import msgspec
import pytest

from ainur_tui.client.merge import empty, merge
from ainur_tui.console.draw.glyphs import UNICODE
from ainur_tui.console.draw.scene import Scene, age_of
from ainur_tui.engine.wire import listing
from ainur_tui.engine.wire.publish import Picture
from ainur_tui.model.alert import Alert, AlertState
from ainur_tui.model.board import BoardView, SignalView, TargetView, Trust
from ainur_tui.model.event import Event
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
    assert (update.targets, update.signals) == (None, {})
    board = merge(board, update)
    signal = board.targets[0].signals[0]
    assert age_of(signal, Scene(glyphs=UNICODE, now=0.0, view=board, elapsed=0.5)) == 8.5
    early = merge(board, Update(at=0.5))
    assert age_of(signal, Scene(glyphs=UNICODE, now=0.0, view=early)) == 0.0


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


def alert(number: int, *, state: AlertState = "firing", value: float = 1.0) -> Alert:
    return Alert(
        name="Hot", target=f"api/machine/{number:03}", state=state, severity="P3", since=1.0,
        summary=f"{value} degrees", value=value,
    )  # fmt: skip


def test_of_many_alerts_only_those_that_changed_are_told() -> None:
    picture = Picture()
    picture.advance(view(1, alerts=[alert(number) for number in range(500)]))
    first, sent = picture.since(0, {}), picture.revision
    assert first.alerts is not None
    assert len(first.alerts.put) == 500
    changed = [alert(number, value=2.0 if number == 7 else 1.0) for number in range(1, 500)]
    picture.advance(view(2, alerts=changed))
    update = picture.since(sent, {})
    assert update.alerts is not None
    assert update.alerts.put == [(6, changed[6])]
    assert len(update.alerts.gone) == 1
    assert len(msgspec.json.encode(update)) < 500
    assert merge(merge(empty("e"), first), update).alerts == changed


@pytest.mark.parametrize("seed", range(20))
def test_whoever_hears_at_whatever_moments_has_every_list_in_its_order(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "MOST_GONE", 3)  # those who heard long ago are told anew
    rng, picture = random.Random(seed), Picture()
    clients = [(empty("e"), 0)] * 3
    known = ["api", "db", "api/machine/1", "api/machine/2", "node"]
    for at in range(1, 40):
        parts = rng.sample(known, rng.randint(0, 5))
        states: list[State] = ["up", "down"]
        targets = [target(name, state=rng.choice(states), at=at, value=rng.choice([1.0, 2.0]))
                   for name in parts]  # fmt: skip
        alerts = [alert(n, value=rng.choice([1.0, 2.0]))
                  for n in rng.sample(range(6), rng.randint(0, 6))]  # fmt: skip
        events = [Event(key=str(n), at=n, kind="note", target="api", text="x")
                  for n in range(max(0, at - 5), at)]  # fmt: skip
        whole = view(at, *targets, alerts=alerts, events=events)
        picture.advance(whole)
        for number, (had, sent) in enumerate(clients):
            if rng.random() < (0.9, 0.4, 0.1)[number]:
                told = msgspec.json.encode(picture.since(sent, {}))
                board = merge(had, msgspec.json.decode(told, type=Update))
                clients[number] = board, picture.revision
                assert (board.alerts, board.events) == (whole.alerts, whole.events)
                assert ages_aside(board) == ages_aside(whole)


def ages_aside(board: BoardView) -> list[TargetView]:
    return [
        msgspec.structs.replace(
            one, signals=[msgspec.structs.replace(signal, age=None) for signal in one.signals]
        )
        for one in board.targets
    ]


def test_a_number_in_an_alert_can_wait_and_its_state_cannot() -> None:
    picture = Picture()
    picture.advance(view(1, alerts=[alert(1)]))
    urgent = picture.urgent
    assert picture.advance(view(2, alerts=[alert(1, value=2.0)]))
    assert picture.urgent == urgent
    picture.advance(view(3, alerts=[alert(1, value=2.0, state="recovering")]))
    assert picture.urgent == picture.revision > urgent
