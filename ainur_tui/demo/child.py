"""A process run on behalf of a machine or a unit: its lines, its signals, its end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from typing import cast

from ainur_tui.demo.service import die_with_parent

LONGEST_LINE = 64 * 1024
"""Bytes after which a line without an end is passed on as it is."""

Sink = Callable[[list[bytes]], None]


class Child(asyncio.SubprocessProtocol):
    """One process in its own process group; ``sink`` gets its lines (stdout and stderr) in chunks.

    ``ended`` becomes the return code (negative: the signal that ended it). Whatever else is left
    of the group then is killed, as when a virtual machine goes away.
    """

    def __init__(self, sink: Sink) -> None:
        self.ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.pid = 0
        self._sink = sink
        self._rest = b""

    @classmethod
    async def start(cls, argv: Sequence[str], env: Mapping[str, str], sink: Sink) -> Child:
        """Start ``argv`` with exactly that environment. Raises ``OSError`` when it can't."""
        _, child = await asyncio.get_running_loop().subprocess_exec(
            lambda: cls(sink),
            *argv,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=dict(env),
            start_new_session=True,
            preexec_fn=die_with_parent,
        )
        return child

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._process = cast(asyncio.SubprocessTransport, transport)
        self.pid = self._process.get_pid()

    def pipe_data_received(self, _fd: int, data: bytes | str) -> None:
        lines = (self._rest + cast(bytes, data)).split(b"\n")
        self._rest = lines.pop()
        if len(self._rest) > LONGEST_LINE:
            lines.append(self._rest)
            self._rest = b""
        if lines:
            self._sink(lines)

    def process_exited(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        if not self.ended.done():
            self.ended.set_result(self._process.get_returncode() or 0)

    def connection_lost(self, _exc: Exception | None) -> None:
        if self._rest:
            self._sink([self._rest])
            self._rest = b""

    @property
    def alive(self) -> bool:
        """Whether the process has not ended."""
        return not self.ended.done()

    def send(self, signum: int) -> None:
        """Send a signal to the process itself."""
        with contextlib.suppress(ProcessLookupError):
            if self.alive:
                os.kill(self.pid, signum)

    def kill(self) -> None:
        """SIGKILL to the whole group."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if self.alive:
                os.killpg(self.pid, signal.SIGKILL)

    async def stop(self, signum: int, timeout: float) -> int:
        """Ask with ``signum``, wait ``timeout`` seconds, then kill; the return code."""
        self.send(signum)
        await asyncio.wait([self.ended], timeout=timeout)
        self.kill()
        return await self.ended


def exit_code(returned: int) -> int:
    """A return code as shells and platforms report it: 128 + signal for a killed process."""
    return returned if returned >= 0 else 128 - returned
