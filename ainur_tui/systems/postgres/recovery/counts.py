"""What a recovery would lose and bring back: rows now beside rows at backup time. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from ainur_tui.model.failure import USAGE, Refused
from ainur_tui.model.units import clock, duration, many
from ainur_tui.rules.drills import DATABASE

RTO = DATABASE
"""Seconds the guide allows for the database to be back from a backup."""
_NAMED = 3
_TABLES = 12


def since(given: str, now: float) -> float:
    """When the clock of the recovery began: the moment given (RFC 3339), else now. Raises
    ``Refused`` for what is none, or lies ahead."""
    if not given:
        return now
    try:
        at = datetime.fromisoformat(given)
    except ValueError:
        raise Refused("since is a moment such as 2026-11-24T02:30:11Z", USAGE) from None
    begun = (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
    if begun > now + 60:
        raise Refused("since lies in the future", USAGE)
    return min(begun, now)


def window(at: float, now: float) -> str:
    """What is lost by time."""
    return (
        f"everything written after {clock(at, date=True)} UTC,"
        f" {duration(max(0.0, now - at))}, is lost"
    )


def lost(then: Mapping[str, int], live: Mapping[str, int]) -> str:
    """What is lost by number: the tables that hold more now than they did."""
    more = {name: count - then.get(name, 0) for name, count in live.items()}
    more = {name: count for name, count in more.items() if count > 0}
    if not more:
        return "no table has more rows now than in the backup"
    named = sorted(more.items(), key=lambda one: -one[1])
    told = ", ".join(f"{_short(name)} {count:,}" for name, count in named[:_NAMED])
    rest = ", …" * (len(named) > _NAMED)
    tables = many(len(more), "table")
    return f"live has {sum(more.values()):,} more rows in {tables} ({told}{rest}): they are lost"


def beside(then: Mapping[str, int], live: Mapping[str, int]) -> list[str]:
    """Table by table, what comes back first; those that are equal are counted only."""
    gained, gone, same = [], [], 0
    for name in sorted(then.keys() | live.keys()):
        was, now = then.get(name), live.get(name)
        if was == now:
            same += 1
            continue
        said = f"{_short(name)}: {_rows(was)} at backup time, {_rows(now)} live"
        if (was or 0) > (now or 0):
            gained.append(f"{said}: {(was or 0) - (now or 0):,} come back")
        else:
            gone.append(f"{said}: {(now or 0) - (was or 0):,} are lost")
    told = gained + gone
    more = [f"and {len(told) - _TABLES} more tables differ"] * (len(told) > _TABLES)
    alike = f"{many(same, 'table')} with equal counts (what is in them is not compared)"
    return [*told[:_TABLES], *more, alike]


def _rows(count: int | None) -> str:
    return "no table" if count is None else f"{count:,}"


def _short(name: str) -> str:
    return name.removeprefix("public.")
