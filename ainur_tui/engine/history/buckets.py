"""Readings as the means of equal buckets of time, with gaps where nothing was read."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from statistics import median_low
from typing import NamedTuple

Rows = Sequence[tuple[float, float]]
"""Time and value, oldest first."""

MISSED = 1.7
"""Beyond so many spacings between two readings there is a gap: one was missed."""


class Frame(NamedTuple):
    """A chart's buckets: where the first begins, how long each is (seconds), how many, and now."""

    start: float
    step: float
    points: int
    now: float


def buckets(rows: Rows, frame: Frame, spacing: float = 0.0) -> list[float | None]:
    """The mean of each bucket; ``None`` where nothing is known.

    A signal read less often than there are buckets holds its value until the next reading is due,
    so a slow signal is a line and a missed reading a gap. The usual time between readings is taken
    from the rows, ``spacing`` (seconds) at least.
    """
    start, step, points, now = frame
    if not rows:
        return [None] * points
    between = [later[0] - earlier[0] for earlier, later in pairwise(rows)]
    usual = max(spacing, median_low(between) if between else step)
    sums, counts = [0.0] * points, [0] * points
    for at, value in rows:
        index = int((at - start) // step)
        if 0 <= index < points:
            sums[index] += value
            counts[index] += 1
    values = [total / count if count else None for total, count in zip(sums, counts, strict=True)]
    ends = [*(at for at, _ in rows[1:]), now]
    for (at, value), end in zip(rows, ends, strict=True):
        if end - at > MISSED * usual:
            continue
        first = max(0, int((at - start) // step) + 1)
        for index in range(first, min(points, int((end - start) // step) + 1)):
            if not counts[index]:
                values[index] = value
    return values
