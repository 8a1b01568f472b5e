"""Encryption to public keys in the age format: whoever takes a backup cannot open it."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from typing import Any, Protocol

from ainur_tui.model.failure import ActionFailure
from ainur_tui.model.secret import Secret
from ainur_tui.model.text import clean
from ainur_tui.systems.postgres.backup.channel import Broken, Channel

_GATHERED = 128 << 10


class Out(Protocol):
    """What bytes are written to; a thread's own."""

    def write(self, data: bytes) -> int: ...
    def flush(self) -> None: ...


def problem(recipients: Sequence[str]) -> str | None:
    """Why nothing can be encrypted to these, or ``None``."""
    if recipients and importlib.util.find_spec("pyrage") is None:
        return "backup.recipients needs pyrage: pip install 'ainur-tui[encryption]'"
    for text in recipients:
        try:
            _recipient(text)
        except ActionFailure as error:
            return str(error)
    return None


def _recipient(text: str) -> Any:
    import pyrage

    try:
        return pyrage.x25519.Recipient.from_str(text)
    except pyrage.RecipientError:
        raise ActionFailure(
            f"backup.recipients: {clean(text, 20)}… is no public key of age (age1…)"
        ) from None


class Sealer:
    """Encrypts what is written into it, in a thread of its own, and writes that to ``out``.

    :meth:`close` ends it well; :meth:`abandon` in any other case.
    """

    def __init__(self, out: Out, recipients: Sequence[str]) -> None:
        self._keys = [_recipient(text) for text in recipients]
        self._out = out
        self._error: BaseException | None = None
        self._read, write = os.pipe()
        self._sink = os.fdopen(write, "wb")
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        import pyrage

        try:
            with os.fdopen(self._read, "rb") as source:
                pyrage.encrypt_io(source, self._out, self._keys)
        except BaseException as error:
            self._error = error

    def write(self, data: bytes) -> int:
        try:
            return self._sink.write(data)
        except BrokenPipeError:
            self._thread.join()
            raise (self._error or Broken("the encryption ended")) from None

    def flush(self) -> None:
        self._sink.flush()

    def close(self) -> None:
        """Everything is written; raises what went wrong with it."""
        self.write(b"")
        with suppress(BrokenPipeError):
            self._sink.close()
        self._thread.join()
        if self._error is not None:
            raise self._error

    def abandon(self) -> None:
        """End the thread, whatever became of it."""
        with suppress(OSError):
            self._sink.close()
        self._thread.join()


async def opened(chunks: AsyncIterator[bytes], identity: Secret) -> AsyncIterator[bytes]:
    """What was encrypted, as it comes. Each piece was authenticated before it is handed on.

    Raises :class:`ActionFailure` when the identity does not open it or it was changed, and
    whatever ``chunks`` raises.
    """
    channel, loop = Channel(), asyncio.get_running_loop()
    source = _Source(chunks, loop)

    def work() -> None:
        import pyrage

        out = _Gathered(channel)
        try:
            key = pyrage.x25519.Identity.from_str(identity.reveal().strip().splitlines()[-1])
            pyrage.decrypt_io(source, out, [key])
            out.flush()
            asyncio.run_coroutine_threadsafe(channel.end(), loop).result()
        except Broken:
            return
        except BaseException as error:
            known = source.error
            told = known or ActionFailure(f"backup.identity does not open it: {clean(error, 120)}")
            loop.call_soon_threadsafe(channel.fail, told)

    working = asyncio.create_task(asyncio.to_thread(work))
    try:
        async for piece in channel:
            yield piece
    finally:
        channel.fail(Broken("nobody reads any more"))
        await asyncio.gather(working, return_exceptions=True)


class _Source:
    """An asynchronous iterator as a file, for a thread. ``error`` is what it raised."""

    def __init__(self, chunks: AsyncIterator[bytes], loop: asyncio.AbstractEventLoop) -> None:
        self._chunks = chunks
        self._loop = loop
        self._waiting = b""
        self.error: Exception | None = None

    def read(self, most: int = -1) -> bytes:
        if not self._waiting:
            coming = asyncio.run_coroutine_threadsafe(self._next(), self._loop)
            try:
                self._waiting = coming.result()
            except Exception as error:
                self.error = error
                raise OSError("its source ended") from None
        size = len(self._waiting) if most < 0 else most
        given, self._waiting = self._waiting[:size], self._waiting[size:]
        return given

    async def _next(self) -> bytes:
        return await anext(self._chunks, b"")


class _Gathered:
    """Small writes handed on as larger pieces."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._waiting = bytearray()

    def write(self, data: bytes) -> int:
        self._waiting += data
        if len(self._waiting) >= _GATHERED:
            self.flush()
        return len(data)

    def flush(self) -> None:
        if self._waiting:
            piece = bytes(self._waiting)
            self._waiting.clear()
            self._channel.put(piece)
