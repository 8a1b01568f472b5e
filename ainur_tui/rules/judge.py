"""One reading, judged: how fresh it is and on which side of its thresholds it lies."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

import msgspec

from ainur_tui.model.board import SignalView
from ainur_tui.model.signal import Quality, Reading, Signal, Verdict

RANK: dict[Verdict, int] = {"fail": 3, "warn": 2, "none": 1, "ok": 0}
"""How much a verdict weighs when the worst is looked for."""


class Limits(Protocol):
    """A person's own thresholds for one signal."""

    @property
    def warn(self) -> float | None: ...
    @property
    def fail(self) -> float | None: ...


@dataclass(frozen=True, slots=True)
class Held:
    """A reading as the board holds it. ``age`` is in seconds by a clock that never jumps;
    ``failing`` tells that its probe's newest run failed."""

    reading: Reading
    age: float
    interval: float
    deadline: float
    failing: bool = False


def quality(age: float, interval: float, deadline: float, *, failing: bool = False) -> Quality:
    """How fresh a value of that age (seconds) is.

    A run may take its whole deadline, so that is granted on top of the intervals. A value whose
    source has failed since is never fresh.
    """
    if age > 2.5 * interval + deadline:
        return "stale"
    return "late" if failing or age > 1.5 * interval + deadline else "fresh"


def usable(value: float | None) -> bool:
    """Whether a value may be compared with a threshold at all (F-08)."""
    return value is not None and math.isfinite(value)


def beyond(value: float, threshold: float | None, worse: str) -> bool:
    """Whether the value lies on the bad side of a threshold."""
    if threshold is None:
        return False
    return value > threshold if worse == "above" else value < threshold


def verdict(signal: Signal, value: float | None) -> Verdict:
    """What the thresholds say of a value; ``none`` without a value or without thresholds."""
    if value is None or not math.isfinite(value) or (signal.warn is None and signal.fail is None):
        return "none"
    if beyond(value, signal.fail, signal.worse):
        return "fail"
    return "warn" if beyond(value, signal.warn, signal.worse) else "ok"


def threshold(signal: Signal, found: Verdict) -> float | None:
    """The threshold to show beside a value: the one passed, else the first ahead."""
    if found == "fail":
        return signal.fail
    return signal.warn if signal.warn is not None else signal.fail


def override(signal: Signal, limits: Limits) -> Signal:
    """The signal with a person's own thresholds; what they left open stays as it was."""
    if limits.warn is None and limits.fail is None:
        return signal
    warn = signal.warn if limits.warn is None else limits.warn
    fail = signal.fail if limits.fail is None else limits.fail
    return msgspec.structs.replace(signal, warn=warn, fail=fail, origin="user")


def declared(signals: Iterable[Signal], thresholds: Mapping[str, Limits]) -> dict[str, Signal]:
    """Signals by name, with the thresholds of the configuration in force."""
    return {
        signal.name: override(signal, thresholds[signal.name])
        if signal.name in thresholds
        else signal
        for signal in signals
    }


def view(signal: Signal, held: Held | None) -> SignalView:
    """A signal with all that is needed to show it honestly.

    Silence is not success: a stale *ok* is no verdict. A stale trouble stays one only while its
    source is failing; when the source answers without the value, nothing is known of it.
    """
    reading = held.reading if held else None
    value = reading.value if reading else None
    found: Verdict = "none"
    how: Quality = "unknown"
    note = reading.note if reading else None
    absent = False
    if held and reading:
        if reading.rejected is not None or (value is not None and not usable(value)):
            how, value = "rejected", None
            note = reading.rejected or "not a finite number"
        elif value is not None:
            how = quality(held.age, held.interval, held.deadline, failing=held.failing)
            found = verdict(signal, value)
            if how == "stale" and (found == "ok" or not held.failing):
                found = "none"
        else:
            age = quality(held.age, held.interval, held.deadline, failing=held.failing)
            absent = age == "fresh"
    return SignalView(
        name=signal.name,
        title=signal.title,
        value=value,
        unit=signal.unit,
        statistic=signal.statistic,
        source=reading.source if reading else "",
        observed_at=reading.observed_at if reading else None,
        age=held.age if held else None,
        quality=how,
        threshold=threshold(signal, found),
        verdict=found,
        note=note,
        limit=reading.limit if reading else None,
        vital=signal.vital,
        worse=signal.worse,
        origin=signal.origin,
        scale=signal.scale,
        absent=absent,
    )
