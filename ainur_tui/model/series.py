"""Signals over time, as charts want them."""

from __future__ import annotations

import msgspec


class SeriesQuery(msgspec.Struct, kw_only=True):
    """``wanted`` are (target, signal) pairs; ``seconds`` back from now in ``points`` buckets."""

    wanted: list[tuple[str, str]]
    seconds: float = 3600.0
    points: int = 120


class Series(msgspec.Struct, kw_only=True):
    """Bucket means, oldest first; ``None`` is a gap. Bucket i begins at ``start + i * step``."""

    target: str
    signal: str
    start: float
    step: float
    values: list[float | None]
