"""A rule over the past: how often it would have fired, by the same steps as today."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ainur_tui.model.alert import ACTIVE, Rule
from ainur_tui.model.alertcalls import Firing
from ainur_tui.model.units import clock, duration
from ainur_tui.rules import alerts
from ainur_tui.rules.alerts import LONGEST_STEP, Memory

MINUTE = 60.0
GAP = 2.5 * MINUTE
"""Seconds between two values from which on nothing was known between them."""


def replay(rule: Rule, points: Sequence[tuple[float, float]], target: str = "") -> list[Firing]:
    """Every time the rule would have fired on means of minutes (moment, mean), oldest first. What
    is shorter than a minute and not seen in its mean is not seen here either."""
    memory = Memory()
    found: list[Firing] = []
    start: float | None = None
    worst: float | None = None
    last = points[0][0] - MINUTE if points else 0.0
    for at, mean in points:
        gap = at - last > GAP
        if gap:
            memory = alerts.step(rule, memory, None, passed=LONGEST_STEP, now=at)
        passed = MINUTE if gap else at - last
        steps = max(1, math.ceil(passed / LONGEST_STEP))
        for number in range(steps):
            now = at - passed + passed * (number + 1) / steps
            memory = alerts.step(rule, memory, mean, passed=passed / steps, now=now, observed=at)
            if memory.state in ACTIVE and start is None:
                start, worst = now, mean
            elif memory.state not in ACTIVE and start is not None:
                found.append(Firing(start=start, end=now, target=target, worst=worst))
                start = worst = None
        if start is not None and worst is not None:
            worst = max(worst, mean) if rule.op == "above" else min(worst, mean)
        last = at
    if start is not None:
        found.append(Firing(start=start, end=None, target=target, worst=worst))
    return found


def covered(points: Sequence[tuple[float, float]], since: float, until: float) -> float:
    """The share of the time from ``since`` to ``until`` that there are values of."""
    whole = max(until - since, MINUTE)
    return min(1.0, sum(since <= at < until for at, _ in points) * MINUTE / whole)


def words(firings: Sequence[Firing], share: float, fired: int, days: float, now: float) -> str:
    """``would have fired 3 times in the last 7 days (longest 12m 00s, last …)``."""
    span = f"{days:g} day{'' if days == 1 else 's'}"
    if share == 0:
        return f"nothing to test on: the history has no value of it in the last {span}"
    times = len(firings)
    said = f"would have fired {_times(times)} in the last {span}"
    if firings:
        longest = max((one.end or now) - one.start for one in firings)
        newest = max(one.start for one in firings)
        said += f" (longest {duration(longest)}, last {clock(newest, date=True)[:16]} UTC)"
    if share < 0.95:
        part = f"{share * 100:.0f} %" if share >= 0.01 else "less than 1 %"
        said += f"; the history covers {part} of it"
    if fired != times:
        said += f"; it really fired {_times(fired)}"
    return said


def _times(count: int) -> str:
    return {0: "never", 1: "once"}.get(count, f"{count} times")
