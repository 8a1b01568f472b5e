"""What our own looking costs the database: the time spent in our queries, over a minute."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from ainur_tui.systems.base import Clock

WINDOW = 60.0
"""Seconds looked back."""


class Cost:
    """Adds up the seconds our queries took, as we waited for them: the way there and back is in
    it, so the server's share is at most this."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._began = clock.monotonic()
        self._spent: deque[tuple[float, float]] = deque()

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Count the time until the block is left, however it is left."""
        began = self._clock.monotonic()
        try:
            yield
        finally:
            now = self._clock.monotonic()
            self._spent.append((now, now - began))
            self._forget(now)

    def last_minute(self) -> tuple[float, float]:
        """Seconds spent, and the seconds they were counted over: at most :data:`WINDOW`."""
        now = self._clock.monotonic()
        self._forget(now)
        return sum(seconds for _, seconds in self._spent), min(WINDOW, now - self._began)

    def _forget(self, now: float) -> None:
        while self._spent and self._spent[0][0] <= now - WINDOW:
            self._spent.popleft()
