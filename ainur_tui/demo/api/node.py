"""What the API service knows of the chain: it asks the node's RPC every two seconds."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import aiohttp

from ainur_tui.demo.api.log import Log
from ainur_tui.demo.api.metrics import Metrics

EVERY, EAGER = 2.0, 0.3
LIMIT = 1.5
GIVE_UP = 2
"""Failures in a row after which the node counts as gone."""
HEIGHT, POOL = "chain_getHeader", "author_pendingExtrinsics"


class Node:
    """The node's state as last seen. Without a URL there is no chain to depend on."""

    def __init__(self, url: str | None, metrics: Metrics, zap: Log) -> None:
        self._url, self._metrics, self._zap = url, metrics, zap
        self._failures = GIVE_UP
        self.message = "not connected yet"
        self.seconds = 0.0
        self.checked = 0.0

    @property
    def configured(self) -> bool:
        """Whether there is a node to depend on."""
        return self._url is not None

    @property
    def up(self) -> bool:
        """Whether the node answers."""
        return not self.configured or self._failures < GIVE_UP

    async def watch(self) -> None:
        """Run until cancelled."""
        if self._url is None:
            return
        timeout = aiohttp.ClientTimeout(total=LIMIT)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            while True:
                await self._look(session, self._url)
                await asyncio.sleep(EVERY if self._failures == 0 else EAGER)

    async def _look(self, session: aiohttp.ClientSession, url: str) -> None:
        was_up = self.up
        began = time.monotonic()
        try:
            header = await self._call(session, url, HEIGHT)
            pending = await self._call(session, url, POOL)
            self._metrics.chain_height.set(int(header["number"], 16))
            self._metrics.chain_pool.set(len(pending))
            self._failures, self.message = 0, "connected"
        except (aiohttp.ClientError, TimeoutError, KeyError, TypeError, ValueError) as error:
            self._failures += 1
            self.message = str(error) or type(error).__name__
        self.seconds, self.checked = time.monotonic() - began, time.time()
        self._metrics.chain_up.set(float(self.up))
        if was_up and not self.up:
            self._zap.error("blockchain/client.go:96", "blockchain connection lost",
                            error=self.message)  # fmt: skip
        elif self.up and not was_up:
            self._zap.info("blockchain/client.go:71", "blockchain connected")

    async def _call(self, session: aiohttp.ClientSession, url: str, method: str) -> Any:
        began, result = time.monotonic(), "error"
        try:
            body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": []}
            async with session.post(url, json=body) as answer:
                found = (await answer.json(content_type=None))["result"]
            result = "success"
            return found
        finally:
            self._metrics.chain_calls.add(method, result)
            self._metrics.chain_seconds.observe(time.monotonic() - began, method)
