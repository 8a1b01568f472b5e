"""How far the clock of the node's machine is from ours, told by the Date of its answers."""

from __future__ import annotations

from collections import deque
from email.utils import parsedate_to_datetime

KEPT = 8
"""Answers looked at: an older one says nothing of a clock that was set right since."""


class ClockWatch:
    """Bounds of the difference (theirs minus ours, seconds) from what each answer leaves possible.

    A Date is whole seconds, cut off, and was written at some moment between question and answer.
    So one answer leaves an interval, several leave what they have in common; a slow answer only
    says less. A difference that answers do not prove is none: no false alarm by a busy network.
    """

    def __init__(self) -> None:
        self._seen: deque[tuple[float, float]] = deque(maxlen=KEPT)

    def heard(self, date: str | None, asked: float, answered: float) -> None:
        """Take note of one answer's Date header; both times by our wall clock."""
        try:
            at = parsedate_to_datetime(date or "").timestamp()
        except (ValueError, OverflowError):
            return
        self._seen.append((at - answered, at + 1 - asked))

    @property
    def bounds(self) -> tuple[float, float] | None:
        """Between which two values the difference lies; ``None`` before any answer."""
        if not self._seen:
            return None
        low, high = self._seen[-1]
        for one, other in reversed(self._seen):
            # A clock that was set meanwhile: what came before that has nothing in common with it.
            if max(low, one) > min(high, other):
                break
            low, high = max(low, one), min(high, other)
        return low, high

    @property
    def difference(self) -> float | None:
        """What is proven: how far theirs is ahead (negative: behind) at least; 0 within bounds."""
        found = self.bounds
        if found is None:
            return None
        low, high = found
        return low if low > 0 else high if high < 0 else 0.0
