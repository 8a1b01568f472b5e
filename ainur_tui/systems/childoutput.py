"""What a program writes, as it writes it: an argument vector and never a shell."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from pathlib import Path

from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.text import clean, decode
from ainur_tui.systems.base import Context

BEAT = 0.8
STOP_WITHIN = 2.0
CHUNK = 256 * 1024


async def output(argv: Sequence[str], context: Context) -> AsyncIterator[bytes]:
    """Chunks as they come, an empty one at least every second.

    Raises :class:`ProbeFailure` when it cannot be started, and with its last words when it ends.
    Closing the iterator ends the program.
    """
    name = Path(argv[0]).name
    try:
        process = await asyncio.create_subprocess_exec(
            *argv,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=context.tools.environment,
            start_new_session=True,
        )
    except OSError as error:
        raise ProbeFailure("forbidden", f"{name}: {clean(error.strerror)}") from None
    errors = asyncio.create_task(_tail(process.stderr))
    source = process.stdout or asyncio.StreamReader()
    try:
        while True:
            try:
                async with asyncio.timeout(BEAT):
                    data = await source.read(CHUNK)
            except TimeoutError:
                yield b""
                continue
            if not data:
                break
            yield data
        code = await process.wait()
        said = context.redact(await errors)
        raise ProbeFailure("unavailable", f"{name} ended ({code}) {said}".strip())
    finally:
        await _end(process)
        errors.cancel()
        await asyncio.gather(errors, return_exceptions=True)


async def _tail(source: asyncio.StreamReader | None) -> str:
    kept = b""
    while source is not None and (data := await source.read(CHUNK)):
        kept = (kept + data)[-1000:]
    return decode(b" ".join(kept.split()), 300)


async def _end(process: asyncio.subprocess.Process) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        if process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            process.send_signal(number)
        with suppress(TimeoutError):
            async with asyncio.timeout(STOP_WITHIN):
                await process.wait()
