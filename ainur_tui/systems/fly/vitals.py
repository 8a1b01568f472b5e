"""Processor and memory of each machine, from the platform's Prometheus."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping
from typing import Any

from ainur_tui.config.types import Fly
from ainur_tui.model.signal import Reading, Signal
from ainur_tui.systems.answers import pick, text
from ainur_tui.systems.base import Clock, Probe, Sample
from ainur_tui.systems.fly.appclient import Rows
from ainur_tui.systems.fly.client import FlyClient

INTERVAL = 15.0
"""The platform collects every fifteen seconds; asking more often brings nothing new."""
WINDOW = "1m"
SOURCE = "the platform's Prometheus"


class VitalsProbe(Probe):
    """Three instant queries: memory in use, memory there is, share of the processors at work."""

    name = "fly.prometheus"
    target = "api"
    signals = (
        Signal(name="machine.cpu", title="Processor", unit="ratio", statistic="mean", scale=1.0),
        Signal(name="machine.memory", title="Memory", unit="B"),
    )

    def __init__(self, fly: Fly, client: FlyClient, clock: Clock) -> None:
        self.interval = max(fly.interval, INTERVAL)
        self.deadline = fly.timeout
        self._client = client
        self._clock = clock

    async def read(self) -> Sample:
        app = self._client.app.replace("\\", "").replace('"', "")
        chosen = f'app="{app}"'
        total, free, cpu = await asyncio.gather(
            self._client.query(f"fly_instance_memory_mem_total{{{chosen}}}"),
            self._client.query(f"fly_instance_memory_mem_available{{{chosen}}}"),
            self._client.query(_cpu(chosen)),
        )
        now = self._clock.now()
        there, left, busy = by_machine(total), by_machine(free), by_machine(cpu)
        found = []
        for id, share in busy.items():
            found.append(
                Reading(
                    target=f"api/machine/{id}", signal="machine.cpu", value=share,
                    source=SOURCE, observed_at=now, note=f"over {WINDOW}",
                )
            )  # fmt: skip
        for id, most in there.items():
            if id in left:
                found.append(
                    Reading(
                        target=f"api/machine/{id}", signal="machine.memory",
                        value=max(most - left[id], 0.0), source=SOURCE, observed_at=now, limit=most,
                    )
                )  # fmt: skip
        return Sample(readings=found)


def _cpu(chosen: str) -> str:
    """1 − the idle share, from counters of centiseconds by mode."""
    idle = f'sum by (instance) (rate(fly_instance_cpu{{{chosen},mode="idle"}}[{WINDOW}]))'
    every = f"sum by (instance) (rate(fly_instance_cpu{{{chosen}}}[{WINDOW}]))"
    return f"1 - {idle} / {every}"


def by_machine(rows: Rows) -> dict[str, float]:
    """The vector's values by machine; what is no finite number is left out."""
    found = {}
    for row in rows:
        id, value = text(row, "metric.instance", 64), _value(row)
        if id and value is not None:
            found[id] = value
    return found


def _value(row: Mapping[str, Any]) -> float | None:
    pair = pick(row, "value")
    if not isinstance(pair, list) or len(pair) != 2:
        return None
    try:
        value = float(pair[1])
    except (TypeError, ValueError):
        return None
    return value if math.isfinite(value) else None
