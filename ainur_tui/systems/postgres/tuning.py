"""Settings worth a look: what the guide sets, what this machine would take, and why. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from ainur_tui.model.units import duration, size

_OCTETS = {"B": 1, "kB": 1 << 10, "8kB": 8 << 10, "MB": 1 << 20, "GB": 1 << 30}
_SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_MB, GIB = 1 << 20, 1 << 30


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


def measure(setting: str, unit: str | None) -> float | str:
    """A value in bytes, seconds or as the number it is; text stays text."""
    try:
        value = float(setting)
    except ValueError:
        return setting
    if value < 0 or unit is None:
        return value
    return value * _OCTETS.get(unit, 0) or value * _SECONDS.get(unit, 1.0)


def written(text: str) -> float | str:
    """The same of a value as people write it: ``256MB``, ``1000ms``, ``on``."""
    found = re.fullmatch(r"([0-9.]+)([a-zA-Z]*)", text)
    return measure(found[1], found[2] or None) if found else text


def words(value: float | str, unit: str | None) -> str:
    """A measured value with its unit: ``256.0 MiB``, ``1.0 s``."""
    if isinstance(value, str):
        return value or "empty"
    if unit in _OCTETS and value >= 0:
        return size(value)
    if unit in _SECONDS and value > 0:
        return duration(value)
    return f"{value:g}"


def same(value: float | str, wanted: str) -> bool:
    """Whether a measured value is what is wanted; ``on`` is anything that is not off, since
    switches have become lists of what is on (``log_connections`` in 18)."""
    if wanted == "on":
        return value not in {"off", "", 0.0}
    return value == written(wanted)


def sized(name: str, machine: Machine | None, connections: float) -> float | None:
    """What fits the machine, where that is known and the setting depends on it."""
    rule = WORTH[name].sized if name in WORTH else None
    return rule(machine, connections) or None if rule and machine else None
