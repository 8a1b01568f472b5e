"""What is unusual for this hour of the week: a count beside its own of a week ago (G-020)."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

WEEK = 7 * 86400.0
AROUND = 1800.0
"""Seconds to each side of the same moment a week ago whose mean is the measure."""
LATELY = 300.0
ENOUGH = 20
"""Minutes of that hour that have to be known."""

Minutes = Sequence[tuple[float, float]]
"""Moment (epoch seconds) and mean of each minute that is known, oldest first."""


def against_last_week(minutes: Minutes, now: float) -> tuple[float | None, str]:
    """How far the mean of the last five minutes is from that of the same hour a week ago (a ratio
    of the latter, without sign), and both in words. ``None``: one of them is not known."""
    then = [mean for at, mean in minutes if abs(at - (now - WEEK)) <= AROUND]
    lately = [mean for at, mean in minutes if now - LATELY <= at <= now]
    if len(then) < ENOUGH:
        return None, f"{len(then)} minutes of this hour last week are known, {ENOUGH} are needed"
    usual = fmean(then)
    if not lately or usual <= 0:
        return None, "no value of the last five minutes" if not lately else "there was none then"
    here = fmean(lately)
    more = "more" if here > usual else "fewer"
    change = abs(here - usual) / usual
    return change, f"{here:,.0f} now, {usual:,.0f} at this hour last week: {change:.0%} {more}"
