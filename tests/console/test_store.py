"""What a console remembers: the newest of everything, bounded however long it stands on a wall."""

from __future__ import annotations

from msgspec.structs import replace

from ainur_tui.console.draw.glyphs import UNICODE
from ainur_tui.console.store import MOST_RUNS, Store
from ainur_tui.model.action import Run, RunState
from ainur_tui.model.logquery import LogPage
from tests.console import worlds
from tests.console.consoles import plan


def store() -> Store:
    def nothing(_: LogPage | None = None) -> None:
        return

    return Store(
        UNICODE, "demo", operator="mira", read_only=False, changed=nothing, lines=nothing,
        relinked=nothing,
    )  # fmt: skip


def run(number: int, state: RunState = "verified") -> Run:
    return Run(
        id=f"r{number}", plan=plan("restart", "api", "R2"), operator="mira",
        state=state, steps=[], message="", started_at=worlds.NOW + number,
        finished_at=worlds.NOW + number,
    )  # fmt: skip


def test_a_run_told_step_by_step_is_not_overtaken_by_an_older_picture() -> None:
    made = store()
    begun = run(1, "running")
    made.board(replace(worlds.well(), runs=[begun]))
    made.ran(run(1))
    made.board(replace(worlds.well(), runs=[begun, run(2)]))  # its news were of the other one
    assert made.runs["r1"].state == "verified"
    made.board(replace(worlds.well(), runs=[run(1, "failed"), run(2)]))
    assert made.runs["r1"].state == "failed"


def test_of_runs_the_newest_are_remembered() -> None:
    made = store()
    for number in range(2 * MOST_RUNS):
        made.board(replace(worlds.well(), runs=[run(number)]))
    assert len(made.runs) == MOST_RUNS
    assert f"r{2 * MOST_RUNS - 1}" in made.runs


def test_charts_of_machines_that_are_gone_are_let_go() -> None:
    made = store()
    made.board(worlds.well())
    made.add_series([worlds.series("api", "x"), worlds.series("api/machine/gone", "x")])
    made.add_series([worlds.series("db", "x")])
    assert made.series.keys() == {("api", "x"), ("db", "x")}


def test_what_was_dismissed_is_remembered_as_long_as_it_is_told() -> None:
    made = store()
    made.board(replace(worlds.well(), runs=[run(1)], notices=["one", "two"]))
    made.dismiss()
    assert made.current_runs(worlds.NOW + 1) == []
    made.board(replace(worlds.well(), runs=[run(1)], notices=["two", "three"]))
    assert made.current_notices() == ["three"]
    made.dismiss()
    assert made.dismissed == {"r1", "two", "three"}
