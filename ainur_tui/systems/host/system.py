"""The machine the engine runs on, by psutil."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from typing import Any

import psutil

from ainur_tui.config.types import Environment, Host
from ainur_tui.model.signal import Reading, Signal
from ainur_tui.model.target import Target
from ainur_tui.model.text import clean
from ainur_tui.systems.base import Context, Probe, Sample
from ainur_tui.systems.system import System

FIRST_SPAN = 0.5
"""Seconds between the two samples of a first read."""

SIGNALS = (
    Signal(name="host.up", title="Host", unit="bool", worse="below", fail=1, vital=True),
    Signal(name="host.cpu", title="CPU busy", unit="ratio", statistic="mean", scale=1.0),
    Signal(
        name="host.memory", title="Memory used", unit="ratio", warn=0.9, fail=0.97, scale=1.0,
        trouble="memory used",
    ),
    Signal(
        name="host.disk", title="Fullest disk", unit="ratio", warn=0.85, fail=0.95, scale=1.0,
        trouble="fullest disk",
    ),
    Signal(name="host.load", title="Load per core, 1 min", unit=""),
    Signal(name="host.swap", title="Swap used", unit="ratio", scale=1.0),
    Signal(name="host.uptime", title="Running since", unit="s"),
)  # fmt: skip


class HostProbe(Probe):
    """CPU over the time since the last read, memory, load per core, the fullest of the disks."""

    name = "host"
    target = "host"
    signals = SIGNALS

    def __init__(self, config: Host, context: Context) -> None:
        self.interval = config.interval
        self.deadline = config.timeout
        self._disks = config.disks
        self._clock = context.clock
        self._cpu: tuple[float, float] | None = None

    async def read(self) -> Sample:
        if self._cpu is None:
            self._cpu = _cpu_times()
            await asyncio.sleep(min(FIRST_SPAN, self.deadline / 4))
        # statvfs of a dead network disk blocks: in a thread, where the deadline still counts
        found = await asyncio.to_thread(fullest, self._disks)
        memory, swap = psutil.virtual_memory(), psutil.swap_memory()
        now = self._clock.now()
        cores = os.cpu_count() or 1
        value, note = found
        return Sample(
            [
                self._reading("host.up", 1.0, now),
                self._reading("host.cpu", self._busy(), now),
                self._reading("host.memory", memory.percent / 100, now),
                self._reading("host.disk", value, now, note),
                self._reading("host.load", os.getloadavg()[0] / cores, now, f"{cores} cores"),
                self._reading(
                    "host.swap",
                    swap.percent / 100 if swap.total else 0.0,
                    now,
                    None if swap.total else "no swap",
                ),
                self._reading("host.uptime", max(0.0, now - psutil.boot_time()), now),
            ]
        )

    def _reading(
        self, signal: str, value: float | None, now: float, note: str | None = None
    ) -> Reading:
        return Reading(
            target="host", signal=signal, value=value, source="psutil", observed_at=now, note=note
        )

    def _busy(self) -> float | None:
        """The share of CPU time that was not idle since the last read."""
        busy, total = _cpu_times()
        before, self._cpu = self._cpu, (busy, total)
        if before is None or total <= before[1]:
            return None
        return min(1.0, max(0.0, (busy - before[0]) / (total - before[1])))


def fullest(disks: Sequence[str]) -> tuple[float | None, str]:
    """The used share of the fullest disk and a sentence naming it; unreadable ones are named."""
    best: tuple[float, str] | None = None
    problems = []
    for disk in disks:
        try:
            share = psutil.disk_usage(disk).percent / 100
        except OSError as error:
            problems.append(f"{clean(disk, 80)}: {clean(error.strerror, 80)}")
            continue
        if best is None or share > best[0]:
            best = share, clean(disk, 80)
    words = "; ".join([best[1], *problems] if best else problems)
    return (best[0] if best else None), words or "no disk is configured"


def _cpu_times() -> tuple[float, float]:
    times: Any = psutil.cpu_times()
    total = sum(times) - getattr(times, "guest", 0.0) - getattr(times, "guest_nice", 0.0)
    return total - times.idle - getattr(times, "iowait", 0.0), total


def connect(environment: Environment, context: Context) -> System | None:
    """This machine, or ``None`` where it is not to be watched."""
    if environment.host is None:
        return None
    return System(
        name="host",
        targets=(Target(name="host", kind="host", title="Host"),),
        probes=(HostProbe(environment.host, context),),
    )
