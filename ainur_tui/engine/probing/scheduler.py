"""Runs probes: each on its own, on its interval, within its deadline; never one because of another.

Whatever a probe does (fails, hangs, raises nonsense), it ends as a sample or a ``ProbeFailure``.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Callable, Iterable

from ainur_tui.engine.probing.backoff import pause
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.systems.base import Clock, Probe, Sample

Sink = Callable[[Probe, "Sample | ProbeFailure", float], None]

_GRACE = 0.25
"""Seconds a read gets to end after it was told to."""


class Scheduler:
    """Keeps every probe running. ``sink`` gets each outcome with the seconds it took."""

    def __init__(self, probes: Iterable[Probe], sink: Sink, clock: Clock) -> None:
        self._sink = sink
        self._clock = clock
        self._lanes: dict[str, _Lane] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._started = False
        self.add(probes)

    def add(self, probes: Iterable[Probe]) -> None:
        """Watch more probes; those of a name already known are left alone."""
        for probe in probes:
            if probe.name not in self._lanes:
                self._lanes[probe.name] = _Lane(probe, self._sink, self._clock, self._back)
        if self._started:
            self._launch()

    async def start(self) -> None:
        """Begin reading on intervals; each probe's first run is at once."""
        self._started = True
        self._launch()

    async def run_now(self, targets: set[str] | None = None, timeout: float | None = None) -> None:
        """Run all probes (of ``targets``, where given) and wait for them, ``timeout`` seconds at
        most. A read that is under way counts; one whose source asked for a pause is not run."""
        lanes = [lane for lane in self._lanes.values() if lane.concerns(targets)]
        runs = [lane.read() for lane in lanes if not lane.asked_to_wait()]
        if runs:
            await asyncio.wait(runs, timeout=timeout)

    async def stop(self) -> None:
        """End all reads and wait until they have ended."""
        self._started = False
        tasks: list[asyncio.Task[None]] = list(self._tasks.values())
        for lane in self._lanes.values():
            tasks += lane.under_way()
        self._tasks.clear()
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=1.0)

    def _back(self, probe: Probe) -> None:
        """A source answers again: what else could not be read there is read now, not in minutes. A
        trouble that is over must not be told any longer."""
        for lane in self._lanes.values():
            if lane.failing and lane.probe.target == probe.target and not lane.asked_to_wait():
                lane.read()

    def _launch(self) -> None:
        for name, lane in self._lanes.items():
            if name not in self._tasks:
                self._tasks[name] = asyncio.create_task(lane.follow(), name=f"probe {name}")


class _Lane:
    """One probe and its turn."""

    def __init__(
        self, probe: Probe, sink: Sink, clock: Clock, back: Callable[[Probe], None]
    ) -> None:
        self.probe = probe
        self._sink = sink
        self._clock = clock
        self._back = back
        self._due = clock.monotonic()
        self._failures = 0
        self._wish_until = 0.0
        self._read: asyncio.Task[None] | None = None
        self._inner: asyncio.Task[Sample] | None = None

    @property
    def failing(self) -> bool:
        """Whether the last run failed."""
        return self._failures > 0

    def concerns(self, targets: set[str] | None) -> bool:
        """Whether the probe reads one of the targets, or the whole one is a part of."""
        own = self.probe.target
        return targets is None or any(t == own or t.startswith(f"{own}/") for t in targets)

    def asked_to_wait(self) -> bool:
        """Whether the source itself asked for a pause that is not over."""
        return self._clock.monotonic() < self._wish_until

    def under_way(self) -> list[asyncio.Task[None]]:
        """What runs now."""
        return [self._read] if self._read is not None and not self._read.done() else []

    def read(self) -> asyncio.Task[None]:
        """The read under way, or a new one."""
        if self._read is None or self._read.done():
            self._read = asyncio.create_task(self._once(), name=f"read {self.probe.name}")
        return self._read

    async def follow(self) -> None:
        """Read for ever, each time when it is due."""
        spread = zlib.crc32(self.probe.name.encode()) % 1000 / 1000
        await asyncio.sleep(0.2 * spread)
        while True:
            wait = self._due - self._clock.monotonic()
            if wait > 0:
                await asyncio.sleep(wait)
            else:
                await asyncio.wait([self.read()])

    async def _once(self) -> None:
        began = self._clock.monotonic()
        outcome: Sample | ProbeFailure
        try:
            outcome = await self._outcome()
        except ProbeFailure as failure:
            outcome = failure
        except Exception as error:
            outcome = ProbeFailure("internal", type(error).__name__)
        seconds = self._clock.monotonic() - began
        wish = outcome.retry_after if isinstance(outcome, ProbeFailure) else None
        back = self.failing and not isinstance(outcome, ProbeFailure)
        self._failures = self._failures + 1 if isinstance(outcome, ProbeFailure) else 0
        wait = pause(self.probe.interval, self._failures, wish)
        self._wish_until = began + wait if wish is not None else 0.0
        self._due = max(began + wait, self._clock.monotonic() + 0.05)
        try:
            self._sink(self.probe, outcome, seconds)
        except Exception as error:  # a sample that cannot be taken in is a failure of its probe
            self._sink(self.probe, ProbeFailure("internal", type(error).__name__), seconds)
        if back:
            self._back(self.probe)

    async def _outcome(self) -> Sample:
        """The sample; every other end is a ``ProbeFailure``. Nothing of a foreign exception's
        text is kept: it may hold a secret."""
        if self._inner is not None and not self._inner.done():
            raise ProbeFailure("timeout", "its last read still hangs")
        inner = self._inner = asyncio.ensure_future(self.probe.read())
        try:
            await asyncio.wait([inner], timeout=self.probe.deadline)
        except asyncio.CancelledError:
            inner.cancel()
            raise
        if not inner.done():
            inner.cancel()
            await asyncio.wait([inner], timeout=_GRACE)
            raise ProbeFailure("timeout", f"nothing within {self.probe.deadline:g} s")
        if inner.cancelled():
            raise ProbeFailure("internal", "CancelledError")
        error = inner.exception()
        if error is None:
            return inner.result()
        if isinstance(error, ProbeFailure):
            raise error
        raise ProbeFailure("internal", type(error).__name__)
