"""The performance report: what the history and the board tell of a span of time. Pure.

Every figure has its unit, its statistic and its period, and how much of the period is known; what
is not known is said, never left out nor zero.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from ainur_tui.model.board import BoardView, SignalView
from ainur_tui.model.series import Series
from ainur_tui.model.table import Row, Table

MOST_ROWS = 10
Pair = tuple[str, str]


class Asked(NamedTuple):
    """A part of the report: its title, the signals by target, and the table beside them with the
    column it is ordered by (largest first), limited to rows with a text in the column ``only``."""

    title: str
    signals: tuple[Pair, ...]
    table: str = ""
    by: str = ""
    only: str = ""


PARTS = (
    Asked("Latency", (
        ("api", "api.latency.p95"), ("api", "api.latency.mean"), ("api", "api.health.seconds"),
        ("db", "db.latency"), ("frontend", "frontend.latency"), ("storage", "storage.latency"),
    )),
    Asked("Requests and errors", (
        ("api", "api.requests.rate"), ("api", "api.errors.ratio"), ("api", "api.queue"),
        ("api", "api.logs.errors"),
    )),
    Asked("Connections", (
        ("db", "db.connections.used"), ("db", "db.connections.ratio"),
        ("db", "db.connections.active"), ("db", "db.idle_in_transaction"),
        ("db", "db.locks.waiting"),
    ), "db.clients"),
    Asked("Database", (
        ("db", "db.cache.ratio"), ("db", "db.transactions.rate"), ("db", "db.deadlocks.rate"),
        ("db", "db.transaction.oldest"), ("db", "db.size"),
    )),
    Asked("Time to come back", (("db", "backup.restore.seconds"),), "recovery.times"),
    Asked("Slowest statements", (), "db.statements", "mean"),
    Asked("Largest tables", (), "db.tables", "size"),
    Asked("Indexes worth a look", (), "db.indexes", "size", "finding"),
    Asked("Node", (
        ("node", "node.lag"), ("node", "node.finality.lag"), ("node", "node.block.age"),
        ("node", "node.peers"),
    )),
    Asked("Processor and memory", (
        ("host", "host.cpu"), ("host", "host.memory"), ("host", "host.load"), ("host", "host.disk"),
    )),
)  # fmt: skip
MACHINE = ("machine.cpu", "machine.memory")


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One signal over the period. ``mean`` is that of the bucket means, ``worst`` the worst of
    them (``worst_at`` its beginning, epoch seconds); ``known`` the share of buckets with a value.
    ``now`` is the newest reading, ``missing`` why there is nothing."""

    target: str
    signal: str
    title: str
    unit: str
    statistic: str
    now: float | None
    mean: float | None
    worst: float | None
    worst_at: float | None
    known: float
    threshold: float | None
    verdict: str
    missing: str | None = None


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """A table of the report: as read at ``at``, over what its ``source`` and ``note`` say."""

    columns: list[str]
    units: list[str]
    rows: list[list[str | float | int | bool | None]]
    of: int
    at: float
    source: str
    note: str | None = None


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A chapter. ``missing`` says why its table is not there."""

    title: str
    figures: list[Figure] = []
    listing: Listing | None = None
    missing: str | None = None


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """``seconds`` back from ``at``, in buckets of ``bucket`` seconds; ``known`` is the share of the
    period for which anything was kept at all."""

    environment: str
    at: float
    seconds: float
    bucket: float
    known: float
    parts: list[Part]


def wanted(view: BoardView) -> list[Pair]:
    """The signals to fetch the history of: those that are there, and each machine's."""
    return [pair for one in PARTS for pair in _pairs(one, view) if view.signal(*pair)]


def report(view: BoardView, series: Sequence[Series], seconds: float) -> Report:
    """Put it together."""
    kept = {(one.target, one.signal): one for one in series}
    parts = [_part(one, view, kept) for one in PARTS]
    most = max((f.known for part in parts for f in part.figures), default=0.0)
    bucket = next((one.step for one in series), 0.0)
    return Report(
        environment=view.environment, at=view.at, seconds=seconds, bucket=bucket, known=most,
        parts=parts,
    )  # fmt: skip


def _pairs(one: Asked, view: BoardView) -> list[Pair]:
    pairs = list(one.signals)
    if one.title == "Processor and memory":
        machines = [target.name for target in view.targets if target.kind == "api/machine"]
        pairs += [(name, signal) for name in machines for signal in MACHINE]
    return pairs


def _part(one: Asked, view: BoardView, kept: Mapping[Pair, Series]) -> Part:
    figures = [_figure(pair, view.signal(*pair), kept.get(pair)) for pair in _pairs(one, view)]
    if not one.table:
        return Part(title=one.title, figures=figures)
    table = view.table(one.table)
    if table is None or table.missing:
        why = table.missing if table else "it was not read: not configured, or not yet"
        return Part(title=one.title, figures=figures, missing=why)
    return Part(title=one.title, figures=figures, listing=listing(table, one))


def _figure(pair: Pair, view: SignalView | None, series: Series | None) -> Figure:
    target, name = pair
    if view is None:
        return Figure(
            target=target, signal=name, title=name, unit="", statistic="", now=None, mean=None,
            worst=None, worst_at=None, known=0.0, threshold=None, verdict="none",
            missing="no such signal: not configured, or never read",
        )  # fmt: skip
    values = series.values if series else []
    there = [(value, index) for index, value in enumerate(values) if value is not None]
    worst = (min if view.worse == "below" else max)(there, default=None)
    fresh = view.quality in {"fresh", "late"}
    return Figure(
        target=target, signal=name, title=view.title, unit=view.unit, statistic=view.statistic,
        now=view.value if fresh else None,
        mean=sum(value for value, _ in there) / len(there) if there else None,
        worst=worst[0] if worst else None,
        worst_at=series.start + worst[1] * series.step if series and worst else None,
        known=len(there) / len(values) if values else 0.0,
        threshold=view.threshold, verdict=view.verdict,
        missing=None if there else "nothing was kept in the period",
    )  # fmt: skip


def listing(table: Table, asked: Asked) -> Listing:
    """The rows that are asked for, the largest first."""
    places = {column.name: index for index, column in enumerate(table.columns)}
    place, only = places.get(asked.by), places.get(asked.only)

    def key(row: Row) -> float:
        cell = row.cells[place] if place is not None else None
        return float(cell) if isinstance(cell, int | float) else float("-inf")

    there = [row for row in table.rows if only is None or row.cells[only]]
    rows = sorted(there, key=key, reverse=True) if place is not None else there
    return Listing(
        columns=[column.title for column in table.columns],
        units=[column.unit for column in table.columns],
        rows=[list(row.cells) for row in rows[:MOST_ROWS]],
        of=len(there), at=table.observed_at, source=table.source, note=table.note,
    )  # fmt: skip
