"""Programs that write or read much: their bytes go through a pipe, never through our memory."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from ainur_tui.systems.process import (
    PIPE_SIZE,
    REDACT,
    Completed,
    Redact,
    end,
    kill_group,
    said,
    spawn,
    stderr_tail,
)

_F_SETPIPE_SZ = 1031


@dataclass
class Stream:
    """A running program whose output is read from ``fd``, a blocking pipe (for a thread).

    Whoever reads closes ``fd``. :meth:`finish` waits for the end; :meth:`kill` ends the whole
    process group, after which the pipe gives its end of file.
    """

    fd: int
    _process: asyncio.subprocess.Process
    _stderr: asyncio.Task[bytes]
    _redact: Redact

    async def finish(self) -> Completed:
        """The exit code and the clean tail of stderr, once the program has ended."""
        code = await self._process.wait()
        return Completed(code, b"", self._redact(said(await self._stderr)))

    def kill(self) -> None:
        """End the program and all it started."""
        kill_group(self._process)


@dataclass
class Sink:
    """A running program that reads what it is given: :meth:`give` any number of times, then
    :meth:`finish` closes its input and waits for the end. ``output``, where it was asked for, is
    a blocking pipe like that of a :class:`Stream`."""

    _process: asyncio.subprocess.Process
    _stderr: asyncio.Task[bytes]
    _redact: Redact
    output: int = -1

    async def give(self, data: bytes) -> bool:
        """Hand on bytes at the pace they are read; false once the program takes no more."""
        source = self._process.stdin
        if source is None:
            return False
        try:
            source.write(data)
            await source.drain()
        except (BrokenPipeError, ConnectionResetError):
            return False
        return True

    def close(self) -> None:
        """Nothing more is given."""
        if self._process.stdin is not None:
            self._process.stdin.close()

    async def finish(self) -> Completed:
        """The exit code and the clean tail of stderr, once the program has ended."""
        self.close()
        code = await self._process.wait()
        return Completed(code, b"", self._redact(said(await self._stderr)))


@asynccontextmanager
async def stream(
    argv: Sequence[str], *, env: Mapping[str, str], redact: Redact = REDACT
) -> AsyncIterator[Stream]:
    """Start a program that writes much; it is killed when the block is left.

    Raises :class:`~ainur_tui.model.failure.ProbeFailure` when it cannot be started.
    """
    process, output = await _piped(argv, env, asyncio.subprocess.DEVNULL)
    async with _until_left(process) as errors:
        yield Stream(output, process, errors, redact)


@asynccontextmanager
async def sink(
    argv: Sequence[str], *, env: Mapping[str, str], redact: Redact = REDACT, output: bool = False
) -> AsyncIterator[Sink]:
    """Start a program that reads much; it is killed when the block is left. With ``output`` what
    it writes has to be read as well, at the same time, by whoever closes that pipe.

    Raises :class:`~ainur_tui.model.failure.ProbeFailure` when it cannot be started.
    """
    giving, read = asyncio.subprocess.PIPE, -1
    if output:
        process, read = await _piped(argv, env, giving)
    else:
        process = await spawn(argv, env=env, stdin=giving, stdout=asyncio.subprocess.DEVNULL)
    if process.stdin is not None:
        with suppress(ValueError):  # a program that ended at once has closed it already
            _widen(process.stdin.get_extra_info("pipe").fileno())
    async with _until_left(process) as errors:
        yield Sink(process, errors, redact, read)


@asynccontextmanager
async def _until_left(process: asyncio.subprocess.Process) -> AsyncIterator[asyncio.Task[bytes]]:
    """The tail of its stderr while the block lasts; the program ends with it."""
    errors = asyncio.create_task(stderr_tail(process.stderr))
    try:
        yield errors
    finally:
        await end(process)
        errors.cancel()
        await asyncio.gather(errors, return_exceptions=True)


def _widen(pipe: int) -> None:
    with suppress(OSError, ImportError):
        import fcntl  # fewer, larger reads; systems without it keep their pipe size

        fcntl.fcntl(pipe, _F_SETPIPE_SZ, PIPE_SIZE)


async def _piped(
    argv: Sequence[str], env: Mapping[str, str], stdin: int
) -> tuple[asyncio.subprocess.Process, int]:
    """A program, and the wide pipe that it writes to."""
    read_end, write_end = os.pipe()
    _widen(read_end)
    try:
        return await spawn(argv, env=env, stdin=stdin, stdout=write_end), read_end
    except BaseException:
        os.close(read_end)
        raise
    finally:
        os.close(write_end)
