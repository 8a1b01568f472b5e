"""Moments as people type them, to epoch seconds."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from ainur_tui.model.units import seconds

HOW = "14:02, 14:02:31, 11-24 14:02, 2026-11-24 14:02:31 (UTC), or 15m, 2h, 3d ago"
_AGO = re.compile(r"-?(\d{1,6})\s*([smhdw])(?:\s+ago)?", re.IGNORECASE)
_CLOCK = re.compile(r"(?:(?:(\d{4})-)?(\d\d?)-(\d\d?)[ T]+)?(\d\d?):(\d\d)(?::(\d\d))?\s*Z?")


def moment_of(words: str, now: float) -> float | None:
    """The moment, or ``None`` when the words are none. A time without a date is the last one that
    is not in the future, a date without a year likewise."""
    words = words.strip()
    if found := _AGO.fullmatch(words):
        return now - seconds((found[1] + found[2]).lower())
    if (found := _CLOCK.fullmatch(words)) is None:
        return None
    year, month, day, hour, minute, second = (
        int(part) if part else None for part in found.groups()
    )
    today = datetime.fromtimestamp(now, UTC)
    try:
        at = datetime(
            year or today.year, month or today.month, day or today.day,
            hour or 0, minute or 0, second or 0, tzinfo=UTC,
        )  # fmt: skip
        if at.timestamp() > now and month is None:
            at -= timedelta(days=1)
        elif at.timestamp() > now and year is None:
            at = at.replace(year=at.year - 1)
    except ValueError:
        return None
    return at.timestamp()
