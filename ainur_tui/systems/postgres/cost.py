"""What our own looking costs the database over a minute: as the server counts it, where it does."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from ainur_tui.systems.base import Clock

WINDOW = 60.0
"""Seconds looked back."""
OURS = "by our own clock: the way there and back is in it, and what this machine was busy with"
SERVER = "by pg_stat_statements: the server's own time for statements of our role"


class Spent(NamedTuple):
    """``seconds`` spent within the last ``over`` seconds (at most :data:`WINDOW`), and by whose
    count."""

    seconds: float
    over: float
    by: str


class Cost:
    """Adds up the seconds our queries took: as we waited for them, which the server's share is at
    most; and, told by the server, its share itself."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._began = clock.monotonic()
        self._spent: deque[tuple[float, float]] = deque()
        self._told: deque[tuple[float, float, float]] = deque()

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

    def told(self, seconds: float, over: float) -> None:
        """The server says that our role took so many seconds of the last ``over``."""
        self._told.append((self._clock.monotonic(), seconds, over))

    def last_minute(self) -> Spent:
        """What was spent lately; by the server's count while there is one."""
        now = self._clock.monotonic()
        self._forget(now)
        if self._told:
            over = sum(span for _, _, span in self._told)
            return Spent(sum(seconds for _, seconds, _ in self._told), over, SERVER)
        seconds = sum(seconds for _, seconds in self._spent)
        return Spent(seconds, min(WINDOW, now - self._began), OURS)

    def _forget(self, now: float) -> None:
        for kept in (self._spent, self._told):
            while kept and kept[0][0] <= now - WINDOW:
                kept.popleft()
