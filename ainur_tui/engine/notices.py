"""Sentences about the engine itself that everybody is shown: for good, or for a while."""

from __future__ import annotations

from ainur_tui.systems.base import Clock

A_WHILE = 600.0
"""Seconds for which what somebody did to somebody's work is shown."""


class Notices:
    """In the order they came, each once."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until: dict[str, float] = {}

    def add(self, sentence: str | None, seconds: float = float("inf")) -> None:
        """Show it from now on; ``None`` is nothing to show."""
        if sentence:
            self._until[sentence] = self._clock.monotonic() + seconds

    def now(self) -> list[str]:
        """Those to be shown at this moment."""
        now = self._clock.monotonic()
        self._until = {words: until for words, until in self._until.items() if until > now}
        return list(self._until)
