"""The orchestrator inside the API process: a queue in memory and five workers on the database.

The queue grows when its workers can't get through the database, and for no other reason.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
import uuid
from collections import deque
from typing import NamedTuple

import asyncpg

from ainur_tui.demo.api.database import FAILURES, Connection, Database
from ainur_tui.demo.api.log import Log
from ainur_tui.demo.api.metrics import Metrics

WORKERS = 5
CENSUS_EVERY = 2.0
RETRY = 0.5
TYPES = ("translate", "summarize", "classify", "plan")

ADD_TASK = """
INSERT INTO tasks (id, user_id, type, status, budget, input)
SELECT $1, id, $2, 'pending', $3, $4::jsonb FROM users ORDER BY id OFFSET $5 LIMIT 1
ON CONFLICT (id) DO NOTHING"""
SELECT_AGENT = """
SELECT a.id FROM agents a JOIN reputation_scores r ON r.agent_id = a.id
WHERE a.status = 'online' AND a.capabilities @> to_jsonb(ARRAY[$1::text])
ORDER BY r.score / (1 + a.price) DESC, random() LIMIT 1"""
ASSIGN = "UPDATE tasks SET agent_id = $2, status = 'running', updated_at = now() WHERE id = $1"
HOLD = """
INSERT INTO escrows (task_id, payer_id, amount)
SELECT t.id, a.id, t.budget FROM tasks t JOIN accounts a ON a.user_id = t.user_id WHERE t.id = $1"""
AUCTION = """
INSERT INTO auctions (task_id, reserve_price, closes_at)
SELECT id, budget, now() + interval '2 s' FROM tasks WHERE id = $1"""
RELEASE = "UPDATE escrows SET state = $2, updated_at = now() WHERE task_id = $1 AND state = 'held'"
FINISH = """
UPDATE tasks SET status = $2, result = $3::jsonb, completed_at = now(), updated_at = now()
WHERE id = $1"""
CENSUS = """
SELECT (SELECT count(*) FROM agents) AS agents,
       (SELECT count(*) FROM agents WHERE status = 'online') AS online,
       (SELECT coalesce(sum(amount), 0) FROM escrows WHERE state = 'held') AS escrow,
       (SELECT sum(lowest) / nullif(sum(paid), 0) FROM (
            SELECT min(b.amount) AS lowest, a.clearing_price AS paid FROM bids b JOIN (
                SELECT id, clearing_price FROM auctions WHERE status = 'awarded'
                ORDER BY created_at DESC LIMIT 50) a ON a.id = b.auction_id
            GROUP BY a.id, a.clearing_price) recent) AS efficiency"""
AGENTS = "SELECT id, capabilities->>0 AS type, status FROM agents ORDER BY created_at LIMIT 20"


class Task(NamedTuple):
    """A task accepted from a user."""

    id: uuid.UUID
    type: str
    budget: float
    accepted: float


class Orchestrator:
    """Accepts tasks and gets them done."""

    def __init__(
        self, database: Database, metrics: Metrics, zap: Log, rng: random.Random,
        *, auctions: bool = True,
    ) -> None:  # fmt: skip
        self._auctions = auctions
        self._database, self._metrics, self._zap, self._rng = database, metrics, zap, rng
        self._waiting: deque[Task] = deque()
        self._arrived = asyncio.Event()
        self._running = 0
        self.failing_since: float | None = None

    @property
    def depth(self) -> int:
        """Tasks waiting or running."""
        return len(self._waiting) + self._running

    def accept(self, kind: str, budget: float) -> Task:
        """Put a task into the queue."""
        task = Task(uuid.UUID(int=self._rng.getrandbits(128), version=4), kind, budget, time.time())
        self._waiting.append(task)
        self._arrived.set()
        self._metrics.tasks.add("pending")
        return task

    async def run(self) -> None:
        """Run the workers and the census until cancelled."""
        async with asyncio.TaskGroup() as group:
            for _ in range(WORKERS):
                group.create_task(self._work())
            group.create_task(self._count())

    async def _work(self) -> None:
        while True:
            while not self._waiting:
                self._arrived.clear()
                await self._arrived.wait()
            task = self._waiting.popleft()
            self._running += 1
            try:
                await self._perform(task)
                self.failing_since = None
                continue
            except FAILURES as error:
                reason = str(error) or type(error).__name__
            finally:
                self._running -= 1
            self._waiting.appendleft(task)
            self.failing_since = self.failing_since or time.time()
            self._metrics.task_errors.add("database", task.type)
            self._zap.error("orchestration/orchestrator.go:233", "task execution failed",
                            task_id=str(task.id), error=reason, retry=True)  # fmt: skip
            await asyncio.sleep(RETRY)

    async def _perform(self, task: Task) -> None:
        rng = self._rng
        began = time.monotonic()
        async with self._database.session() as connection:
            given = json.dumps({"tokens": rng.randrange(50, 4000)})
            await connection.execute(
                ADD_TASK, task.id, task.type, round(task.budget, 2), given, rng.randrange(400)
            )
            agent = await self._select(connection, task.type)
            self._metrics.selection.observe(time.monotonic() - began)
            began = time.monotonic()
            async with connection.transaction():
                await connection.execute(ASSIGN, task.id, agent)
                await connection.execute(HOLD, task.id)
                if self._auctions:
                    await connection.execute(AUCTION, task.id)
        if self._auctions:
            self._metrics.auctions.add("vcg")
            self._metrics.auction_seconds.observe(time.monotonic() - began)
        # The agent works: no connection is held meanwhile.
        await asyncio.sleep(min(1.5, rng.lognormvariate(-1.6, 0.6)))
        failed = rng.random() < 0.015
        status = "failed" if failed else "completed"
        async with self._database.session() as connection, connection.transaction():
            result = json.dumps({"quality": round(rng.uniform(0.7, 1), 2)})
            await connection.execute(FINISH, task.id, status, result)
            await connection.execute(RELEASE, task.id, "refunded" if failed else "released")
        seconds = time.time() - task.accepted
        self._metrics.tasks.add(status)
        self._metrics.task_seconds.observe(seconds, task.type)
        if failed:
            self._metrics.task_errors.add("provider", task.type)
            self._zap.warn("llm/groq.go:118", "provider request failed", task_id=str(task.id),
                           error="429 Too Many Requests", provider="groq")  # fmt: skip
        else:
            self._zap.info("orchestration/orchestrator.go:251", "task completed",
                           task_id=str(task.id), task_type=task.type, agent_id=str(agent),
                           duration=round(seconds, 4))  # fmt: skip

    async def _select(self, connection: Connection, kind: str) -> uuid.UUID | None:
        found: uuid.UUID | None = await connection.fetchval(SELECT_AGENT, kind)
        return found

    async def _count(self) -> None:
        """Refresh the gauges that come from the tables; while they can't be read they stand."""
        while True:
            self._metrics.queue.set(self.depth)
            try:
                async with self._database.session() as connection:
                    row = await connection.fetchrow(CENSUS)
                    agents = await connection.fetch(AGENTS)
            except FAILURES:
                self._metrics.set_breaker("open")
            else:
                self._metrics.set_breaker("closed")
                self._show(row, agents)
            await asyncio.sleep(CENSUS_EVERY)

    def _show(self, row: asyncpg.Record | None, agents: list[asyncpg.Record]) -> None:
        if row is None:
            return
        metrics = self._metrics
        for gauge in (metrics.agents, metrics.registered):
            gauge.set(row["agents"])
        for gauge in (metrics.online, metrics.agent_connections):
            gauge.set(row["online"])
        metrics.escrow.set(float(row["escrow"]))
        metrics.vcg.set(min(1.0, float(row["efficiency"] or 1)))
        for agent in agents:
            well = agent["status"] in {"online", "busy"}
            metrics.agent_health.set(float(well), str(agent["id"]), agent["type"])
