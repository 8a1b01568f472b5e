"""One connection to the engine: calls answered in any order, notifications as they come."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec

from ainur_tui.client.errors import CallError, Disconnected
from ainur_tui.model.action import Run
from ainur_tui.model.logquery import LogPage
from ainur_tui.model.update import Update
from ainur_tui.model.wire import REPEATABLE, RESULTS, Hello, Message, Request, Welcome

TIMEOUT = 30.0
"""Seconds a call may take unless it says otherwise; a fresh board waits for its slowest probe."""
LARGEST_MESSAGE = 64 << 20
GONE = "the engine went away"
OTHER_BUILD = (
    "the engine and this program are of different builds and do not understand each other: stop it"
    " (ainur-tui engine stop) and a matching one is started"
)
NOTIFICATIONS: dict[str, Any] = {"board": Update, "logs": LogPage, "run": Run}

Notification = Update | LogPage | Run

_message = msgspec.json.Decoder(Message)
_encode = msgspec.json.Encoder()


class Remote:
    """A connection that said hello; ``welcome`` is what the engine answered. ``end`` is why it
    ended, once it has.

    ``async with`` closes it. Iterating gives notifications until the engine goes away. A call
    whose method is repeatable is sent once more over a new connection when the first breaks.
    """

    def __init__(self, path: Path, hello: Hello) -> None:
        self._path = path
        self._hello = hello
        self._reader: asyncio.Task[None] | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._waiting: dict[int, asyncio.Future[msgspec.Raw]] = {}
        self._number = 0
        self._inbox: asyncio.Queue[Notification | None] = asyncio.Queue(256)
        self.welcome: Welcome
        self.end = GONE

    @classmethod
    async def open(cls, path: Path, hello: Hello, timeout: float = 5.0) -> Remote:
        """Connect and say hello.

        Raises OSError or TimeoutError when nobody answers, CallError when the engine refuses.
        """
        remote = cls(path, hello)
        await remote._connect(timeout)
        return remote

    async def __aenter__(self) -> Remote:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def __aiter__(self) -> AsyncIterator[Notification]:
        while (found := await self._inbox.get()) is not None:
            yield found

    async def close(self) -> None:
        """Hang up."""
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.wait({self._reader})
        self._hang_up()

    async def call(
        self, method: str, params: msgspec.Struct | None = None, *, timeout: float = TIMEOUT
    ) -> Any:
        """Call and wait for the result, typed as ``RESULTS`` says.

        Raises CallError, Disconnected or TimeoutError.
        """
        try:
            return await self._call(method, params, timeout)
        except Disconnected:
            if method not in REPEATABLE or method in {"hello", "subscribe"}:
                raise
        try:
            await self._connect(timeout)
        except OSError as error:
            raise Disconnected(self.end) from error
        return await self._call(method, params, timeout)

    async def _connect(self, timeout: float) -> None:
        async with asyncio.timeout(timeout):
            reader, self._writer = await asyncio.open_unix_connection(
                self._path, limit=LARGEST_MESSAGE
            )
            self.end = GONE
            self._reader = asyncio.create_task(self._receive(reader))
            try:
                self.welcome = await self._call("hello", self._hello, timeout)
            except BaseException:
                await self.close()
                raise

    async def _call(self, method: str, params: msgspec.Struct | None, timeout: float) -> Any:
        if self._writer is None or self._reader is None or self._reader.done():
            raise Disconnected(self.end)
        self._number += 1
        number = self._number
        raw = msgspec.Raw(_encode.encode(params) if params is not None else b"{}")
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(timeout):
                self._writer.write(_encode.encode(Request(method, raw, number)) + b"\n")
                await self._writer.drain()
                result = await answer
        except ConnectionError as error:
            raise Disconnected(self.end) from error
        finally:
            self._waiting.pop(number, None)
        return typed(method, result)

    async def _receive(self, reader: asyncio.StreamReader) -> None:
        refusal: CallError | None = None
        try:
            while line := await reader.readline():
                message = _message.decode(line)
                if message.method:
                    self._notify(message)
                elif message.error is not None and message.id == 0:
                    refusal = CallError(message.error.code, message.error.message)
                else:
                    self._settle(message)
        except msgspec.DecodeError:
            self.end = OTHER_BUILD
        except (ConnectionError, ValueError):
            pass  # a line without end: this is no engine to go on talking to
        finally:
            self._hang_up(refusal)

    def _settle(self, message: Message) -> None:
        answer = self._waiting.get(message.id)
        if answer is None or answer.done():
            return
        if message.error is not None:
            answer.set_exception(CallError(message.error.code, message.error.message))
        else:
            answer.set_result(message.result)

    def _notify(self, message: Message) -> None:
        kind = NOTIFICATIONS.get(message.method)
        if kind is None:
            return
        with contextlib.suppress(asyncio.QueueEmpty):
            # Nobody iterates, or too slowly: the oldest goes. `Session` never lets it come to it.
            while self._inbox.full():
                self._inbox.get_nowait()
        self._inbox.put_nowait(msgspec.json.decode(message.params, type=kind))

    def _hang_up(self, refusal: CallError | None = None) -> None:
        if self._writer is not None:
            self._writer.close()
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(refusal or Disconnected(self.end))
        if not self._inbox.full():
            self._inbox.put_nowait(None)


def typed(method: str, result: msgspec.Raw) -> Any:
    """A result as the type its method declares. Raises Disconnected when it is of another type."""
    kind = RESULTS.get(method)
    try:
        return msgspec.json.decode(result, type=kind) if kind is not None else None
    except msgspec.ValidationError as error:
        raise Disconnected(OTHER_BUILD) from error
