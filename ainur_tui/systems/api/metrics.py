"""What the service's counters say over a window, whichever processes answered. Pure.

Samples are kept apart by ``process_start_time_seconds``: several machines behind one URL, and a
restart, then never look like a counter that ran backwards or leapt (F-74).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ainur_tui.systems.prometheus_text import (
    Labels,
    Scrape,
    buckets,
    increase,
    increases,
    quantile,
)

REQUESTS = ("ainur_api_requests_total", "http_requests_total", "api_requests_total")
LATENCY = (
    "ainur_api_request_duration_seconds", "http_request_duration_seconds",
    "api_request_duration_seconds",
)  # fmt: skip
QUEUE = ("ainur_tasks_in_queue", "tasks_in_queue")
AGENTS = (
    "zerostate_agents_online", "ainur_agents_online", "ainur_agents_registered_total",
    "zerostate_agents_registered", "agents_registered_total",
)  # fmt: skip
CONNECTIONS = ("ainur_api_connections_active", "api_connections_active")
START = "process_start_time_seconds"
MEMORY = "process_resident_memory_bytes"
CPU = "process_cpu_seconds_total"

WANTED = frozenset(
    (*REQUESTS, *LATENCY, *QUEUE, *AGENTS, *CONNECTIONS, START, MEMORY, CPU)
) | {f"{name}_{part}" for name in LATENCY for part in ("bucket", "sum", "count")}  # fmt: skip

WINDOW = 1.8
"""Seconds a window should span at least; a shorter one is taken only on the very first read."""
FORGET = 120.0
"""Seconds after which a process that no longer answers is forgotten."""


@dataclass(frozen=True)
class Look:
    """One scrape of one process. ``ticks`` is our monotonic clock, ``at`` epoch seconds."""

    process: str
    scrape: Scrape
    ticks: float
    at: float
    machine: str | None = None


@dataclass
class Window:
    """What happened between two looks at each process, added up."""

    seconds: float = 0.0
    rate: float = 0.0
    requests: float = 0.0
    failed: float = 0.0
    cumulative: dict[float, float] = field(default_factory=dict)
    spent: float = 0.0
    timed: float = 0.0
    cpu: dict[str, float] = field(default_factory=dict)
    processes: int = 0

    @property
    def p95(self) -> float | None:
        """Seconds within which 95 % of all requests were answered."""
        return quantile(0.95, self.cumulative)

    @property
    def mean(self) -> float | None:
        """Mean seconds a request took."""
        return self.spent / self.timed if self.timed > 0 else None

    @property
    def error_ratio(self) -> float | None:
        """5xx answers of all answers; ``None`` without a request (F-75)."""
        return self.failed / self.requests if self.requests > 0 else None


class Traffic:
    """Remembers looks at each process, as few as a window needs."""

    def __init__(self) -> None:
        self._looks: dict[str, deque[Look]] = {}

    def window(self, looks: Iterable[Look]) -> Window | None:
        """Add new looks; the window that ends with them, or ``None`` when nothing spans one."""
        found = Window()
        for look in looks:
            kept = self._looks.setdefault(look.process, deque())
            while len(kept) > 1 and look.ticks - kept[1].ticks >= WINDOW:
                kept.popleft()
            if kept and look.ticks > kept[0].ticks:
                _add(found, kept[0], look)
            kept.append(look)
        newest = max((kept[-1].ticks for kept in self._looks.values()), default=0.0)
        for process in [p for p, kept in self._looks.items() if newest - kept[-1].ticks > FORGET]:
            del self._looks[process]
        return found if found.processes else None


def process_of(scrape: Scrape, machine: str | None) -> str:
    """What tells one process from another: when it started, else the machine asked."""
    start = scrape.total(START)
    return f"{start:.6f}" if start else f"machine {machine or ''}"


def apart(looks: Iterable[Look]) -> list[Look]:
    """One look a process: a path that drops the pinning header shows the same one twice."""
    return list({look.process: look for look in looks}.values())


def summary_quantile(looks: Iterable[Look]) -> float | None:
    """The worst of the ready-made p95s (G-294: those of several machines do not add up)."""
    found = [
        value
        for look in looks
        for name in LATENCY
        for labels, value in look.scrape.samples.get(name, {}).items()
        if dict(labels).get("quantile") == "0.95"
    ]
    return max(found, default=None)


def gauge(looks: Iterable[Look], names: tuple[str, ...], *, shared: bool) -> float | None:
    """A gauge over all processes: their sum, or (``shared``: all count the same) the largest."""
    found = [
        value
        for look in looks
        if (name := look.scrape.first_of(names)) and (value := look.scrape.total(name)) is not None
    ]
    if not found:
        return None
    return max(found) if shared else sum(found)


def _add(window: Window, old: Look, new: Look) -> None:
    seconds = new.ticks - old.ticks
    before, after = old.scrape.samples, new.scrape.samples
    name = new.scrape.first_of(REQUESTS)
    if name is not None:
        grown = increases(before.get(name, {}), after[name])
        requests = sum(grown.values())
        window.requests += requests
        window.failed += sum(value for labels, value in grown.items() if _is_5xx(labels))
        window.rate += requests / seconds
    base = next((name for name in LATENCY if f"{name}_bucket" in after), None)
    if base is not None:
        grown = _grown(before, after, f"{base}_bucket")
        for bound, value in buckets(grown).items():
            window.cumulative[bound] = window.cumulative.get(bound, 0.0) + value
        window.spent += sum(_grown(before, after, f"{base}_sum").values())
        window.timed += sum(_grown(before, after, f"{base}_count").values())
    was, now = old.scrape.total(CPU), new.scrape.total(CPU)
    if was is not None and now is not None and new.machine is not None:
        window.cpu[new.machine] = increase(was, now) / seconds
    window.seconds = max(window.seconds, seconds)
    window.processes += 1


def _grown(
    before: Mapping[str, Mapping[Labels, float]],
    after: Mapping[str, Mapping[Labels, float]],
    name: str,
) -> dict[Labels, float]:
    return increases(before.get(name, {}), after.get(name, {}))


def _is_5xx(labels: Labels) -> bool:
    found = dict(labels)
    return (found.get("status") or found.get("code") or "").startswith("5")
