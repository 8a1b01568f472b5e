"""Chunks handed from a thread to a coroutine, bounded, with an end that tells success."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

_DEPTH = 2
_READ = 1 << 20


class Broken(Exception):
    """The other side has given up."""


class Channel:
    """One producer thread, one consumer. Only :meth:`end` ends it well: the consumer of a
    channel that fails sees the error instead, so that it can never take half for the whole."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue(_DEPTH)
        self._broken = asyncio.Event()
        self._error: Exception = Broken("the stream was cut")

    def put(self, chunk: bytes) -> None:
        """From the producer's thread: wait for room. Raises :class:`Broken`."""
        asyncio.run_coroutine_threadsafe(self._offer(chunk), self._loop).result()

    def drain(self, fd: int) -> None:
        """From the producer's thread: hand on what a pipe brings, in large blocks, and close it.
        One event loop has more to do than to copy. Raises :class:`Broken`."""
        buffer = bytearray(_READ)
        view, filled = memoryview(buffer), 0
        with os.fdopen(fd, "rb", buffering=0) as source:
            while count := source.readinto(view[filled:]):
                filled += count
                if filled == _READ:
                    self.put(bytes(buffer))
                    filled = 0
        self.put(bytes(view[:filled]))

    async def end(self) -> None:
        """Everything has come, and it is whole."""
        await self._offer(None)

    def fail(self, error: Exception) -> None:
        """Nothing more will come, and what came is not whole."""
        if not self._broken.is_set():
            self._error = error
            self._broken.set()

    async def _offer(self, chunk: bytes | None) -> None:
        await self._first(self._queue.put(chunk))

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while (chunk := await self._first(self._queue.get())) is not None:
            yield chunk

    async def _first(self, work: Coroutine[Any, Any, Any]) -> Any:
        wanted = asyncio.ensure_future(work)
        broken = asyncio.ensure_future(self._broken.wait())
        try:
            await asyncio.wait({wanted, broken}, return_when=asyncio.FIRST_COMPLETED)
            if self._broken.is_set():
                raise self._error
            return wanted.result()
        finally:
            wanted.cancel()
            broken.cancel()


@asynccontextmanager
async def ended() -> AsyncIterator[list[asyncio.Task[None]]]:
    """Tasks of threads, which are waited for when the block is left."""
    tasks: list[asyncio.Task[None]] = []
    try:
        yield tasks
    finally:
        await asyncio.shield(asyncio.gather(*tasks, return_exceptions=True))
