"""How many lines a source gives, now."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

RATE_OVER = 10.0
HOSTILE_OVER = 15.0
ERRORS_OVER = 60.0
_AS_BACKLOG = 1.0
"""Seconds after connecting in which lines count when they were written, not when they came."""
_DENSE = 50
"""Lines from which on their own times tell a rate."""
_SEGMENT = 5.0
_LAG = 1.5
"""Seconds the newest line may be old before its source counts as behind."""
_FLOWING = 1.0
_INSTANT = 0.002
"""Lines within so few seconds tell no rate: they carry one and the same time."""


@dataclass(slots=True)
class _Second:
    at: int
    lines: int = 0
    hostile: int = 0
    errors: int = 0


@dataclass(slots=True)
class _Segment:
    """Lines that follow one another without a hole; times are the lines' own."""

    began: float
    first: float
    last: float
    lines: int = 0


class LogMeter:
    """Counts by second on a clock that never jumps.

    While a source was followed for less than the window, or lags behind, the density of the lines'
    own times tells the rate: it is what is written, not what we manage to fetch.
    """

    def __init__(self) -> None:
        self._seconds: deque[_Second] = deque()
        self._segments: deque[_Segment] = deque(maxlen=2)
        self._connected: float | None = None
        self._came: float | None = None
        self._reach = 0.0

    def connected(self, mono: float) -> None:
        """The source was opened (again)."""
        if self._connected is None:
            self._reach = mono
        self._connected = mono
        self._segments.clear()

    def broken(self) -> None:
        """Lines are missing here, nobody knows how many."""
        self._segments.clear()

    def backlog(self, mono: float) -> bool:
        """Whether lines that come now were probably written earlier."""
        return self._connected is not None and mono - self._connected <= _AS_BACKLOG

    def count(
        self, mono: float, lines: int, *, hostile: int = 0, errors: int = 0, age: float = 0.0
    ) -> None:
        """Add lines that came at ``mono``; ``age`` is how long before they were written."""
        moment = mono - min(max(age, 0.0), ERRORS_OVER)
        self._reach = min(self._reach, moment)
        self._came = mono
        if age > ERRORS_OVER:
            return
        second = self._second(int(moment))
        second.lines += lines
        second.hostile += hostile
        second.errors += errors
        while self._seconds and self._seconds[0].at < mono - ERRORS_OVER - 1:
            self._seconds.popleft()

    def span(self, mono: float, first: float, last: float, lines: int) -> None:
        """The same lines by their own times (epoch seconds), oldest and newest."""
        if not self._segments or mono - self._segments[-1].began > _SEGMENT:
            self._segments.append(_Segment(mono, first, last))
        segment = self._segments[-1]
        segment.first = min(segment.first, first)
        segment.last = max(segment.last, last)
        segment.lines += lines

    def rate(self, mono: float, now: float) -> float | None:
        """Lines per second over the last ten seconds; ``None`` before the source was opened."""
        if self._connected is None:
            return None
        covered = min(RATE_OVER, mono - self._reach)
        flowing = self._came is not None and mono - self._came <= _FLOWING
        lagging = flowing and bool(self._segments) and now - self._segments[-1].last > _LAG
        if covered < RATE_OVER - 1 or lagging:
            dense = self._density(now, flowing=flowing)
            if dense is not None:
                return dense
        lines = sum(second.lines for second in self._since(mono - RATE_OVER))
        return lines / max(covered, 1.0)

    def hostile(self, mono: float) -> int:
        """Lines with characters that steer a terminal, in the last fifteen seconds."""
        return sum(second.hostile for second in self._since(mono - HOSTILE_OVER))

    def errors(self, mono: float) -> int:
        """Errors in the last minute."""
        return sum(second.errors for second in self._since(mono - ERRORS_OVER))

    def _density(self, now: float, *, flowing: bool) -> float | None:
        if not self._segments:
            return None
        lines = sum(segment.lines for segment in self._segments)
        first = min(segment.first for segment in self._segments)
        last = max(segment.last for segment in self._segments)
        if last - first > RATE_OVER or lines < _DENSE or last - first < _INSTANT:
            return None
        return lines / ((last - first) if flowing else max(now - first, _INSTANT))

    def _since(self, start: float) -> list[_Second]:
        return [second for second in self._seconds if second.at > start - 1]

    def _second(self, at: int) -> _Second:
        """The second's counter; they are kept in order."""
        if not self._seconds or self._seconds[-1].at < at:
            self._seconds.append(_Second(at))
            return self._seconds[-1]
        for index in range(len(self._seconds) - 1, -1, -1):
            if self._seconds[index].at == at:
                return self._seconds[index]
            if self._seconds[index].at < at:
                self._seconds.insert(index + 1, _Second(at))
                return self._seconds[index + 1]
        self._seconds.appendleft(_Second(at))
        return self._seconds[0]
