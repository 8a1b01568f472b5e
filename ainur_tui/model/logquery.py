"""Which log lines are wanted, and what comes back: pages, counts over time, what is new."""

from __future__ import annotations

from typing import Literal

import msgspec

from ainur_tui.model.log import Level, LogGap, LogLine

FilterKind = Literal["text", "level", "min-level", "source", "machine", "class", "field"]


class LogFilter(msgspec.Struct, frozen=True, kw_only=True):
    """One condition; with ``out`` the lines it holds for are left out.

    ``text`` is a linear-time regular expression over message and fields (small letters match
    capitals too), ``level`` exactly that level, ``min-level`` it and worse; a line that tells no
    level counts as ``info``. ``field`` is ``value`` in the field of that name; without a name it
    is the value wherever it stands: in any field, or in the message.
    """

    kind: FilterKind
    value: str
    field: str = ""
    out: bool = False


class LogQuery(msgspec.Struct, kw_only=True):
    """Which lines: all conditions must hold; ``sources`` names any of several.

    ``since`` and ``until`` are epoch seconds, both included. ``before`` pages back from a sequence
    number; ``after`` goes on from one: with the newest matches of what came since, or, with
    ``forward``, with the oldest. ``around`` (epoch seconds) wants the page about that moment.
    """

    sources: list[str] = []
    machine: str | None = None
    min_level: str | None = None
    log_class: str | None = None
    pattern: str | None = None
    filters: list[LogFilter] = []
    since: float | None = None
    until: float | None = None
    before: int | None = None
    after: int | None = None
    forward: bool = False
    around: float | None = None
    limit: int = 500


class LogPage(msgspec.Struct, kw_only=True):
    """Lines in the order of arrival, before them those of files from before they were followed, by
    their times; ``skipped`` were left out between the last page and this.

    ``ended`` is set when the search was long and stopped for now at that sequence number: go on
    with it as ``before`` (or ``after``), also when no line was found yet.
    """

    lines: list[LogLine]
    gaps: list[LogGap] = []
    skipped: int = 0
    matched_all: bool = True
    """False when the limit cut the page, or the search ended before its end."""
    ended: int | None = None


def rows(page: LogPage) -> list[LogLine | LogGap]:
    """Lines and gaps in one order. Lines stand as they came: what was read from before the engine
    followed its source has negative numbers, and is not in their order."""
    found: list[LogLine | LogGap] = []
    gaps = sorted(page.gaps, key=lambda gap: gap.seq, reverse=True)
    for line in page.lines:
        while gaps and gaps[-1].seq < line.seq:
            found.append(gaps.pop())
        found.append(line)
    return [*found, *reversed(gaps)]


class LogCountsQuery(msgspec.Struct, kw_only=True):
    """``logs.counts``: the last ``seconds``, in ``buckets`` equal parts."""

    seconds: float = 3600.0
    buckets: int = 60
    sources: list[str] = []


class LogCounts(msgspec.Struct, kw_only=True):
    """How many lines in each bucket, oldest first; bucket i begins at ``start + i * step``.

    Lines the engine no longer keeps are counted too. ``reaches_back_to`` (epoch seconds) is since
    when lines were counted at all: what lies before is not nothing, but not known.
    """

    start: float
    step: float
    classes: dict[str, list[int]] = {}
    levels: dict[str, list[int]] = {}
    sources: dict[str, list[int]] = {}
    reaches_back_to: float | None = None


class LogNewQuery(msgspec.Struct, kw_only=True):
    """``logs.new``: what is said since ``since`` (epoch seconds; ``None``: ``seconds`` ago) and was
    not said in the ``seconds`` before."""

    since: float | None = None
    seconds: float = 3600.0
    limit: int = 100


class LogTemplate(msgspec.Struct, frozen=True, kw_only=True):
    """Messages that are the same but for numbers, names and paths. ``seq`` is the newest line."""

    template: str
    example: str
    seq: int
    source: str
    level: Level | None
    log_class: str | None
    count: int
    first_at: float
    last_at: float


class LogNews(msgspec.Struct, kw_only=True):
    """The new templates, worst and most frequent first. ``reaches_back_to`` is since when
    templates are known: with a later moment than the good period's begin, old ones may seem new."""

    since: float
    good_since: float
    templates: list[LogTemplate]
    reaches_back_to: float | None = None
