"""The server's log file as a source of lines."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

from ainur_tui.systems.base import Clock, LogSource, RawBatch
from ainur_tui.systems.tail import follow


class PostgresLog(LogSource):
    """Follows ``postgres.log_file`` through rotation; for a server on this machine."""

    name = "postgres"
    target = "db"

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock

    def batches(self, resume: float | None) -> AsyncIterator[RawBatch]:
        return follow(self._path, self._clock, resume=resume)
