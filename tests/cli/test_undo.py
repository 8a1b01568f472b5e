"""``undo`` runs the way back of a run; ``break-glass`` wants a reason."""

from __future__ import annotations

import json

import pytest
from msgspec.structs import replace

from ainur_tui.cli import following
from ainur_tui.model.action import Undo
from ainur_tui.model.wire import BreakGlassCall
from tests.cli.fakes import SPECS, FakeEngine, Shell, plan, run, use

BACK = Undo(action="scale", target="api", params={"count": "2"})


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "EVERY", 0.001)


def test_the_newest_run_with_a_way_back_is_taken_back(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_way, without = run(replace(plan(), undo=BACK)), run(plan())
    fake = FakeEngine(
        actions=SPECS, plan=plan(), run=run(plan(), "running"), runs=[without, with_way]
    )
    use(monkeypatch, fake)
    assert shell("undo", "--yes", "--json") == 0
    assert json.loads(shell.out)["state"] == "verified"
    (order,) = [params for method, params in fake.calls if method == "run"]
    assert (order.action, order.target, order.params) == ("scale", "api", {"count": "2"})


def test_nothing_to_undo_says_so(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, FakeEngine(runs=[run(plan()), run(replace(plan(), undo=BACK), "failed")]))
    assert shell("undo", "--yes") == 69
    assert "nothing to undo" in shell.err


def test_an_unknown_run_is_a_usage_error(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, FakeEngine(runs=[]))
    assert shell("undo", "r9", "--yes") == 64
    assert "r9" in shell.err


def test_the_glass_wants_a_reason(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeEngine(**{"break-glass": None})
    use(monkeypatch, fake)
    assert shell("break-glass") == 64
    assert shell("--read-only", "break-glass", "outage") == 77
    assert fake.calls == []
    assert shell("break-glass", "outage at the provider") == 0
    assert shell("break-glass", "--end") == 0
    assert [params for _, params in fake.calls] == [
        BreakGlassCall(reason="outage at the provider"),
        BreakGlassCall(reason=""),
    ]
