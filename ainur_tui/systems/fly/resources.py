"""Volumes and certificates of the app, as tables. Whether they can be read tells nothing of
whether the API is well, so that a failure is told in the table (F-20)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ainur_tui.config.types import Fly
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.table import Cell, Column, Row, Table, Tone
from ainur_tui.systems.answers import number, pick, text
from ainur_tui.systems.base import Clock, Probe, Sample
from ainur_tui.systems.fly.appclient import Rows
from ainur_tui.systems.fly.client import FlyClient
from ainur_tui.systems.fly.machines import parse_time

INTERVAL = 60.0
GIB = 1024.0**3
EXPIRES_SOON = 21 * 86400.0
MOST = 20
"""Volumes whose snapshots are looked at; each is a call of its own."""

_VOLUMES = (
    Column(name="id", title="Volume", rank=0, limit=24),
    Column(name="name", title="Name", rank=1, limit=24),
    Column(name="state", title="State", rank=2, limit=12),
    Column(name="size", title="Size", unit="B", rank=3),
    Column(name="region", title="Region", rank=5, limit=6),
    Column(name="machine", title="Machine", rank=4, limit=16),
    Column(name="snapshot", title="Newest snapshot", unit="time", rank=6),
    Column(name="created", title="Created", unit="time", rank=7),
)
_CERTIFICATES = (
    Column(name="hostname", title="Host name", rank=0, limit=50),
    Column(name="configured", title="Configured", rank=1, limit=12),
    Column(name="expires", title="Expires", unit="time", rank=2),
    Column(name="status", title="Status", rank=3, limit=24),
    Column(name="dns", title="DNS", rank=4, limit=30),
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

    async def read(self) -> Sample:
        return Sample(tables=await asyncio.gather(*(self._table(kind) for kind in _KINDS)))

    async def _table(self, kind: _Kind) -> Table:
        now = self._clock.now()
        rows: list[Row] = []
        missing = None
        try:
            rows = await kind.read(self._client, now)
        except ProbeFailure as failure:
            missing = f"{kind.title.lower()} cannot be read: {failure}"
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
    found = await client.volumes()
    ids = [str(pick(row, "id") or "") for row in found]
    newest = await asyncio.gather(*(_newest(client, id) for id in ids[:MOST] if id))
    at = dict(newest)
    return [_volume(row, at.get(id)) for row, id in zip(found, ids, strict=True)]


async def _newest(client: FlyClient, volume: str) -> tuple[str, float | None]:
    """When the newest snapshot was made; a volume without the right to see them has none."""
    rows: Rows = []
    try:
        rows = await client.snapshots(volume)
    except ProbeFailure:
        return volume, None
    times = [at for row in rows if (at := parse_time(row.get("created_at"))) is not None]
    return volume, max(times, default=None)


def _volume(row: Mapping[str, Any], snapshot: float | None) -> Row:
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
        target=f"api/machine/{machine}" if machine else None,
        detail=detail,
    )


async def _certificates(client: FlyClient, now: float) -> list[Row]:
    return [_certificate(row, now) for row in await client.certificates()]


def _certificate(row: Mapping[str, Any], now: float) -> Row:
    host = text(row, "hostname", 100) or "?"
    ready = pick(row, "configured") is True
    expires = _expires(row)
    tone: Tone = "none" if ready else "fail"
    if expires is not None and expires - now < EXPIRES_SOON:
        tone = "fail" if expires < now else "warn"
    cells: list[Cell] = [
        host, "yes" if ready else "no", expires,
        text(row, "status", 40) or text(row, "client_status", 40) or "",
        text(row, "dns_provider", 40) or "",
    ]  # fmt: skip
    return Row(key=host, cells=cells, tone=tone)


def _expires(row: Mapping[str, Any]) -> float | None:
    """The earliest end of those it tells, at the top or for each issued certificate."""
    told = [row.get("expires_at")]
    for key in ("issued", "certificates"):
        value = pick(row, key)
        nested = pick(value, "nodes") if isinstance(value, Mapping) else value
        for one in nested if isinstance(nested, list) else ():
            told += [pick(one, "expires_at"), pick(one, "expiresAt")]
            issued = pick(one, "issued")
            told += [pick(i, "expires_at") for i in issued] if isinstance(issued, list) else []
    return min((at for one in told if (at := parse_time(one)) is not None), default=None)


_KINDS = (
    _Kind("api.volumes", "Volumes", _VOLUMES, _volumes),
    _Kind("api.certificates", "Certificates", _CERTIFICATES, _certificates),
)
