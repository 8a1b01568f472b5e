"""A log file as a source of lines: on this machine, or over SSH on another."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.text import clean
from ainur_tui.systems import ssh
from ainur_tui.systems.base import Clock, Context
from ainur_tui.systems.childoutput import output
from ainur_tui.systems.lines import LineCutter
from ainur_tui.systems.logsource import Earlier, LogSource, RawBatch, RawLine
from ainur_tui.systems.tail import follow, newer

FIRST_LINES = 200
AGAIN_LINES = 20_000
"""Lines asked for when it goes on, to find the last one already had among them."""
_PATH = re.compile(r"/[\w./@%+=:,-]{1,1000}", re.ASCII)
"""Paths that the shell at the other end leaves as they are: ssh hands it one line of text."""


class FileSource(LogSource):
    """A file of this machine, followed through rotation, truncation and rewriting."""

    def __init__(self, name: str, target: str, path: Path, clock: Clock) -> None:
        self.name = name
        self.target = target
        self._path = path
        self._clock = clock

    def batches(self, resume: float | None) -> AsyncIterator[RawBatch]:
        return follow(self._path, self._clock, resume=resume, began=self._first)

    def _first(self, earlier: Earlier) -> None:
        """What was before the very first line stays that, however often the file is opened."""
        self.earlier = self.earlier or earlier


class RemoteFile(LogSource):
    """A file of another machine, by the system's OpenSSH and ``tail -F``."""

    def __init__(self, name: str, target: str, host: str, path: str, context: Context) -> None:
        if not _PATH.fullmatch(path):
            raise ProbeFailure("internal", f"not a path that can be sent by ssh: {clean(path, 80)}")
        self.name = name
        self.target = target
        self._host = host
        self._path = path
        self._context = context

    async def batches(self, resume: float | None) -> AsyncIterator[RawBatch]:
        """Lines as they come; their time is that of arrival, where they tell none. After a break
        those not had yet, by their times; a gap where that cannot be told."""
        cutter = LineCutter()
        clock = self._context.clock
        async with aclosing(output(self._argv(resume), self._context)) as chunks:  # type: ignore[type-var]
            async for data in chunks:
                lines = [line for line in cutter.feed(data) if line] if data else []
                dropped: int | None = 0
                since = resume
                if resume is not None and lines:
                    lines, joined = newer(lines, resume)
                    dropped, resume = (0 if joined else None), None
                now = clock.now()
                raw = [RawLine(now, line) for line in lines]
                yield RawBatch(raw, dropped, since if dropped is None else None)

    def _argv(self, resume: float | None) -> list[str]:
        lines = FIRST_LINES if resume is None else AGAIN_LINES
        return ssh.argv(self._context, self._host, "tail", "-n", str(lines), "-F", self._path)
