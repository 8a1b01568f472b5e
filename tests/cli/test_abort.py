"""``abort`` ends what goes on; ``undo RUN`` takes back any run; the journal's words are clean."""

from __future__ import annotations

import json

import pytest
from msgspec.structs import replace

from ainur_tui.cli import following
from ainur_tui.model.action import Undo
from ainur_tui.model.journal import JournalEntry
from ainur_tui.model.runcalls import AbortCall, RunsQuery
from tests.cli.fakes import SPECS, FakeEngine, Shell, plan, run, use

BACK = Undo(action="scale", target="api", params={"count": "2"})


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "EVERY", 0.001)


def engine(monkeypatch: pytest.MonkeyPatch, *listed: object, end: str = "failed") -> FakeEngine:
    """``listed`` are the runs it knows; one that is asked for by id has ended."""

    def runs(query: RunsQuery) -> list[object]:
        return [run(plan(), end, message="stopped before “two”")] if query.id else list(listed)

    fake = FakeEngine(actions=SPECS, plan=plan(), runs=runs, abort=run(plan(), "running"))
    use(monkeypatch, fake)
    return fake


def test_what_goes_on_is_stopped_and_waited_for(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = engine(monkeypatch, run(plan(), "running"), run(plan()))
    assert shell("abort", "--reason", "wrong app", "--json") == 0
    assert json.loads(shell.out)["state"] == "failed"
    assert "stopped before “two”" in shell.err
    asked = [params for method, params in fake.calls if method == "abort"]
    assert asked == [AbortCall(id="r1", reason="wrong app")]


def test_an_end_that_nobody_could_look_at_is_not_a_good_one(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine(monkeypatch, end="unknown")
    assert shell("abort", "r1") == 1


def test_which_one_is_asked_where_several_go_on(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = engine(monkeypatch, run(plan(), "running"), run(plan(), "running", id="r2"))
    assert shell("abort") == 64
    assert "r2" in shell.err
    engine(monkeypatch)
    assert shell("abort") == 69
    assert shell("--read-only", "abort", "r1") == 77
    assert [method for method, _ in fake.calls] == ["runs"]


@pytest.mark.parametrize(
    ("state", "undo", "code", "words"),
    [("failed", BACK, 0, "undoes run r1"), ("failed", None, 69, "no way back"),
     ("running", BACK, 69, "ainur-tui abort stops it")],
)  # fmt: skip
def test_a_named_run_is_taken_back_however_it_ended(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, state: str, undo: Undo | None, code: int,
    words: str,
) -> None:  # fmt: skip
    fake = FakeEngine(actions=SPECS, plan=plan(), runs=[run(replace(plan(), undo=undo), state)])
    use(monkeypatch, fake)
    assert shell("undo", "r1", "--dry-run") == code
    assert words in shell.err


def test_the_journals_words_are_safe_to_show(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    bad = "\x1b]52;c;eA==\x07"
    entry = JournalEntry(
        seq=1, at=f"2026{bad}", kind="note", id=bad, operator=bad, host=bad, tty=bad, action=bad,
        target=bad, state=bad, detail={"reason": bad + "y" * 5000}, prev="0", hash="1",
    )  # fmt: skip
    use(monkeypatch, FakeEngine(journal=[entry]))
    assert shell("journal") == 0
    assert "\x1b" not in shell.out
    assert "\x07" not in shell.out
    assert len(shell.out) < 1000
