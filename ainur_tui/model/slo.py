"""Service level objectives: what was promised, what is left of it, and what took the rest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec


class Beyond(NamedTuple):
    """A limit of a signal, and the side of it that is asked for."""

    target: str
    signal: str
    limit: float
    above: bool


class Minutes(NamedTuple):
    """How many minutes of a signal are known, and the ones beyond a limit: when each began (epoch
    seconds) and its mean."""

    known: int
    beyond: Sequence[tuple[float, float]]


class Burn(msgspec.Struct, frozen=True, kw_only=True):
    """How fast the budget goes over two windows (seconds): 1 uses it up just at its end. Both must
    exceed ``limit`` to page; a rate is ``None`` where too little of the window is known."""

    long: float
    short: float
    limit: float
    rate: float | None
    short_rate: float | None

    @property
    def pages(self) -> bool:
        """Whether somebody should be woken."""
        rates = (self.rate, self.short_rate)
        return all(rate is not None and rate >= self.limit for rate in rates)


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the budget (seconds) and what took it."""

    what: str
    seconds: float


class Slo(msgspec.Struct, frozen=True, kw_only=True):
    """One objective over ``window`` seconds. ``known`` seconds of it were measured, ``excluded``
    of those were planned maintenance, ``bad`` were not as promised. ``exhausted_in`` is when the
    budget is gone at the rate of the last hour; ``None``: it lasts, or nobody can tell."""

    name: str
    statistic: str
    objective: float
    window: float
    known: float
    excluded: float
    bad: float
    burns: list[Burn]
    exhausted_in: float | None
    taken: list[Taken]
    origin: str

    @property
    def budget(self) -> float:
        """Seconds that may be bad in the window."""
        return (1 - self.objective) * self.window

    @property
    def left(self) -> float:
        """Seconds of the budget that are left; negative once it is overdrawn."""
        return self.budget - self.bad
