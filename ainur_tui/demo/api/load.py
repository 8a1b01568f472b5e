"""Faults that depend on who else serves: ``api-overload`` (too few machines share the requests,
until there are enough) and ``api-machine-hung`` (one of them hangs)."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from ainur_tui.demo.api.database import FAILURES, Database
from ainur_tui.demo.switches import Switches

ENOUGH = 3
EVERY = 1.0
MACHINES = """
SELECT DISTINCT application_name FROM pg_stat_activity
WHERE application_name LIKE 'ainur-api %'"""
FAULTS = {"api-overload", "api-machine-hung"}


class Load:
    """``crowded`` while fewer machines run than it takes; ``chosen`` is the one that hangs. Both
    only while their fault is on."""

    def __init__(self, database: Database, switches: Switches) -> None:
        self.crowded = self.chosen = False
        self._database = database
        self._switches = switches

    async def watch(self) -> None:
        """Count until cancelled; while nobody can count, it stays as it was."""
        while True:
            on = self._switches.names & FAULTS
            if on:
                with suppress(*FAILURES):
                    async with self._database.session() as connection:
                        names = [row[0] for row in await connection.fetch(MACHINES)]
                    self.crowded = len(names) < ENOUGH
                    self.chosen = min(names, default="") == self._database.name
            self.crowded = self.crowded and "api-overload" in on
            self.chosen = self.chosen and "api-machine-hung" in on
            await asyncio.sleep(EVERY)
