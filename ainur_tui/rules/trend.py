"""How fast a quantity grows by the day, by a slope that odd days do not bend, and when it reaches a
line, as a range. Pure.

Theil–Sen: the median of the slopes between all pairs of days, with the interval of its rank
statistic (P. K. Sen, Estimates of the Regression Coefficient Based on Kendall's Tau, 1968).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from itertools import combinations
from statistics import median
from typing import NamedTuple

DAY = 86_400.0
FELL = 0.2
"""A share of the day before, by which what only piles up does not fall by itself: something was
cleared away or rebuilt, and the days before tell nothing of the days to come."""
_Z = 1.645
"""The normal quantile of an interval that holds the true slope nine times in ten."""
Days = Mapping[int, float]
"""Days since the epoch (UTC), each with its largest value."""


class Trend(NamedTuple):
    """A day's growth, at ``least`` and at ``most`` as the days allow; ``level`` is where the line
    stands on the last of them."""

    per_day: float
    least: float
    most: float
    level: float


def daily(values: Iterable[tuple[float, float | None]], share: float = 0.0) -> dict[int, float]:
    """The largest value of each day that has values in more than ``share`` of its moments;
    ``values`` are moments (epoch seconds) with what was known then."""
    there: dict[int, list[float]] = {}
    moments: dict[int, int] = {}
    for at, value in values:
        day = int(at // DAY)
        moments[day] = moments.get(day, 0) + 1
        if value is not None:
            there.setdefault(day, []).append(value)
    return {day: max(found) for day, found in there.items() if len(found) > share * moments[day]}


def unbroken(days: Days) -> dict[int, float]:
    """The days since it last fell by more than :data:`FELL`."""
    kept: dict[int, float] = {}
    before: float | None = None
    for day in sorted(days):
        if before is not None and days[day] < before * (1 - FELL):
            kept.clear()
        kept[day] = before = days[day]
    return kept


def trend(days: Days) -> Trend:
    """The slope over the days; two of them at least."""
    points = sorted(days.items())
    slopes = sorted((v - u) / (b - a) for (a, u), (b, v) in combinations(points, 2))
    n, pairs = len(points), len(slopes)
    spread = _Z * math.sqrt(n * (n - 1) * (2 * n + 5) / 18)
    low = max(0, math.floor((pairs - spread) / 2))
    high = min(pairs - 1, math.ceil((pairs + spread) / 2))
    slope, last = median(slopes), points[-1][0]
    level = median(value + slope * (last - day) for day, value in points)
    return Trend(slope, slopes[low], slopes[high], level)


def reached(line: float, found: Trend, now: float) -> tuple[float | None, float | None]:
    """The earliest and the latest moment (epoch seconds) at which a line above is reached; ``None``
    where it is not by that slope."""

    def moment(slope: float) -> float | None:
        return now + max(0.0, line - found.level) / slope * DAY if slope > 0 else None

    return moment(found.most), moment(found.least)
