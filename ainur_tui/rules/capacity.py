"""The capacity report: what fills up, how fast, and between which dates it reaches its lines. Pure.

Nothing is guessed: with too few days there is no slope, without a limit no date.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

import msgspec

from ainur_tui.model.board import BoardView, SignalView
from ainur_tui.model.series import Series
from ainur_tui.model.units import clock
from ainur_tui.rules.budget import Budget
from ainur_tui.rules.performance import Asked, Listing, Pair, listing
from ainur_tui.rules.trend import DAY, Point, Trend, daily, reached, trend, unbroken

SPAN = 30 * DAY
"""Seconds of history it rests on: what is kept."""
POINTS = 1440
"""Half-hours in it."""
LEAST_DAYS = 7
"""A week: with fewer days a weekend looks like a trend."""
HORIZON = 365 * DAY
"""Seconds beyond which thirty days of history tell nothing."""
LINES = (0.8, 1.0)
_LIMITS = {"db.size": "give postgres.disk, the GiB of its volume"}
"""What makes a limit known."""
FLOOR, CEILING = 2, 6
"""API machines: one may fail; beyond six the database is what is grown first."""


class Quantity(NamedTuple):
    """``piles``: it grows until somebody clears it, so one reading a day will do and a fall is a
    break. What comes and goes needs half of a day, and its falls are weekends."""

    kind: str
    signal: str
    piles: bool = True


ASKED = (
    Quantity("db", "db.size"), Quantity("db", "db.connections.used", piles=False),
    Quantity("host", "host.disk"), Quantity("node", "node.db.size"),
    Quantity("storage/bucket", "bucket.bytes"), Quantity("storage/bucket", "bucket.objects"),
)  # fmt: skip
LISTED = (
    Asked("Users, agents and tasks", (), "db.growth", "total"),
    Asked("Largest tables", (), "db.tables", "size"),
)


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """When a share of the limit is reached. ``earliest`` and ``latest`` are epoch seconds; no
    ``latest``: perhaps never."""

    share: float
    state: Literal["passed", "expected", "not within a year"]
    earliest: float | None = None
    latest: float | None = None


class Resource(msgspec.Struct, frozen=True, kw_only=True):
    """One quantity. ``per_day`` is in its unit, between ``least`` and ``most`` nine times in ten;
    ``since`` (epoch seconds) is the first of the ``days`` it rests on, ``missing`` why there is no
    slope, ``no_dates`` why there are no lines."""

    target: str
    signal: str
    title: str
    unit: str
    now: float | None
    limit: float | None
    days: int
    since: float | None = None
    per_day: float | None = None
    least: float | None = None
    most: float | None = None
    lines: list[Line] = []
    missing: str | None = None
    no_dates: str | None = None


class Machines(msgspec.Struct, frozen=True, kw_only=True):
    """API machines: ``now``, how many the connections allow, and the ends between which to scale
    (``ceiling`` is the smaller of ours and what the connections allow)."""

    now: float | None
    floor: int
    ceiling: int | None
    allowed: int | None
    arithmetic: str


class Chapter(msgspec.Struct, frozen=True, kw_only=True):
    """A table beside the figures, or why it is not there."""

    title: str
    listing: Listing | None = None
    missing: str | None = None


class Capacity(msgspec.Struct, frozen=True, kw_only=True):
    """The whole report at ``at`` (epoch seconds), over ``seconds`` of history."""

    environment: str
    at: float
    seconds: float
    resources: list[Resource]
    machines: Machines
    chapters: list[Chapter]


def wanted(view: BoardView) -> list[Pair]:
    """The signals to fetch the history of."""
    return [(target, one.signal) for one, target in _there(view)]


def capacity(view: BoardView, series: Sequence[Series], pool: int) -> Capacity:
    """Put it together; ``pool`` is the connections one API machine may open."""
    kept = {(one.target, one.signal): one for one in series}
    found = []
    for one, target in _there(view):
        seen = view.signal(target, one.signal)
        if seen is not None:
            days = _days(one, kept.get((target, one.signal)))
            found.append(_resource(target, seen, days, view.at, piles=one.piles))
    return Capacity(
        environment=view.environment, at=view.at, seconds=SPAN, machines=_machines(view, pool),
        resources=[*found, *_backups(view)], chapters=[_chapter(view, one) for one in LISTED],
    )  # fmt: skip


def _there(view: BoardView) -> Iterator[tuple[Quantity, str]]:
    for one in ASKED:
        for target in view.targets:
            if target.kind == one.kind and view.signal(target.name, one.signal):
                yield one, target.name


def _days(one: Quantity, series: Series | None) -> list[Point]:
    if series is None:
        return []
    moments = ((series.start + i * series.step, v) for i, v in enumerate(series.values))
    return daily(moments, 0.0 if one.piles else 0.5)


def _resource(
    target: str, seen: SignalView, days: list[Point], at: float, *, piles: bool
) -> Resource:
    limit = seen.limit or seen.scale
    now = seen.value if seen.quality in {"fresh", "late"} else None
    used = unbroken(days) if piles else days
    since = used[0].at if used else None
    common = Resource(
        target=target, signal=seen.name, title=seen.title, unit=seen.unit, now=now, limit=limit,
        days=len(used), since=since,
    )  # fmt: skip
    if len(used) < LEAST_DAYS:
        fell = f" since it fell on {clock(since, date=True)[:10]}" if since else ""
        anew = fell * (len(used) < len(days))
        why = f"not enough data{anew} ({len(used)} of {LEAST_DAYS} days)"
        return msgspec.structs.replace(common, missing=why)
    slope = trend(used, at)
    return msgspec.structs.replace(
        common, per_day=slope.per_day, least=slope.least, most=slope.most,
        lines=[_line(share, limit, slope, at) for share in LINES] if limit else [],
        no_dates=None if limit else _LIMITS.get(seen.name, "its limit is not known"),
    )  # fmt: skip


def _line(share: float, limit: float, slope: Trend, at: float) -> Line:
    if slope.level >= share * limit:
        return Line(share=share, state="passed")
    earliest, latest = reached(share * limit, slope, at)
    if earliest is None or earliest > at + HORIZON:
        return Line(share=share, state="not within a year")
    late = latest if latest is not None and latest <= at + HORIZON else None
    return Line(share=share, state="expected", earliest=earliest, latest=late)


def _backups(view: BoardView) -> Iterator[Resource]:
    """What a backup takes, by the day it was taken: the catalogue is its own history."""
    table = view.table("backups")
    if table is None or table.missing:
        return
    place = {column.name: index for index, column in enumerate(table.columns)}
    sizes = [
        (row.cells[place["created"]], row.cells[place["bytes"]])
        for row in table.rows
        if row.cells[place["state"]] == "complete"
    ]
    known = [(at, of) for at, of in sizes if isinstance(at, float) and isinstance(of, float | int)]
    newest = max(known, default=None)
    seen = SignalView(
        name="backups.bytes", title="size of a backup", value=newest and newest[1], unit="B",
        statistic="last", source=table.source, observed_at=table.observed_at, age=0.0,
        quality="fresh", threshold=None, verdict="none",
    )  # fmt: skip
    yield _resource("db", seen, daily(known), view.at, piles=True)


def _machines(view: BoardView, pool: int) -> Machines:
    used, there = (
        view.signal("db", "db.connections.used"),
        view.signal("api", "api.machines.healthy"),
    )
    now = there.value if there is not None and there.quality in {"fresh", "late"} else None
    if used is None or not used.limit:
        why = "max_connections is not known: the database was not read"
        return Machines(now=now, floor=FLOOR, ceiling=None, allowed=None, arithmetic=why)
    budget = Budget(max_connections=int(used.limit), pool=pool)
    return Machines(
        now=now, floor=FLOOR, ceiling=min(CEILING, budget.machines), allowed=budget.machines,
        arithmetic=budget.arithmetic,
    )  # fmt: skip


def _chapter(view: BoardView, one: Asked) -> Chapter:
    table = view.table(one.table)
    if table is None or table.missing:
        why = table.missing if table else "it was not read: not configured, or not yet"
        return Chapter(title=one.title, missing=why)
    return Chapter(title=one.title, listing=listing(table, one))
