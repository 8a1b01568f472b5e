"""Times as log lines carry them, to epoch seconds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

LATEST = 4_102_444_800.0
"""The year 2100: later times are not usable, and a number beyond it is not in seconds."""


def number_moment(value: float) -> float | None:
    """Epoch seconds of a number in seconds, milli-, micro- or nanoseconds."""
    for size in (1.0, 1e3, 1e6, 1e9):
        if 0.0 < value / size < LATEST:
            return value / size
    return None


def moment(stamp: str, zone: str | None = None, *, local: bool = False) -> float | None:
    """Epoch seconds of an ISO stamp or a number, or ``None`` when it is neither.

    ``zone`` is written apart (``UTC``, ``+02``). Without any zone it is UTC, or with ``local``
    the zone of this machine.
    """
    if stamp[4:5] != "-":
        try:
            return number_moment(float(stamp))
        except ValueError:
            return None
    head, _, fraction = stamp.replace(",", ".").partition(".")
    digits = fraction
    if fraction:
        digits = fraction.rstrip("Z")
        cut = max(digits.find("+"), digits.find("-"))
        if cut >= 0:
            digits, fraction = digits[:cut], fraction[cut:]
        else:
            fraction = fraction[len(digits) :]
    base = _second(head + fraction, zone, local)
    if base is None:
        return None
    return base + float(f"0.{digits}") if digits.isdigit() else base


@lru_cache(maxsize=256)
def _second(stamp: str, zone: str | None, local: bool) -> float | None:
    """Whole seconds; lines come many to a second, so this is remembered."""
    try:
        found = datetime.fromisoformat(stamp)
        if found.tzinfo is None and not (local and zone is None):
            offset = _offset(zone)
            if offset is None:
                return None
            found = found.replace(tzinfo=offset)
        at = found.timestamp()
    except (ValueError, OverflowError, OSError):
        return None
    return at if 0.0 <= at < LATEST else None


def _offset(zone: str | None) -> timezone | None:
    if zone is None or zone in {"UTC", "GMT", "Z", ""}:
        return UTC
    digits = zone[1:].replace(":", "")
    if zone[0] in "+-" and digits.isdigit():
        hours, minutes = int(digits[:2]), int(digits[2:4] or 0)
        size = timedelta(hours=hours, minutes=minutes)
        return timezone(size if zone[0] == "+" else -size)
    return None


def year_for(stamp: str, at: float) -> float | None:
    """Epoch seconds of ``Nov 24 02:00:05`` (UTC), in the year that puts it nearest to ``at``."""
    try:
        year = datetime.fromtimestamp(at, UTC).year
    except (ValueError, OverflowError, OSError):
        return None
    found = (_with_year(stamp, y) for y in (year - 1, year, year + 1))
    return min((t for t in found if t is not None), key=lambda t: abs(t - at), default=None)


@lru_cache(maxsize=256)
def _with_year(stamp: str, year: int) -> float | None:
    try:
        found = datetime.strptime(f"{year} {stamp}", "%Y %b %d %H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        return None
    return found.timestamp()
