"""What the console talks to: a connection that is there again by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol

import msgspec

from ainur_tui.client.errors import CallError, Disconnected
from ainur_tui.client.merge import empty, merge
from ainur_tui.client.remote import Remote
from ainur_tui.model.action import Run
from ainur_tui.model.board import BoardView
from ainur_tui.model.logquery import LogPage, LogQuery
from ainur_tui.model.update import Update
from ainur_tui.model.wire import Hello, Subscribe, Welcome

FIRST_PAUSE, LONGEST_PAUSE = 0.2, 2.0
SILENCE = 15.0
"""Seconds without a word (it gives a sign of life every 2 s) after which an engine is lost."""

Launch = Callable[[], Awaitable[None]]


class Listener(Protocol):
    """Who is told. Called on the event loop; must return at once."""

    def linked(self, welcome: Welcome) -> None: ...
    def unlinked(self, reason: str) -> None: ...
    def board(self, view: BoardView) -> None: ...
    def lines(self, page: LogPage) -> None: ...
    def ran(self, run: Run) -> None: ...


class Session:
    """``launch`` starts an engine when nobody answers; without it one is waited for.

    ``board`` is the newest picture, ``welcome`` what the engine said of itself; both are kept
    while the connection is lost (the picture's ages tell).
    """

    def __init__(
        self, socket: Path, hello: Hello, listener: Listener, *, launch: Launch | None
    ) -> None:
        self.board: BoardView | None = None
        self.welcome: Welcome | None = None
        self._socket = socket
        self._hello = hello
        self._listener = listener
        self._launch = launch
        self._remote: Remote | None = None
        self._wanted = Subscribe()
        self._closed = asyncio.Event()

    async def run(self) -> None:
        """For ever (until :meth:`close`): connect, receive, and when it is lost, again."""
        pause = FIRST_PAUSE
        while not self._closed.is_set():
            try:
                reason = await self._once()
                pause = FIRST_PAUSE
            except (CallError, Disconnected) as refused:
                reason = str(refused)
            except (OSError, TimeoutError):
                reason = await self._start()
            if not self._closed.is_set():
                self._listener.unlinked(reason)
                await self._pause(pause)
                pause = min(pause * 2, LONGEST_PAUSE)

    async def call(
        self, method: str, params: msgspec.Struct | None = None, *, timeout: float = 10.0
    ) -> Any:
        """The result, typed. Raises CallError, or Disconnected when there is no engine (any
        more) or it does not answer within ``timeout`` seconds."""
        if self._remote is None:
            raise Disconnected("the engine is not connected")
        try:
            return await self._remote.call(method, params, timeout=timeout)
        except TimeoutError:
            raise Disconnected(f"the engine did not answer within {timeout:g} s") from None

    async def look_at(self, tables: list[str], logs: LogQuery | None) -> None:
        """Which tables and lines to be told of from now on; holds over reconnections."""
        self._wanted = Subscribe(tables=tables, logs=logs)
        if self._remote is not None:
            await self._subscribe(self._remote)

    async def close(self) -> None:
        """End; :meth:`run` returns."""
        self._closed.set()
        if self._remote is not None:
            await self._remote.close()

    async def _once(self) -> str:
        """One connection, from hello to its end; returns why it ended."""
        async with await Remote.open(self._socket, self._hello) as remote:
            self.welcome = remote.welcome
            self.board = empty(remote.welcome.environment)
            self._remote = remote
            try:
                self._listener.linked(remote.welcome)
                await self._subscribe(remote)
                return await self._receive(remote)
            except Disconnected as gone:
                return str(gone)
            finally:
                self._remote = None

    async def _receive(self, remote: Remote) -> str:
        told = aiter(remote)
        while True:
            try:
                async with asyncio.timeout(SILENCE):
                    found = await anext(told)
            except StopAsyncIteration:
                return remote.end
            except TimeoutError:
                return f"the engine has been silent for {SILENCE:g} s"
            match found:
                case Update():
                    self.board = merge(self.board or empty(remote.welcome.environment), found)
                    self._listener.board(self.board)
                case LogPage():
                    self._listener.lines(found)
                case Run():
                    self._listener.ran(found)

    async def _subscribe(self, remote: Remote) -> None:
        try:
            await remote.call("subscribe", self._wanted)
        except TimeoutError:
            raise Disconnected("the engine does not answer") from None

    async def _start(self) -> str:
        if self._launch is None:
            return "no engine answers"
        try:
            await self._launch()
        except Exception as error:  # whatever keeps it from starting is told, and tried again
            return f"the engine cannot be started: {error}"
        return "the engine is being started"

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._closed.wait()
        except TimeoutError:
            return
