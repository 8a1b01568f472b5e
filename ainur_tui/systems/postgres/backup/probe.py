"""The catalogue of backups as a table, and what it says in numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from ainur_tui.config.types import Schedule
from ainur_tui.model.table import Column, Row, Table, Tone
from ainur_tui.model.units import duration
from ainur_tui.systems.base import Clock, Probe, Sample
from ainur_tui.systems.postgres.backup import catalogue
from ainur_tui.systems.postgres.backup.places import Place
from ainur_tui.systems.postgres.backup.schedule import moment
from ainur_tui.systems.postgres.backup.signals import SIGNALS, readings
from ainur_tui.systems.postgres.recovery import candidates as recovery_candidates

_LEAST_INTERVAL = 15.0
_DEADLINE = 20.0
_MOST_ROWS = 200
_NONE_YET = "no backup was ever taken: all would be lost; key b takes the first"
_TONES: dict[str, Tone] = {"complete": "ok", "running": "none", "partial": "warn", "failed": "fail"}


class BackupsProbe(Probe):
    """Lists the backups of every place. A place that cannot be read is a note, not the
    database's trouble."""

    name = "backups"
    target = "db"
    signals = SIGNALS

    def __init__(
        self,
        places: Sequence[Place],
        clock: Clock,
        interval: float,
        also: Callable[[float], Table] | None = None,
        schedule: Schedule | None = None,
    ) -> None:
        self._also = also
        self._due = moment(schedule.backup).latest if schedule else None
        self.interval = max(interval, _LEAST_INTERVAL)
        self.deadline = _DEADLINE
        self._places = places
        self._clock = clock
        self._cache = catalogue.Cache()

    async def read(self) -> Sample:
        listing = await catalogue.read(self._places, self._clock, self._cache)
        said = "; ".join(listing.problems) or None
        now, source = self._clock.now(), ", ".join(place.shown for place in self._places)
        blind = len(listing.problems) == len(self._places)
        table = Table(
            name="backups", target="db", title="Backups", columns=_COLUMNS,
            rows=[_row(found) for found in listing.rows[:_MOST_ROWS]],
            observed_at=now, interval=self.interval, source=source,
            note=None if blind else said or (None if listing.rows else _NONE_YET),
            missing=said if blind else None,
        )  # fmt: skip
        due = self._due(now) if self._due else None
        told = [] if listing.problems else readings(listing.rows, source, now, due)
        from_ = recovery_candidates.table(listing.rows, now, self.interval, source)
        more = [self._also(now)] if self._also else []
        return Sample(readings=told, tables=[table, *([] if blind else [from_]), *more])


_COLUMNS = [
    Column(name="id", title="Backup"),
    Column(name="created", title="Created", unit="time", rank=1),
    Column(name="bytes", title="Size", unit="B", rank=1),
    Column(name="state", title="State"),
    Column(name="verified", title="Restored", unit="time", rank=1),
    Column(name="where", title="Where", rank=2, limit=80),
    Column(name="duration", title="Took", unit="s", rank=3),
]


def _row(found: dict[str, Any]) -> Row:
    rows = found["rows"] or {}
    detail = {
        "sha256": found["sha256"], "database": found["database"], "format": found["format"],
        "server": found["server_version"], "lsn": found["lsn"], "note": found["detail"],
        "custody": found["custody"],
        "configuration": "; ".join([found["config"], *found["config_holds"]])
        if found["config"] else "none is kept beside it",
        "text": ", ".join(f"{k} {v}" for k, v in (found["locale"] or {}).items()),
        "rows": ", ".join(f"{name} {count:,}" for name, count in list(rows.items())[:20]),
        "restored in": duration(found["verified_seconds"]) if found["verified_at"] else "",
    }  # fmt: skip
    return Row(
        key=f"{found['id']}/{found['format']}",
        cells=[
            found["id"],
            _moment(found["created_at"]),
            found["bytes"],
            _state(found),
            _moment(found["verified_at"]),
            ", ".join(found["locations"]) or "nowhere",
            found["duration"],
        ],
        tone="warn" if "copies" in found else _TONES[found["state"]],
        target="db",
        params={"id": found["id"]},
        detail={name: str(value) for name, value in detail.items() if value},
    )


def _state(found: dict[str, Any]) -> str:
    """Its state; of one that is complete and has lost a copy, how many there still are."""
    copies = found.get("copies")
    return f"{found['state']} {len(found['locations'])}/{copies}" if copies else found["state"]


def _moment(at: str | None) -> float | None:
    return datetime.fromisoformat(at).timestamp() if at else None
