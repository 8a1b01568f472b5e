"""Time zones by their names, from this machine's database of them."""

from __future__ import annotations

from datetime import UTC, tzinfo


def zone(name: str) -> tzinfo:
    """The zone; raises ``ValueError`` with a sentence where there is none of that name."""
    from zoneinfo import ZoneInfo

    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        more = "" if len(names()) > 1 else "; this machine knows none but UTC: install tzdata"
        raise ValueError(f"there is no such time zone{more}") from None


def names() -> list[str]:
    """All that there are."""
    from zoneinfo import available_timezones

    return sorted({"UTC", *available_timezones()})
