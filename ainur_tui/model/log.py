"""Log lines, cleaned and classed, from any source."""

from __future__ import annotations

from typing import Literal

import msgspec

Level = Literal["debug", "info", "warn", "error", "fatal"]
LEVELS: tuple[Level, ...] = ("debug", "info", "warn", "error", "fatal")


class LogLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One record. ``seq`` is the engine's own running number (below zero for a line of a file from
    before it was followed), ``at`` epoch seconds.

    ``message`` and ``fields`` are clean; ``log_class`` is one of the guide's error classes
    (``db-timeout``, ``storage-failure``, ``wasm-timeout``, ``auth-failure``) or ``None``.
    ``unsure``: its place among the lines of other sources is not certain, for it tells no time of
    its own, or came late.
    """

    seq: int
    at: float
    source: str
    message: str
    level: Level | None = None
    machine: str | None = None
    log_class: str | None = None
    fields: dict[str, str] = {}
    unsure: bool = False


class LogGap(msgspec.Struct, frozen=True, kw_only=True):
    """Lines that are not here: from when to when, and how many where that is known."""

    seq: int
    source: str
    since: float
    until: float
    dropped: int | None = None


class LogSourceView(msgspec.Struct, frozen=True, kw_only=True):
    """The health of one source: silence and a dead connection must not look the same."""

    name: str
    target: str
    connected: bool
    problem: str | None = None
    last_line_at: float | None = None
    rate: float | None = None
    """Lines per second over the last ten seconds, dropped ones included."""
    total: int = 0
    dropped: int = 0
    hostile: int = 0
    reaches_back_to: float | None = None
