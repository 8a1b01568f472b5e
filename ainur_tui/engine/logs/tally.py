"""Lines counted over a day by source, level and class, and the templates of their messages."""

from __future__ import annotations

from array import array
from collections import Counter, OrderedDict
from collections.abc import Collection
from dataclasses import dataclass
from itertools import islice

from ainur_tui.model.failure import USAGE, Refused
from ainur_tui.model.log import LEVELS, Level, LogLine
from ainur_tui.model.logquery import (
    LogCounts,
    LogCountsQuery,
    LogNewQuery,
    LogNews,
    LogTemplate,
)
from ainur_tui.rules.logs.classes import CLASSES
from ainur_tui.rules.logs.template import template

DAY = 86_400.0
SLOT = 15.0
SLOTS = 5760
"""A day of them."""
KINDS = 256
"""Kinds (source, level, class) counted in one slot; more are not told apart."""
BUCKETS = 500
SPAN = 600.0
SPANS = 288
"""Two days of spans, in which a template was seen or not."""
TEMPLATES = 2000

_Kind = tuple[str, str, str]


@dataclass(slots=True)
class _Known:
    """What is known of a template; ``seen`` counts by span, as a ring."""

    line: LogLine
    first_at: float
    seen: array[int]
    newest: int


class LogTally:
    """Counts outlive the lines. Memory is bounded by slots, kinds and templates."""

    def __init__(self) -> None:
        self._slots: dict[int, Counter[_Kind]] = {}
        self._templates: OrderedDict[tuple[str, str], _Known] = OrderedDict()
        self._first_at: float | None = None
        self._forgot_at: float | None = None

    def add(self, line: LogLine) -> None:
        """Count a line, at its own time, and remember its template."""
        level: str = line.level or "info"
        self.count(line.source, line.at, 1, level=level, log_class=line.log_class or "")
        key = (line.source, template(line.message))
        span = int(line.at // SPAN)
        known = self._templates.get(key)
        if known is None:
            known = _Known(line, line.at, array("I", bytes(4 * SPANS)), span)
            self._templates[key] = known
            if len(self._templates) > TEMPLATES:
                _, gone = self._templates.popitem(last=False)
                self._forgot_at = max(gone.line.at, self._forgot_at or 0.0)
        else:
            self._templates.move_to_end(key)
            known.first_at = min(known.first_at, line.at)
            if line.at >= known.line.at:
                known.line = line
        for missed in range(known.newest + 1, min(span, known.newest + SPANS) + 1):
            known.seen[missed % SPANS] = 0
        known.newest = max(known.newest, span)
        if span > known.newest - SPANS:
            known.seen[span % SPANS] += 1

    def count(
        self, source: str, at: float, lines: int, *, level: str = "", log_class: str = ""
    ) -> None:
        """Count lines that were not taken apart (no level is known of them)."""
        if self._first_at is None or at < self._first_at:
            self._first_at = at
        slot = self._slot(int(at // SLOT))
        kind = (source, level, log_class)
        slot[kind if kind in slot or len(slot) < KINDS else ("", level, log_class)] += lines

    def recent(self, sources: Collection[str], log_class: str, seconds: float, now: float) -> int:
        """Lines of a class from these sources, in about the last ``seconds``."""
        last = int(now // SLOT)
        found = 0
        for number in range(last - int(seconds // SLOT) + 1, last + 1):
            for (source, _, kind), lines in self._slots.get(number, {}).items():
                found += lines if kind == log_class and source in sources else 0
        return found

    def counts(self, query: LogCountsQuery, now: float) -> LogCounts:
        """The picture of the last ``query.seconds``. Raises :class:`Refused` (64)."""
        if not 1 <= query.buckets <= BUCKETS or not 0 < query.seconds <= DAY:
            raise Refused(f"1 to {BUCKETS} buckets of at most a day", USAGE)
        step = query.seconds / query.buckets
        start = now - query.seconds
        wanted = frozenset(query.sources)
        tables: tuple[dict[str, list[int]], ...] = ({}, {}, {})
        tables[0].update((name, [0] * query.buckets) for name in CLASSES)
        for number, kinds in self._slots.items():
            middle = number * SLOT + SLOT / 2
            if not start <= middle < now + SLOT:
                continue
            bucket = min(int((middle - start) / step), query.buckets - 1)
            for (source, level, log_class), lines in kinds.items():
                if wanted and source not in wanted:
                    continue
                for table, name in zip(tables, (log_class, level, source), strict=True):
                    if name:
                        table.setdefault(name, [0] * query.buckets)[bucket] += lines
        return LogCounts(
            start=start,
            step=step,
            classes=tables[0],
            levels=tables[1],
            sources=tables[2],
            reaches_back_to=self._reach(),
        )

    def news(self, query: LogNewQuery, now: float) -> LogNews:
        """Templates seen since a moment and not in the good period before it.

        Periods are rounded to ten minutes, downwards. Raises :class:`Refused` (64).
        """
        if not SPAN <= query.seconds <= SPAN * SPANS / 2:
            raise Refused("the period is ten minutes to a day", USAGE)
        since = now - query.seconds if query.since is None else query.since
        first = int(since // SPAN)
        good = int((since - query.seconds) // SPAN)
        last = int(now // SPAN) + 1
        found = []
        for (_, text), known in self._templates.items():
            if known.newest < first or _seen(known, good, first):
                continue
            newest = known.line
            found.append(
                LogTemplate(
                    template=text,
                    example=newest.message,
                    seq=newest.seq,
                    source=newest.source,
                    level=newest.level,
                    log_class=newest.log_class,
                    count=_seen(known, first, last),
                    first_at=known.first_at,
                    last_at=newest.at,
                )
            )
        found.sort(key=lambda one: (-_badness(one.level), -one.count, one.template))
        reach = max(self._first_at or 0.0, self._forgot_at or 0.0) or None
        return LogNews(
            since=first * SPAN,
            good_since=good * SPAN,
            templates=list(islice(found, max(1, min(query.limit, TEMPLATES)))),
            reaches_back_to=reach,
        )

    def _reach(self) -> float | None:
        if self._first_at is None or not self._slots:
            return None
        return max(self._first_at, min(self._slots) * SLOT)

    def _slot(self, number: int) -> Counter[_Kind]:
        """The slot's counter; the oldest goes when there are too many."""
        slot = self._slots.get(number)
        if slot is None:
            slot = self._slots[number] = Counter()
            if len(self._slots) > SLOTS:
                del self._slots[min(self._slots)]
        return slot


def _seen(known: _Known, first: int, end: int) -> int:
    """How often in the spans from ``first`` to before ``end``."""
    start = max(first, known.newest - SPANS + 1)
    return sum(known.seen[span % SPANS] for span in range(start, min(end, known.newest + 1)))


def _badness(level: Level | None) -> int:
    return LEVELS.index(level or "info")
