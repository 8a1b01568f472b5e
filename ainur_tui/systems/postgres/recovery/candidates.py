"""Backups in the order in which one would recover from them: what is proven comes first. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ainur_tui.model.table import Column, Row, Table, Tone
from ainur_tui.model.units import clock, duration, many
from ainur_tui.systems.postgres.backup.manifest import OLD_FORMAT

TABLE = "recovery"
_MOST = 50
_TONES: tuple[Tone, ...] = ("ok", "warn", "quiet", "quiet")
_SHORT = ("restored and counted", "never restored: verify it", "by hand only", "no")


@dataclass(frozen=True)
class Candidate:
    """A backup as one to recover from. ``rank``: 0 proven, 1 whole, 2 by hand only, 3 none.

    ``at`` is the moment of its snapshot (epoch seconds), ``evidence`` why it is trusted or not.
    """

    row: dict[str, Any]
    rank: int
    at: float | None
    evidence: str

    @property
    def id(self) -> str:
        return str(self.row["id"])

    @property
    def usable(self) -> bool:
        """Whether ``recover`` can restore it and compare what it restored."""
        return self.rank < 2


def rank(rows: Sequence[dict[str, Any]], now: float) -> list[Candidate]:
    """The catalogue's rows, the best evidence first, within it the newest."""
    found = [_judged(row, now) for row in rows]
    return sorted(found, key=lambda one: (one.rank, -(one.at or 0.0)))


def _judged(row: dict[str, Any], now: float) -> Candidate:
    at = datetime.fromisoformat(row["created_at"]).timestamp() if row["created_at"] else None
    if row["state"] != "complete":
        return Candidate(row, 3, at, f"{row['state']}: {row['detail'] or 'it has not ended'}")
    if row["verified_at"]:
        ago = now - datetime.fromisoformat(row["verified_at"]).timestamp()
        took, count = duration(row["verified_seconds"]), sum(row["verified_rows"].values())
        words = f"restored {duration(max(0.0, ago))} ago in {took}, {count:,} rows counted"
        return Candidate(row, 0, at, words)
    if row["rows"] is not None:
        places = many(len(row["locations"]), "place")
        words = f"whole in {places}, never restored: verify it first"
        return Candidate(row, 1, at, row["detail"] or words)
    old = row["format"] == OLD_FORMAT
    words = "the guide's archive, whole, without counts: by hand" if old else "without counts"
    return Candidate(row, 2, at, words)


def newer(candidates: Sequence[Candidate], chosen: Candidate) -> Candidate | None:
    """The newest usable one that would lose less than the chosen one."""
    later = [one for one in candidates if one.usable and (one.at or 0.0) > (chosen.at or 0.0)]
    return max(later, key=lambda one: one.at or 0.0, default=None)


def table(rows: Sequence[dict[str, Any]], now: float, interval: float, source: str) -> Table:
    """The candidates as the console shows them."""
    return Table(
        name=TABLE, target="db", title="Recover from", columns=_COLUMNS, source=source,
        rows=[_shown(one, now) for one in rank(rows, now)[:_MOST]],
        observed_at=now, interval=interval, note=_ORDER if rows else _NOTHING,
    )  # fmt: skip


_ORDER = "the best evidence first: restored and counted, then whole, then the rest"
_NOTHING = "no backup is there to recover from; key b takes one of what is left"


_COLUMNS = [
    Column(name="backup", title="Backup"),
    Column(name="loses", title="Loses", unit="s"),
    Column(name="rows", title="Rows", unit="count", rank=2),
    Column(name="bytes", title="Size", unit="B", rank=3),
    Column(name="evidence", title="Trusted?", limit=32),
]


def _shown(one: Candidate, now: float) -> Row:
    counts = one.row["rows"]
    return Row(
        key=f"{one.id}/{one.row['format']}",
        cells=[
            one.id,
            None if one.at is None else max(0.0, now - one.at),
            sum(counts.values()) if counts else None,
            one.row["bytes"],
            _SHORT[one.rank],
        ],
        tone=_TONES[one.rank],
        target="db",
        params={"id": one.id} if one.usable else {},
        detail={"snapshot": clock(one.at, date=True) if one.at else "", "why": one.evidence},
    )
