"""Whether the world can reach Go's profiler: it tells of the program's inside, and costs time."""

from __future__ import annotations

from ainur_tui.config.types import Api
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.signal import Reading, Signal
from ainur_tui.systems.api.client import PROFILER, ApiClient
from ainur_tui.systems.base import Clock, Probe, Sample

SLOW = 300.0
_MARK = b"profiles available"
"""What the index page of Go's profiler says of itself."""

EXPOSED = Signal(
    name="api.debug.exposed", title="Profiler open to the world", unit="bool", warn=0,
    trouble="its profiler answers the world",
)  # fmt: skip


class DebugProbe(Probe):
    """Asks for the profiler's index at the public address. That nothing answers is the health
    probe's to tell."""

    name = "api.debug"
    target = "api"
    signals = (EXPOSED,)

    def __init__(self, api: Api, client: ApiClient, clock: Clock) -> None:
        self.interval, self.deadline = max(SLOW, api.interval), api.timeout
        self._client = client
        self._clock = clock

    async def read(self) -> Sample:
        value, note = None, None
        try:
            answer = await self._client.profiler()
            value = float(answer.status == 200 and _MARK in answer.body[:65536].lower())
            note = f"{PROFILER} answers {answer.status} at {self._client.peer}" if value else None
        except ProbeFailure as failure:
            note = str(failure)
        return Sample(
            [
                Reading(
                    target="api", signal=EXPOSED.name, value=value, source=f"GET {PROFILER}",
                    observed_at=self._clock.now(), note=note,
                )
            ]
        )  # fmt: skip
