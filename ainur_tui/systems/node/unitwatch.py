"""The unit's properties, asked once for all who want them."""

from __future__ import annotations

import asyncio

from ainur_tui.systems.base import Clock
from ainur_tui.systems.node.flags import flags_of
from ainur_tui.systems.systemctl import COMMAND, PROPERTIES, Systemctl

FRESH = 1.0
"""Seconds for which an answer serves."""


class UnitWatch:
    """``systemctl show`` of one unit, with the words it is started with. Raises as that does."""

    def __init__(self, systemctl: Systemctl, clock: Clock) -> None:
        self.systemctl = systemctl
        self._clock = clock
        self._turn = asyncio.Lock()
        self._at = float("-inf")
        self._last: dict[str, str] = {}

    async def show(self, deadline: float) -> dict[str, str]:
        """The properties by name; ``deadline`` in seconds."""
        async with self._turn:
            if self._clock.monotonic() - self._at >= FRESH:
                self._last = await self.systemctl.show(deadline, (*PROPERTIES, COMMAND))
                self._at = self._clock.monotonic()
            return dict(self._last)

    @property
    def flags(self) -> list[str]:
        """What it was last seen to be started with; nothing before any answer."""
        return flags_of(self._last.get(COMMAND, ""))
