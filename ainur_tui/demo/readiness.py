"""When the miniature is well: every part asked as its users ask it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp

from ainur_tui.demo import credentials
from ainur_tui.demo.layout import API_APP, Layout

PAUSE = 0.1
LIMIT = 2.0

Question = Callable[[], Awaitable[bool]]


class Readiness:
    """Asks until everything answers well."""

    def __init__(self, layout: Layout, http: aiohttp.ClientSession) -> None:
        self._layout, self._http = layout, http

    def questions(self) -> dict[str, Question]:
        """What is asked, by what it is called for people."""
        url = self._layout.url
        return {
            "API": lambda: self._answers(url("api") + "/health", {200}),
            "node": self._node_has_blocks,
            "object store": lambda: self._answers(url("s3") + "/", set(range(200, 500))),
            "Alertmanager": lambda: self._answers(url("alertmanager") + "/-/ready", {200}),
            "frontend": lambda: self._answers(url("frontend") + "/", {200}),
            "Loki": lambda: self._answers(url("loki") + "/ready", {200}),
            "every API machine": self._machines_pass,
        }

    async def machines(self) -> list[str]:
        """The base URL of every API machine."""
        found = await self._list()
        return [f"http://127.0.0.1:{machine['config']['env']['PORT']}" for machine in found]

    async def until_well(self, seconds: float, say: Callable[[str], None]) -> None:
        """Wait for all of them; ``TimeoutError`` names those that didn't answer well."""
        began = time.monotonic()
        missing = set(self.questions())

        async def ask(name: str, question: Question) -> None:
            while not await self._fine(question):  # noqa: ASYNC110 (others tell nobody)
                await asyncio.sleep(PAUSE)
            missing.discard(name)
            say(f"{name} well after {time.monotonic() - began:.1f} s")

        try:
            async with asyncio.timeout(seconds), asyncio.TaskGroup() as group:
                for name, question in self.questions().items():
                    group.create_task(ask(name, question))
        except TimeoutError:
            raise TimeoutError(f"not well after {seconds:g} s: {', '.join(missing)}") from None

    async def _fine(self, question: Question) -> bool:
        try:
            async with asyncio.timeout(LIMIT):
                return await question()
        except (aiohttp.ClientError, TimeoutError, ValueError, KeyError, TypeError):
            return False

    async def _answers(self, url: str, wanted: set[int]) -> bool:
        async with self._http.get(url) as answer:
            return answer.status in wanted

    async def _node_has_blocks(self) -> bool:
        body = {"jsonrpc": "2.0", "id": 1, "method": "chain_getHeader", "params": []}
        async with self._http.post(self._layout.url("node"), json=body) as answer:
            return int((await answer.json(content_type=None))["result"]["number"], 16) > 1

    async def _machines_pass(self) -> bool:
        found = await self._list()
        checks = [check["status"] for machine in found for check in machine["checks"]]
        return bool(checks) and set(checks) == {"passing"}

    async def _list(self) -> list[dict[str, Any]]:
        token = credentials.read(self._layout.directory, "fly-token")
        async with self._http.get(
            f"{self._layout.url('fly')}/v1/apps/{API_APP}/machines",
            headers={"Authorization": f"Bearer {token}"},
        ) as answer:
            found: list[dict[str, Any]] = await answer.json()
            return found
