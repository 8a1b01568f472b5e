"""Keeps the supervisor's processes running: starts, restarts with back-off, stops."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from ainur_tui.demo.service import SUPERVISOR

FIRST_PAUSE, LONGEST_PAUSE = 0.3, 8.0
SETTLED = 10.0
PATIENCE = 12.0


class Keeper:
    """One process, kept alive until :meth:`stop`."""

    def __init__(
        self, name: str, argv: Sequence[str], directory: Path, say: Callable[[str], None]
    ) -> None:
        self.name = name
        self._argv, self._say = argv, say
        self._output = directory / "log" / f"{name}.log"
        self._process: asyncio.subprocess.Process | None = None
        self._watch: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start it, and go on starting it."""
        await self._spawn()
        self._watch = asyncio.create_task(self._keep())

    async def stop(self) -> None:
        """SIGTERM, some patience, SIGKILL."""
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
        process = self._process
        if process is None or process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), PATIENCE)
        except TimeoutError:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def _spawn(self) -> None:
        with self._output.open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                *self._argv,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                env=os.environ | {SUPERVISOR: str(os.getpid())},
            )

    async def _keep(self) -> None:
        pause = FIRST_PAUSE
        while self._process is not None:
            began = time.monotonic()
            code = await self._process.wait()
            if time.monotonic() - began > SETTLED:
                pause = FIRST_PAUSE
            how = f"signal {signal.Signals(-code).name}" if code < 0 else f"code {code}"
            self._say(f"{self.name} ended with {how}; again in {pause:g} s (see {self._output})")
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)
            await self._spawn()
