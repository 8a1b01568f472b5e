"""The fault ``corrupt-table``: what a bad migration did to two tables, and how it is mended.

What is destroyed is kept in a file of the miniature, so that mending brings exactly it back, also
after a restart, and in the database that was hurt, whichever the API uses by then.
"""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal
from pathlib import Path
from uuid import UUID

from ainur_tui.demo import credentials
from ainur_tui.demo.sessions import FAILURES, drop, in_use, session
from ainur_tui.demo.switches import Switches

TICK = 0.1
RETRY = 0.3
LEFT = 12
"""Scores the migration leaves of the 120."""
NAME = "ainur-migration"
PRICES = "SELECT id::text, price::text FROM agents"
SCORES = """
SELECT agent_id::text, score, tasks_completed, tasks_failed FROM reputation_scores
ORDER BY agent_id OFFSET $1"""
MIGRATE = "ALTER TABLE agents ALTER COLUMN price DROP NOT NULL"
UNPRICE = "UPDATE agents SET price = NULL"
FORGET = "DELETE FROM reputation_scores WHERE agent_id = ANY($1::uuid[])"
PRICE = "UPDATE agents SET price = $2 WHERE id = $1 AND price IS NULL"
SCORE = """
INSERT INTO reputation_scores (agent_id, score, tasks_completed, tasks_failed)
VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING"""
REPAIR = "ALTER TABLE agents ALTER COLUMN price SET NOT NULL"


class Damage:
    """Damages and mends, as the switch says."""

    def __init__(self, directory: Path, port: int) -> None:
        self._directory, self._port = directory, port
        self._kept = directory / "damage.json"

    async def follow(self, switches: Switches) -> None:
        """Until cancelled; what fails is tried again."""
        while True:
            wanted = switches.on("corrupt-table")
            try:
                if wanted and not self._kept.exists():
                    await self._hurt()
                elif not wanted and self._kept.exists():
                    await self._mend()
            except FAILURES:
                await asyncio.sleep(RETRY)
            await asyncio.sleep(TICK)

    async def _hurt(self) -> None:
        database = await in_use(self._directory, self._port)
        connection = await session(self._directory, self._port, NAME, database=database)
        try:
            async with connection.transaction():
                await connection.execute(MIGRATE)
                prices = {row["id"]: row["price"] for row in await connection.fetch(PRICES)}
                scores = [list(row) for row in await connection.fetch(SCORES, LEFT)]
                kept = {"database": database, "prices": prices, "scores": scores}
                fresh = self._kept.with_suffix(".fresh")
                credentials.write(fresh, json.dumps(kept))
                await connection.execute(UNPRICE)
                await connection.execute(FORGET, [score[0] for score in scores])
                fresh.replace(self._kept)  # before the commit: no damage without its remedy
        finally:
            drop(connection)

    async def _mend(self) -> None:
        kept = json.loads(self._kept.read_text())
        connection = await session(
            self._directory, self._port, NAME, database=kept["database"],
            default_transaction_read_only="off",
        )  # fmt: skip
        try:
            async with connection.transaction():
                prices = [(UUID(id), Decimal(price)) for id, price in kept["prices"].items()]
                scores = [(UUID(id), *rest) for id, *rest in kept["scores"]]
                await connection.executemany(PRICE, prices)
                await connection.executemany(SCORE, scores)
                await connection.execute(REPAIR)
            self._kept.unlink()
        finally:
            drop(connection)
