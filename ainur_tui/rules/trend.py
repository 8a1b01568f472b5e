"""How fast a quantity grows by the day, by a slope that odd days do not bend, and when it reaches a
line, as a range. Pure.

Theil–Sen: the median of the slopes between all pairs of days, with the interval of its rank
statistic (P. K. Sen, Estimates of the Regression Coefficient Based on Kendall's Tau, 1968).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import combinations, pairwise
from statistics import median
from typing import NamedTuple

DAY = 86_400.0
FELL = 0.2
"""A share of the day before, by which what only piles up does not fall by itself: something was
cleared away or rebuilt, and the days before tell nothing of the days to come."""
_Z = 1.645
"""The normal quantile of an interval that holds the true slope nine times in ten."""


class Point(NamedTuple):
    """A day's largest value and when it was (epoch seconds)."""

    at: float
    value: float


class Trend(NamedTuple):
    """A day's growth, at ``least`` and at ``most`` as the days allow; ``level`` is where the line
    stands now."""

    per_day: float
    least: float
    most: float
    level: float


def daily(values: Iterable[tuple[float, float | None]], share: float = 0.0) -> list[Point]:
    """The largest value of each day (UTC) that has values in more than ``share`` of its moments, in
    order; ``values`` are moments with what was known then."""
    there: dict[int, list[Point]] = {}
    moments = Counter[int]()
    for at, value in values:
        day = int(at // DAY)
        moments[day] += 1
        if value is not None:
            there.setdefault(day, []).append(Point(at, value))
    return [
        max(found, key=lambda point: point.value)
        for day, found in sorted(there.items())
        if len(found) > share * moments[day]
    ]


def unbroken(points: Sequence[Point]) -> list[Point]:
    """The days since it last fell by more than :data:`FELL`."""
    broken = [
        number
        for number, (before, after) in enumerate(pairwise(points), 1)
        if after.value < before.value * (1 - FELL)
    ]
    return list(points[broken[-1] if broken else 0 :])


def trend(points: Sequence[Point], now: float) -> Trend:
    """The slope over the days; two of them at least."""
    slopes = sorted((b.value - a.value) / (b.at - a.at) * DAY for a, b in combinations(points, 2))
    n, pairs = len(points), len(slopes)
    spread = _Z * math.sqrt(n * (n - 1) * (2 * n + 5) / 18)
    low = max(0, math.floor((pairs - spread) / 2))
    high = min(pairs - 1, math.ceil((pairs + spread) / 2))
    slope = median(slopes)
    level = median(point.value + slope * (now - point.at) / DAY for point in points)
    return Trend(slope, slopes[low], slopes[high], level)


def reached(line: float, found: Trend, now: float) -> tuple[float | None, float | None]:
    """The earliest and the latest moment (epoch seconds) at which a line above is reached; ``None``
    where it is not by that slope."""

    def moment(slope: float) -> float | None:
        return now + max(0.0, line - found.level) / slope * DAY if slope > 0 else None

    return moment(found.most), moment(found.least)
