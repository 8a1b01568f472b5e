"""Other programs, run as argument vectors: never a shell, never a secret in argv (S-10, S-12)."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.secret import Redactor
from ainur_tui.model.text import decode

_STDERR_KEPT = 4096
_PATIENCE = 2.0
PIPE_SIZE = 1 << 20
REDACT = Redactor()

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
    redact: Redact = REDACT,
) -> Completed:
    """Run a program to its end within ``deadline`` seconds, keeping at most ``limit`` bytes.

    ``env`` is the whole environment of the child. Raises
    :class:`~ainur_tui.model.failure.ProbeFailure`: ``missing``, ``forbidden``, ``timeout`` or
    ``too large``; a non-zero exit code is an answer, not a failure.
    """
    taking = asyncio.subprocess.PIPE
    giving = asyncio.subprocess.PIPE if stdin is not None else asyncio.subprocess.DEVNULL
    process = await spawn(argv, env=env, stdin=giving, stdout=taking)
    try:
        async with asyncio.timeout(deadline):
            out, tail, _, code = await asyncio.gather(
                _read(process, limit),
                stderr_tail(process.stderr),
                _feed(process.stdin, stdin),
                process.wait(),
            )
    except TimeoutError:
        kill_group(process)  # also what outlived the program itself and holds its pipes
        raise ProbeFailure("timeout", f"{_name(argv)} ran longer than {deadline:g} s") from None
    finally:
        await end(process, process.stdout, process.stderr)
    if out is None:
        raise ProbeFailure("too large", f"{_name(argv)} wrote more than {limit} bytes")
    return Completed(code, out, redact(said(tail)))


async def spawn(
    argv: Sequence[str], *, env: Mapping[str, str], stdin: int, stdout: int
) -> asyncio.subprocess.Process:
    """Start a program in a group of its own, its stderr a pipe. Raises
    :class:`~ainur_tui.model.failure.ProbeFailure`: ``missing`` or ``forbidden``."""
    try:
        return await asyncio.create_subprocess_exec(
            *argv,
            stdin=stdin,
            stdout=stdout,
            stderr=asyncio.subprocess.PIPE,
            env=dict(env),
            start_new_session=True,
            limit=PIPE_SIZE,
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
                kill_group(process)
    return bytes(kept) if len(kept) <= limit else None


async def stderr_tail(source: asyncio.StreamReader | None) -> bytes:
    """The last of what it wrote, once it writes no more; see :func:`said`."""
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


def kill_group(process: asyncio.subprocess.Process) -> None:
    """End a program and all it started."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


async def end(process: asyncio.subprocess.Process, *pipes: asyncio.StreamReader | None) -> None:
    """Kill what still runs and wait for it; ``pipes`` are those nobody reads any more."""
    if process.returncode is not None:
        return
    kill_group(process)
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


def said(tail: bytes) -> str:
    """The tail of stderr as one clean sentence."""
    lines = [decode(line.strip()) for line in tail.splitlines() if line.strip()]
    return "; ".join(lines[-6:])
