"""The releases of the app, as a table and as events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ainur_tui.config.types import Fly
from ainur_tui.model.event import Event
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.table import Cell, Column, Row, Table
from ainur_tui.systems.answers import text
from ainur_tui.systems.base import Clock, Probe, Sample
from ainur_tui.systems.fly.appclient import release_words
from ainur_tui.systems.fly.client import FlyClient
from ainur_tui.systems.fly.happenings import LOOK_BACK
from ainur_tui.systems.fly.health import serving
from ainur_tui.systems.fly.limits import LASTING, why
from ainur_tui.systems.fly.machines import parse_time
from ainur_tui.systems.fly.releases.history import running

_COLUMNS = (
    Column(name="version", title="Version", limit=10),
    Column(name="at", title="At", unit="time", rank=1),
    Column(name="status", title="Status", rank=2, limit=12),
    Column(name="user", title="By", rank=3, limit=30),
    Column(name="image", title="Image", rank=4, limit=60),
    Column(name="strategy", title="Strategy", rank=5, limit=12),
)


class ReleasesProbe(Probe):
    """The newest releases. They are beside the point of whether the API is well, so that not
    reading them is told in the table, not as a trouble of the API (F-20); where the platform has
    none to tell, the machines tell what they run."""

    name = "fly.releases"
    target = "api"
    signals = ()

    def __init__(self, fly: Fly, client: FlyClient, clock: Clock) -> None:
        self.interval = max(fly.interval, 60.0)
        self.deadline = fly.timeout
        self._client = client
        self._clock = clock

    async def read(self) -> Sample:
        now = self._clock.now()
        rows: list[Row] = []
        events: list[Event] = []
        title, missing = "Releases", None
        try:
            releases = await self._client.releases()
            rows = [_release(row) for row in releases]
            events = [event for row in releases if (event := _deployed(row, now)) is not None]
        except ProbeFailure as failure:
            missing = f"releases cannot be read: {why(failure)}"
            if failure.kind in LASTING:
                rows = await self._running()
        if rows and missing:
            title, missing = "What runs now (no releases are told)", None
        table = Table(
            name="api.releases",
            target="api",
            title=title,
            columns=list(_COLUMNS),
            rows=rows,
            observed_at=now,
            source=f"releases of {self._client.app}",
            interval=self.interval,
            missing=missing,
        )
        return Sample(tables=[table], events=events)

    async def _running(self) -> list[Row]:
        try:
            return running(serving(await self._client.machines()))
        except ProbeFailure:
            return []


def _release(row: Mapping[str, Any]) -> Row:
    words, _, by = release_words(row).partition(" by ")
    cells: list[Cell] = [
        words, parse_time(row.get("created_at")), text(row, "status", 40) or "", by,
        text(row, "image_ref", 160) or "", text(row, "strategy", 20) or "",
    ]  # fmt: skip
    going = row.get("in_progress") is True
    bad = not going and (cells[2] == "failed" or row.get("stable") is False)
    version, image = row.get("version"), row.get("image_ref")
    params = {"version": str(version)} if isinstance(version, int) else {}
    return Row(
        key=words,
        cells=cells,
        tone="fail" if bad else "warn" if going else "none",
        detail={"description": text(row, "description", 200) or ""},
        params=params | ({"image": image} if isinstance(image, str) else {}),
    )


def _deployed(row: Mapping[str, Any], now: float) -> Event | None:
    at = parse_time(row.get("created_at"))
    if at is None or now - at > LOOK_BACK:
        return None
    words = release_words(row)
    key = f"fly:release:{words.partition(' ')[0]}"
    return Event(key=key, at=min(at, now), kind="deploy", target="api", text=f"deploy {words}")
