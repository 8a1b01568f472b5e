"""A rule over the past: how often it would have fired, by the same steps as today."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import median_low

from ainur_tui.model.alert import ACTIVE, Evidence, Rule
from ainur_tui.model.alertcalls import Firing
from ainur_tui.model.units import clock, duration
from ainur_tui.rules import alerts
from ainur_tui.rules.alerts import LONGEST_STEP, Memory

MINUTE = 60.0
MISSED = 2.5
"""Beyond so many of the usual times between two values nothing was known between them."""
_REST = Memory()


def replay(rule: Rule, seen: Evidence, target: str = "") -> list[Firing]:
    """Every time the rule would have fired, oldest first. A value holds until the next one."""
    memory = _REST
    found: list[Firing] = []
    start: float | None = None
    worst: float | None = None
    last: float | None = None
    for at, until, value in _held(seen):
        if last is not None and at > last:
            memory = alerts.step(rule, memory, None, passed=LONGEST_STEP, now=at)
        last = until
        if memory is _REST and not alerts.triggered(rule, value):
            continue  # at rest, as nearly always
        if start is not None and worst is not None:
            worst = max(worst, value) if rule.op == "above" else min(worst, value)
        steps = max(1, math.ceil((until - at) / LONGEST_STEP))
        for number in range(steps + 1):
            now = at + (until - at) * number / steps
            passed = (until - at) / steps if number else 0.0
            memory = alerts.step(rule, memory, value, passed=passed, now=now, observed=at)
            if memory.state in ACTIVE and start is None:
                start, worst = now, value
            elif memory.state not in ACTIVE and start is not None:
                found.append(Firing(start=start, end=now, target=target, worst=worst))
                start = worst = None
        if memory.state == "inactive" and not memory.recent:
            memory = _REST
    if start is not None:
        found.append(Firing(start=start, end=None, target=target, worst=worst))
    return found


def covered(seen: Evidence, since: float, until: float) -> float:
    """The share of the time from ``since`` to ``until`` that a value held."""
    known = sum(max(0.0, min(end, until) - max(at, since)) for at, end, _ in _held(seen))
    return min(1.0, known / max(until - since, MINUTE))


def basis(rule: Rule, past: Sequence[Evidence]) -> str:
    """What the answer rests on, as a sentence; empty where there is nothing to judge by."""
    parts = []
    if single := [one.readings[0][0] for one in past if one.readings]:
        parts.append(f"every reading since {clock(min(single), date=True)[:16]} UTC")
    if any(one.minutes for one in past):
        extreme = "highest" if rule.op == "above" else "lowest"
        looks = f", {rule.of} minutes for {rule.of} looks" if rule.of > 1 else ""
        parts.append(f"the {extreme} value of each minute{looks}, so perhaps too often")
    return f"Judged by {', before that by '.join(parts)}." if parts else ""


def _held(seen: Evidence) -> Iterator[tuple[float, float, float]]:
    """Each value with the time it held from and to: to the next one, or as long as is usual where
    the next came late."""
    rows = [
        (at, value, spacing) for part in seen for spacing in [_usual(part)] for at, value in part
    ]
    for (at, value, spacing), (after, _, _) in pairwise(rows):
        late = after - at > MISSED * max(spacing, MINUTE)
        yield at, at + spacing if late else after, value
    if rows:
        at, value, spacing = rows[-1]
        yield at, at if seen.readings else at + spacing, value


def _usual(points: Sequence[tuple[float, float]]) -> float:
    return median_low([after - at for (at, _), (after, _) in pairwise(points)] or [MINUTE])


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
