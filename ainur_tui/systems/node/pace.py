"""How fast a height grows, and when one that is behind another will have caught up. Pure."""

from __future__ import annotations

from collections import deque

from ainur_tui.model.units import number

WINDOW = 60.0
SHORTEST = 1.0
"""Seconds a rate spans: at the most, and at the least."""
IN_STEP = 5
"""Blocks behind within which there is nothing to catch up."""


class Pace:
    """Heights of the last minute and the rate between them, in blocks a second."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def add(self, now: float, height: int) -> None:
        """``now`` by a clock that never jumps."""
        self._seen.append((now, height))
        while now - self._seen[0][0] > WINDOW:
            self._seen.popleft()

    @property
    def rate(self) -> float | None:
        """``None`` until there is a span to divide by."""
        if not self._seen:
            return None
        (began, first), (ended, last) = self._seen[0], self._seen[-1]
        return max(0, last - first) / (ended - began) if ended - began >= SHORTEST else None


def until_synced(
    behind: int | None, imports: float | None, target: float | None
) -> tuple[float | None, str]:
    """Seconds until ``behind`` blocks are made good at these rates, and how that is known."""
    if behind is None:
        return None, "it knows no target"
    if behind <= IN_STEP:
        return None, "in step"
    if imports is None or target is None:
        return None, "needs two readings"
    gained = imports - target
    rates = f"imports {number(imports)}/s, the target grows by {number(target)}/s"
    if gained <= 0:
        return None, f"never: {rates}"
    return behind / gained, rates
