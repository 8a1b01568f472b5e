"""How the API service writes: zap's production JSON on stderr, gin's lines on stdout.

A thread does the writing, so a reader that is slow never stops a request.
"""

from __future__ import annotations

import json
import os
import threading
import time
from queue import Empty, SimpleQueue
from typing import Any

STDOUT, STDERR = 1, 2
LEVELS = ("debug", "info", "warn", "error")
BACKLOG = 4_000
"""Pending writes beyond which new lines are dropped, as a full pipe would make a server choose."""


class Log:
    """The log of one API process. Every line carries the fields given at the start;
    lines below the level are not written (an unknown level is ``info``)."""

    def __init__(self, level: str = "info", **always: Any) -> None:
        self._lowest = LEVELS.index(level) if level in LEVELS else LEVELS.index("info")
        self._always = always
        self._queue: SimpleQueue[tuple[int, bytes] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._write, name="log", daemon=True)
        self._thread.start()

    @property
    def backlog(self) -> int:
        """Writes waiting for the reader."""
        return self._queue.qsize()

    def debug(self, caller: str, msg: str, **fields: Any) -> None:
        """What only a developer wants to read."""
        self._line("debug", caller, msg, fields)

    def info(self, caller: str, msg: str, **fields: Any) -> None:
        """An ordinary event."""
        self._line("info", caller, msg, fields)

    def warn(self, caller: str, msg: str, **fields: Any) -> None:
        """Something to look at."""
        self._line("warn", caller, msg, fields)

    def error(self, caller: str, msg: str, **fields: Any) -> None:
        """Something failed; ``stacktrace`` may hold newlines, which JSON escapes."""
        self._line("error", caller, msg, fields)

    def gin(self, method: str, path: str, status: int, seconds: float, ip: str) -> None:
        """One request, as gin's logger writes it."""
        took = f"{seconds * 1000:.6f}ms" if seconds < 1 else f"{seconds:.9f}s"
        stamp = time.strftime("%Y/%m/%d - %H:%M:%S", time.gmtime())
        line = f'[GIN] {stamp} | {status} | {took:>13} | {ip:>15} | {method:<7}  "{path}"\n'
        self.raw(line.encode(), STDOUT)

    def raw(self, lines: bytes, stream: int = STDERR) -> None:
        """Whole lines as they are."""
        if self.backlog < BACKLOG:
            self._queue.put((stream, lines))

    def close(self) -> None:
        """Write what is pending, within a second."""
        self._queue.put(None)
        self._thread.join(1.0)

    def encode(self, level: str, caller: str, msg: str, **fields: Any) -> bytes:
        """One line of zap's production encoder."""
        head = {"level": level, "ts": round(time.time(), 6), "caller": caller, "msg": msg}
        line = json.dumps(head | self._always | fields, separators=(",", ":"), ensure_ascii=False)
        return line.encode("utf-8", "replace") + b"\n"

    def _line(self, level: str, caller: str, msg: str, fields: dict[str, Any]) -> None:
        if LEVELS.index(level) >= self._lowest:
            self.raw(self.encode(level, caller, msg, **fields))

    def _write(self) -> None:
        while (entry := self._queue.get()) is not None:
            stream, pending = entry
            try:
                while pending:
                    pending = pending[os.write(stream, pending) :]
            except OSError:
                self._drain()
                return

    def _drain(self) -> None:
        """Nobody reads any more: keep the queue empty without ending the service."""
        while True:
            try:
                if self._queue.get(timeout=60) is None:
                    return
            except Empty:
                continue
