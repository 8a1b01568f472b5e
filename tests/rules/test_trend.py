"""A slope that odd days do not bend, and lines that are reached between two dates."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ainur_tui.rules.trend import DAY, Trend, daily, reached, trend, unbroken

NUMBERS = st.floats(-1e6, 1e6)


@given(st.integers(2, 31), NUMBERS, NUMBERS)
def test_a_straight_line_is_its_own_trend(days: int, start: float, slope: float) -> None:
    found = trend({day: start + slope * day for day in range(days)})
    level = start + slope * (days - 1)
    near = 1e-6 * max(1.0, abs(start), abs(slope) * days)
    for one in (found.per_day, found.least, found.most):
        assert abs(one - slope) <= near
    assert abs(found.level - level) <= near


@given(st.dictionaries(st.integers(0, 40), NUMBERS, min_size=2, max_size=31))
def test_the_range_holds_the_slope(days: dict[int, float]) -> None:
    found = trend(days)
    assert found.least <= found.per_day <= found.most


def test_one_odd_day_does_not_bend_it() -> None:
    days = {day: 100.0 + 2 * day for day in range(14)} | {6: 9000.0}
    found = trend(days)
    assert abs(found.per_day - 2) < 0.01
    assert abs(found.level - 126) < 0.01


def test_days_of_noise_have_a_range_around_nothing() -> None:
    found = trend({day: 50.0 + (day * 7919) % 11 for day in range(20)})
    assert found.least < 0 < found.most


def test_the_days_before_a_fall_tell_nothing() -> None:
    assert unbroken({1: 10.0, 2: 12.0, 3: 9.0, 4: 9.5}) == {3: 9.0, 4: 9.5}
    assert unbroken({1: 10.0, 2: 9.0, 3: 8.0}) == {1: 10.0, 2: 9.0, 3: 8.0}, "no fall but a slope"


def test_a_day_counts_when_enough_of_it_is_known() -> None:
    half = DAY / 2
    values = [(0.0, 1.0), (half, 3.0), (DAY, None), (DAY + half, 9.0), (2 * DAY, None)]
    assert daily(values) == {0: 3.0, 1: 9.0}
    assert daily(values, 0.5) == {0: 3.0}


def test_a_line_is_reached_between_two_moments() -> None:
    assert reached(20.0, Trend(2.0, 1.0, 4.0, 12.0), 0.0) == (2 * DAY, 8 * DAY)
    assert reached(20.0, Trend(1.0, -1.0, 2.0, 12.0), 0.0) == (4 * DAY, None)
    assert reached(20.0, Trend(-1.0, -2.0, 0.0, 12.0), 0.0) == (None, None)
    assert reached(10.0, Trend(1.0, 1.0, 1.0, 12.0), 5.0) == (5.0, 5.0), "it is above already"
