"""How numbers are written: always with their unit, always in the same width class."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime

_PARTS = re.compile(r"(\d{1,9})(ms|[smhdwy])")
_SECONDS = {
    "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0, "y": 31_536_000.0,
}  # fmt: skip

UNITS = (
    "",
    "count",
    "ratio",
    "s",
    "B",
    "/s",
    "B/s",
    "blocks",
    "height",
    "days",
    "ms",
    "time",
    "age",
    "text",
    "bool",
)


def number(value: float) -> str:
    """A plain number with at most one decimal and thousands separated by a thin comma."""
    if math.isnan(value):
        return "NaN"
    if abs(value) >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 1 else f"{value:.2f}"


def duration(seconds: float) -> str:
    """Seconds as people say them: ``41 ms``, ``4.2 s``, ``4m 12s``, ``3h 05m``, ``12d 4h``."""
    if seconds < 0:
        return f"-{duration(-seconds)}"
    if 0 < seconds < 0.00005:
        return "<0.1 ms"
    if seconds < 1:
        places = 1 if 0 < seconds < 0.00995 else 0
        return f"{seconds * 1000:.{places}f} ms"
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    whole = int(seconds)
    if whole < 3600:
        return f"{whole // 60}m {whole % 60:02d}s"
    if whole < 86400:
        return f"{whole // 3600}h {whole % 3600 // 60:02d}m"
    return f"{whole // 86400}d {whole % 86400 // 3600}h"


def seconds(text: str) -> float:
    """A duration as people and Prometheus write it: ``30s``, ``5m``, ``1h30m``, ``2d``. Raises
    ``ValueError`` with a sentence."""
    parts = _PARTS.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text.strip():
        raise ValueError(f"{text!r} is no duration; write 30s, 5m or 1h30m")
    return sum(int(number) * _SECONDS[unit] for number, unit in parts)


def age(seconds: float) -> str:
    """An age in the fewest characters: ``3s``, ``4m``, ``2h``, ``12d``."""
    whole = max(0, int(seconds))
    for size, letter in ((86400, "d"), (3600, "h"), (60, "m")):
        if whole >= size:
            return f"{whole // size}{letter}"
    return f"{whole}s"


def size(octets: float) -> str:
    """Bytes in binary multiples: ``1.4 GiB``."""
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if abs(octets) < 1024 or unit == "TiB":
            return f"{octets:.0f} {unit}" if unit == "B" else f"{octets:.1f} {unit}"
        octets /= 1024
    raise AssertionError("unreachable")


def clock(at: float, *, date: bool = False) -> str:
    """A moment in UTC: ``14:02:31`` or ``2026-11-24 14:02:31``."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S" if date else "%H:%M:%S")


def moment(at: float, now: float) -> str:
    """A moment as short as it is clear: ``14:02:31`` today, ``11-23 14:02``, ``2027-01-05``."""
    full, today = clock(at, date=True), clock(now, date=True)
    if full[:10] == today[:10]:
        return full[11:]
    near = abs(now - at) < (180 if full[:4] == today[:4] else 7) * 86400
    return full[5:16] if near else full[:10]


def rfc3339(at: float | None) -> str | None:
    """A moment as the contract writes it: RFC 3339 in UTC, or ``None``."""
    if at is None:
        return None
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def many(count: float, thing: str) -> str:
    """``1 block``, ``2 blocks``."""
    return f"{count:,.0f} {thing}{'' if count == 1 else 's'}"


def some(words: Sequence[str], most: int, between: str = ", ") -> str:
    """The first ``most`` of them, and how many more there are."""
    more = len(words) - most
    return between.join(words[:most]) + (f" and {more:,} more" if more > 0 else "")


def show(value: float | str | bool | None, unit: str) -> str:
    """A value with its unit; what is not known is an em dash, never a zero."""
    if value is None:
        return "—"
    if isinstance(value, bool) or unit == "bool":
        return "yes" if value else "no"
    if isinstance(value, str):
        return value
    match unit:
        case "s":
            return duration(value)
        case "ms":
            return duration(value / 1000)
        case "B":
            return size(value)
        case "B/s":
            return f"{size(value)}/s"
        case "ratio":
            return f"{value * 100:.1f} %" if value < 0.9995 else f"{value * 100:.0f} %"
        case "/s":
            return f"{number(value)} /s"
        case "time" | "age":
            return clock(value, date=True)
        case "days":
            return f"{value:.0f} days" if abs(value) >= 2 else duration(value * 86400)
        case "blocks":
            return many(value, "block")
        case "height":
            return f"#{value:,.0f}"
        case _:
            return number(value)
