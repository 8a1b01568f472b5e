"""What is counted of a target's log lines, as signals."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from ainur_tui.engine.logs.intake import Intake
from ainur_tui.model.signal import Reading, Signal
from ainur_tui.systems.base import Probe, Sample

FIRST_LOOK = 1.2
"""Seconds after the start in which sources may not have shown anything yet."""
_PROBE_EVERY = 2.0
_CLASSES = (
    ("storage", "storage failures logged", "storage-failure"),
    ("auth", "failed authentications logged", "auth-failure"),
)
"""Classes of lines that are signals of their own: their name there, their title, the class."""


class Followed(Protocol):
    """Who follows the sources: tells the time and what was counted, and waits until they have
    shown themselves."""

    def now(self) -> float: ...
    def recent(self, sources: Collection[str], log_class: str) -> int: ...
    async def shown(self, intakes: Sequence[Intake]) -> None: ...


class LogProbe(Probe):
    """Reads what the hub counted of one target's lines."""

    def __init__(self, target: str, intakes: Sequence[Intake], hub: Followed) -> None:
        self.name = f"{target}.logs"
        self.target = target
        self.interval = _PROBE_EVERY
        self.deadline = FIRST_LOOK + 1.0
        self.signals = (
            Signal(
                name=f"{target}.logs.rate",
                title="log lines",
                unit="/s",
                statistic="mean of 10 s",
                warn=5000,
                trouble="log flood: lines come at",
            ),
            Signal(
                name=f"{target}.logs.hostile",
                title="hostile log lines",
                unit="count",
                statistic="sum of 15 s",
                warn=0,
            ),
            Signal(
                name=f"{target}.logs.errors",
                title="errors logged",
                unit="count",
                statistic="sum of 1 min",
            ),
            *(
                Signal(name=f"{target}.logs.{name}", title=title, unit="count",
                       statistic="sum of 5 min")
                for name, title, _ in _CLASSES
            ),
        )  # fmt: skip
        self._intakes = intakes
        self._hub = hub

    async def read(self) -> Sample:
        """Never fails: a source that is not there is a value not known, with the reason."""
        await self._hub.shown(self._intakes)
        open_now = [intake for intake in self._intakes if intake.connected]
        now = self._hub.now()
        note = None if open_now else next((i.problem for i in self._intakes if i.problem), None)
        counts = [intake.counts() for intake in open_now]
        values: list[int | None] = [None] * len(self.signals)
        if counts:
            sources = {intake.source.name for intake in open_now}
            values = [sum(column) for column in zip(*counts, strict=True)]
            values += [self._hub.recent(sources, log_class) for _, _, log_class in _CLASSES]
        return Sample(
            readings=[
                Reading(
                    target=self.target,
                    signal=signal.name,
                    value=value,
                    source=f"log {', '.join(intake.source.name for intake in self._intakes)}",
                    observed_at=now,
                    note=note,
                )
                for signal, value in zip(self.signals, values, strict=True)
            ]
        )
