"""Volumes and certificates of the app, as tables. Whether they can be read tells nothing of
whether the API is well, so that a failure is told in the table (F-20)."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ainur_tui.config.types import Fly
from ainur_tui.model.event import Event
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.table import Cell, Column, Row, Table
from ainur_tui.systems.answers import number, pick, text
from ainur_tui.systems.base import Clock, Probe, Sample
from ainur_tui.systems.fly.appclient import Rows
from ainur_tui.systems.fly.certificates import COLUMNS, certificates, changes
from ainur_tui.systems.fly.client import FlyClient
from ainur_tui.systems.fly.limits import why
from ainur_tui.systems.fly.machines import parse_time

INTERVAL = 60.0
GIB = 1024.0**3
MOST = 20
"""Volumes whose snapshots are looked at; each is a call of its own."""

_VOLUMES = (
    Column(name="id", title="Volume", limit=24),
    Column(name="name", title="Name", rank=1, limit=24),
    Column(name="state", title="State", rank=2, limit=12),
    Column(name="size", title="Size", unit="B", rank=3),
    Column(name="region", title="Region", rank=5, limit=6),
    Column(name="machine", title="Machine", rank=4, limit=16),
    Column(name="snapshot", title="Newest snapshot", unit="time", rank=6),
    Column(name="created", title="Created", unit="time", rank=7),
)


@dataclass(frozen=True)
class _Kind:
    """One table: its name and title, and how its rows come about."""

    name: str
    title: str
    columns: Sequence[Column]
    read: Callable[[FlyClient, float], Awaitable[list[Row]]]


class ResourcesProbe(Probe):
    """The app's volumes and certificates, seldom."""

    name = "fly.resources"
    target = "api"
    signals = ()

    def __init__(self, fly: Fly, client: FlyClient, clock: Clock) -> None:
        self.interval = max(fly.interval, INTERVAL)
        self.deadline = fly.timeout
        self._client = client
        self._clock = clock
        self._certificates: list[Row] | None = None

    async def read(self) -> Sample:
        tables = await asyncio.gather(*(self._table(kind) for kind in _KINDS))
        found = next(table for table in tables if table.name == "api.certificates")
        events: list[Event] = []
        if found.missing is None:
            before, self._certificates = self._certificates, found.rows
            if before is not None:
                events = list(changes(before, found.rows, self._clock.now()))
        return Sample(tables=tables, events=events)

    async def _table(self, kind: _Kind) -> Table:
        now = self._clock.now()
        rows: list[Row] = []
        missing = None
        try:
            # Several calls one after the other: together they end before the probe is cut short,
            # which would be told as a trouble of the API.
            async with asyncio.timeout(self.deadline * 0.85):
                rows = await kind.read(self._client, now)
        except ProbeFailure as failure:
            missing = f"{kind.title.lower()} cannot be read: {why(failure)}"
        except TimeoutError:
            missing = f"{kind.title.lower()} cannot be read: no answer in time"
        return Table(
            name=kind.name,
            target="api",
            title=kind.title,
            columns=list(kind.columns),
            rows=rows,
            observed_at=now,
            source=f"{kind.title.lower()} of {self._client.app}",
            interval=self.interval,
            missing=missing,
        )


async def _volumes(client: FlyClient, _: float) -> list[Row]:
    """The app's, and those of the database's app where the token reaches it."""
    rows = await _of(client, None)
    if client.database_app:
        with contextlib.suppress(ProbeFailure):
            rows += await _of(client, client.database_app)
    return rows


async def _of(client: FlyClient, app: str | None) -> list[Row]:
    found = await client.volumes(app)
    ids = [str(pick(row, "id") or "") for row in found]
    newest = await asyncio.gather(*(_newest(client, id, app) for id in ids[:MOST] if id))
    at, owner = dict(newest), "db" if app else None
    return [_volume(row, at.get(id), owner) for row, id in zip(found, ids, strict=True)]


async def _newest(client: FlyClient, volume: str, app: str | None) -> tuple[str, float | None]:
    """When the newest snapshot was made; a volume without the right to see them has none."""
    rows: Rows = []
    try:
        rows = await client.snapshots(volume, app)
    except ProbeFailure:
        return volume, None
    times = [at for row in rows if (at := parse_time(row.get("created_at"))) is not None]
    return volume, max(times, default=None)


def _volume(row: Mapping[str, Any], snapshot: float | None, owner: str | None) -> Row:
    size = number(row, "size_gb").value
    state = text(row, "state", 20) or "unknown"
    machine = text(row, "attached_machine_id", 30) or ""
    cells: list[Cell] = [
        text(row, "id", 40) or "?", text(row, "name", 40) or "", state,
        None if size is None else size * GIB, text(row, "region", 10) or "", machine, snapshot,
        parse_time(row.get("created_at")),
    ]  # fmt: skip
    bad = text(row, "host_status", 20) not in {None, "", "ok", "unknown"}
    kept = number(row, "snapshot_retention").value
    detail = {
        "zone": text(row, "zone", 20) or "",
        "encrypted": "yes" if pick(row, "encrypted") is True else "no",
        "host": text(row, "host_status", 20) or "",
        "automatic snapshots": "yes" if pick(row, "auto_backup_enabled") is True else "no",
        "snapshots kept": "" if kept is None else f"{kept:.0f} days",
    }
    return Row(
        key=str(cells[0]),
        cells=cells,
        tone="fail" if bad else "none",
        target=owner or (f"api/machine/{machine}" if machine else None),
        detail=detail,
    )


_KINDS = (
    _Kind("api.volumes", "Volumes", _VOLUMES, _volumes),
    _Kind("api.certificates", "Certificates", COLUMNS, certificates),
)
