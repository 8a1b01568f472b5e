"""What is read of the machines."""

from __future__ import annotations

from collections.abc import Sequence

from ainur_tui.config.types import Fly
from ainur_tui.model.secret import Redactor
from ainur_tui.model.signal import Reading, Signal
from ainur_tui.model.target import Target
from ainur_tui.systems.base import Clock, Probe, Sample
from ainur_tui.systems.fly.client import FlyClient
from ainur_tui.systems.fly.happenings import Happenings
from ainur_tui.systems.fly.health import Health, health, serving
from ainur_tui.systems.fly.machines import Machine
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
