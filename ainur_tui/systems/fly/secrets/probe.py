"""The app's secrets as a table: digests, who set them, which machines lack them; and what changed
since the last look, whoever changed it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from ainur_tui.config.types import Fly
from ainur_tui.model.event import Event
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.table import Cell, Column, Row, Table
from ainur_tui.systems.base import Clock, Probe, Sample
from ainur_tui.systems.fly.client import FlyClient
from ainur_tui.systems.fly.health import serving
from ainur_tui.systems.fly.limits import why
from ainur_tui.systems.fly.machines import Machine
from ainur_tui.systems.fly.secrets.rows import Known, known, last_set, without

INTERVAL = 15.0
LOOK_BACK = 86400.0
"""Seconds before our first look whose changes are told as events."""
_COLUMNS = (
    Column(name="name", title="Name"),
    Column(name="kind", title="Kind", rank=5, limit=8),
    Column(name="value", title="Value", rank=6, limit=8),
    Column(name="digest", title="Digest", rank=1, limit=18),
    Column(name="changed", title="Age", unit="age", rank=2),
    Column(name="by", title="Set by", rank=3, limit=30),
    Column(name="drift", title="In use on"),
)


class SecretsProbe(Probe):
    """Names and digests; that they cannot be read is told in the table (F-20)."""

    name = "fly.secrets"
    target = "api"
    signals = ()

    def __init__(self, fly: Fly, client: FlyClient, clock: Clock) -> None:
        self.interval = max(fly.interval, INTERVAL)
        self.deadline = fly.timeout
        self._flags = frozenset(fly.flags)
        self._client = client
        self._clock = clock
        self._seen: dict[str, Known] | None = None

    async def read(self) -> Sample:
        now = self._clock.now()
        rows: list[Row] = []
        events: list[Event] = []
        missing = None
        try:
            async with asyncio.timeout(self.deadline * 0.85):
                found = await known(self._client)
                machines = serving(await self._client.machines())
            rows = [self._row(found[name], machines) for name in sorted(found)]
            events = self._changes(found, now)
            self._seen = found
        except ProbeFailure as failure:
            missing = f"secrets cannot be read: {why(failure)}"
        except TimeoutError:
            missing = "secrets cannot be read: no answer in time"
        table = Table(
            name="api.secrets",
            target="api",
            title="Secrets and flags",
            columns=list(_COLUMNS),
            rows=rows,
            observed_at=now,
            source=f"secrets of {self._client.app}",
            interval=self.interval,
            missing=missing,
        )
        return Sample(tables=[table], events=events)

    def _row(self, one: Known, machines: Sequence[Machine]) -> Row:
        run, value = last_set(machines, one)
        lack = without(machines, one)
        drift = "all machines"
        if lack:
            drift = f"{len(machines) - len(lack)} of {len(machines)} machines"
            if len(lack) == 1 < len(machines):
                drift = f"all but {lack[0].id}"
        flag = one.name in self._flags
        by = f"run {run}" if run else "elsewhere"
        cells: list[Cell] = [
            one.name, "flag" if flag else "secret", value or ("?" if flag else "••••••"),
            one.digest, one.changed, by, drift,
        ]  # fmt: skip
        return Row(
            key=one.name,
            cells=cells,
            tone="warn" if lack else "none",
            detail={"without it": ", ".join(m.id for m in lack)} if lack else {},
            params={"name": one.name},
        )

    def _changes(self, found: dict[str, Known], now: float) -> list[Event]:
        events = []
        for name, one in found.items():
            former = None if self._seen is None else self._seen.get(name)
            if self._seen is None and (one.changed is None or now - one.changed > LOOK_BACK):
                continue
            if former != one:
                words = f"{name} set, digest {one.digest}"
                if former is not None:
                    words = f"{name} changed, digest {former.digest} → {one.digest}"
                events.append(self._event(name, words, one.changed, one.digest, now))
        for name in (self._seen or {}).keys() - found.keys():
            events.append(self._event(name, f"{name} unset", None, "unset", now))
        return events

    def _event(self, name: str, words: str, at: float | None, digest: str, now: float) -> Event:
        flag = name in self._flags
        when = now if at is None else min(at, now)
        return Event(
            key=f"fly:secret:{name}:{digest}:{when:.0f}",
            at=when,
            kind="flag" if flag else "secret",
            target="api",
            text=f"{'flag' if flag else 'secret'} {words}",
        )
