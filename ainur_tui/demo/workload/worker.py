"""The background worker: it bids, awards, pays, tidies, and is now and then slow or in the way."""

from __future__ import annotations

import asyncio
import random
import time
from pathlib import Path

import asyncpg

from ainur_tui.demo.sessions import FAILURES, drop, in_use, session

NAME = "ainur-worker"
STEP = 0.5
RETRY = 0.5
REPORT_EVERY = 20.0
CONTEND_EVERY = 9.0
TIDY_EVERY = 60.0

BID = """
INSERT INTO bids (auction_id, agent_id, amount, quality)
SELECT a.id, g.id, round((a.reserve_price * (0.7 + random() * 0.3))::numeric, 2),
       0.85 + random() * 0.15
FROM (SELECT id, reserve_price FROM auctions WHERE status = 'open' ORDER BY closes_at LIMIT 10) a
CROSS JOIN LATERAL (
    SELECT id FROM agents WHERE status IN ('online', 'busy') AND a.id IS NOT NULL
    ORDER BY random() LIMIT 2) g
ON CONFLICT DO NOTHING"""
AWARD = """
WITH closing AS (
    SELECT id FROM auctions WHERE status = 'open' AND closes_at < now()
    ORDER BY closes_at LIMIT 10 FOR UPDATE SKIP LOCKED),
best AS (
    SELECT DISTINCT ON (b.auction_id) b.auction_id, b.agent_id, b.amount
    FROM bids b JOIN closing c ON c.id = b.auction_id
    ORDER BY b.auction_id, b.amount / b.quality)
UPDATE auctions a SET status = 'awarded', winner_id = best.agent_id,
       clearing_price = best.amount, updated_at = now()
FROM best WHERE a.id = best.auction_id RETURNING a.id, a.winner_id, a.task_id"""
REPUTE = """
INSERT INTO reputation_events (agent_id, task_id, delta, reason)
VALUES ($1, $2, 0.001, 'auction won')"""
SCORE = """
UPDATE reputation_scores SET score = least(1, score + 0.001),
       tasks_completed = tasks_completed + 1, updated_at = now() WHERE agent_id = $1"""
SEEN = """
UPDATE agents SET last_seen_at = now() WHERE id IN (
    SELECT id FROM agents WHERE status <> 'offline' ORDER BY last_seen_at LIMIT 5)"""
REFILL = """
UPDATE payment_channels SET deposit = deposit + 500, updated_at = now()
WHERE state = 'open' AND spent > deposit - 100"""
REPORT = """
SELECT t.type, count(*) AS tasks, avg(t.budget) AS budget, max(waited.pause)
FROM tasks t CROSS JOIN (SELECT pg_sleep($1)::text AS pause) waited
WHERE t.created_at > now() - interval '7 days' GROUP BY t.type"""
TOUCH = "UPDATE accounts SET updated_at = now() WHERE id = $1"
ACCOUNT = "SELECT id FROM accounts ORDER BY id OFFSET $1 LIMIT 1"
TIDY = """
DELETE FROM tasks WHERE id IN (
    SELECT id FROM tasks WHERE created_at < now() - interval '30 days' LIMIT 500)"""


class Worker:
    """Keeps the tables moving over two sessions, and begins anew when they break."""

    def __init__(self, directory: Path, port: int, rng: random.Random) -> None:
        self._directory, self._port, self._rng = directory, port, rng

    async def run(self) -> None:
        """Run until cancelled, whatever the database does."""
        while True:
            held: list[asyncpg.Connection] = []
            try:
                place = (self._directory, self._port)
                database = await in_use(*place)
                for _ in range(2):
                    held.append(await session(*place, NAME, database=database, lock_timeout="4s"))
                await self._work(*held)
            except FAILURES:
                await asyncio.sleep(RETRY)
            finally:
                for each in held:
                    drop(each)

    async def _work(self, first: asyncpg.Connection, second: asyncpg.Connection) -> None:
        rng = self._rng
        now = time.monotonic()
        report, contend, tidy = now + rng.uniform(3, 10), now + rng.uniform(2, 6), now
        while True:
            await self._market(first)
            now = time.monotonic()
            if now >= contend:
                contend = now + rng.uniform(0.6, 1.4) * CONTEND_EVERY
                await self._contend(first, second)
            if now >= report:
                report = now + rng.uniform(0.7, 1.3) * REPORT_EVERY
                await first.fetch(REPORT, rng.uniform(0.6, 1.2))
            if now >= tidy:
                tidy = now + TIDY_EVERY
                await first.execute(REFILL)
                await first.execute(TIDY)
            await asyncio.sleep(STEP * rng.uniform(0.5, 1.5))

    async def _market(self, connection: asyncpg.Connection) -> None:
        await connection.execute(BID)
        async with connection.transaction():
            for row in await connection.fetch(AWARD):
                await connection.execute(REPUTE, row["winner_id"], row["task_id"])
                await connection.execute(SCORE, row["winner_id"])
        await connection.execute(SEEN)

    async def _contend(self, first: asyncpg.Connection, second: asyncpg.Connection) -> None:
        """Two sessions want one account: the second waits for well under a second."""
        account = await first.fetchval(ACCOUNT, self._rng.randrange(400))
        async with first.transaction():
            await first.execute(TOUCH, account)
            waiting = asyncio.create_task(second.execute(TOUCH, account))
            await asyncio.sleep(self._rng.uniform(0.2, 0.7))
        await waiting
