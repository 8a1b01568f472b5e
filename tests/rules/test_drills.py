"""Measured times of drills and recoveries: what counts, from when, and how it went over time."""

from __future__ import annotations

from typing import Any

from ainur_tui.model.action import Plan, Run, RunState
from ainur_tui.rules import drills

DAY = 86400.0
AT = 1_795_485_600.0


def run(
    action: str, end: float, took: float, *, goal: dict[str, Any] | None = None,
    waited: float = 0.0, state: RunState = "verified", target: str = "db",
) -> Run:  # fmt: skip
    plan = Plan(
        action=action, target=target, risk="R1", steps=["one"], affects=[],
        goal=goal or {}, title=action,
    )  # fmt: skip
    return Run(
        id=f"{action}{end}", plan=plan, operator="mira", state=state, started_at=end - took,
        steps=[], message="", finished_at=end, waited=waited,
    )  # fmt: skip


def test_a_recovery_counts_from_the_first_sign_and_a_drill_from_its_beginning() -> None:
    found = drills.measured([
        run("recover", AT, 40.0, goal={"since": AT - 100.0}),
        run("verify", AT - DAY, 60.0, waited=36.0),
        run("rollback", AT - 2 * DAY, 12.0, target="api"),
        run("deploy", AT - 2 * DAY, 12.0, target="frontend"),
        run("verify", AT, 1.0, state="failed"),
        run("restart", AT, 1.0),
    ])  # fmt: skip
    told = [(one.kind, one.seconds) for one in found]
    assert told == [("deploy", 12.0), ("verify", 24.0), ("recover", 100.0)]
    assert drills.last(drills.by_kind(found)["verify"]) == "24 s on 2026-11-23"


def test_of_a_way_back_from_nothing_each_part_counts_when_its_last_stage_is_done() -> None:
    first, second = AT - 30 * DAY, AT
    runs = [
        run("rebuild", begun + after, 5.0, goal={"since": begun, "part": part, "about": str(after)})
        for begun in (first, second)
        for part, after in (("database", 20.0), ("database", 70.0), ("api", 200.0), ("", 300.0))
    ]
    found = drills.by_kind(drills.measured(runs))
    assert {kind: [one.seconds for one in own] for kind, own in found.items()} == {
        "rebuild database": [70.0, 70.0], "rebuild api": [200.0, 200.0],
    }  # fmt: skip


def test_what_takes_longer_than_it_did_is_told_and_what_the_guide_does_not_allow() -> None:
    runs = [run("verify", AT + n * DAY, took) for n, took in enumerate((20.0, 22.0, 21.0, 40.0))]
    runs += [run("deploy", AT + n, took, target="api") for n, took in enumerate((10.0, 301.0))]
    table = drills.table(drills.measured(runs), AT, 15.0, "the record of runs")
    rows = {row.key: row for row in table.rows}
    assert table.missing is None
    assert rows["verify"].tone == "warn"
    assert rows["verify"].cells[-1] == "20 s → 22 s → 21 s → 40 s"
    assert rows["verify"].detail["trend"] == "1.9 times the median of the 3 before"
    assert rows["verify"].detail["times"].startswith("40 s on 2026-11-27; 21 s on 2026-11-26")
    assert (rows["deploy"].tone, rows["deploy"].cells[1:3]) == ("fail", [301.0, 300.0])
    assert rows["deploy"].detail["trend"] == "too few to tell"


def test_nothing_measured_is_said_with_the_way_to_measure() -> None:
    table = drills.table([], AT, 15.0, "the record of runs")
    assert table.rows == []
    assert "backup verify newest" in (table.missing or "")
