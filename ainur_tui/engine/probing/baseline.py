"""The active agents against the same hour last week, from what the history kept (G-020)."""

from __future__ import annotations

from ainur_tui.engine.history.history import History
from ainur_tui.model.signal import Reading, Signal
from ainur_tui.rules.baseline import AROUND, WEEK, against_last_week
from ainur_tui.systems.base import Clock, Probe, Sample

OF = "api.agents"


class BaselineProbe(Probe):
    """Reads the history, nothing else; the value is absent until a week of it is there."""

    name = "api.week"
    target = "api"
    interval = 300.0
    deadline = 5.0
    signals = (
        Signal(
            name="api.agents.change", title="agents against last week", unit="ratio",
            statistic="5 min against 1 h", warn=0.5, trouble="an unusual number of agents",
        ),
    )  # fmt: skip

    def __init__(self, history: History, clock: Clock) -> None:
        self._history = history
        self._clock = clock

    async def read(self) -> Sample:
        """The change, with both numbers as its note."""
        now = self._clock.now()
        minutes = await self._history.past(OF, now - WEEK - AROUND)
        value, note = against_last_week(minutes.get(self.target, []), now)
        return Sample(
            readings=[
                Reading(
                    target=self.target, signal=self.signals[0].name, value=value,
                    source="the history kept here", observed_at=now, note=note,
                )
            ]
        )  # fmt: skip
