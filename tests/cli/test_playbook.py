"""Playbooks from the command line: listed, checked, worked through with the same gates."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from ainur_tui.model.playbook import PlaybookRun, Proposal
from tests.cli.fakes import FakeEngine, Shell, board, plan, use
from tests.console.test_playbooks import BOOKS, going

VERIFIED = going("passed", state="verified", message="recovered: API yes", finished_at=2e9)


def engine(*told: PlaybookRun, **more: Any) -> FakeEngine:
    """One whose playbook is at each of ``told`` in turn."""
    left = list(told)
    answers: dict[str, Any] = {
        "playbooks": list(BOOKS.values()), "plan": plan("restart", "api"),
        "board": board(proposals=[Proposal(playbook="api-down", title="API down", target="api",
                                           why="no machine is healthy")]),
        "playbook_start": lambda _: left.pop(0),
        "playbook_runs": lambda _: [left.pop(0) if len(left) > 1 else left[0]],
        "playbook_decide": lambda _: going("acting"),
    } | more  # fmt: skip
    return FakeEngine(**answers)


def test_the_list_tells_what_is_proposed(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, engine())
    assert shell("playbook", "list") == 0
    assert "PROPOSED: no machine is healthy" in shell.out
    assert shell("playbook", "list", "--json") == 0
    listed = {one["name"]: one for one in json.loads(shell.out)["playbooks"]}
    assert listed["api-down"]["proposed"] == "no machine is healthy"
    assert listed["latency"]["proposed"] is None


def test_show_tells_the_steps_with_the_guides_rows(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, engine())
    assert shell("playbook", "show", "api-down") == 0
    assert "runs restart api" in shell.out
    assert "G-108" in shell.out
    assert shell("playbook", "show", "api-dwn") == 64
    assert "did you mean api-down" in shell.err


def test_run_works_through_it_and_says_how_it_ended(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = engine(going(), going("acting"), VERIFIED)
    use(monkeypatch, made)
    assert shell("playbook", "run", "api-down", "--yes", "--json") == 0
    found = json.loads(shell.out)
    assert (found["state"], found["steps"][0]["state"]) == ("verified", "passed")
    calls = dict(made.calls)
    assert calls["playbook.start"].why == "no machine is healthy"
    assert calls["playbook.decide"].call.action == "restart"


def test_without_a_decision_it_waits_and_says_so(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = engine(going())
    use(monkeypatch, made)
    assert shell("playbook", "run", "api-down") == 1
    assert "it waits in the engine" in shell.err
    assert "playbook.decide" not in dict(made.calls)


def test_downtime_needs_the_name(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    made = engine(going(), VERIFIED, plan=plan("restart", "api", "R3"))
    use(monkeypatch, made)
    assert shell("playbook", "run", "api-down", "--yes") == 64
    assert "--confirm-name api" in shell.err
    assert "playbook.decide" not in dict(made.calls)


def test_what_is_stuck_is_not_verified(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, engine(going("stuck")))
    assert shell("playbook", "run", "api-down", "--yes") == 1


def test_skip_decides_about_the_step_at_hand(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    made = engine(board=board(playbooks=[going()]))
    use(monkeypatch, made)
    assert shell("playbook", "skip", "api-down", "--reason", "done by hand") == 0
    call = dict(made.calls)["playbook.decide"]
    assert (call.step, call.choice, call.reason) == ("restart", "skip", "done by hand")
    made.answers["board"] = board(playbooks=[replace(going(), state="verified")])
    assert shell("playbook", "skip", "api-down", "--reason", "x") == 69


def test_a_session_that_may_only_read_runs_none(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, engine(going()))
    assert shell("--read-only", "playbook", "run", "api-down") == 77


def test_check_tells_file_line_and_name(shell: Shell, tmp_path: Path) -> None:
    assert shell("playbook", "check") == 0
    bad = tmp_path / "bad.toml"
    bad.write_text('name = "x"\ntitel = "X"\n')
    assert shell("playbook", "check", str(bad), "--json") == 65
    problems = json.loads(shell.out)["problems"]
    assert (problems[0]["line"], problems[0]["key"], problems[0]["near"]) == (2, "titel", ["title"])
    assert shell("playbook", "check", str(tmp_path / "none.toml")) == 69


def test_the_schema_is_json(shell: Shell) -> None:
    assert shell("playbook", "schema") == 0
    assert "PlaybookStep" in json.loads(shell.out)["$defs"]
