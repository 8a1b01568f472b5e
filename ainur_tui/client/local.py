"""The same calls to an engine inside this process (``check``, one-shot commands, tests)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from ainur_tui.client.errors import CallError
from ainur_tui.client.remote import TIMEOUT
from ainur_tui.model.failure import Refused
from ainur_tui.model.wire import Hello, Welcome

Call = Callable[[str, msgspec.Raw, Hello], Awaitable[Any]]


class Local:
    """``call`` is the engine's own. There are no notifications: whoever wants to be told of
    things as they happen talks to an engine process."""

    def __init__(self, call: Call, hello: Hello) -> None:
        self._call = call
        self._hello = hello
        self.welcome: Welcome

    async def __aenter__(self) -> Local:
        self.welcome = await self.call("hello")
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Nothing is held; the engine belongs to whoever made it."""

    async def call(
        self, method: str, params: msgspec.Struct | None = None, *, timeout: float = TIMEOUT
    ) -> Any:
        """As ``Remote.call``. Raises CallError or TimeoutError."""
        raw = msgspec.Raw(msgspec.json.encode(params) if params is not None else b"{}")
        try:
            async with asyncio.timeout(timeout):
                return await self._call(method, raw, self._hello)
        except Refused as refused:
            raise CallError(refused.code, str(refused)) from None
