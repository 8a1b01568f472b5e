"""Which of a Loki's entries were had already: those about the newest time, one by one."""

from __future__ import annotations

from ainur_tui.systems.loki.client import Entry

NS = 1_000_000_000
LATE = 10.0
"""Seconds a line may come after lines written later and still be taken: collectors send in
batches, each at its own time."""


class Window:
    """``floor`` is the time (nanoseconds) up to which nothing is taken any more, ``newest`` that of
    the newest entry."""

    def __init__(self, floor: int) -> None:
        self.floor = self.newest = floor
        self._known: set[tuple[int, object]] = set()

    @property
    def start(self) -> int:
        """Where to read from: what is after the floor may still bring late lines."""
        return self.floor + 1

    def add(self, entry: Entry) -> bool:
        """Whether the entry is new."""
        key = entry.ns, entry.key
        if entry.ns <= self.floor or key in self._known:
            return False
        self._known.add(key)
        self.newest = max(self.newest, entry.ns)
        return True

    def trim(self, now: float, most: int) -> None:
        """Forget what is too old, or more than ``most``; never entries of the newest time, for more
        of these may come."""
        late = max(self.newest / NS - LATE, now - 3 * LATE)
        times = sorted(ns for ns, _ in self._known if ns < self.newest)
        over = len(self._known) - most
        for index, ns in enumerate(times):
            if index >= over and ns / NS > late:
                break
            self.floor = max(self.floor, ns)
        self._known = {key for key in self._known if key[0] > self.floor}

    def jump(self, ns: int) -> None:
        """Go on after a moment."""
        self.floor = self.newest = max(ns, self.newest)
        self._known.clear()
