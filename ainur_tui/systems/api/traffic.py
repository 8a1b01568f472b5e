"""Requests, latency and errors from ``/metrics``, added up over the machines."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from ainur_tui.config.types import Api
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.signal import Reading, Signal
from ainur_tui.systems.api.client import ApiClient
from ainur_tui.systems.api.metrics import (
    AGENTS,
    CONNECTIONS,
    LATENCY,
    MEMORY,
    QUEUE,
    REQUESTS,
    WANTED,
    Look,
    Traffic,
    Window,
    apart,
    gauge,
    process_of,
    summary_quantile,
)
from ainur_tui.systems.base import Clock, Probe, Sample
from ainur_tui.systems.fly.machines import Machine
from ainur_tui.systems.fly.roster import Roster

_BLIND = "no such series in /metrics: "


class TrafficProbe(Probe):
    """``GET /metrics`` of every machine that runs (or of whichever answers, without Fly).

    The first read looks twice, ``pause`` seconds apart, so that rates exist at once. Without
    ``parts`` another source tells each machine's memory and processor.
    """

    name = "api.metrics"
    target = "api"
    signals: tuple[Signal, ...] = (
        Signal(name="api.requests.rate", title="Requests", unit="/s", statistic="mean"),
        Signal(
            name="api.latency.p95", title="p95 latency", unit="s", statistic="p95", warn=0.1,
            fail=0.5, origin="guide",
        ),
        Signal(name="api.latency.mean", title="Mean latency", unit="s", statistic="mean"),
        Signal(
            name="api.errors.ratio", title="Error ratio", unit="ratio", statistic="mean",
            warn=0.01, fail=0.05, origin="guide", trouble="errors (5xx)",
            planned_by=("api.maintenance",),
        ),
        Signal(
            name="api.queue", title="Tasks in queue", unit="count", warn=1000, fail=5000,
            origin="repository",
        ),
        Signal(name="api.agents", title="Agents", unit="count"),
        Signal(name="api.connections", title="Connections", unit="count"),
        Signal(name="machine.memory", title="Memory", unit="B"),
        Signal(name="machine.cpu", title="CPU", unit="ratio", statistic="mean"),
    )  # fmt: skip

    def __init__(
        self,
        api: Api,
        client: ApiClient,
        clock: Clock,
        roster: Roster | None,
        *,
        pause: float = 1.0,
        parts: bool = True,
    ) -> None:
        self.interval = api.interval
        self.deadline = api.timeout
        self._client = client
        self._clock = clock
        self._roster = roster
        self._pause = pause
        self._parts = parts
        if not parts:
            self.signals = tuple(one for one in self.signals if one.name.startswith("api."))
        self._traffic = Traffic()
        self._first = True

    async def read(self) -> Sample:
        end = self._clock.monotonic() + self.deadline * 0.9
        machines = await self._roster.awake() if self._roster else []
        looks = await self._look(machines, end)
        window = self._traffic.window(looks)
        if self._first:
            looks, window = await self._again(machines, looks, end)
        self._first = False
        parts = _parts(looks, window, machines) if self._parts else []
        return Sample(readings=[*self._readings(looks, window), *parts])

    async def _again(
        self, machines: Sequence[Machine], looks: Sequence[Look], end: float
    ) -> tuple[Sequence[Look], Window | None]:
        """The second look, as far as the time goes; without one there are gauges, no rates yet."""
        window = None
        await asyncio.sleep(min(self._pause, max(end - self._clock.monotonic(), 0.0) * 0.4))
        # Behind one address several processes answer in turn: the same one must come again.
        for _ in range(1 if machines else 4):
            try:
                looks = await self._look(machines, end)
            except ProbeFailure:
                break
            window = self._traffic.window(looks)
            if window is not None:
                break
        return looks, window

    async def _look(self, machines: Sequence[Machine], end: float) -> Sequence[Look]:
        """One scrape of each machine; fails only when none can be scraped."""
        left = max(end - self._clock.monotonic(), 0.05)
        wanted: list[str | None] = [machine.id for machine in machines]
        found = await asyncio.gather(
            *(self._one(machine, left) for machine in wanted or [None]), return_exceptions=True
        )
        for failure in found:
            if isinstance(failure, BaseException) and not isinstance(failure, ProbeFailure):
                raise failure
        looks = [look for look in found if isinstance(look, Look)]
        failures = [failure for failure in found if isinstance(failure, ProbeFailure)]
        if not looks:
            raise failures[0]
        return apart(looks)

    async def _one(self, machine: str | None, deadline: float) -> Look:
        scrape, answer = await self._client.metrics(WANTED, machine, deadline)
        process = process_of(scrape, machine)
        return Look(process, scrape, self._clock.monotonic(), answer.at, machine)

    def _readings(self, looks: Sequence[Look], window: Window | None) -> list[Reading]:
        at = max(look.at for look in looks)
        seen = looks[0].scrape
        where = f"GET {self._client.peer}/metrics"
        counter = seen.first_of(REQUESTS)
        base = next((n for n in LATENCY if f"{n}_bucket" in seen.samples), None)
        ready_made = summary_quantile(looks) if base is None else None
        over = f"in {window.seconds:.1f} s, {_machines(looks)}" if window else None
        waiting = "needs a second look at the same process"

        def reading(signal: str, value: float | None, series: str, note: str | None) -> Reading:
            return Reading(
                target="api", signal=signal, value=value, source=f"{where} {series}",
                observed_at=at, note=note,
            )  # fmt: skip

        rate = window.rate if window and counter else None
        blind = None if counter else _BLIND + " or ".join(REQUESTS)
        quiet = None if window is None or window.requests else "no requests"
        found = [
            reading("api.requests.rate", rate, counter or "", blind or over or waiting),
            reading(
                "api.errors.ratio", window.error_ratio if window else None, counter or "",
                blind or (waiting if window is None else quiet or over),
            ),
        ]  # fmt: skip
        if ready_made is not None:
            worst = f"a ready-made quantile, the worst of {_machines(looks)}"
            found.append(reading("api.latency.p95", ready_made, f"{LATENCY[1]}{{quantile}}", worst))
        else:
            absent = None if base else _BLIND + " or ".join(f"{n}_bucket" for n in LATENCY)
            no_times = None if window is None or window.timed else "no requests"
            note = absent or (waiting if window is None else no_times or over)
            p95, mean = (window.p95, window.mean) if window else (None, None)
            found.append(reading("api.latency.p95", p95, f"{base or ''}_bucket", note))
            found.append(reading("api.latency.mean", mean, f"{base or ''}_sum", note))
        for signal, names, shared in (
            ("api.queue", QUEUE, False),
            ("api.agents", AGENTS, True),
            ("api.connections", CONNECTIONS, False),
        ):
            value = gauge(looks, names, shared=shared)
            missing = _BLIND + " or ".join(names) if value is None else None
            found.append(reading(signal, value, seen.first_of(names) or "", missing))
        return found


def _parts(
    looks: Sequence[Look], window: Window | None, machines: Sequence[Machine]
) -> list[Reading]:
    """What is known of each machine's process."""
    limits = {machine.id: machine.memory for machine in machines}
    found = []
    for look in looks:
        if look.machine is None:
            continue
        cpu = window.cpu.get(look.machine) if window else None
        for signal, value, limit in (
            ("machine.memory", look.scrape.total(MEMORY), limits.get(look.machine)),
            ("machine.cpu", cpu, None),
        ):
            found.append(
                Reading(
                    target=f"api/machine/{look.machine}", signal=signal, value=value,
                    source="GET /metrics process_*", observed_at=look.at, limit=limit,
                )
            )  # fmt: skip
    return found


def _machines(looks: Sequence[Look]) -> str:
    count = len(looks)
    return f"{count} process{'es' if count != 1 else ''}"
