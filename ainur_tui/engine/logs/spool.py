"""Log lines beyond memory: a bounded ring on disk, without a name, gone with the process."""

from __future__ import annotations

import logging
import tempfile
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import reduce
from operator import or_
from pathlib import Path
from typing import IO

import msgspec

from ainur_tui.engine.logs.blocks import Block
from ainur_tui.engine.logs.look import Look, Record
from ainur_tui.engine.logs.raw import Row, packed
from ainur_tui.model.logquery import LogQuery
from ainur_tui.rules.logs.lines import parse
from ainur_tui.rules.logs.marks import Wanted, machine_mark, marks_in
from ainur_tui.rules.logs.sieve import Sieve

SIZE = 512 << 20
"""Bytes on disk at most."""
PARTS = 16
"""Files that make the ring; the oldest goes as a whole."""

_log = logging.getLogger(__name__)
_pack = msgspec.msgpack.Encoder().encode


@dataclass(frozen=True, slots=True)
class Lost:
    """Lines that no longer fit: what a gap tells."""

    seq: int
    source: str
    since: float
    until: float
    count: int


class LogSpool:
    """Two kinds of lines: those memory gave away, and those there was no time to take apart, which
    is done when they are asked for. Its files have no name, so that nobody reads what is not yet
    redacted, and a crash leaves nothing. ``lost`` is told of what the ring overwrites. When the
    disk does not take it, it is off (``off`` says why) and what it held is gone.
    """

    def __init__(
        self,
        folder: Path,
        redact: Callable[[str], str],
        lost: Callable[[Lost], None],
        size: int = SIZE,
    ) -> None:
        self.off: str | None = None
        self._folder = folder
        self._redact = redact
        self._lost = lost
        self._part_size = size // PARTS
        self._parts: deque[IO[bytes]] = deque()
        self._records: deque[Record] = deque()
        self._written = 0

    def close(self) -> None:
        """Give the disk back."""
        self._records.clear()
        while self._parts:
            self._parts.popleft().close()

    def keep(self, block: Block) -> bool:
        """Keep lines of one source, in order; whether that was done."""
        lines = block.lines
        span = (block.since, block.until)
        return self._write(
            _pack(lines), lines[0].source, (block.low, block.high), span, count=len(lines),
            marks=block.marks,
        )  # fmt: skip

    def keep_raw(self, source: str, rows: Sequence[Row]) -> bool:
        """The same for lines that were not taken apart."""
        data, text_at = packed(rows)
        marks = reduce(or_, {machine_mark(line.machine) for _, line in rows}, marks_in(data))
        times = [parse(raw.text, raw.at).at for _, raw in (rows[0], rows[-1])]
        return self._write(
            data, source, (rows[0][0], rows[-1][0]), (min(times), max(times)), count=len(rows),
            marks=marks, raw=text_at,
        )  # fmt: skip

    def count(self, low: int, high: int) -> int:
        """About how many lines it has with numbers between, both excluded."""
        return sum(one.count for one in self._records if low < one.high and one.low < high)

    def reaches_back_to(self, source: str) -> float | None:
        """The time of the oldest line of a source."""
        return next((one.since for one in self._records if one.source == source), None)

    def look(
        self, low: int, high: int, query: LogQuery, passing: Sieve, wanted: Wanted, *, work: int
    ) -> Look:
        """A pass over the lines with numbers between, both excluded, newest first or as the query
        says; of what was taken apart already, those that pass."""
        names = frozenset(query.sources)
        chosen = [
            one
            for one in self._records
            if low < one.high and one.low < high and (not names or one.source in names)
        ]
        chosen.sort(key=(lambda one: one.low) if query.forward else (lambda one: -one.high))
        return Look(
            chosen, low, high, self._redact, query=query, passing=passing,
            wanted=wanted, work=work,
        )  # fmt: skip

    def _write(
        self, data: bytes, source: str, ends: tuple[int, int], span: tuple[float, float], *,
        count: int, marks: int, raw: int | None = None,
    ) -> bool:  # fmt: skip
        if self.off is not None:
            return False
        try:
            if not self._parts or self._written + len(data) > self._part_size:
                self._turn()
            part = self._parts[-1]
            part.write(data)
        except OSError as error:
            _log.warning("log lines are no longer kept on disk: %s", error.strerror)
            self.off = error.strerror or "the disk does not take it"
            with suppress(OSError):
                self.close()
            return False
        record = Record(*ends, source, *span, count, marks, raw, part, self._written, len(data))
        self._records.append(record)
        self._written += len(data)
        return True

    def _turn(self) -> None:
        """Begin a new file; the oldest goes, and of each source it is told what went."""
        if len(self._parts) >= PARTS:
            gone = self._parts.popleft()
            lost: dict[str, Lost] = {}
            while self._records and self._records[0].part is gone:
                one = self._records.popleft()
                before = lost.get(one.source) or Lost(one.high, one.source, one.since, one.until, 0)
                lost[one.source] = Lost(
                    max(before.seq, one.high), one.source, min(before.since, one.since),
                    max(before.until, one.until), before.count + one.count,
                )  # fmt: skip
            gone.close()
            for one_lost in lost.values():
                self._lost(one_lost)
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._parts.append(tempfile.TemporaryFile(dir=self._folder, buffering=0))  # noqa: SIM115
        self._written = 0
