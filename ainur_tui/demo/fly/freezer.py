"""``python -m ainur_tui.demo.fly.freezer --dir DIR --pid N``: a process stands still, with its
children.

They go on when this process ends, for whatever reason: one who is told to let go, or is killed,
leaves nothing that stands still for ever.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil

from ainur_tui.demo.service import arguments

HELD = b"held\n"


class Freezer:
    """The hold on one process, from the side of the one who asked for it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def hold(cls, directory: Path, pid: int) -> Freezer:
        """Stop a process and its children; raises ``OSError`` when that can't be done."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "ainur_tui.demo.fly.freezer",
            "--dir", str(directory), "--pid", str(pid),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            start_new_session=True,
        )  # fmt: skip
        if process.stdout is None or await process.stdout.readline() != HELD:
            await process.wait()
            raise ProcessLookupError(f"process {pid} is gone")
        return cls(process)

    def let_go(self) -> None:
        """Have them go on, soon."""
        if self._process.stdin is not None:
            self._process.stdin.close()

    async def released(self) -> None:
        """Have them go on, and wait until they do."""
        self.let_go()
        await self._process.wait()


def send(process: psutil.Process, signum: int) -> None:
    """A signal, unless the process is gone."""
    with suppress(psutil.NoSuchProcess):
        process.send_signal(signum)


def moves(process: psutil.Process) -> bool:
    """Whether a process has yet to obey its stop: on a busy machine that takes a while."""
    try:
        return process.status() not in {psutil.STATUS_STOPPED, psutil.STATUS_ZOMBIE}
    except psutil.NoSuchProcess:
        return False


def main(pid: int) -> int:
    """Hold until standard input ends."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        first = psutil.Process(pid)
        held = [first, *first.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 1
    try:
        for process in held:
            send(process, signal.SIGSTOP)
        while any(map(moves, held)):
            time.sleep(0.005)
        sys.stdout.buffer.write(HELD)
        sys.stdout.flush()
        with suppress(KeyboardInterrupt):
            sys.stdin.buffer.read()
    finally:
        for process in reversed(held):
            send(process, signal.SIGCONT)
    return 0


if __name__ == "__main__":
    given = arguments("ainur_tui.demo.fly.freezer", ("--pid", {"type": int, "required": True}))
    sys.exit(main(given.pid))
