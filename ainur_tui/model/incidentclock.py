"""The clocks of an incident."""

from __future__ import annotations

from typing import Literal

import msgspec

ClockName = Literal["response", "rto", "update", "postmortem"]


class Clock(msgspec.Struct, frozen=True, kw_only=True):
    """Runs from ``since`` until ``ended_at``, and should end before ``due_at``; ``origin`` tells
    whose limit that is."""

    name: ClockName
    since: float
    due_at: float
    ended_at: float | None = None
    origin: str = "guide"

    def late(self, now: float) -> bool:
        """Whether it ran, or runs, beyond its end."""
        return (now if self.ended_at is None else self.ended_at) > self.due_at
