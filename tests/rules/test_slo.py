"""Budgets, burn rates and what took the budget."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from ainur_tui.model import slowords
from ainur_tui.model.event import Event
from ainur_tui.model.incident import StatusSet
from ainur_tui.model.series import Series
from ainur_tui.model.slo import Beyond, Minutes, Slo
from ainur_tui.rules.incidents.objectives import Objectives
from ainur_tui.rules.slo import PLANNED, SLOW, UP, WINDOW, judge
from tests.rules.incidentworld import T0, Tale, fold, opened

Values = list[float | None]
NOW = T0 + 3600


def series(signal: str, values: Values) -> Series:
    return Series(target="api", signal=signal, start=NOW - len(values) * 60, step=60.0,
                  values=values)  # fmt: skip


def minutes(values: Values, limit: Beyond) -> Minutes:
    """What the history tells of minutes that end at NOW."""
    start = NOW - len(values) * 60
    known = [(start + i * 60, value) for i, value in enumerate(values) if value is not None]
    beyond = [(at, v) for at, v in known if (v > limit.limit if limit.above else v < limit.limit)]
    return Minutes(len(known), beyond)


def availability(
    long: Values, fine: Values | None = None, planned: Values | None = None,
    events: list[Event] | None = None, tale: Tale | None = None,
) -> Slo:  # fmt: skip
    told = {UP: minutes(long, UP), PLANNED: minutes(planned or [], PLANNED)}
    incidents = [fold(tale.entries, Objectives())] if tale else []
    found = judge(told, [series("api.up", fine or [])], incidents, events or [], NOW)
    assert [one.name for one in found] == ["availability", "latency"]
    return found[0]


def test_the_budget_is_the_guides_and_unmeasured_time_takes_none_of_it() -> None:
    found = availability([1.0, None, 0.5, 0.0])
    assert found.budget == pytest.approx(43.2 * 60)
    assert (found.known, found.bad) == (180.0, pytest.approx(90.0))
    assert slowords.budget(found) == "41.7 of 43.2 min left"
    assert slowords.budget(availability([])) == "nothing measured yet"
    assert slowords.budget(availability([0.0] * 90)) == "overdrawn by 46.8 min"


def test_planned_maintenance_takes_nothing_and_is_told() -> None:
    found = availability([0.0, 0.5, 1.0], planned=[1.0, 0.5, None])
    assert (found.bad, found.excluded) == (30.0, 90.0)
    assert availability([0.0], planned=[1.0]).bad == 0


def test_both_windows_must_burn_to_page() -> None:
    well: Values = [1.0] * 360
    burning = availability([1.0], [*well[:330], *[0.9] * 30])
    hour, six = burning.burns
    assert (hour.rate, hour.short_rate) == (pytest.approx(50.0), pytest.approx(100.0))
    assert hour.pages
    assert six.rate == pytest.approx(30 * 0.1 / 360 / 0.001)
    over = availability([1.0], [*well[:330], *[0.9] * 25, *[1.0] * 5])
    assert not over.burns[0].pages, "the short window is well again"
    assert availability([1.0], [None] * 360).burns[0].rate is None
    assert availability([1.0], [None] * 340 + [1.0] * 20).burns[0].rate is None
    assert "burn not known over 1h 00m" in slowords.burn(availability([1.0]).burns[0])


def test_one_per_cent_of_errors_uses_the_month_up_in_three_days() -> None:
    """What the guide calls well (below 1 %) against what it promises (G-290)."""
    found = availability([1.0], [0.99] * 360)
    assert found.burns[0].rate == pytest.approx(10)
    assert found.exhausted_in == pytest.approx(3 * 86400)
    assert not found.burns[0].pages
    assert found.burns[1].pages


def test_what_took_the_budget_is_named() -> None:
    tale = Tale(opened(detected_at=T0 - 4 * 3600), at=-14000).add(
        -12600, StatusSet(status="resolved")
    )
    deploy = Event(key="d", at=T0 - 800, kind="deploy", target="api", text="v142")
    values: Values = [1.0] * 301  # since five hours before NOW
    values[8], values[245], values[150] = 0.5, 0.8, 0.9
    found = availability(values, events=[deploy], tale=tale)
    taken = {one.what.partition(":")[0]: round(one.seconds) for one in found.taken}
    assert taken == {
        "incident 20261124-1": 30, "after v142": 12, "nothing that is on record": 6,
    }  # fmt: skip
    assert [round(one.seconds) for one in found.taken] == [30, 12, 6]


def test_latency_names_its_statistic_and_counts_time_above_it() -> None:
    told = {SLOW: minutes([0.05, 0.2, None, 0.1], SLOW)}
    found = judge(told, [], [], [], NOW)[1]
    assert (found.statistic, found.bad, found.known) == ("p95 below 100 ms", 60.0, 180.0)
    assert found.origin == "ours"


@settings(max_examples=50)
@given(st.lists(st.one_of(st.none(), st.floats(0, 1)), min_size=1, max_size=48))
def test_no_measure_is_more_than_its_time(values: Values) -> None:
    found = availability(values, values, [None if v is None else 1 - v for v in values])
    assert 0 <= found.bad <= found.known <= WINDOW
    assert found.excluded <= found.known
    assert sum(one.seconds for one in found.taken) == pytest.approx(found.bad)
    assert replace(found, bad=0.0).left == found.budget
