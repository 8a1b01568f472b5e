"""Where the trials' engines come from: one process that has loaded the program and forks them."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Engine:
    """One engine process."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._dead = False

    @property
    def dead(self) -> bool:
        if not self._dead:
            try:
                os.kill(self._pid, 0)
            except ProcessLookupError:
                self._dead = True  # from now on the number may be another's
        return self._dead

    def kill(self) -> None:
        """At once, as a power cut would."""
        if not self.dead:
            os.kill(self._pid, signal.SIGKILL)


class Nursery:
    """Makes one engine after another."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._turn = asyncio.Lock()

    async def engine(self, *words: str) -> Engine:
        """A new one for these words."""
        given, taken = self._process.stdin, self._process.stdout
        assert given is not None
        assert taken is not None
        async with self._turn:
            given.write(json.dumps(words).encode() + b"\n")
            return Engine(int(await taken.readline()))


@asynccontextmanager
async def nursery(module: str = "tests.faults.process") -> AsyncIterator[Nursery]:
    """``module`` forks them. It ends with the block; engines that nobody killed leave by
    themselves."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        yield Nursery(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()
