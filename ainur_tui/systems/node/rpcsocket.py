"""JSON-RPC over one kept WebSocket: a deadline for each call, caps on size, no redirect elsewhere.

Calls share the connection and are told apart by their ids. It is opened when first needed and again
when it is gone; a peer that stays silent to a call loses it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

from ainur_tui.model.failure import ProbeFailure
from ainur_tui.systems.base import Context
from ainur_tui.systems.httpbody import BYTES
from ainur_tui.systems.httpfailures import connection_failure, status_kind, timeout_failure
from ainur_tui.systems.httptls import tls_context
from ainur_tui.systems.httpurls import peer_of, problem_with
from ainur_tui.systems.node.clockwatch import ClockWatch

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

RENEWED = 60.0
"""Seconds after which an idle connection is opened anew: only a handshake has a Date, which tells
of the clock of the machine."""
TOO_BIG = 1009
"""The close code of RFC 6455 for a message larger than is taken."""


class _Head(msgspec.Struct):
    id: Any = None
    method: str | None = None


_heads = msgspec.json.Decoder(_Head | list[_Head])


@dataclass
class _Link:
    """One open connection and who waits for an answer on it, by the ids of the question."""

    connection: ClientConnection
    opened: float
    waiting: dict[int, asyncio.Future[bytes]] = field(default_factory=dict)
    heard: int = 0
    reader: asyncio.Task[None] | None = None

    @property
    def alive(self) -> bool:
        return self.reader is not None and not self.reader.done()

    def expect(self, ids: list[int]) -> asyncio.Future[bytes]:
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self.waiting.update(dict.fromkeys(ids, answer))
        return answer

    def forget(self, answer: asyncio.Future[bytes]) -> None:
        self.waiting = {key: one for key, one in self.waiting.items() if one is not answer}


class RpcSocket:
    """A :class:`~ainur_tui.systems.node.transport.Transport` over WebSocket. ``told`` gets the
    notifications; a connection that has any is never renewed, its subscriptions would be lost."""

    def __init__(
        self, url: str, context: Context, told: Callable[[bytes], None] | None = None
    ) -> None:
        self.clock_watch = ClockWatch()
        parts = urlsplit(url)
        self.peer = f"{parts.scheme}://{peer_of(url)}"
        self._problem = problem_with(f"http{url[2:]}", credentials=False)
        self._url = url
        self._clock = context.clock
        self._told = told
        self._opening = asyncio.Lock()
        self._link: _Link | None = None

    async def ask(self, question: Any, deadline: float) -> bytes:
        """Send a call or a batch of them and wait for the whole answer."""
        if self._problem is not None:
            raise ProbeFailure("internal", self._problem)
        calls = question if isinstance(question, list) else [question]
        link, heard = None, 0
        try:
            async with asyncio.timeout(deadline):
                link = await self._connected()
                heard = link.heard
                answer = link.expect([call["id"] for call in calls])
                try:
                    await self._send(link, msgspec.json.encode(question))
                    return await answer
                finally:
                    link.forget(answer)
        except TimeoutError:
            if link is not None and link.heard == heard:
                self._drop(link)
            phase = "connect" if link is None else "answer"
            raise timeout_failure(phase, calls[0]["method"], self.peer, deadline, 0) from None

    async def close(self) -> None:
        """Close the connection; the next call opens a new one."""
        link, self._link = self._link, None
        if link is not None:
            await link.connection.close()
            if link.reader is not None:
                await link.reader

    async def _connected(self) -> _Link:
        async with self._opening:
            link, now = self._link, self._clock.monotonic()
            if link is not None and link.alive:
                old = self._told is None and now - link.opened > RENEWED
                if not old or link.waiting:
                    return link
                await self.close()
            self._link = await self._open(now)
            return self._link

    async def _open(self, now: float) -> _Link:
        from websockets.asyncio.client import connect
        from websockets.exceptions import InvalidStatus, WebSocketException

        parts = urlsplit(self._url)
        secure = parts.scheme == "wss"
        asked = self._clock.now()
        try:
            # Host and port are named so that a redirect cannot lead to another one (S-15).
            connection = await connect(
                self._url, host=parts.hostname, port=parts.port or (443 if secure else 80),
                ssl=tls_context() if secure else None, proxy=None, compression=None,
                max_size=BYTES, open_timeout=None, ping_interval=None, close_timeout=1.0,
                user_agent_header="ainur-tui",
            )  # fmt: skip
        except InvalidStatus as error:
            status = error.response.status_code
            words = f"{self.peer} answers {status} where a WebSocket belongs"
            raise ProbeFailure(status_kind(status), words) from None
        except OSError as error:
            raise connection_failure(error, self.peer) from None
        except (WebSocketException, ValueError, EOFError):
            raise ProbeFailure("bad answer", f"{self.peer} does not speak WebSocket") from None
        if connection.response is not None:
            date = connection.response.headers.get("Date")
            self.clock_watch.heard(date, asked, self._clock.now())
        link = _Link(connection, now)
        link.reader = asyncio.create_task(self._read(link))
        return link

    async def _send(self, link: _Link, body: bytes) -> None:
        from websockets.exceptions import ConnectionClosed

        # A failed connection is told by the reader, with its reason.
        with suppress(ConnectionClosed):
            await link.connection.send(body.decode())

    async def _read(self, link: _Link) -> None:
        """Hand out what comes until the connection ends; then nobody waits any longer."""
        from websockets.exceptions import ConnectionClosed

        failure = ProbeFailure("bad answer", f"{self.peer} closed the connection")
        try:
            while True:
                self._settle(link, await link.connection.recv(decode=False))
        except ConnectionClosed as error:
            if error.sent is not None and error.sent.code == TOO_BIG:
                failure = ProbeFailure("too large", f"an answer of more than {BYTES:,} bytes")
        except (msgspec.MsgspecError, RecursionError, ValueError):
            failure = ProbeFailure("bad answer", f"{self.peer} says what is no JSON-RPC")
            self._drop(link)
        for answer in set(link.waiting.values()):
            if not answer.done():
                answer.set_exception(failure)

    def _settle(self, link: _Link, raw: bytes) -> None:
        link.heard += 1
        found = _heads.decode(raw)
        heads = found if isinstance(found, list) else [found]
        if any(head.method is not None and head.id is None for head in heads):
            if self._told is not None:
                self._told(raw)
            return
        asked = [head.id for head in heads if isinstance(head.id, int) and head.id in link.waiting]
        # What is refused as a whole has no id; it is an answer to the oldest question.
        key = asked[0] if asked else next(iter(link.waiting), None)
        if key is not None and (asked or all(head.id is None for head in heads)):
            answer = link.waiting[key]
            if not answer.done():
                answer.set_result(raw)

    def _drop(self, link: _Link) -> None:
        """Let the connection go at once: no closing words with a peer that is silent."""
        link.connection.transport.abort()
        if self._link is link:
            self._link = None
