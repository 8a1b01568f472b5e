"""Which machines run now, remembered while the platform's interface is away."""

from __future__ import annotations

import asyncio

from ainur_tui.model.failure import ProbeFailure
from ainur_tui.systems.base import Clock
from ainur_tui.systems.fly.client import FlyClient
from ainur_tui.systems.fly.health import serving
from ainur_tui.systems.fly.machines import Machine

REFRESH = 10.0
PATIENCE = 1.0


class Roster:
    """The last good list of machines, asked for anew every :data:`REFRESH` seconds at most."""

    def __init__(self, client: FlyClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._asked_at: float | None = None
        self._known: list[Machine] = []

    async def awake(self) -> list[Machine]:
        """Machines that run: asking one that sleeps would wake it. Never raises."""
        now = self._clock.monotonic()
        if self._asked_at is None or now - self._asked_at >= REFRESH:
            self._asked_at = now
            try:
                async with asyncio.timeout(PATIENCE):
                    self._known = serving(await self._client.machines())
            except (ProbeFailure, TimeoutError):
                pass
        return [machine for machine in self._known if machine.state == "started"]
