"""What is read from the platform: the machines, and the releases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ainur_tui.config.types import Fly
from ainur_tui.model.event import Event
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.secret import Redactor
from ainur_tui.model.signal import Reading, Signal
from ainur_tui.model.table import Cell, Column, Row, Table
from ainur_tui.model.target import Target
from ainur_tui.systems.answers import text
from ainur_tui.systems.base import Clock, Probe, Sample
from ainur_tui.systems.fly.appclient import release_words
from ainur_tui.systems.fly.client import FlyClient
from ainur_tui.systems.fly.happenings import LOOK_BACK, Happenings
from ainur_tui.systems.fly.health import Health, health, serving
from ainur_tui.systems.fly.machines import Machine, parse_time
from ainur_tui.systems.fly.tables import events_table, machines_table


class MachinesProbe(Probe):
    """One list call a poll: every machine, its checks, and what happened to it."""

    name = "fly.machines"
    target = "api"
    signals = (
        Signal(
            name="api.machines.healthy", title="Healthy machines", unit="count", worse="below",
            fail=1.0, vital=True,
        ),
        Signal(name="api.machines.failing", title="Failing machines", unit="count", warn=0.0),
        Signal(
            name="machine.up", title="Machine", unit="bool", worse="below", fail=1.0, vital=True,
            trouble="not healthy",
        ),
        Signal(name="machine.restarts", title="Restarts", unit="count", statistic="total"),
    )  # fmt: skip

    def __init__(self, fly: Fly, client: FlyClient, clock: Clock, redact: Redactor) -> None:
        self.interval = fly.interval
        self.deadline = fly.timeout
        self._client = client
        self._clock = clock
        self._redact = redact
        self._happenings = Happenings()

    async def read(self) -> Sample:
        machines = serving(await self._client.machines())
        now = self._clock.now()
        judged = [(machine, self._judge(machine, now)) for machine in machines]
        source = f"{self._client.peer} machines of {self._client.app}"
        return Sample(
            readings=[*_counts(judged, now, source), *_each(judged, now, source)],
            tables=[
                machines_table(judged, now, source, self.interval),
                events_table(machines, now, source, self.interval),
            ],
            events=self._happenings.since_last(machines, now),
            targets=[
                Target(
                    name=f"api/machine/{machine.id}", kind="api/machine",
                    title=f"machine {machine.id}", parent="api",
                )
                for machine in machines
            ],
            paused=frozenset(
                f"api/machine/{machine.id}" for machine, how in judged if how.state == "paused"
            ),
        )  # fmt: skip

    def _judge(self, machine: Machine, now: float) -> Health:
        found = health(machine, now)
        return Health(found.state, self._redact(found.note))


def _counts(
    judged: Sequence[tuple[Machine, Health]], at: float, source: str
) -> tuple[Reading, Reading]:
    asleep = sum(how.state == "paused" for _, how in judged)
    healthy = sum(how.state == "up" for _, how in judged)
    expected = len(judged) - asleep
    failing = expected - healthy
    note = f"{healthy} of {expected} machines healthy"
    bad = [(machine, how) for machine, how in judged if how.state == "down"]
    for machine, how in bad[:3]:
        note += f"; {machine.id} {how.note}"
    if asleep:
        note += f"; {asleep} asleep until needed"
    if asleep and not expected:
        # The platform starts one with the first request: zero running is as it should be.
        healthy = expected = asleep
        note = f"{asleep} of {asleep} machines asleep until needed"
    return (
        Reading(
            target="api", signal="api.machines.healthy", value=float(healthy), source=source,
            observed_at=at, note=note, limit=float(expected),
        ),
        Reading(
            target="api", signal="api.machines.failing", value=float(failing), source=source,
            observed_at=at, note=note,
        ),
    )  # fmt: skip


def _each(judged: Sequence[tuple[Machine, Health]], at: float, source: str) -> list[Reading]:
    found = []
    for machine, how in judged:
        target = f"api/machine/{machine.id}"
        end = machine.last_exit
        if how.state != "paused":
            up = 1.0 if how.state == "up" else 0.0
            found.append(
                Reading(
                    target=target, signal="machine.up", value=up, source=source, observed_at=at,
                    note=how.note,
                )
            )  # fmt: skip
        found.append(
            Reading(
                target=target, signal="machine.restarts", value=float(machine.restarts),
                source=source, observed_at=at,
                note="the last one ran out of memory" if end and end.oom else None,
            )
        )  # fmt: skip
    return found


class ReleasesProbe(Probe):
    """The newest releases. They are beside the point of whether the API is well, so that not
    reading them is told in the table, not as a trouble of the API (F-20)."""

    name = "fly.releases"
    target = "api"
    signals = ()
    _columns = (
        Column(name="version", title="Version", rank=0, limit=10),
        Column(name="at", title="At", unit="time", rank=1),
        Column(name="status", title="Status", rank=2, limit=12),
        Column(name="user", title="By", rank=3, limit=30),
        Column(name="image", title="Image", rank=4, limit=60),
        Column(name="strategy", title="Strategy", rank=5, limit=12),
    )

    def __init__(self, fly: Fly, client: FlyClient, clock: Clock) -> None:
        self.interval = max(fly.interval, 60.0)
        self.deadline = fly.timeout
        self._client = client
        self._clock = clock

    async def read(self) -> Sample:
        now = self._clock.now()
        rows: list[Row] = []
        events: list[Event] = []
        missing = None
        try:
            releases = await self._client.releases()
            rows = [_release(row) for row in releases]
            events = [event for row in releases if (event := _deployed(row, now)) is not None]
        except ProbeFailure as failure:
            missing = f"releases cannot be read: {failure}"
        table = Table(
            name="api.releases",
            target="api",
            title="Releases",
            columns=list(self._columns),
            rows=rows,
            observed_at=now,
            source=f"releases of {self._client.app}",
            interval=self.interval,
            missing=missing,
        )
        return Sample(tables=[table], events=events)


def _release(row: Mapping[str, Any]) -> Row:
    words, _, by = release_words(row).partition(" by ")
    cells: list[Cell] = [
        words, parse_time(row.get("created_at")), text(row, "status", 40) or "", by,
        text(row, "image_ref", 160) or "", text(row, "strategy", 20) or "",
    ]  # fmt: skip
    going = row.get("in_progress") is True
    bad = not going and (cells[2] == "failed" or row.get("stable") is False)
    return Row(
        key=words,
        cells=cells,
        tone="fail" if bad else "warn" if going else "none",
        detail={"description": text(row, "description", 200) or ""},
    )


def _deployed(row: Mapping[str, Any], now: float) -> Event | None:
    at = parse_time(row.get("created_at"))
    if at is None or now - at > LOOK_BACK:
        return None
    words = release_words(row)
    key = f"fly:release:{words.partition(' ')[0]}"
    return Event(key=key, at=min(at, now), kind="deploy", target="api", text=f"deploy {words}")
