"""Settings worth a look: what the guide sets, what this machine would take, and why. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

_MB, GIB = 1 << 20, 1 << 30
_COUNTS = {"max_parallel_workers"}
"""Of the sized ones, those that are no memory."""


@dataclass(frozen=True)
class Machine:
    """The server's machine: memory in bytes, cores where they are known."""

    memory: float
    cores: int | None = None


class Worth(NamedTuple):
    """One setting: the guide's value, ours, and the sentence that says what it does.

    ``best`` is what the server should have whatever the machine, ``sized`` what fits a machine
    that serves so many connections. ``danger`` says what a value other than ``best`` costs.
    """

    why: str
    guide: str | None = None
    best: str | None = None
    sized: Callable[[Machine, float], float] | None = None
    danger: str | None = None


def _work_mem(machine: Machine, connections: float) -> float:
    """What is left beside the shared buffers, were every connection to sort three times."""
    fair = machine.memory * 0.75 / (3 * max(connections, 1))
    return max(1.0, fair // _MB) * _MB


WORTH: dict[str, Worth] = {
    "fsync": Worth("waits until what is committed is on the disk", best="on",
                   danger="a crash of the machine loses or corrupts the database"),
    "full_page_writes": Worth("keeps a page whole that a crash has half written", best="on",
                              danger="a crash of the machine may corrupt the database"),
    "autovacuum": Worth("clears dead rows away and freezes transaction ids", best="on",
                        danger="tables swell, and the server stops when its ids run out"),
    "max_connections": Worth(
        "every API machine may open its whole pool; more costs memory and snapshots, not speed",
        guide="200"),
    "shared_buffers": Worth(
        "the server's own cache; a quarter of the memory, the rest caches as files",
        guide="256MB", sized=lambda machine, _: machine.memory / 4),
    "effective_cache_size": Worth(
        "what the planner believes is cached in all: too low, and it shuns indexes. Takes no "
        "memory", guide="1GB", sized=lambda machine, _: machine.memory * 0.75),
    "work_mem": Worth(
        "memory of one sort or hash before it spills to disk; a statement may take it several "
        "times, every connection at once", guide="4MB", sized=_work_mem),
    "maintenance_work_mem": Worth(
        "memory of a vacuum or an index build", sized=lambda m, _: min(m.memory / 16, GIB)),
    "max_parallel_workers": Worth(
        "processes that may help with statements: the cores",
        sized=lambda machine, _: float(machine.cores or 0)),
    "log_min_duration_statement": Worth(
        "statements that take longer are in the log, with their text", guide="1000ms"),
    "log_checkpoints": Worth("each checkpoint and what it wrote is in the log", guide="on"),
    "log_connections": Worth("each connection is in the log: a leaking pool shows", guide="on"),
    "log_lock_waits": Worth("who waited for a lock over a second is in the log", best="on"),
    "track_io_timing": Worth("statements tell how long they read and wrote; costs little where "
                             "the clock is fast (pg_test_timing)", best="on"),
    "checkpoint_completion_target": Worth("spreads a checkpoint's writes over time", best="0.9"),
    "max_wal_size": Worth("when so much WAL is written a checkpoint is hurried: seldom is well",
                          best="4GB"),
    "password_encryption": Worth("how passwords set from now on are kept", best="scram-sha-256"),
}  # fmt: skip


def sized(name: str, machine: Machine | None, connections: float) -> str | None:
    """What fits the machine, as it would be written, where that is known and the setting depends
    on it."""
    rule = WORTH[name].sized if name in WORTH else None
    value = rule(machine, connections) if rule and machine else 0
    return None if not value else f"{value:.0f}" + ("" if name in _COUNTS else "B")
