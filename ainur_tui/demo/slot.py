"""The fault ``db-slot-abandoned``: a replica was taken away, its slot was forgotten, and every byte
of WAL since then is kept for it."""

from __future__ import annotations

import asyncio
from pathlib import Path

from ainur_tui.demo import credentials
from ainur_tui.demo.sessions import FAILURES, drop, session
from ainur_tui.demo.switches import Switches

TICK = 0.2
NAME = "replica_eu"
THERE = "SELECT active FROM pg_replication_slots WHERE slot_name = $1"
MAKE = "SELECT pg_create_physical_replication_slot($1, true)"
DROP = "SELECT pg_drop_replication_slot($1)"
WRITE = "SELECT pg_logical_emit_message(false, 'ainur', repeat('x', 1 << 22))"
WRITES = 24
"""Messages of 4 MiB each: enough to be over what the configuration warns of."""


class Slot:
    """Makes the slot once while the switch is on: it is over as soon as somebody drops it."""

    def __init__(self, directory: Path, port: int) -> None:
        self._directory, self._port = directory, port
        self._known: bool | None = None

    async def follow(self, switches: Switches) -> None:
        """Until cancelled; what fails is tried again. One of a former life is dropped first."""
        while True:
            wanted = switches.on("db-slot-abandoned")
            if wanted != self._known:
                try:
                    await self._become(there=wanted)
                    self._known = wanted
                except FAILURES:
                    pass  # the database is away or full; again at the next look
            await asyncio.sleep(TICK)

    async def _become(self, *, there: bool) -> None:
        hand = await session(
            self._directory, self._port, "ainur-replica", role=credentials.ADMIN_ROLE
        )
        try:
            is_there = await hand.fetchval(THERE, NAME) is not None
            if not there and is_there:
                await hand.fetchval(DROP, NAME)
            if there:
                if not is_there:
                    await hand.fetchval(MAKE, NAME)
                for _ in range(WRITES):
                    await hand.fetchval(WRITE)
        finally:
            drop(hand)
