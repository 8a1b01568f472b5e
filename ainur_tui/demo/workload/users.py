"""Users of the API: an open stream of requests whose rate breathes."""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections.abc import Mapping

import aiohttp

from ainur_tui.demo.api.orchestrator import TYPES

MOST_IN_FLIGHT = 200
LIMIT = 10.0
KNOWN = 64


def rate(at: float) -> float:
    """Requests a second at a moment: slow and quick swings between about 16 and 40."""
    return 28 + 8 * math.sin(at / 7.5) + 4 * math.sin(at / 2.1 + 1)


class Users:
    """Sends requests as users do: mostly reading, some tasks, some payments."""

    def __init__(self, base: str, rng: random.Random) -> None:
        self._base, self._rng = base, rng
        self._in_flight: set[asyncio.Task[None]] = set()
        self._channels: list[str] = []
        self._agents: list[str] = []

    async def run(self) -> None:
        """Run until cancelled. A failed request is a user's bad luck, not ours."""
        timeout = aiohttp.ClientTimeout(total=LIMIT)
        connector = aiohttp.TCPConnector(limit=MOST_IN_FLIGHT)
        async with aiohttp.ClientSession(self._base, timeout=timeout, connector=connector) as http:
            try:
                while True:
                    await asyncio.sleep(self._rng.expovariate(rate(time.monotonic())))
                    if len(self._in_flight) < MOST_IN_FLIGHT:
                        task = asyncio.create_task(self._one(http))
                        self._in_flight.add(task)
                        task.add_done_callback(self._in_flight.discard)
            finally:
                pending = list(self._in_flight)
                for task in pending:
                    task.cancel()
                await asyncio.gather(*pending, return_exceptions=True)

    async def _one(self, http: aiohttp.ClientSession) -> None:
        try:
            await self._ask(http, self._rng.random())
        except (aiohttp.ClientError, TimeoutError, ValueError, KeyError):
            return

    async def _ask(self, http: aiohttp.ClientSession, roll: float) -> None:
        rng = self._rng
        if roll < 0.16:
            body = {"type": rng.choice(TYPES), "budget": round(rng.uniform(5, 50), 2)}
            await self._send(http, "/api/v1/tasks", body)
        elif roll < 0.24 and self._channels:
            paid = {
                "channel_id": rng.choice(self._channels),
                "amount": f"{rng.uniform(0.1, 4):.2f}",
            }
            await self._send(http, "/api/v1/payments", paid)
        elif roll < 0.30:
            self._channels = await self._read(http, "/api/v1/payments/channels", "channels")
        elif roll < 0.5:
            self._agents = await self._read(http, "/api/v1/agents?status=online", "agents")
        elif roll < 0.65 and self._agents:
            await self._read(http, f"/api/v1/agents/{rng.choice(self._agents)}")
        elif roll < 0.85:
            await self._read(http, "/api/v1/tasks")
        else:
            await self._read(http, "/api/v1/auctions")

    async def _send(
        self, http: aiohttp.ClientSession, path: str, body: Mapping[str, object]
    ) -> None:
        async with http.post(path, json=body) as answer:
            await answer.read()

    async def _read(self, http: aiohttp.ClientSession, path: str, name: str = "") -> list[str]:
        """Read; the ids found under ``name``."""
        async with http.get(path) as answer:
            if not name or answer.status != 200:
                await answer.read()
                return []
            found = (await answer.json())[name]
            return [str(each["id"]) for each in found[:KNOWN]]
