"""Faults of a playbook's file stand where they are, with the names that may have been meant."""

from __future__ import annotations

from ainur_tui.config.locate import Lines
from ainur_tui.config.playbookcheck import problems
from ainur_tui.rules.playbooks.file import shipped_files


def test_what_comes_with_the_program_is_well() -> None:
    assert [problems(name, text) for name, text in shipped_files()] == [[]] * 8


def test_every_fault_has_its_line_and_the_nearest_name() -> None:
    text = dict(shipped_files())["latency.toml"]
    bad = text.replace('title = "What holds it up?"', 'titel = "x"').replace(
        "deadline = 90", 'deadline = "90"'
    )
    found = {problem.key: problem for problem in problems("latency.toml", bad)}
    wrong = found["step.1.titel"]
    assert bad.splitlines()[wrong.line - 1].startswith("titel")
    assert wrong.near == ("title",)
    late = next(found[key] for key in found if key.endswith(".deadline"))
    assert bad.splitlines()[late.line - 1].startswith("deadline")
    assert "a number" in late.message


def test_the_elements_of_an_array_of_tables_have_their_own_lines() -> None:
    lines = Lines("[[a]]\nx = 1\n[a.b]\ny = 1\n[[a]]\nx = 2\n[a.b]\ny = 2\n")
    assert [lines.of(("a", n, "x")) for n in "01"] == [2, 6]
    assert [lines.of(("a", n, "b", "y")) for n in "01"] == [4, 8]
    assert lines.of(("a", "1", "z")) == 5
