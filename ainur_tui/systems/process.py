"""Other programs, run as argument vectors: never a shell, never a secret in argv (S-10, S-12)."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.secret import Redactor
from ainur_tui.model.text import decode

_STDERR_KEPT = 4096
_PATIENCE = 2.0
_PIPE_SIZE = 1 << 20
_F_SETPIPE_SZ = 1031
_REDACT = Redactor()

Redact = Callable[[str], str]


@dataclass(frozen=True)
class Completed:
    """How a program ended. ``code`` is negative for a signal; ``stderr`` is the clean tail."""

    code: int
    stdout: bytes
    stderr: str


async def run(
    argv: Sequence[str],
    *,
    stdin: bytes | None = None,
    env: Mapping[str, str],
    deadline: float,
    limit: int = 1 << 20,
    redact: Redact = _REDACT,
) -> Completed:
    """Run a program to its end within ``deadline`` seconds, keeping at most ``limit`` bytes.

    ``env`` is the whole environment of the child. Raises
    :class:`~ainur_tui.model.failure.ProbeFailure`: ``missing``, ``forbidden``, ``timeout`` or
    ``too large``; a non-zero exit code is an answer, not a failure.
    """
    taking = asyncio.subprocess.PIPE
    giving = asyncio.subprocess.PIPE if stdin is not None else asyncio.subprocess.DEVNULL
    process = await _spawn(argv, env=env, stdin=giving, stdout=taking)
    try:
        async with asyncio.timeout(deadline):
            out, tail, _, code = await asyncio.gather(
                _read(process, limit),
                _tail(process.stderr),
                _feed(process.stdin, stdin),
                process.wait(),
            )
    except TimeoutError:
        _kill(process)  # also what outlived the program itself and holds its pipes
        raise ProbeFailure("timeout", f"{_name(argv)} ran longer than {deadline:g} s") from None
    finally:
        await _end(process, process.stdout, process.stderr)
    if out is None:
        raise ProbeFailure("too large", f"{_name(argv)} wrote more than {limit} bytes")
    return Completed(code, out, redact(_sentence(tail)))


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
        return Completed(code, b"", self._redact(_sentence(await self._stderr)))

    def kill(self) -> None:
        """End the program and all it started."""
        _kill(self._process)


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
        return Completed(code, b"", self._redact(_sentence(await self._stderr)))


@asynccontextmanager
async def stream(
    argv: Sequence[str], *, env: Mapping[str, str], redact: Redact = _REDACT
) -> AsyncIterator[Stream]:
    """Start a program that writes much; it is killed when the block is left.

    Raises :class:`~ainur_tui.model.failure.ProbeFailure` when it cannot be started.
    """
    process, output = await _piped(argv, env, asyncio.subprocess.DEVNULL)
    errors = asyncio.create_task(_tail(process.stderr))
    try:
        yield Stream(output, process, errors, redact)
    finally:
        await _end(process)
        errors.cancel()
        await asyncio.gather(errors, return_exceptions=True)


@asynccontextmanager
async def sink(
    argv: Sequence[str], *, env: Mapping[str, str], redact: Redact = _REDACT, output: bool = False
) -> AsyncIterator[Sink]:
    """Start a program that reads much; it is killed when the block is left. With ``output`` what
    it writes has to be read as well, at the same time, by whoever closes that pipe.

    Raises :class:`~ainur_tui.model.failure.ProbeFailure` when it cannot be started.
    """
    giving, read = asyncio.subprocess.PIPE, -1
    if output:
        process, read = await _piped(argv, env, giving)
    else:
        process = await _spawn(argv, env=env, stdin=giving, stdout=asyncio.subprocess.DEVNULL)
    if process.stdin is not None:
        with suppress(ValueError):  # a program that ended at once has closed it already
            _widen(process.stdin.get_extra_info("pipe").fileno())
    errors = asyncio.create_task(_tail(process.stderr))
    try:
        yield Sink(process, errors, redact, read)
    finally:
        await _end(process)
        errors.cancel()
        await asyncio.gather(errors, return_exceptions=True)


def _widen(pipe: int) -> None:
    with suppress(OSError, ImportError):
        import fcntl  # fewer, larger reads; systems without it keep their pipe size

        fcntl.fcntl(pipe, _F_SETPIPE_SZ, _PIPE_SIZE)


async def _piped(
    argv: Sequence[str], env: Mapping[str, str], stdin: int
) -> tuple[asyncio.subprocess.Process, int]:
    """A program, and the wide pipe that it writes to."""
    read_end, write_end = os.pipe()
    _widen(read_end)
    try:
        return await _spawn(argv, env=env, stdin=stdin, stdout=write_end), read_end
    except BaseException:
        os.close(read_end)
        raise
    finally:
        os.close(write_end)


async def _spawn(
    argv: Sequence[str], *, env: Mapping[str, str], stdin: int, stdout: int
) -> asyncio.subprocess.Process:
    try:
        return await asyncio.create_subprocess_exec(
            *argv,
            stdin=stdin,
            stdout=stdout,
            stderr=asyncio.subprocess.PIPE,
            env=dict(env),
            start_new_session=True,
            limit=_PIPE_SIZE,
        )
    except FileNotFoundError:
        raise ProbeFailure("missing", f"the program {_name(argv)} is not there") from None
    except PermissionError:
        raise ProbeFailure("forbidden", f"{_name(argv)} may not be run") from None


async def _read(process: asyncio.subprocess.Process, limit: int) -> bytes | None:
    """What it wrote; ``None``, and the program killed, once that is more than ``limit``."""
    kept, source = bytearray(), process.stdout
    while source is not None and (chunk := await source.read(65536)):
        # Reading goes on after the limit: a full pipe that nobody reads hides the program's end.
        if len(kept) <= limit:
            kept += chunk
            if len(kept) > limit:
                _kill(process)
    return bytes(kept) if len(kept) <= limit else None


async def _tail(source: asyncio.StreamReader | None) -> bytes:
    kept = b""
    while source is not None and (chunk := await source.read(65536)):
        kept = (kept + chunk)[-_STDERR_KEPT:]
    return kept


async def _feed(sink: asyncio.StreamWriter | None, data: bytes | None) -> None:
    if sink is None or data is None:
        return
    with suppress(BrokenPipeError, ConnectionResetError):
        sink.write(data)
        await sink.drain()
    sink.close()


def _kill(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


async def _end(process: asyncio.subprocess.Process, *pipes: asyncio.StreamReader | None) -> None:
    """Kill what still runs and wait for it; ``pipes`` are those nobody reads any more."""
    if process.returncode is not None:
        return
    _kill(process)
    # asyncio tells of the end only after every pipe's end, and a full one has to be emptied first.
    # A grandchild that left the group may hold them for ever: it is not waited for.
    with suppress(TimeoutError):
        async with asyncio.timeout(_PATIENCE):
            for pipe in pipes:
                while pipe is not None and await pipe.read(65536):
                    pass
            await process.wait()


def _name(argv: Sequence[str]) -> str:
    return decode(os.fsencode(os.path.basename(argv[0])), 60)


def _sentence(tail: bytes) -> str:
    lines = [decode(line.strip()) for line in tail.splitlines() if line.strip()]
    return "; ".join(lines[-6:])
