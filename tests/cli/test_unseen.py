"""Secret parameters: by reference only, apart from the others, repeated nowhere."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import pytest

from ainur_tui.cli import asking, following
from ainur_tui.model.action import ActionSpec, BreakGlass, Lease, Param
from ainur_tui.model.runcalls import RunCall
from tests.cli.fakes import NOW, SPECS, FakeEngine, Shell, board, plan, run, use

VALUE = "correct horse battery"
SPEC = ActionSpec(
    name="secret-set", targets=["api"], risk="R2", summary="set a secret",
    params=[Param(name="name", type="str", help="which", required=True),
            Param(name="value", type="secret", help="its value", required=True)],
)  # fmt: skip
WORDS = ("run", "secret-set", "api", "--param", "name=KEY", "--yes")


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    return prepared(monkeypatch)


def prepared(monkeypatch: pytest.MonkeyPatch, **more: Any) -> FakeEngine:
    monkeypatch.setattr(following, "EVERY", 0.001)
    of = plan("secret-set", **more)
    fake = FakeEngine(
        actions=[*SPECS, SPEC], plan=of, run=run(of, "running"), runs=[run(of)], board=board()
    )
    use(monkeypatch, fake)
    return fake


def order(of: FakeEngine) -> RunCall:
    (found,) = [params for method, params in of.calls if method == "run"]
    assert isinstance(found, RunCall)
    return found


def test_from_a_variable_a_file_and_standard_input(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "value"
    file.write_text(f"{VALUE}\n")
    file.chmod(0o600)
    monkeypatch.setenv("A_VALUE", VALUE)
    for source in ("env:A_VALUE", f"file:{file}", "-"):
        fake = prepared(monkeypatch)
        monkeypatch.setattr(sys, "stdin", io.StringIO(f"{VALUE}\n"))
        assert shell(*WORDS, "--secret", f"value={source}", "--json") == 0
        assert order(fake).secrets == {"value": VALUE}
        assert order(fake).params == {"name": "KEY"}
        assert VALUE not in shell.out + shell.err


@pytest.mark.parametrize(
    "words",
    [
        ("--param", f"value={VALUE}"),
        ("--secret", f"value={VALUE}"),
        ("--secret", f"value=pass:{VALUE}"),
        ("--secret", VALUE),
        ("--secret", "value=env:NOT_THERE_AT_ALL"),
        ("--secret", "value=-", "--secret", "other=-"),
        ("--secret", "value=-", "--secret", "value=-"),
        ("--secret", "valu=env:HOME"),
        (),
    ],
)
def test_nothing_else_is_taken_nor_repeated(
    shell: Shell, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{VALUE}\n"))
    assert shell(*WORDS, *words, "--json") == 64
    assert VALUE not in shell.out + shell.err
    assert "run" not in [method for method, _ in engine.calls]


def test_an_open_file_is_no_place_for_a_secret(
    shell: Shell, engine: FakeEngine, tmp_path: Path
) -> None:
    file = tmp_path / "value"
    file.write_text(VALUE)
    file.chmod(0o644)
    assert shell(*WORDS, "--secret", f"value=file:{file}", "--json") == 64
    assert "chmod 600" in shell.err


def test_a_person_is_asked_unseen(
    shell: Shell, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "possible", lambda: True)
    monkeypatch.setattr(asking, "unseen", lambda call, question: VALUE)
    assert shell(*WORDS) == 0
    assert order(engine).secrets == {"value": VALUE}


def test_a_dry_run_needs_no_secret(shell: Shell, engine: FakeEngine) -> None:
    assert shell(*WORDS[:-1], "--dry-run", "--json") == 0


def test_a_policy_holds_while_the_glass_is_whole(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_VALUE", VALUE)
    words = (*WORDS, "--secret", "value=env:A_VALUE", "--json")
    fake = prepared(monkeypatch, policy="a deploy is going on")
    assert shell(*words) == 69
    assert "break-glass" in shell.err
    assert "run" not in [method for method, _ in fake.calls]
    glass = BreakGlass(operator="mira", reason="outage", until=NOW + 900)
    fake.answers["board"] = board(break_glass=glass)
    assert shell(*words) == 0


def test_a_lease_is_taken_over_with_a_reason(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_VALUE", VALUE)
    words = (*WORDS, "--secret", "value=env:A_VALUE", "--json")
    lease = Lease(target="api", holder="juno", reason="", expires_at=NOW + 60, run="r0")
    fake = prepared(monkeypatch, held=lease, blocked="juno holds api")
    assert shell(*words) == 75
    assert shell(*words, "--take-over") == 64
    assert shell(*words, "--take-over", "--reason", "juno sleeps") == 0
    assert order(fake).take_over
    assert order(fake).reason == "juno sleeps"
