"""How a JSON-RPC question reaches a node: by HTTP POST or over a kept WebSocket."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from ainur_tui.systems.base import Context
from ainur_tui.systems.http import HttpClient
from ainur_tui.systems.node.clockwatch import ClockWatch
from ainur_tui.systems.node.rpcsocket import RpcSocket

Told = Callable[[bytes], None]
"""Gets what a node says unasked: the notifications of subscriptions."""


class Transport(Protocol):
    """One address. ``ask`` sends a call or a batch, each with an ``id``, and returns the answer's
    bytes within ``deadline`` seconds, or raises :class:`ProbeFailure`. ``clock_watch`` is what the
    Date of answers (of handshakes) tells of the clock of the machine behind it."""

    peer: str
    clock_watch: ClockWatch

    async def ask(self, question: Any, deadline: float) -> bytes: ...
    async def close(self) -> None: ...


class HttpTransport:
    """A POST for each question."""

    def __init__(self, url: str, context: Context, deadline: float) -> None:
        self.clock_watch = ClockWatch()
        self._clock = context.clock
        self._client = HttpClient(
            url, clock=context.clock, redact=context.redact, deadline=deadline
        )
        self.peer = self._client.peer

    async def ask(self, question: Any, deadline: float) -> bytes:
        """Ask and wait for the whole answer."""
        asked = self._clock.now()
        answer = await self._client.send(
            "POST", "", json=question, deadline=deadline, repeatable=True
        )
        self.clock_watch.heard(answer.headers.get("date"), asked, answer.at)
        return answer.body

    async def close(self) -> None:
        """Close the pool."""
        await self._client.close()


def transport(url: str, context: Context, deadline: float, told: Told | None) -> Transport:
    """The way to an address by its scheme."""
    if url.startswith(("ws://", "wss://")):
        return RpcSocket(url, context, told)
    return HttpTransport(url, context, deadline)
