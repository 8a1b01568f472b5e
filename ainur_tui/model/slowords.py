"""How an objective is said."""

from __future__ import annotations

from ainur_tui.model.slo import Burn, Slo
from ainur_tui.model.units import duration


def percent(share: float) -> str:
    """``99.9 %``, with no more places than it has."""
    return f"{share * 100:g} %"


def budget(one: Slo) -> str:
    """``41.2 of 43.2 min left``; a budget of hours is told in hours."""
    if one.known == 0:
        return "nothing measured yet"
    if one.left < 0:
        return f"overdrawn by {minutes(-one.left)}"
    if one.budget >= 7200:
        return f"{one.left / 3600:,.1f} of {one.budget / 3600:,.1f} h left"
    return f"{one.left / 60:,.1f} of {minutes(one.budget)} left"


def minutes(seconds: float) -> str:
    """A part of a budget."""
    return f"{seconds / 60:,.1f} min"


def burn(one: Burn) -> str:
    """``burn 2.1 over 1h 00m (pages at 14.4)``."""
    rate = "not known" if one.rate is None else f"{one.rate:.1f}"
    short = "not known" if one.short_rate is None else f"{one.short_rate:.1f}"
    spans = f"over {duration(one.long)}, {short} over {duration(one.short)}"
    return f"burn {rate} {spans} (pages at {one.limit:g})"
