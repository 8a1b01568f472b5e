"""One log source's way in: budget, refinement, counting, gaps."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from msgspec.structs import replace

from ainur_tui.engine.logs.meter import LogMeter
from ainur_tui.engine.logs.raw import Row
from ainur_tui.engine.logs.refine import BAD, may_be_errors, refine
from ainur_tui.engine.logs.store import LogStore
from ainur_tui.model.log import LogSourceView
from ainur_tui.model.text import is_hostile
from ainur_tui.rules.logs.fold import Fold, begins, severity
from ainur_tui.systems.base import Clock
from ainur_tui.systems.logsource import LogSource, RawBatch, RawLine

BUDGET = 4_000.0
"""Lines a second that are taken apart at once; of more, a part is, and the rest when it is asked
for."""
ERRORS = 2_000.0
"""Errors a second that are taken apart beyond the budget."""
_SLICE = 400
"""Lines taken in before others get their turn on the event loop."""
_GAP_EVERY = 1.0
_LATE = 2.0
"""Seconds a line may be older than one that came before it and still stand in order."""
_ARRIVAL = 0.05
"""Lines that all carry one time, so many seconds old at most, carry the time they came: then what
the line says tells when it was written. A source that knows the machine knows the time."""


class Allowance:
    """So many a second, unused ones not saved up beyond one second."""

    def __init__(self, per_second: float, clock: Clock) -> None:
        self._rate = per_second
        self._clock = clock
        self._left = per_second
        self._at = clock.monotonic()

    def take(self, wanted: int) -> int:
        """How many of ``wanted`` are granted now."""
        now = self._clock.monotonic()
        self._left = min(self._rate, self._left + max(0.0, now - self._at) * self._rate)
        self._at = now
        granted = min(wanted, int(self._left))
        self._left -= granted
        return granted


class Intake:
    """``shown`` is set once the source gave its first batch, or failed."""

    def __init__(
        self, source: LogSource, store: LogStore, clock: Clock, redact: Callable[[str], str]
    ) -> None:
        self.source = source
        self.shown = asyncio.Event()
        self.connected = False
        self.problem: str | None = None
        self.resume: float | None = None
        self._store = store
        self._clock = clock
        self._redact = redact
        self._meter = LogMeter()
        self._fold = Fold()
        self._held = RawLine(0.0, "")
        self._whole = Allowance(BUDGET, clock)
        self._bad = Allowance(ERRORS, clock)
        self._last_line_at: float | None = None
        self._total = 0
        self._dropped = 0
        self._hostile = 0
        self._gap: tuple[float, float, int] | None = None
        self._gap_told = clock.monotonic()

    def opened(self) -> None:
        """The source gave a sign of life after it had none."""
        self.connected = True
        self.problem = None
        self._meter.connected(self._clock.monotonic())

    def failed(self, problem: str) -> None:
        """The source is gone, for the reason given."""
        self.tell_gap()
        self.connected = False
        self.problem = problem
        self.shown.set()

    async def take(self, batch: RawBatch) -> None:
        """Take in a batch, a slice at a time."""
        if batch.dropped != 0:
            self._lost(batch)
        lines = self._folded(batch.lines)
        for start in range(0, len(lines), _SLICE):
            if start:
                await asyncio.sleep(0)
            self._slice(lines[start : start + _SLICE])
        if self._gap is not None and self._clock.monotonic() - self._gap_told >= _GAP_EVERY:
            self.tell_gap()
        self.shown.set()

    def tell_gap(self) -> None:
        """Put what was left out since the last gap row into one."""
        if self._gap is not None:
            since, until, count = self._gap
            self._gap = None
            self._gap_told = self._clock.monotonic()
            self._store.add_gap(self.source.name, since, until, count)

    def counts(self) -> tuple[float, float, float]:
        """Lines per second, hostile lines, errors."""
        mono = self._clock.monotonic()
        rate = self._meter.rate(mono, self._clock.now()) or 0.0
        return rate, float(self._meter.hostile(mono)), float(self._meter.errors(mono))

    def view(self) -> LogSourceView:
        """The source's health."""
        mono = self._clock.monotonic()
        return LogSourceView(
            name=self.source.name,
            target=self.source.target,
            connected=self.connected,
            problem=self.problem,
            last_line_at=self._last_line_at,
            rate=self._meter.rate(mono, self._clock.now()) if self.connected else None,
            total=self._total,
            dropped=self._dropped,
            hostile=self._hostile,
            reaches_back_to=self._store.reaches_back_to(self.source.name),
        )

    def _folded(self, lines: Sequence[RawLine]) -> Sequence[RawLine]:
        """Lines with panics and tracebacks in one; an open one ends when nothing comes for a beat,
        or another machine speaks."""
        fold = self._fold
        if not lines:
            held = fold.end()
        elif not fold.open and not any(begins(raw.text) for raw in lines):
            return lines
        else:
            held = []
        found: list[RawLine] = []
        for raw in lines:
            if fold.open and raw.machine != self._held.machine:
                found += [self._record(text, self._held) for text in fold.end()]
            was = self._held if fold.open else raw
            records = fold.feed(raw.text) or []
            last = len(records) - 1
            found += [
                self._record(text, raw if index == last and text is raw.text else was)
                for index, text in enumerate(records)
            ]
            if fold.open and (records or was is raw):
                self._held = raw
        return [*found, *(self._record(text, self._held) for text in held)]

    def _record(self, text: str, raw: RawLine) -> RawLine:
        if text is raw.text:
            return raw
        return RawLine(raw.at, text, severity(text) or raw.level, raw.machine)

    def _lost(self, batch: RawBatch) -> None:
        """The source itself lost lines before this batch."""
        self.tell_gap()
        now = self._clock.now()
        until = batch.lines[0].at if batch.lines else now
        since = batch.gap_since if batch.gap_since is not None else self.resume or until
        self._store.add_gap(self.source.name, since, until, batch.dropped)
        self._meter.broken()
        if batch.dropped:
            self._dropped += batch.dropped
            self._total += batch.dropped
            self._meter.count(self._clock.monotonic(), batch.dropped)

    def _slice(self, lines: Sequence[RawLine]) -> None:
        mono, now = self._clock.monotonic(), self._clock.now()
        first_seq = self._store.take_seqs(len(lines))
        kept, left_out = self._chosen(lines, first_seq)
        if left_out:
            self._leave(left_out)
        backlog = self._meter.backlog(mono)
        first, last = lines[0].at, lines[-1].at
        came = first == last > now - _ARRIVAL and len(lines) > 1 and lines[0].machine is None
        errors = 0
        hostile = sum(1 for _, raw in left_out if is_hostile(raw.text))
        for seq, raw in kept:
            line, steers = refine(raw, seq, self.source.name, self._redact, now=now)
            if line.at < self._store.newest_at - _LATE:
                line = replace(line, unsure=True)
            self._store.add(line)
            bad = line.level in BAD
            if backlog:
                written = line.at if came else raw.at
                first = min(first, written)
                self._meter.count(mono, 1, hostile=steers, errors=bad, age=now - written)
                self._hostile += steers
            else:
                errors += bad
                hostile += steers
        counted = len(left_out) if backlog else len(lines)
        if counted:
            self._meter.count(mono, counted, hostile=hostile, errors=errors)
        self._meter.span(mono, first, last, len(lines))
        self._hostile += hostile
        self._total += len(lines)
        newest = min(max(first, last), now)
        self._last_line_at = max(self._last_line_at or newest, newest)
        self.resume = self._last_line_at

    def _leave(self, rows: Sequence[Row]) -> None:
        """Put lines aside; where there is no place for them they are lost, and that is told."""
        since, until, count = rows[0][1].at, rows[-1][1].at, len(rows)
        self._store.tally.count(self.source.name, since, count)
        if self._store.add_raw(self.source.name, rows):
            return
        before = self._gap or (since, until, 0)
        self._gap = (min(before[0], since), max(before[1], until), before[2] + count)
        self._dropped += count

    def _chosen(
        self, lines: Sequence[RawLine], seq: int
    ) -> tuple[Sequence[tuple[int, RawLine]], Sequence[Row]]:
        """What is taken apart now and what is not, numbered from ``seq``: within the budget all,
        beyond it an even sample and every error there is room for (F-59)."""
        count = len(lines)
        granted = self._whole.take(count)
        if granted == count:
            return list(enumerate(lines, seq)), ()
        suspects = may_be_errors(lines)
        kept: list[tuple[int, RawLine]] = []
        left_out: list[Row] = []
        for index, raw in enumerate(lines):
            sampled = (index + 1) * granted // count != index * granted // count
            if sampled or (index in suspects and self._bad.take(1)):
                kept.append((seq + index, raw))
            else:
                left_out.append((seq + index, raw))
        return kept, left_out
