"""The service's metrics in Prometheus' text format, by the names of the real one."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
import time
from bisect import bisect_left
from collections import deque
from collections.abc import Iterator

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
GO_VERSION = "go1.24.4"


def labelled(name: str, labels: dict[str, str]) -> str:
    """``name{a="b"}`` with the values escaped."""
    if not labels:
        return name
    escaped = (
        (key, value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n"))
        for key, value in labels.items()
    )
    return name + "{" + ",".join(f'{key}="{value}"' for key, value in escaped) + "}"


class Family:
    """A counter or gauge: one value for each set of labels."""

    def __init__(self, name: str, kind: str, text: str, *labels: str) -> None:
        self.name, self.kind, self.text, self.labels = name, kind, text, labels
        self.values: dict[tuple[str, ...], float] = {} if labels else {(): 0.0}

    def add(self, *labels: str, by: float = 1.0) -> None:
        """Count."""
        self.values[labels] = self.values.get(labels, 0.0) + by

    def set(self, value: float, *labels: str) -> None:
        """Set a gauge."""
        self.values[labels] = value

    @property
    def total(self) -> float:
        """The sum over all labels."""
        return sum(self.values.values())

    def lines(self) -> Iterator[str]:
        """The samples."""
        for labels, value in self.values.items():
            yield f"{labelled(self.name, dict(zip(self.labels, labels, strict=True)))} {value:.17g}"


class Histogram(Family):
    """Observed seconds in cumulative buckets."""

    def __init__(self, name: str, text: str, *labels: str) -> None:
        super().__init__(name, "histogram", text, *labels)
        self._counts: dict[tuple[str, ...], list[int]] = {}
        self.values = {}

    def observe(self, seconds: float, *labels: str) -> None:
        """Add one observation."""
        counts = self._counts.setdefault(labels, [0] * (len(BUCKETS) + 1))
        counts[bisect_left(BUCKETS, seconds)] += 1
        self.add(*labels, by=seconds)

    def lines(self) -> Iterator[str]:
        """Buckets, sum and count of every set of labels."""
        for labels, counts in self._counts.items():
            names = dict(zip(self.labels, labels, strict=True))
            so_far = 0
            for edge, count in zip((*(f"{b:g}" for b in BUCKETS), "+Inf"), counts, strict=True):
                so_far += count
                yield f"{labelled(self.name + '_bucket', names | {'le': edge})} {so_far}"
            yield f"{labelled(self.name + '_sum', names)} {self.values[labels]:.9g}"
            yield f"{labelled(self.name + '_count', names)} {so_far}"


class Metrics:
    """Every family of the service."""

    def __init__(self) -> None:
        self._families: list[Family] = []
        counter, gauge, histogram = self._counter, self._gauge, self._histogram
        self.requests = counter("api_requests_total", "endpoint", "method", "status")
        self.latency = histogram("api_request_duration_seconds", "endpoint", "method")
        self.connections = gauge("api_connections_active")
        self.tasks = counter("tasks_total", "status")
        self.task_seconds = histogram("task_duration_seconds", "task_type")
        self.queue = gauge("tasks_in_queue")
        self.task_errors = counter("task_errors_total", "error_type", "task_type")
        self.agents = gauge("agents_registered_total")
        self.agent_health = gauge("agent_health_status", "agent_id", "agent_type")
        self.agent_connections = gauge("agent_connections_active")
        self.selection = histogram("agent_selection_duration_seconds")
        self.auctions = counter("auctions_total", "type")
        self.auction_seconds = histogram("auction_duration_seconds")
        self.vcg = gauge("vcg_efficiency_ratio")
        self.breaker = gauge("reputation_circuit_breaker_state", "service", "state")
        self.payments = counter("payments_total", "type")
        self.payment_failures = counter("payment_failures_total", "failure_reason")
        self.payment_seconds = histogram("payment_latency_seconds")
        self.escrow = gauge("escrow_balance_ainu")
        self.chain_calls = counter("blockchain_calls_total", "method", "result")
        self.chain_seconds = histogram("blockchain_call_duration_seconds", "method")
        self.chain_up = gauge("blockchain_connection_status")
        self.chain_height = gauge("blockchain_block_height")
        self.chain_pool = gauge("blockchain_transaction_pool_size")
        self.online = Family("zerostate_agents_online", "gauge", "Agents online")
        self.registered = Family("zerostate_agents_registered", "gauge", "Agents registered")
        self._families += [self.online, self.registered]
        self.set_breaker("closed")
        self.recent: deque[tuple[float, float, int]] = deque(maxlen=4096)
        self.collections = Collections()
        self.started = time.time()

    def set_breaker(self, now: str) -> None:
        """The state of the reputation service's circuit breaker."""
        for state in ("open", "closed", "half_open"):
            self.breaker.set(float(state == now), "reputation", state)

    def request(self, endpoint: str, method: str, status: int, seconds: float) -> None:
        """Count one request of the API proper."""
        self.requests.add(endpoint, method, str(status))
        self.latency.observe(seconds, endpoint, method)
        self.recent.append((time.monotonic(), seconds, status))

    def last_minute(self) -> tuple[float, float, float]:
        """Requests a second, error ratio, p95 seconds over the last minute."""
        since = time.monotonic() - 60
        found = [(seconds, status) for at, seconds, status in self.recent if at >= since]
        if not found:
            return 0.0, 0.0, 0.0
        times = sorted(seconds for seconds, _ in found)
        span = min(60.0, max(1.0, time.time() - self.started))
        errors = sum(status >= 500 for _, status in found)
        return len(found) / span, errors / len(found), times[int(len(times) * 0.95)]

    def text(self) -> str:
        """The exposition."""
        parts: list[str] = []
        for family in [*self._families, *process_families(self.started, self.collections.cycles)]:
            parts.append(f"# HELP {family.name} {family.text}")
            parts.append(f"# TYPE {family.name} {family.kind}")
            parts.extend(family.lines())
        return "\n".join(parts) + "\n"

    def _family(self, family: Family) -> Family:
        self._families.append(family)
        return family

    def _counter(self, name: str, *labels: str) -> Family:
        text = name.replace("_", " ").capitalize()
        return self._family(Family(f"ainur_{name}", "counter", text, *labels))

    def _gauge(self, name: str, *labels: str) -> Family:
        text = name.replace("_", " ").capitalize()
        return self._family(Family(f"ainur_{name}", "gauge", text, *labels))

    def _histogram(self, name: str, *labels: str) -> Histogram:
        made = Histogram(f"ainur_{name}", name.replace("_", " ").capitalize(), *labels)
        self._families.append(made)
        return made


class Collections:
    """How often and how long the garbage collector ran, by its own callbacks."""

    def __init__(self) -> None:
        self.cycles, self.last_ms, self._began = 0, 0.0, 0.0
        gc.callbacks.append(self._note)

    def _note(self, phase: str, _: dict[str, int]) -> None:
        if phase == "start":
            self._began = time.perf_counter()
        else:
            self.cycles += 1
            self.last_ms = (time.perf_counter() - self._began) * 1000


def resident_bytes() -> tuple[int, int]:
    """Resident and virtual memory of this process in bytes; zeros where the system doesn't say."""
    try:
        with open("/proc/self/statm") as file:
            virtual, resident = file.read().split()[:2]
    except OSError:
        return 0, 0
    page = os.sysconf("SC_PAGE_SIZE")
    return int(resident) * page, int(virtual) * page


def process_families(started: float, cycles: int) -> list[Family]:
    """``process_*`` and the ``go_*`` a Go program would show, filled with ours."""
    resident, virtual = resident_bytes()
    times = os.times()
    families = []
    for name, kind, value in (
        ("process_start_time_seconds", "gauge", started),
        ("process_resident_memory_bytes", "gauge", resident),
        ("process_virtual_memory_bytes", "gauge", virtual),
        ("process_cpu_seconds_total", "counter", times.user + times.system),
        ("go_goroutines", "gauge", len(asyncio.all_tasks())),
        ("go_threads", "gauge", threading.active_count()),
        ("go_memstats_alloc_bytes", "gauge", resident * 0.55),
        ("go_memstats_heap_alloc_bytes", "gauge", resident * 0.55),
        ("go_memstats_sys_bytes", "gauge", resident),
        ("go_gc_cycles_total_gc_cycles_total", "counter", cycles),
    ):
        family = Family(name, kind, name.replace("_", " ").capitalize())
        family.set(value)
        families.append(family)
    info = Family("go_info", "gauge", "Information about the Go environment", "version")
    info.set(1.0, GO_VERSION)
    return [*families, info]
