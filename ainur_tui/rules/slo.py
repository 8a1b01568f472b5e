"""Availability and latency against what the guide promises (§3: 99.9 % uptime, below 100 ms).

Burn rate = share of bad time ÷ share that may be bad; two windows must both exceed their limit
(SRE Workbook, chapter 5). Time that nobody measured counts neither as good nor as bad.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from ainur_tui.model.event import Event
from ainur_tui.model.incident import Incident
from ainur_tui.model.series import Series, SeriesQuery
from ainur_tui.model.slo import Beyond, Burn, Minutes, Slo, Taken

WINDOW = 30 * 86400.0
AVAILABILITY = 0.999
PROMPT = 0.99
"""Share of the time in which p95 is as promised. Not from the guide, which names no share."""
LATENCY = 0.1
UP = Beyond("api", "api.up", 1.0, above=False)
SLOW = Beyond("api", "api.latency.p95", LATENCY, above=True)
PLANNED = Beyond("api", "api.maintenance", 0.0, above=True)
FINE = SeriesQuery(
    wanted=[(one.target, one.signal) for one in (UP, SLOW, PLANNED)], seconds=6 * 3600.0, points=360
)
"""What :func:`judge` is given: the minutes of the whole window that are beyond these limits, and
the last six hours minute by minute."""
BURNS = ((3600.0, 300.0, 14.4), (6 * 3600.0, 1800.0, 6.0))
AFTER_DEPLOY = 1800.0
"""Seconds for which what goes wrong is put down to a deploy."""
_ENOUGH = 0.5


_MINUTE = 60.0
_NONE = Minutes(0, ())


class Sample(NamedTuple):
    """A stretch of time that was measured: how much of it was bad, how much was planned."""

    at: float
    seconds: float
    bad: float
    planned: float


def judge(
    long: Mapping[Beyond, Minutes], fine: Sequence[Series], incidents: Sequence[Incident],
    events: Sequence[Event], now: float,
) -> list[Slo]:  # fmt: skip
    """Both objectives as of ``now``."""
    planned = long.get(PLANNED, _NONE).beyond
    asked = (
        (UP, "availability", "share of probes answered", AVAILABILITY, "guide",
         lambda value: 1 - value),
        (SLOW, "latency", "p95 below 100 ms", PROMPT, "ours", lambda value: float(value > LATENCY)),
    )  # fmt: skip
    found = []
    for limit, name, statistic, objective, origin, badness in asked:
        minutes = long.get(limit, _NONE)
        begun = Slo(
            name=name, statistic=statistic, objective=objective, window=WINDOW, bad=0.0, burns=[],
            known=minutes.known * _MINUTE, exhausted_in=None, taken=[], origin=origin,
            excluded=min(sum(share for _, share in planned), minutes.known) * _MINUTE,
        )  # fmt: skip
        bad = bad_minutes(minutes.beyond, dict(planned), badness)
        last = samples(fine, limit.signal, badness)
        found.append(_judged(begun, bad, last, lambda at: cause(at, incidents, events, now), now))
    return found


def bad_minutes(
    beyond: Sequence[tuple[float, float]], planned: Mapping[float, float],
    badness: Callable[[float], float],
) -> list[Sample]:  # fmt: skip
    """What of the minutes beyond a limit was bad, planned maintenance left out."""
    return [sample(at, _MINUTE, badness(value), planned.get(at)) for at, value in beyond]


def samples(
    series: Sequence[Series], signal: str, badness: Callable[[float], float]
) -> list[Sample]:
    """What was measured of a signal; ``badness`` is the bad share of a stretch of such a value."""
    named = {one.signal: one for one in series}
    if (found := named.get(signal)) is None:
        return []
    pause = named.get(PLANNED.signal)
    paused = pause.values if pause is not None else [None] * len(found.values)
    return [
        sample(found.start + place * found.step, found.step, badness(value), planned)
        for place, (value, planned) in enumerate(zip(found.values, paused, strict=True))
        if value is not None
    ]


def sample(at: float, seconds: float, bad: float, planned: float | None) -> Sample:
    """A stretch of which a share was bad and a share planned: the planned one is not bad."""
    share = min(max(planned or 0.0, 0.0), 1.0)
    return Sample(at, seconds, min(max(bad, 0.0), 1.0 - share) * seconds, share * seconds)


def cause(at: float, incidents: Sequence[Incident], events: Sequence[Event], now: float) -> str:
    """What a bad moment is put down to: the incident it lies in, else the deploy before it."""
    for one in incidents:
        if one.detected_at - 60 <= at <= (one.resolved_at or now):
            return f"incident {one.id}: {one.title}"
    before = [e for e in events if e.kind == "deploy" and 0 <= at - e.at <= AFTER_DEPLOY]
    last = max(before, key=lambda event: event.at, default=None)
    return f"after {last.text}" if last is not None else "nothing that is on record"


def _judged(
    slo: Slo, bad: Sequence[Sample], fine: Sequence[Sample], why: Callable[[float], str],
    now: float,
) -> Slo:  # fmt: skip
    taken: dict[str, float] = {}
    for one in bad:
        if one.bad > 0:
            # The middle of a stretch: its begin may lie before what it is put down to.
            what = why(one.at + one.seconds / 2)
            taken[what] = taken.get(what, 0.0) + one.bad
    burns = [
        Burn(long=seconds, short=short, limit=limit,
             rate=rate(fine, seconds, slo.objective, now),
             short_rate=rate(fine, short, slo.objective, now))
        for seconds, short, limit in BURNS
    ]  # fmt: skip
    judged = replace(
        slo, burns=burns, bad=sum(one.bad for one in bad),
        taken=sorted((Taken(what=what, seconds=seconds) for what, seconds in taken.items()),
                     key=lambda one: -one.seconds),
    )  # fmt: skip
    speed = burns[0].rate
    if speed:
        going = max(judged.left, 0.0) / (speed * (1 - slo.objective))
        return replace(judged, exhausted_in=going)
    return judged


def rate(told: Sequence[Sample], seconds: float, objective: float, now: float) -> float | None:
    """The burn rate over the last ``seconds``; ``None`` where less than half was measured."""
    there = [one for one in told if one.at + one.seconds > now - seconds]
    counted = sum(one.seconds - one.planned for one in there)
    if sum(one.seconds for one in there) < seconds * _ENOUGH or counted <= 0:
        return None
    return sum(one.bad for one in there) / counted / (1 - objective)
