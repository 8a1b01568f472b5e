"""Following a unit's journal through ``journalctl``, an argument vector and never a shell."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import msgspec

from ainur_tui.model.failure import ProbeFailure
from ainur_tui.rules.logs.journal import level_of, message_of, moment_of
from ainur_tui.systems.base import Context
from ainur_tui.systems.childoutput import output
from ainur_tui.systems.lines import LineCutter
from ainur_tui.systems.logsource import LogSource, RawBatch, RawLine
from ainur_tui.systems.process import run
from ainur_tui.systems.systemctl import check_unit

FIRST_LINES = 200
MOST = 1000
RECORD = 1024 * 1024
"""Bytes of one journal record as JSON; journalctl itself leaves out larger fields."""

_decode = msgspec.json.Decoder(dict[str, Any]).decode


class JournalSource(LogSource):
    """The journal of ``unit``. Goes on after the last record it gave (by cursor)."""

    def __init__(self, name: str, target: str, unit: str, context: Context) -> None:
        self.name = name
        self.target = target
        self._unit = unit
        self._context = context
        self._cursor: str | None = None

    async def batches(self, resume: float | None) -> AsyncIterator[RawBatch]:
        """Yield records as they come, at least a batch a second.

        Raises :class:`ProbeFailure` when there is no journalctl here or it ends.
        """
        after = self._cursor if resume is not None else None
        since = resume if after is None else None  # a cursor is exact, times may be off
        cutter = LineCutter(RECORD)
        cursor = () if after is None else ("--after-cursor", after)
        argv = self._argv("-f", "-n", str(FIRST_LINES), *cursor)
        async with aclosing(output(argv, self._context)) as chunks:  # type: ignore[type-var]
            async for data in chunks:
                lines = [
                    line
                    for record in cutter.feed(data)
                    if (line := self._line(record)) is not None
                    and (since is None or line.at > since)
                ]
                yield RawBatch(lines)

    async def since(self, at: float, deadline: float) -> list[RawLine]:
        """The newest records after ``at`` (epoch seconds), :data:`MOST` of them at most. Raises
        :class:`ProbeFailure` where they cannot be read within ``deadline`` seconds."""
        done = await run(
            self._argv("-n", str(MOST), f"--since=@{int(at)}"), env=self._context.tools.environment,
            deadline=deadline, limit=MOST * 8192, redact=self._context.redact,
        )  # fmt: skip
        if done.code != 0:
            raise ProbeFailure("unavailable", f"journalctl ended with {done.code}: {done.stderr}")
        records = done.stdout.decode("utf-8", "replace").splitlines()
        found = (self._line(record) for record in records)
        return [line for line in found if line is not None and line.at > at]

    def _argv(self, *more: str) -> list[str]:
        program = self._context.tools.find("journalctl")
        if program is None:
            raise ProbeFailure("missing", "no journalctl on this machine")
        return [program, "-u", check_unit(self._unit), "-o", "json", "--no-pager", *more]

    def _line(self, record: str) -> RawLine | None:
        """One record as a line; what is no record is passed on as it stands."""
        if not record:
            return None
        now = self._context.clock.now()
        try:
            found = _decode(record)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return RawLine(now, record)
        cursor = found.get("__CURSOR")
        if isinstance(cursor, str) and len(cursor) < 1024:
            self._cursor = cursor
        at = moment_of(found)
        return RawLine(now if at is None else at, message_of(found.get("MESSAGE")), level_of(found))
