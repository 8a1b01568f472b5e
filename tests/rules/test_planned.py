"""What users get of a service in maintenance is no outage; what has no value lowers no trust."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from ainur_tui.model.alert import Rule
from ainur_tui.model.signal import Reading, Signal
from ainur_tui.model.target import Target
from ainur_tui.rules import alerts, findings, picture
from ainur_tui.rules.alerts import Memory
from ainur_tui.rules.evidence import Evidence
from ainur_tui.rules.judge import Held
from ainur_tui.rules.picture import Judged

PAGE = ("frontend.maintenance", "api.maintenance")
SIGNALS = {
    signal.name: signal
    for signal in (
        Signal(name="frontend.up", title="page", unit="bool", worse="below", fail=1, vital=True,
               planned_by=PAGE),
        Signal(name="frontend.maintenance", title="page", unit="bool", warn=0.5,
               trouble="users see the maintenance page"),
        Signal(name="api.maintenance", title="mode", unit="bool", warn=0.5, trouble="it is on"),
        Signal(name="api.errors.ratio", title="errors", unit="ratio", fail=0.05,
               planned_by=("api.maintenance",)),
        Signal(name="api.age", title="age", unit="s"),
    )
}  # fmt: skip


def seen(values: Mapping[str, float | None], *, late: str = "", rejected: str = "") -> list[Judged]:
    held = {}
    for name, value in values.items():
        target = name.partition(".")[0]
        reading = Reading(target=target, signal=name, value=value, source="test", observed_at=0,
                          rejected="odd" if name == rejected else None)  # fmt: skip
        held[target, name] = Held(reading, 60.0 if name == late else 1.0, 5, 5)
    targets = [Target(name=name, kind=name, title=name) for name in ("api", "frontend")]
    return picture.judge_all(Evidence(targets, SIGNALS, held))


def test_maintenance_is_told_as_what_it_is() -> None:
    api, frontend = seen(
        {"frontend.up": 0, "frontend.maintenance": 1, "api.maintenance": 1, "api.errors.ratio": 1}
    )
    assert (frontend.state, frontend.summary) == ("degraded", "users see the maintenance page")
    assert (api.state, api.summary) == ("degraded", "it is on")
    planned = {view.name for one in (api, frontend) for view in one.signals if view.planned}
    assert planned == {"frontend.up", "api.errors.ratio"}


@pytest.mark.parametrize(
    ("api_says", "late"), [(0, ""), (None, ""), (1, "api.maintenance"), (1, "frontend.maintenance")]
)
def test_a_page_alone_or_an_old_word_excuses_nothing(api_says: float | None, late: str) -> None:
    values = {"frontend.up": 0, "frontend.maintenance": 1, "api.maintenance": api_says}
    _, frontend = seen(values, late=late)
    assert frontend.state == "down"


def test_what_fired_has_ended_and_nothing_counts_meanwhile() -> None:
    firing = Memory(state="firing", since=10, value=0)
    ended = alerts.planned(firing, passed=1, now=100)
    assert (ended.state, ended.since) == ("resolved", 100)
    for moment in range(20):
        ended = alerts.planned(ended, passed=30, now=100 + 30 * moment)
    assert ended.state == "inactive"
    pending = Memory(state="pending", held=7)
    after = alerts.planned(pending, passed=1, now=100)
    rule = Rule(name="Down", signal="x.up", op="below", threshold=1, hold=8, severity="P1",
                summary="")  # fmt: skip
    again = alerts.step(rule, after, 0.0, passed=1, now=101)
    assert (after.state, again.state, again.held) == ("inactive", "pending", 0)


@pytest.mark.parametrize(
    ("late", "rejected", "fresh", "all_"),
    [("", "", 1, 1), ("api.age", "", 1, 2), ("", "api.age", 1, 2)],
)
def test_what_has_no_value_lowers_no_trust_while_its_source_answers(
    late: str, rejected: str, fresh: int, all_: int
) -> None:
    found = findings.trust(
        seen({"api.maintenance": 0, "api.age": None}, late=late, rejected=rejected)
    )
    assert (found.fresh, found.all) == (fresh, all_)
