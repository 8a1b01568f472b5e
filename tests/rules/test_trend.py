"""A slope that odd days do not bend, and lines that are reached between two dates."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ainur_tui.rules.trend import DAY, Point, Trend, daily, reached, trend, unbroken

NUMBERS = st.floats(-1e6, 1e6)


def points(days: dict[int, float]) -> list[Point]:
    return [Point(day * DAY, value) for day, value in sorted(days.items())]


def of(days: dict[int, float]) -> Trend:
    return trend(points(days), max(days) * DAY)


@given(st.integers(2, 31), NUMBERS, NUMBERS)
def test_a_straight_line_is_its_own_trend(days: int, start: float, slope: float) -> None:
    found = of({day: start + slope * day for day in range(days)})
    level = start + slope * (days - 1)
    near = 1e-6 * max(1.0, abs(start), abs(slope) * days)
    for one in (found.per_day, found.least, found.most):
        assert abs(one - slope) <= near
    assert abs(found.level - level) <= near


@given(st.dictionaries(st.integers(0, 40), NUMBERS, min_size=2, max_size=31))
def test_the_range_holds_the_slope(days: dict[int, float]) -> None:
    found = of(days)
    assert found.least <= found.per_day <= found.most


def test_one_odd_day_does_not_bend_it() -> None:
    days = {day: 100.0 + 2 * day for day in range(14)} | {6: 9000.0}
    found = of(days)
    assert abs(found.per_day - 2) < 0.01
    assert abs(found.level - 126) < 0.01


def test_days_of_noise_have_a_range_around_nothing() -> None:
    found = of({day: 50.0 + (day * 7919) % 11 for day in range(20)})
    assert found.least < 0 < found.most


def test_the_days_before_a_fall_tell_nothing() -> None:
    assert unbroken(points({1: 10.0, 2: 12.0, 3: 9.0, 4: 9.5})) == points({3: 9.0, 4: 9.5})
    slope = points({1: 10.0, 2: 9.0, 3: 8.0})
    assert unbroken(slope) == slope
    assert unbroken([]) == []


def test_a_day_counts_when_enough_of_it_is_known() -> None:
    half = DAY / 2
    values = [(0.0, 1.0), (half, 3.0), (DAY, None), (DAY + half, 9.0), (2 * DAY, None)]
    first, second = Point(half, 3.0), Point(DAY + half, 9.0)
    assert daily(values) == [first, second]
    assert daily(values, 0.5) == [first]


def test_a_day_that_is_not_over_counts_by_its_hour() -> None:
    whole = [Point((day + 1) * DAY, day + 1.0) for day in range(9)]
    today = Point(9.25 * DAY, 9.25)
    assert trend([*whole, today], 9.25 * DAY) == Trend(1.0, 1.0, 1.0, 9.25)


def test_a_line_is_reached_between_two_moments() -> None:
    assert reached(20.0, Trend(2.0, 1.0, 4.0, 12.0), 0.0) == (2 * DAY, 8 * DAY)
    assert reached(20.0, Trend(1.0, -1.0, 2.0, 12.0), 0.0) == (4 * DAY, None)
    assert reached(20.0, Trend(-1.0, -2.0, 0.0, 12.0), 0.0) == (None, None)
    assert reached(10.0, Trend(1.0, 1.0, 1.0, 12.0), 5.0) == (5.0, 5.0), "it is above already"
