"""Probes for tests."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from ainur_tui.model.signal import Reading, Signal
from ainur_tui.systems.base import Probe, Sample


class FakeProbe(Probe):
    """Reads by calling ``work``; counts how often, and how many at once."""

    def __init__(
        self,
        name: str,
        target: str,
        *,
        signals: tuple[Signal, ...] = (),
        interval: float = 5.0,
        deadline: float = 2.0,
        work: Callable[[], Awaitable[Sample]] | None = None,
    ) -> None:
        self.name = name
        self.target = target
        self.signals = signals
        self.interval = interval
        self.deadline = deadline
        self.runs = 0
        self.most_at_once = 0
        self._now = 0
        self._work = work

    async def read(self) -> Sample:
        self.runs += 1
        self._now += 1
        self.most_at_once = max(self.most_at_once, self._now)
        try:
            return await self._work() if self._work else Sample()
        finally:
            self._now -= 1


def vital(target: str) -> Signal:
    return Signal(name=f"{target}.up", title=target, unit="bool", worse="below", fail=1, vital=True)


def reading(target: str, signal: str, value: float | None, at: float, **more: Any) -> Reading:
    return Reading(target=target, signal=signal, value=value, source="t", observed_at=at, **more)
