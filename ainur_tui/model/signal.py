"""Signals and their readings: every number with unit, statistic, source and age (S-06)."""

from __future__ import annotations

from typing import Literal

import msgspec

Quality = Literal["fresh", "late", "stale", "unknown", "rejected"]
"""fresh: within its interval; late: one interval missed; stale: two or more missed; unknown: never
read, or the source could not say; rejected: an answer came and was not a usable number."""

Verdict = Literal["ok", "warn", "fail", "none"]
Origin = Literal["guide", "ours", "user", "repository"]


class Signal(msgspec.Struct, frozen=True, kw_only=True):
    """A named quantity of one kind of target, declared once beside the probe that reads it.

    ``unit`` is one of those :mod:`ainur_tui.model.units` knows. ``warn`` and ``fail`` are
    thresholds in that unit; ``worse`` tells on which side of them trouble lies. A *vital* signal
    decides whether its target is up at all; any other can only degrade it.
    """

    name: str
    title: str
    unit: str = ""
    statistic: str = "last"
    worse: Literal["above", "below"] = "above"
    warn: float | None = None
    fail: float | None = None
    vital: bool = False
    origin: Origin = "ours"
    scale: float | None = None
    """Upper end of a chart's axis where the quantity has one (1.0 for a ratio)."""
    trouble: str | None = None
    """What trouble with it is called in words, e.g. "refuses writes"; default: title and value."""
    planned_by: tuple[str, ...] = ()
    """Signals that, while all of them are 1, make trouble with this one planned: what users of a
    service in maintenance get is no outage."""


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """One value of one signal of one target, as observed.

    ``value`` is ``None`` where the source answered without it; ``rejected`` says why an answer
    was not usable. ``observed_at`` is in seconds of the Unix epoch by our clock. ``note`` is a
    cleaned sentence that explains the value (an error's text, the name of a blocker).
    """

    target: str
    signal: str
    value: float | None
    source: str
    observed_at: float
    rejected: str | None = None
    note: str | None = None
    limit: float | None = None
    """The value's own ceiling where it is read live (``max_connections``)."""
