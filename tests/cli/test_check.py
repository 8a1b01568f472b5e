"""``check``: codes, which engine is asked, words for people."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from ainur_tui.cli import check, common, picture
from ainur_tui.cli.output import Output
from ainur_tui.model.alert import Alert
from ainur_tui.model.board import BoardView
from tests.cli.fakes import NOW, FakeEngine, Shell, board, signal, target, use


@pytest.mark.parametrize(
    ("state", "code"), [("up", 0), ("degraded", 1), ("down", 2), ("unknown", 3)]
)
def test_the_exit_code_is_the_state(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, state: str, code: int
) -> None:
    use(monkeypatch, FakeEngine(board=board(target("db", state), state=state)))
    assert shell("check", "--json") == code
    assert json.loads(shell.out)["state"] == state


def local(monkeypatch: pytest.MonkeyPatch, found: BoardView) -> list[tuple[Any, Any]]:
    """Let one-shot checks find this board; returns what they asked for."""
    asked: list[tuple[Any, Any]] = []

    class Own:
        async def check(self, targets: set[str] | None, timeout: float | None) -> BoardView:
            asked.append((targets, timeout))
            return found

    @contextlib.asynccontextmanager
    async def engine(_: object) -> AsyncIterator[Own]:
        yield Own()

    monkeypatch.setattr(common, "engine", engine)
    return asked


def test_without_an_engine_it_looks_for_itself(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, None)
    asked = local(monkeypatch, board(target("db"), target("api")))
    assert shell("check", "--target", "db", "--timeout", "3", "--json") == 0
    assert asked == [({"db"}, 3.0)]
    found = json.loads(shell.out)
    assert [t["target"] for t in found["targets"]] == ["db"]
    assert found["targets"][0]["since"] is None


def test_an_engine_that_goes_away_is_no_excuse(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, FakeEngine(board=ConnectionResetError()))
    assert local(monkeypatch, board(target("db", "down"), state="down")) == []
    assert shell("check") == 2


def test_old_boards_are_read_again(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    old = board(target("db"))
    old = msgspec.structs.replace(
        old, probes=[msgspec.structs.replace(old.probes[0], last_at=NOW - 9)]
    )
    engine = FakeEngine(board=lambda query: board(target("db")) if query else old)
    use(monkeypatch, engine)
    assert shell("check", "--target", "db") == 0
    assert [query and query.fresh for _, query in engine.calls] == [None, True]
    assert engine.calls[1][1].targets == ["db"]
    assert not check.is_current(msgspec.structs.replace(old, probes=[]))


def test_names_that_are_none(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, None)
    asked = local(monkeypatch, board(target("api"), target("api/machine/17812345")))
    for word, near in (("nod", "node"), ("node", "postgres.node"), ("db/x", "db")):
        assert shell("check", "--target", word) == 64
        assert near.rpartition(".")[2] in shell.err
    assert asked == []
    assert shell("check", "--target", "api/machine/1781234") == 64
    assert "api/machine/17812345" in shell.err
    assert asked == [({"api", "api/machine/1781234"}, None)]


def test_the_picture_for_people(monkeypatch: pytest.MonkeyPatch, shell: Shell) -> None:
    latency = signal("api.latency.p95", 0.412, unit="s", threshold=0.1, verdict="warn",
                     note="since the deploy")  # fmt: skip
    stale = signal("api.queue", 3.0, unit="count", quality="stale", age=130.0)
    found = board(
        target("api", "degraded", cause="db", summary="p95 412 ms", signals=[latency, stale]),
        target("db", "down", summary="nothing listens"),
        state="down",
        alerts=[
            Alert(name="x", target="api", state="firing", severity="P2", since=NOW, summary="slow")
        ],
        not_configured={"fly": "add it"},
        notices=["the journal cannot be written"],
    )
    text = "\n".join(picture.lines(found, Output()))
    for words in (
        "✖ down for 1m 00s", "3/4", "▲ api", "(because of db)", "412 ms, threshold 100 ms",
        "since the deploy", "2m old", "P2", "slow", "fly", "journal",
    ):  # fmt: skip
        assert words in text, words
    assert "\x1b" not in text


def test_no_screen_gives_the_plain_report(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, FakeEngine(board=board(target("db", "degraded"), state="degraded")))
    assert shell() == 1
    assert "db" in shell.out
    assert "plain report" in shell.err
