"""The fault ``api-overload``: too few machines share the requests, until there are enough."""

from __future__ import annotations

import asyncio

from ainur_tui.demo.api_database import FAILURES, Database
from ainur_tui.demo.switches import Switches

ENOUGH = 3
EVERY = 1.0
MACHINES = """
SELECT count(DISTINCT application_name) FROM pg_stat_activity
WHERE application_name LIKE 'ainur-api %'"""


class Load:
    """``crowded`` while the fault is on and fewer machines run than it takes."""

    def __init__(self, database: Database, switches: Switches) -> None:
        self.crowded = False
        self._database = database
        self._switches = switches

    async def watch(self) -> None:
        """Count until cancelled; while nobody can count, it stays as it was."""
        while True:
            if not self._switches.on("api-overload"):
                self.crowded = False
            else:
                try:
                    async with self._database.session() as connection:
                        self.crowded = await connection.fetchval(MACHINES) < ENOUGH
                except FAILURES:
                    pass
            await asyncio.sleep(EVERY)
